// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/page"
)

// startView is what a person reads before applying.
type startView struct {
	Def *v1alpha1.ServiceDefinition
	// FullTitle is the official name, where it differs from the one in the heading.
	FullTitle string
	Stopped   *messageView // why nobody can apply now; nil when they can
	// Draft is where an application that was begun in this browser goes on; "" when there is none.
	Draft             string
	DraftUntil        time.Time
	Apply, Blank      string
	Find              string
	Price             string
	Applicants        []string
	Representation    string
	Documents         []startDocument
	Channels          []startChannel
	ComplaintChannels []startChannel
	Refusals          []string
	Guides            []page.Link
	OpenAPI, Schema   string
}

type startDocument struct{ Name, Note string }

// startChannel is a way to apply: where, and what else to know.
type startChannel struct{ Way, Note string }

// start tells all that a person needs before applying: GET /s/{service}.
func (s *Server) start(c *call) error {
	def, path := c.release.def, servicePath(c.release.service)
	say := func(t v1alpha1.Text) string { return t.In(c.lang, def.Languages[0]) }
	view := startView{
		Def: def, Apply: path + "/apply", Blank: path + "/blank", Find: path + "/receipt",
		Price: s.price(c), Representation: c.say(s, "start.noRepresentative"),
		Channels: s.channels(c, def.Channels), ComplaintChannels: s.channels(c, def.Complaints.Channels),
		OpenAPI: "/api/v1/services/" + c.release.service + "/openapi.json", Schema: "/schema/" + c.release.service + "/" + schemaFile,
	}
	if def.Audience.Representation == "Allowed" {
		view.Representation = c.say(s, "start.representative")
	}
	for _, kind := range def.Audience.Applicants {
		view.Applicants = append(view.Applicants, c.say(s, "applicant."+string(kind)))
	}
	for i := range def.Documents {
		view.Documents = append(view.Documents, s.startDocument(c, &def.Documents[i]))
	}
	for _, grounds := range [][]v1alpha1.Ground{def.Refusal.IntakeGrounds, def.Refusal.SuspensionGrounds, def.Refusal.RefusalGrounds} {
		for _, ground := range grounds {
			view.Refusals = append(view.Refusals, say(ground.Text))
		}
	}
	for _, guide := range def.Guides {
		if guide.Audience == "Citizen" && guide.URI != "" {
			view.Guides = append(view.Guides, page.Link{Text: say(guide.Title), URL: string(guide.URI)})
		}
	}
	if full := say(def.Title); full != say(def.ShortTitle) {
		view.FullTitle = full
	}
	view.Stopped = s.stopped(c)
	view.Draft, view.DraftUntil = s.lastDraft(c)
	layout := s.layout(c, say(def.Title))
	layout.Service = "" // the heading says it
	return s.render(c, http.StatusOK, "start", layout, view)
}

// stopped tells why the service takes no applications now.
func (s *Server) stopped(c *call) *messageView {
	var r *refusal
	if !errors.As(s.takes(c), &r) {
		return nil
	}
	return &messageView{Title: c.say(s, "problem."+r.id+".title", r.pairs...), Detail: c.say(s, "problem."+r.id+".detail", r.pairs...)}
}

// price is the fee at a glance.
func (s *Server) price(c *call) string {
	if price := page.Price(c.lang, c.release.def.Fees); price != "" {
		return price
	}
	return c.say(s, "start.free")
}

func (s *Server) startDocument(c *call, d *v1alpha1.Document) startDocument {
	languages := []string{c.lang, c.release.def.Languages[0]}
	view := startDocument{Name: d.Name.In(languages...)}
	switch {
	case d.Source == v1alpha1.SourceInteragency:
		view.Note = c.say(s, "start.documentAgency")
	case d.Source == v1alpha1.SourceEither:
		view.Note = c.say(s, "start.documentEither")
	case d.RequiredWhen == "":
		view.Note = c.say(s, "start.documentOptional")
	case d.RequiredWhen != "true":
		view.Note = c.say(s, "start.documentSometimes")
	}
	if d.HowToObtain != nil && d.Source != v1alpha1.SourceInteragency {
		if view.Note != "" {
			view.Note += ". "
		}
		view.Note += c.say(s, "start.documentFrom", "Issuer", d.HowToObtain.Issuer.In(languages...))
	}
	return view
}

func (s *Server) channels(c *call, channels []v1alpha1.Channel) []startChannel {
	list := make([]startChannel, len(channels))
	for i, channel := range channels {
		languages := []string{c.lang, c.release.def.Languages[0]}
		list[i].Way = channel.Where.In(languages...)
		if list[i].Way == "" {
			list[i].Way = c.say(s, "channel."+string(channel.Type))
		}
		notes := []string{channel.Hours.In(languages...), channel.Note.In(languages...)}
		list[i].Note = strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), ". ")
	}
	return list
}

// lastDraft finds the application that was begun last in this browser, if it is still there.
func (s *Server) lastDraft(c *call) (path string, until time.Time) {
	if c.release.def.Form.SaveAndReturn == nil {
		return "", time.Time{}
	}
	cookie, err := c.Cookie(lastDraftCookie)
	if err != nil {
		return "", time.Time{}
	}
	draft, err := s.store.Draft(c.Context(), cookie.Value)
	if err != nil || draft.Service != c.release.service {
		return "", time.Time{}
	}
	return checkPath(draft.Service, draft.ID), draft.ExpiresAt
}
