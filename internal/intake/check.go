// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/intake/store"
)

// checkView is all answers before they are sent.
type checkView struct {
	Action, Notice       string
	Version              int64
	Errors               []summaryError
	Sections             []checkSection
	Fees                 *feesView
	Privacy, Declaration string
	DeclarationError     string
	Agreed               bool
	Step, Steps          int
}

type checkSection struct {
	form.SummarySection
	Change string
}

// declarationPointer is where the error of a missing consent stands. It is no part of the application.
const declarationPointer = "/declaration"

// check shows the answers before they are sent: GET /s/{service}/apply/{draft}/check.
func (s *Server) check(c *call) error {
	return s.onDraft(c, func(c *call, d *draft) error {
		p, _ := d.find(s, c, d.answers.Data, "")
		if id := p.undone(d.answers.Done); id != "" {
			return c.redirect(pagePath(d.Service, d.ID, id))
		}
		return s.showCheck(c, d, http.StatusOK, nil, "", false)
	})
}

// submit sends the application: POST /s/{service}/apply/{draft}/check.
func (s *Server) submit(c *call) error {
	return s.onDraft(c, func(c *call, d *draft) error {
		values, err := c.formValues()
		if err != nil {
			return err
		}
		agreed := values.Get("declaration") == "agreed"
		if version := values.Get("version"); version != strconv.FormatInt(d.Version, 10) {
			// Nobody agrees to what they have not seen.
			return s.showCheck(c, d, http.StatusConflict, nil, c.say(s, "check.changed"), false)
		}
		if !agreed {
			return s.showCheck(c, d, http.StatusUnprocessableEntity, []form.Violation{
				{Pointer: declarationPointer, Code: form.CodeRequired, Message: s.text("check.agree")},
			}, "", false)
		}
		receipt, _, err := s.file(c, d.envelope(c.lang), nil, store.Filing{Way: store.Form, DraftID: d.ID, DraftVersion: d.Version})
		if err != nil {
			return s.notSent(c, d, err)
		}
		s.forgetDraft(c, d)
		return s.toReceipt(c, receipt)
	})
}

// notSent shows the answers once more when they could not be sent, and why.
func (s *Server) notSent(c *call, d *draft, err error) error {
	r := refusalOf(err)
	switch {
	case len(r.violations) > 0:
		s.countRejected(c, err)
		return s.showCheck(c, d, r.status, r.violations, "", true)
	case r.id == "conflict":
		// An answer or a file changed in another window while this one was sent.
		return s.onDraft(c, func(c *call, d *draft) error {
			return s.showCheck(c, d, r.status, nil, c.say(s, "check.changed"), false)
		})
	case r.status == http.StatusServiceUnavailable:
		c.w.Header().Set("Retry-After", strconv.Itoa(r.retryAfter))
		return s.showCheck(c, d, r.status, nil, c.say(s, "check.later"), true)
	default:
		return err
	}
}

func (s *Server) showCheck(c *call, d *draft, status int, violations []form.Violation, notice string, agreed bool) error {
	v := &viewer{server: s, call: c, violations: violations, hrefs: map[string]string{declarationPointer: "#declaration"}}
	pages := d.model.Pages(d.answers.Data, s.formNow(c), c.lang)
	for _, p := range pages {
		v.locate(pagePath(d.Service, d.ID, p.ID)+"?return="+returnToCheck, p)
	}
	def := c.release.def
	view := checkView{
		Action: checkPath(d.Service, d.ID), Notice: notice, Version: d.Version, Agreed: agreed,
		Sections: s.checkSections(c, d, pages),
		Fees:     c.feesView(def.Fees, d.model.Fees(d.envelope(c.lang), s.formNow(c))),
		Privacy:  def.Form.PrivacyNotice.In(c.lang, def.Languages[0]), Declaration: def.Form.Declaration.In(c.lang, def.Languages[0]),
		Errors: v.summary(v.href), Step: len(pages) + 1, Steps: len(pages) + 1,
	}
	for _, message := range v.errorsAt(declarationPointer) {
		view.DeclarationError = message
	}
	layout := s.layout(c, c.say(s, "check.title"))
	layout.Failed = len(violations) > 0
	if len(pages) > 0 {
		layout.Back = pagePath(d.Service, d.ID, pages[len(pages)-1].ID)
	}
	return s.render(c, status, "check", layout, view)
}

// locate remembers where the questions of a page are.
func (v *viewer) locate(base string, p form.PageView) {
	var walk func([]form.FieldView)
	walk = func(fields []form.FieldView) {
		for _, f := range fields {
			v.hrefs[f.Pointer] = base + "#" + f.ID
			for i, item := range f.Items {
				v.name(f, i, item)
				walk(item.Fields)
			}
		}
	}
	walk(p.Fields)
	for _, doc := range p.Documents {
		v.hrefs[doc.Pointer] = base + "#document-" + doc.ID
	}
}

// checkSections are the answers page by page. What a page asks for and did not get is shown as such.
func (s *Server) checkSections(c *call, d *draft, pages []form.PageView) []checkSection {
	answered := map[string]form.SummarySection{}
	for _, section := range d.model.Summary(d.envelope(c.lang), c.lang) {
		answered[section.Page] = section
	}
	var sections []checkSection
	for _, p := range pages {
		section := checkSection{SummarySection: answered[p.ID], Change: pagePath(d.Service, d.ID, p.ID) + "?return=" + returnToCheck}
		section.Title = p.Title
		for _, doc := range p.Documents {
			if !slices.ContainsFunc(section.Rows, func(r form.SummaryRow) bool { return r.Pointer == doc.Pointer }) {
				section.Rows = append(section.Rows, form.SummaryRow{Pointer: doc.Pointer, Label: doc.Name.In(c.lang, c.release.def.Languages[0])})
			}
		}
		if len(section.Rows) > 0 {
			sections = append(sections, section)
		}
	}
	return sections
}
