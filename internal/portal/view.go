// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/url"
	"slices"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/page"
)

func servicePath(provider, service string) string {
	return "/services/" + url.PathEscape(provider) + "/" + url.PathEscape(service)
}

// formURL is where a service's form is; base is its agency's address.
func formURL(base, service string) string { return base + "/s/" + url.PathEscape(service) }

// openAPIURL is where its API is described.
func openAPIURL(base, service string) string {
	return base + "/api/v1/services/" + url.PathEscape(service) + "/openapi.json"
}

// servicePage is what the template of a service sees. It is made by pure functions from the definition, so that the page says
// what was approved and nothing else.
type servicePage struct {
	Service  *Service
	Def      *v1alpha1.ServiceDefinition
	Provider Provider
	FormURL  string
	OpenAPI  string
	// Original is the language that the definition was written in: that of its texts without translations.
	Original  string
	Documents []documentView
	Fees      []feeView
	Laws      []lawView
	Refusals  []refusalView
	Process   processView
	Citizens  []v1alpha1.Guide
	// Cost is what it costs at a glance.
	Cost      string
	Scheme    schemeView
	Exchanges []exchangeView
	// NotOpen tells that applications are not taken now for another cause than a suspension; OpensAt is when they will be.
	NotOpen bool
	OpensAt *time.Time
	Staff   string // where the same page is for staff
}

// documentView is a document as an applicant needs to know it.
type documentView struct {
	Name, ValidFor v1alpha1.Text
	Source         v1alpha1.DocumentSource
	// Optional tells that nobody has to attach it, Sometimes that it depends on the answers.
	Optional, Sometimes bool
	// Obtain is nil when the agency obtains the document itself.
	Obtain *v1alpha1.HowToObtain
}

type feeView struct {
	Amount        string
	Basis, Waiver v1alpha1.Text
}

type lawView struct {
	Title                      v1alpha1.Text
	URI, Number, Date, Article string
}

// refusalView is a kind of negative decision: Title is the id of a text.
type refusalView struct {
	Title   string
	Grounds []v1alpha1.Ground
}

// processView is the way of an application as an applicant sees it: without the officers' buttons.
type processView struct {
	Stages []stageView
	// Outcomes are the names of the stages that nothing follows.
	Outcomes []v1alpha1.Text
}

type stageView struct {
	Name v1alpha1.Text
	// Next are the stages that can follow.
	Next []v1alpha1.Text
	Term *v1alpha1.Duration
	// IfNeeded tells that an application can come to a decision without this stage.
	IfNeeded, ClockStops bool
}

// newServicePage says what the page of a service shows in a language; base is the agency's public address.
func newServicePage(s *Service, p Provider, language, base string, say sayer, now time.Time) servicePage {
	def := s.Definition
	state := s.stateAt(now)
	v := servicePage{
		Service: s, Def: def, Provider: p,
		FormURL:   formURL(base, s.Name),
		OpenAPI:   openAPIURL(base, s.Name),
		Original:  originalOf(def),
		Documents: documentsOf(def.Documents),
		Fees:      feesOf(def.Fees, language),
		Laws:      lawsOf(def.LegalBasis, language),
		Refusals: []refusalView{
			{"catalogue.intakeGrounds", def.Refusal.IntakeGrounds},
			{"catalogue.suspensionGrounds", def.Refusal.SuspensionGrounds},
			{"catalogue.refusalGrounds", def.Refusal.RefusalGrounds},
		},
		Process:  processOf(def.Process.Stages),
		Citizens: guidesFor("Citizen", def.Guides),
		Cost:     page.Price(language, def.Fees),
		Scheme:   schemeOf(def, language, say), Exchanges: exchangesOf(def),
		NotOpen: state == stateNotYet || state == stateClosed,
		Staff:   servicePath(p.Name, s.Name) + "/staff",
	}
	if state == stateNotYet {
		v.OpensAt = &def.Limits.OpensAt.Time
	}
	return v
}

func originalOf(def *v1alpha1.ServiceDefinition) string {
	if len(def.Languages) == 0 {
		return page.DefaultLanguage
	}
	return def.Languages[0]
}

func documentsOf(documents []v1alpha1.Document) []documentView {
	out := make([]documentView, len(documents))
	for i, d := range documents {
		out[i] = documentView{Name: d.Name, Source: d.Source}
		if d.Source == v1alpha1.SourceInteragency {
			continue
		}
		out[i].ValidFor, out[i].Obtain = d.ValidFor, d.HowToObtain
		out[i].Optional = d.Source == v1alpha1.SourceApplicant && d.RequiredWhen == ""
		out[i].Sometimes = d.RequiredWhen != "" && d.RequiredWhen != "true"
	}
	return out
}

func feesOf(fees []v1alpha1.Fee, language string) []feeView {
	out := make([]feeView, len(fees))
	for i, f := range fees {
		out[i] = feeView{Amount: page.Money(language, f.Amount, f.Currency), Basis: f.Basis, Waiver: f.Waiver}
	}
	return out
}

func lawsOf(acts []v1alpha1.LegalAct, language string) []lawView {
	out := make([]lawView, len(acts))
	for i, a := range acts {
		date := string(a.Date)
		if t, err := time.Parse(time.DateOnly, date); err == nil {
			date = page.Day(language, t)
		}
		out[i] = lawView{Title: a.Title, URI: string(a.URI), Number: a.Number, Date: date, Article: a.Article}
	}
	return out
}

func processOf(stages []v1alpha1.Stage) processView {
	var out processView
	for _, st := range stages {
		if len(st.Actions) == 0 {
			out.Outcomes = append(out.Outcomes, st.Name)
			continue
		}
		out.Stages = append(out.Stages, stageView{
			Name: st.Name, Next: following(stages, st), Term: st.Deadline, ClockStops: st.Clock == "Stops",
			IfNeeded: leadsToDecision(stages, st.ID, "") && leadsToDecision(stages, stages[0].ID, st.ID),
		})
	}
	return out
}

// following are the names of the stages that can follow st, each once.
func following(stages []v1alpha1.Stage, st v1alpha1.Stage) []v1alpha1.Text {
	var names []v1alpha1.Text
	for _, next := range stages {
		if slices.ContainsFunc(st.Actions, func(a v1alpha1.Action) bool { return a.To == next.ID }) {
			names = append(names, next.Name)
		}
	}
	return names
}

// leadsToDecision tells whether a stage where it is decided can follow the stage from without passing the stage without.
func leadsToDecision(stages []v1alpha1.Stage, from, without v1alpha1.ID) bool {
	byID := make(map[v1alpha1.ID]v1alpha1.Stage, len(stages))
	for _, st := range stages {
		byID[st.ID] = st
	}
	seen := map[v1alpha1.ID]bool{without: true}
	for next := []v1alpha1.ID{from}; len(next) > 0; {
		id := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[id] {
			continue
		}
		seen[id] = true
		if id != from && byID[id].Kind == "Decision" {
			return true
		}
		for _, a := range byID[id].Actions {
			next = append(next, a.To)
		}
	}
	return false
}

func guidesFor(audience string, all []v1alpha1.Guide) []v1alpha1.Guide {
	var out []v1alpha1.Guide
	for _, g := range all {
		if g.Audience == audience {
			out = append(out, g)
		}
	}
	return out
}
