// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/okno-dev/okno/internal/form"
)

// returnToCheck is the value of return= that leads back to the check page: the person came from there to change an answer.
const returnToCheck = "check"

// collect is a form value that only a prover obeys: it saves answers as they are and goes on, so that a scenario sees the errors of
// every page.
const collect = "okno-collect"

// pageState is a draft's pages as they are now, and the one that the request is about.
type pageState struct {
	pages   []form.PageView
	current int
}

// page is the page of the request.
func (p *pageState) page() form.PageView { return p.pages[p.current] }

// find looks for a visible page.
func (d *draft) find(s *Server, c *call, data map[string]any, id string) (*pageState, bool) {
	p := &pageState{pages: d.model.Pages(data, s.formNow(c), c.lang)}
	p.current = slices.IndexFunc(p.pages, func(v form.PageView) bool { return v.ID == id })
	return p, p.current >= 0
}

// undone is the first visible page that was not answered yet; "" when all were.
func (p *pageState) undone(done []string) string {
	for _, v := range p.pages {
		if !slices.Contains(done, v.ID) {
			return v.ID
		}
	}
	return ""
}

// ask shows a page: GET /s/{service}/apply/{draft}/{page}.
func (s *Server) ask(c *call) error {
	return s.onDraft(c, func(c *call, d *draft) error {
		p, ok := d.find(s, c, d.answers.Data, c.PathValue("page"))
		if !ok {
			return c.redirect(d.onward(p))
		}
		return s.showPage(c, d, p, http.StatusOK, shown{back: c.URL.Query().Get("return")})
	})
}

// onward is where a person goes on who cannot be where they asked for: the first page without answers, or the check.
func (d *draft) onward(p *pageState) string {
	if id := p.undone(d.answers.Done); id != "" {
		return pagePath(d.Service, d.ID, id)
	}
	return checkPath(d.Service, d.ID)
}

// answer takes a page's answers: POST /s/{service}/apply/{draft}/{page}.
func (s *Server) answer(c *call) error {
	return s.onDraft(c, func(c *call, d *draft) error {
		p, ok := d.find(s, c, d.answers.Data, c.PathValue("page"))
		if !ok {
			return c.redirect(d.onward(p))
		}
		sent, err := s.readPage(c, d, p.page())
		if err != nil {
			return err
		}
		now := s.formNow(c)
		data, violations := d.model.ApplyPage(p.page().ID, d.answers.Data, sent.values, now)
		action := sent.values.Get("action")
		if action != "" && action != "continue" {
			return s.redisplay(c, d, data, sent.values)
		}
		violations = append(violations, sent.violations...)
		violations = append(violations, s.documentViolations(c, d, p.page(), data, sent.violations)...)
		collecting := s.options.Mode == Prover && sent.values.Get(collect) != ""
		if again, ok := s.again(c, d, data, sent.values, violations); ok && !collecting {
			return again()
		}
		if err := s.save(c, d, func(stored map[string]any) map[string]any {
			merged, _ := d.model.ApplyPage(p.page().ID, stored, sent.values, now)
			return merged
		}, p.page().ID); err != nil {
			return s.notSaved(c, d, data, sent.values, err)
		}
		return c.redirect(s.following(c, d, sent.values.Get("return")))
	})
}

// following is where a person goes after a page: to the next one, or back to the check when they came from there.
func (s *Server) following(c *call, d *draft, back string) string {
	p, ok := d.find(s, c, d.answers.Data, c.PathValue("page"))
	switch {
	case !ok:
		return d.onward(p)
	case back == returnToCheck:
		// An answer may have opened pages that were hidden: they come before the check, and lead back to it too.
		if id := p.undone(d.answers.Done); id != "" {
			return pagePath(d.Service, d.ID, id) + "?return=" + returnToCheck
		}
		return checkPath(d.Service, d.ID)
	case p.current+1 < len(p.pages):
		return pagePath(d.Service, d.ID, p.pages[p.current+1].ID)
	default:
		return d.onward(p)
	}
}

// redisplay carries out a button other than continue: an entry of a group added or removed (ApplyPage did it), a file removed.
func (s *Server) redisplay(c *call, d *draft, data map[string]any, sent url.Values) error {
	if file, ok := strings.CutPrefix(sent.Get("action"), removeFile); ok {
		if err := s.removeFile(c, d, file); err != nil {
			return err
		}
	}
	p, ok := d.find(s, c, data, c.PathValue("page"))
	if !ok {
		return c.redirect(d.onward(p))
	}
	return s.showPage(c, d, p, http.StatusOK, shown{back: sent.Get("return")})
}

// again tells how a page that was sent is shown once more, if it must be: with what is wrong, or because an answer opened questions
// on the same page that the person has not seen yet. Nobody is told off for not answering those.
func (s *Server) again(c *call, d *draft, data map[string]any, sent url.Values, violations []form.Violation) (func() error, bool) {
	p, ok := d.find(s, c, data, c.PathValue("page"))
	if !ok {
		// The page's own answers have hidden it; there is nothing to mend.
		return nil, false
	}
	opened := opened(p.page().Fields, sent)
	violations = slices.DeleteFunc(violations, func(v form.Violation) bool {
		return slices.ContainsFunc(opened, func(f form.FieldView) bool {
			return v.Pointer == f.Pointer || strings.HasPrefix(v.Pointer, f.Pointer+"/")
		})
	})
	if len(violations)+len(opened) == 0 {
		return nil, false
	}
	how := shown{back: sent.Get("return"), violations: violations, opened: opened}
	status := http.StatusOK
	if len(violations) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return func() error { return s.showPage(c, d, p, status, how) }, true
}

// notSaved shows a page as it was sent when its answers cannot be stored for the moment: nobody types them twice.
func (s *Server) notSaved(c *call, d *draft, data map[string]any, sent url.Values, err error) error {
	r := refusalOf(err)
	p, ok := d.find(s, c, data, c.PathValue("page"))
	if r.status != http.StatusServiceUnavailable || !ok {
		return err
	}
	s.log.Warn("cannot save a page of a draft", "err", err)
	c.w.Header().Set("Retry-After", strconv.Itoa(r.retryAfter))
	return s.showPage(c, d, p, r.status, shown{back: sent.Get("return"), notice: c.say(s, "form.notSaved")})
}

// asked is the hidden value with the pointers of the questions that a page showed.
const asked = "asked"

// opened are the questions that are visible now and that the page did not show when it was sent.
func opened(fields []form.FieldView, sent url.Values) []form.FieldView {
	if !sent.Has(asked) {
		return nil
	}
	seen := strings.Fields(sent.Get(asked))
	var list []form.FieldView
	for _, f := range fields {
		if !slices.Contains(seen, f.Pointer) {
			list = append(list, f)
			continue
		}
		for _, item := range f.Items {
			if !slices.Contains(seen, item.Pointer) {
				continue // an entry that was just added; it opens nothing by itself
			}
			list = append(list, opened(item.Fields, sent)...)
		}
	}
	return list
}

// pointers are the places of questions and of the entries of groups.
func pointers(list []string, fields []form.FieldView) []string {
	for _, f := range fields {
		list = append(list, f.Pointer)
		for _, item := range f.Items {
			list = pointers(append(list, item.Pointer), item.Fields)
		}
	}
	return list
}

// documentViolations are what the whole would say of the documents that this page asks for. A document whose file was just refused
// is not called missing as well: its error tells what to do.
func (s *Server) documentViolations(c *call, d *draft, view form.PageView, data map[string]any, refused []form.Violation) []form.Violation {
	if len(view.Documents) == 0 {
		return nil
	}
	envelope := d.envelope(c.lang)
	envelope.Data = data
	var violations []form.Violation
	for _, v := range d.model.Validate(envelope, s.formNow(c)) {
		asked := slices.ContainsFunc(view.Documents, func(doc form.DocumentView) bool { return doc.Pointer == v.Pointer })
		known := slices.ContainsFunc(refused, func(r form.Violation) bool { return r.Pointer == v.Pointer })
		if asked && !known {
			violations = append(violations, v)
		}
	}
	return violations
}
