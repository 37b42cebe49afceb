// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/page"
)

// receiptLife is how long a browser may show a receipt again without its code, in seconds: a day, to print it. Others may use the
// same computer.
const receiptLife = 24 * 3600

// receiptView is what a person keeps.
type receiptView struct {
	Number, State     string
	Secret            []string // in groups of four
	FiledAt, Deadline time.Time
	Provisional       bool
	Unit              string
	Fees              *feesView
	Next              template.HTML
	Sections          []form.SummarySection
	Files             []store.FileInfo
}

// findView asks for a number and its code.
type findView struct {
	Action    string
	AskNumber bool
	Number    string
	Errors    []summaryError
}

// toReceipt leads to a receipt that this browser may see: the code goes into a cookie, never into an address.
func (s *Server) toReceipt(c *call, receipt store.Receipt) error {
	path := receiptPath(receipt.Service, receipt.Number)
	s.setCookie(c, receiptCookie, s.store.Secret(receipt.Number), path, receiptLife)
	return c.redirect(path)
}

// afterFiling leads from a draft to the receipt that it became: for a day by itself, later by the code.
func (s *Server) afterFiling(c *call, receipt store.Receipt) error {
	if c.now.Sub(receipt.FiledAt) > receiptLife*time.Second {
		return c.redirect(receiptPath(receipt.Service, receipt.Number))
	}
	return s.toReceipt(c, receipt)
}

// receipt shows an application to who sent it: GET /s/{service}/receipt/{number}. Without its cookie it asks for the code.
func (s *Server) receipt(c *call) error {
	cookie, err := c.Cookie(receiptCookie)
	if err != nil {
		return s.showFind(c, http.StatusOK, c.PathValue("number"), false)
	}
	application, err := s.secretApplication(c, cookie.Value)
	if err != nil {
		var r *refusal
		if errors.As(err, &r) && r.id == "noApplication" {
			return s.showFind(c, http.StatusOK, c.PathValue("number"), false)
		}
		return err
	}
	return s.showReceipt(c, application)
}

func (s *Server) showReceipt(c *call, a store.Application) error {
	release, err := s.releaseOf(c.Context(), a.Service, a.Digest)
	if err != nil {
		return err
	}
	c.about(release)
	model, err := release.model()
	if err != nil {
		return err
	}
	var envelope form.Envelope
	if err := decode(a.Envelope, &envelope); err != nil {
		return err
	}
	files, err := s.store.Files(c.Context(), a.Number)
	if err != nil {
		return err
	}
	view := receiptView{
		Number: a.Number, Secret: groupsOfFour(s.store.Secret(a.Number)), State: c.say(s, "state."+string(a.State)), FiledAt: s.moment(a.FiledAt),
		Provisional: a.DeadlineProvisional, Unit: a.Unit, Files: files, Sections: answered(model.Summary(&envelope, c.lang)),
		Fees: c.feesView(release.def.Fees, model.Fees(&envelope, a.FiledAt.In(s.options.Location))),
		Next: page.Markdown(release.def.WhatHappensNext.In(c.lang, release.def.Languages[0])),
	}
	if !a.Deadline.IsZero() {
		view.Deadline = s.moment(a.Deadline)
	}
	return s.render(c, http.StatusOK, "receipt", s.layout(c, c.say(s, "receipt.title")), view)
}

// answered leaves out what was not answered, and pages without any answer.
func answered(sections []form.SummarySection) []form.SummarySection {
	var list []form.SummarySection
	for _, section := range sections {
		section.Rows = slices.DeleteFunc(slices.Clone(section.Rows), func(r form.SummaryRow) bool { return r.Value == "" })
		if len(section.Rows) > 0 {
			list = append(list, section)
		}
	}
	return list
}

// unlockReceipt takes the code of a receipt: POST /s/{service}/receipt/{number}.
func (s *Server) unlockReceipt(c *call) error { return s.unlock(c, c.PathValue("number"), false) }

// findReceipt asks for a number and its code: GET /s/{service}/receipt.
func (s *Server) findReceipt(c *call) error { return s.showFind(c, http.StatusOK, "", true) }

// openReceipt takes a number and its code: POST /s/{service}/receipt.
func (s *Server) openReceipt(c *call) error {
	values, err := c.formValues()
	if err != nil {
		return err
	}
	return s.unlock(c, strings.TrimSpace(values.Get("number")), true)
}

func (s *Server) unlock(c *call, number string, askNumber bool) error {
	values, err := c.formValues()
	if err != nil {
		return err
	}
	c.SetPathValue("number", number)
	application, err := s.secretApplication(c, values.Get("secret"))
	var r *refusal
	if errors.As(err, &r) && r.id == "noApplication" {
		return s.showFind(c, http.StatusUnprocessableEntity, number, askNumber, summaryError{
			Href: "#secret", Text: c.say(s, "find.wrong"), Code: "wrong",
		})
	}
	if err != nil {
		return err
	}
	return s.toReceipt(c, application.Receipt)
}

func (s *Server) showFind(c *call, status int, number string, askNumber bool, wrong ...summaryError) error {
	view := findView{Action: servicePath(c.release.service) + "/receipt", AskNumber: askNumber, Number: number, Errors: wrong}
	if !askNumber {
		view.Action += "/" + number
	}
	layout := s.layout(c, c.say(s, "find.title"))
	layout.Failed = len(wrong) > 0
	layout.Back = servicePath(c.release.service)
	return s.render(c, status, "find", layout, view)
}

// groupsOfFour splits a code so that it can be copied by hand.
func groupsOfFour(code string) []string {
	var groups []string
	for ; len(code) > 4; code = code[4:] {
		groups = append(groups, code[:4])
	}
	return append(groups, code)
}
