// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/url"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/page"
)

// listPage is what the template of the list sees: services by agency.
type listPage struct{ Groups []listGroup }

type listGroup struct {
	ID       string
	Name     v1alpha1.Text
	Services []listItem
}

type listItem struct {
	Path           string
	Title, Summary v1alpha1.Text
	Suspended      bool
}

// newListPage groups an ordered list by agency.
func newListPage(list []Listed) listPage {
	var out listPage
	for _, l := range list {
		if n := len(out.Groups); n == 0 || out.Groups[n-1].ID != l.Provider.Name {
			out.Groups = append(out.Groups, listGroup{ID: l.Provider.Name, Name: l.Provider.DisplayName})
		}
		group := &out.Groups[len(out.Groups)-1]
		group.Services = append(group.Services, listItem{
			Path: servicePath(l.Provider.Name, l.Name), Title: l.Definition.ShortTitle,
			Summary: l.Definition.Summary, Suspended: l.Suspended,
		})
	}
	return out
}

func servicePath(provider, service string) string {
	return "/services/" + url.PathEscape(provider) + "/" + url.PathEscape(service)
}

// servicePage is what the template of a service sees. It is made by pure functions from the definition, so that the page says
// what was approved and nothing else.
type servicePage struct {
	Service   *Service
	Def       *v1alpha1.ServiceDefinition
	Provider  Provider
	FormURL   string
	OpenAPI   string
	Documents []v1alpha1.Document
	Fees      []feeView
	Laws      []lawView
	Refusals  []refusalView
	Scheme    []schemeStage
	Citizens  []v1alpha1.Guide
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

// schemeStage is a stage of the process as text: the accessible form of the drawing.
type schemeStage struct {
	Name       v1alpha1.Text
	Term       *v1alpha1.Duration
	ClockStops bool
	Next       []schemeAction
}

type schemeAction struct{ Name, To v1alpha1.Text }

// newServicePage says what the page of a service shows in a language; base is the agency's public address.
func newServicePage(s *Service, p Provider, language, base string) servicePage {
	def := s.Definition
	return servicePage{
		Service: s, Def: def, Provider: p,
		FormURL:   base + "/s/" + url.PathEscape(s.Name),
		OpenAPI:   base + "/api/v1/services/" + url.PathEscape(s.Name) + "/openapi.json",
		Documents: def.Documents,
		Fees:      feesOf(def.Fees, language),
		Laws:      lawsOf(def.LegalBasis, language),
		Refusals: []refusalView{
			{"catalogue.intakeGrounds", def.Refusal.IntakeGrounds},
			{"catalogue.suspensionGrounds", def.Refusal.SuspensionGrounds},
			{"catalogue.refusalGrounds", def.Refusal.RefusalGrounds},
		},
		Scheme:   schemeOf(def.Process),
		Citizens: guidesFor("Citizen", def.Guides),
	}
}

func feesOf(fees []v1alpha1.Fee, language string) []feeView {
	out := make([]feeView, len(fees))
	for i, f := range fees {
		out[i] = feeView{Amount: money(f.Amount, f.Currency, language), Basis: f.Basis, Waiver: f.Waiver}
	}
	return out
}

// money writes a sum as people of the language do: 350,50 ₽ or RUB 350.50.
func money(amount, currency, language string) string {
	if language == "en" {
		return currency + "\u00a0" + amount
	}
	if currency == "RUB" {
		currency = "₽"
	}
	return strings.ReplaceAll(amount, ".", ",") + "\u00a0" + currency
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

func schemeOf(p v1alpha1.Process) []schemeStage {
	names := make(map[v1alpha1.ID]v1alpha1.Text, len(p.Stages))
	for _, st := range p.Stages {
		names[st.ID] = st.Name
	}
	stages := make([]schemeStage, 0, len(p.Stages))
	for _, st := range p.Stages {
		out := schemeStage{Name: names[st.ID], Term: st.Deadline, ClockStops: st.Clock == "Stops"}
		for _, a := range st.Actions {
			out.Next = append(out.Next, schemeAction{Name: a.Name, To: names[a.To]})
		}
		stages = append(stages, out)
	}
	return stages
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
