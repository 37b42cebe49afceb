// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/intake/store"
)

// Cookies. The address of a draft is not enough to open it: addresses stay in histories and are shown on shared screens. The
// draft's own cookie is derived from the store's key, so that it can be checked also after the draft became an application.
const (
	draftCookie = "okno-draft"
	// lastDraftCookie names the draft that the start page offers to continue. It opens nothing.
	lastDraftCookie = "okno-last-draft"
	receiptCookie   = "okno-receipt"
)

// shortLife is how long a draft is kept when the definition says nothing of saving and returning.
const shortLife = 24 * time.Hour

// maxAnswers bounds a draft's answers, in bytes.
const maxAnswers = maxBody

// draft is an unfinished application of this browser.
type draft struct {
	store.Draft
	answers answers
	files   []store.FileInfo
	model   *form.Model
}

// answers are what a draft holds.
type answers struct {
	Data map[string]any `json:"data"`
	// Done are the pages that were answered.
	Done []string `json:"done,omitempty"`
}

// draftKey is what the draft's cookie must hold.
func (s *Server) draftKey(id string) string { return s.store.Secret("draft " + id) }

// beginAgain leads to the page that applications are begun from: GET /s/{service}/apply.
func (s *Server) beginAgain(c *call) error { return c.redirect(servicePath(c.release.service)) }

// begin starts an application: POST /s/{service}/apply.
func (s *Server) begin(c *call) error {
	if err := s.takes(c); err != nil {
		return err
	}
	model, err := c.model()
	if err != nil {
		return err
	}
	pages := model.Pages(map[string]any{}, s.formNow(c), c.lang)
	if len(pages) == 0 {
		return errors.New("no page of the form is visible at the start")
	}
	data, err := json.Marshal(answers{Data: map[string]any{}})
	if err != nil {
		return err
	}
	d, err := s.store.SaveDraft(c.Context(), store.Draft{
		Service: c.release.service, Digest: c.release.digest, Revision: c.release.revision, Language: c.lang,
		Preview: s.options.Mode == Prover, ExpiresAt: expiry(c.release.def, s.options.Clock()), Data: data,
	})
	if err != nil {
		return err
	}
	s.setDraftCookies(c, d)
	return c.redirect(pagePath(d.Service, d.ID, pages[0].ID))
}

// expiry is when a draft that is changed now will be deleted. It is reckoned by the server's clock, as deleting is: a scenario's
// moment lies years away.
func expiry(def *v1alpha1.ServiceDefinition, now time.Time) time.Time {
	keep := def.Form.SaveAndReturn
	if keep == nil {
		return now.Add(shortLife)
	}
	// Keeping counts calendar days: nobody loses answers because of holidays, and working days would only make it longer.
	days := int(keep.KeepFor.Value)
	if keep.KeepFor.Unit == v1alpha1.WorkingDays {
		days = days*7/5 + 2
	}
	return now.AddDate(0, 0, days)
}

func (s *Server) setDraftCookies(c *call, d store.Draft) {
	age := 0 // as long as the browser is open
	if c.release.def.Form.SaveAndReturn != nil {
		age = int(d.ExpiresAt.Sub(s.options.Clock()) / time.Second)
	}
	s.setCookie(c, draftCookie, s.draftKey(d.ID), draftPath(d.Service, d.ID), age)
	s.setCookie(c, lastDraftCookie, d.ID, servicePath(d.Service), age)
}

// forgetDraft ends a draft's cookies when it was filed. Its own stays for as long as the receipt's: whoever presses the button twice,
// or goes back, is led to the receipt.
func (s *Server) forgetDraft(c *call, d *draft) {
	s.setCookie(c, draftCookie, s.draftKey(d.ID), draftPath(d.Service, d.ID), receiptLife)
	s.setCookie(c, lastDraftCookie, "", servicePath(d.Service), -1)
}

func (s *Server) setCookie(c *call, name, value, path string, maxAge int) {
	http.SetCookie(c.w, &http.Cookie{
		Name: name, Value: value, Path: path, MaxAge: maxAge, HttpOnly: true, Secure: s.https, SameSite: http.SameSiteLaxMode,
	})
}

// filedError tells that a draft has become an application; the answer is its receipt.
type filedError struct{ receipt store.Receipt }

func (e *filedError) Error() string { return "draft was filed as " + e.receipt.Number }

// open returns the draft of the path, on the release that it was begun on.
func (s *Server) open(c *call) (*draft, error) {
	id := c.PathValue("draft")
	cookie, err := c.Cookie(draftCookie)
	if err != nil || !s.store.CheckSecret("draft "+id, cookie.Value) {
		return nil, refuse(http.StatusNotFound, "noDraft")
	}
	stored, err := s.store.Draft(c.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		if receipt, ok := s.replayed(c, store.Filing{DraftID: id}); ok {
			return nil, &filedError{receipt}
		}
		return nil, refuse(http.StatusGone, "noDraft")
	}
	if err != nil {
		return nil, err
	}
	if stored.Service != c.PathValue("service") {
		return nil, refuse(http.StatusNotFound, "noDraft")
	}
	release, err := s.releaseOf(c.Context(), stored.Service, stored.Digest)
	if err != nil {
		return nil, fmt.Errorf("load the release of a draft: %w", err)
	}
	c.about(release)
	d := &draft{Draft: stored}
	if d.answers, err = readAnswers(stored.Data); err != nil {
		return nil, err
	}
	if d.model, err = release.model(); err != nil {
		return nil, err
	}
	d.files, err = s.store.Files(c.Context(), stored.ID)
	return d, err
}

func readAnswers(raw []byte) (answers, error) {
	var a answers
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	if err := decoder.Decode(&a); err != nil {
		return a, fmt.Errorf("read draft: %w", err)
	}
	a.Data, _ = numbers(a.Data).(map[string]any)
	if a.Data == nil {
		a.Data = map[string]any{}
	}
	return a, nil
}

// onDraft runs a handler on the draft of the path. A draft that was filed meanwhile leads to its receipt: whoever presses the
// button twice, or goes back, has one application and sees it.
func (s *Server) onDraft(c *call, h func(*call, *draft) error) error {
	d, err := s.open(c)
	var filed *filedError
	if errors.As(err, &filed) {
		return s.afterFiling(c, filed.receipt)
	}
	if err != nil {
		return err
	}
	return h(c, d)
}

// retries is how often an answer is merged anew when the draft changed meanwhile.
const retries = 4

// save keeps the answers of a page. Another page's answers that came meanwhile are kept: merge is asked again on what is stored.
func (s *Server) save(c *call, d *draft, merge func(map[string]any) map[string]any, done string) error {
	for range retries {
		next := answers{Data: merge(d.answers.Data), Done: d.answers.Done}
		if done != "" && !slices.Contains(next.Done, done) {
			next.Done = append(slices.Clone(next.Done), done)
		}
		raw, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("encode draft: %w", err)
		}
		if len(raw) > maxAnswers {
			return refuse(http.StatusRequestEntityTooLarge, "bodyTooLarge", "Limit", maxAnswers>>10)
		}
		changed := d.Draft
		changed.Data, changed.Language, changed.ExpiresAt = raw, c.lang, expiry(c.release.def, s.options.Clock())
		saved, err := s.store.SaveDraft(c.Context(), changed)
		if err == nil {
			d.Draft, d.answers = saved, next
			s.setDraftCookies(c, saved)
			return nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		if d.Draft, err = s.store.Draft(c.Context(), d.ID); err != nil {
			return err
		}
		if d.answers, err = readAnswers(d.Data); err != nil {
			return err
		}
	}
	return store.ErrConflict
}

// envelope is the draft as an application.
func (d *draft) envelope(language string) *form.Envelope {
	e := &form.Envelope{Data: d.answers.Data, Language: language}
	for _, f := range d.files {
		e.Documents = append(e.Documents, attachment(f))
	}
	return e
}

// formNow is the moment of the request in the agency's zone: expressions see what a clock on the wall there shows.
func (s *Server) formNow(c *call) time.Time { return c.now.In(s.options.Location) }
