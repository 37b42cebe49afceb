// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/form"
)

// scenarios demands that the acceptance tests can be run at all and try both answers.
func scenarios(in input) []definition.Finding {
	c := newScenarioCheck(in.def)
	for i := range in.def.Scenarios {
		c.one(&in.def.Scenarios[i], fmt.Sprintf("scenarios[%d]", i))
	}
	c.coverage()
	return c.findings
}

// scenarioCheck holds what scenarios may refer to, and what they have tried.
type scenarioCheck struct {
	def       *v1alpha1.ServiceDefinition
	documents map[v1alpha1.ID]v1alpha1.DocumentSource
	units     []string
	tried     map[string]bool // codes, units and outcomes
	findings  []definition.Finding
}

func newScenarioCheck(def *v1alpha1.ServiceDefinition) *scenarioCheck {
	c := &scenarioCheck{def: def, documents: map[v1alpha1.ID]v1alpha1.DocumentSource{}, tried: map[string]bool{}}
	for _, d := range def.Documents {
		c.documents[d.ID] = d.Source
	}
	if def.Routing.Default != nil {
		c.units = append(c.units, def.Routing.Default.Unit)
	}
	for _, r := range def.Routing.Rules {
		if !slices.Contains(c.units, r.Unit) {
			c.units = append(c.units, r.Unit)
		}
	}
	return c
}

func (c *scenarioCheck) one(s *v1alpha1.Scenario, path string) {
	c.tried[string(s.Expect.Outcome)] = true
	c.tried["unit "+s.Expect.Unit] = true
	if s.Language != "" && !slices.Contains(c.def.Languages, s.Language) {
		c.findings = append(c.findings, at(path+".language", "scenario-language", fmt.Sprintf("%q", s.Language),
			strings.Join(c.def.Languages, ", "), "file in a language of the service"))
	}
	// Without a default, nobody knows yet which units there are.
	if s.Expect.Unit != "" && c.def.Routing.Default != nil && !slices.Contains(c.units, s.Expect.Unit) {
		c.findings = append(c.findings, at(path+".expect.unit", "scenario-unit", fmt.Sprintf("%q", s.Expect.Unit),
			"a unit of routing: "+strings.Join(c.units, ", "), "correct the unit"))
	}
	if s.Expect.Outcome == v1alpha1.OutcomeRejected && (s.Expect.Unit != "" || s.Expect.Deadline != "" || s.Expect.Fees != nil) {
		c.findings = append(c.findings, at(path+".expect", "scenario-rejected", "a unit, a deadline or fees of a rejected application",
			"errors only", "remove unit, deadline and fees, or expect Accepted"))
	}
	c.fees(s, path)
	for i, a := range s.Attachments {
		c.attachment(a, fmt.Sprintf("%s.attachments[%d].document", path, i))
	}
	for i, e := range s.Expect.Errors {
		c.tried["code "+e.Code] = true
		c.pointer(e, fmt.Sprintf("%s.expect.errors[%d].pointer", path, i))
	}
	c.integrations(s, path)
}

func (c *scenarioCheck) attachment(a v1alpha1.ScenarioAttachment, path string) {
	source, known := c.documents[a.Document]
	switch {
	case !known:
		c.findings = append(c.findings, at(path, "scenario-document", fmt.Sprintf("%q", a.Document),
			"the id of a document: "+c.documentIDs(), "correct the id or declare the document"))
	case source == v1alpha1.SourceInteragency:
		c.findings = append(c.findings, at(path, "scenario-document", fmt.Sprintf("%q, which the agency obtains itself", a.Document),
			"documents that applicants attach", "remove the attachment"))
	}
}

func (c *scenarioCheck) documentIDs() string {
	ids := make([]string, 0, len(c.def.Documents))
	for _, d := range c.def.Documents {
		if d.Source != v1alpha1.SourceInteragency {
			ids = append(ids, string(d.ID))
		}
	}
	if len(ids) == 0 {
		return "there are none"
	}
	return strings.Join(ids, ", ")
}

func (c *scenarioCheck) pointer(e v1alpha1.ExpectedError, path string) {
	if document, ok := strings.CutPrefix(e.Pointer, "/documents/"); ok {
		id, _, _ := strings.Cut(document, "/")
		if _, known := c.documents[v1alpha1.ID(id)]; !known {
			c.findings = append(c.findings, at(path, "scenario-pointer", fmt.Sprintf("%q", e.Pointer),
				"/documents/ and the id of a document: "+c.documentIDs(), "correct the id"))
		}
		return
	}
	if e.Pointer == "/data" || strings.HasPrefix(e.Pointer, "/data/") {
		return
	}
	c.findings = append(c.findings, at(path, "scenario-pointer", fmt.Sprintf("%q", e.Pointer),
		"a place in the application: /data/… or /documents/…", "correct the pointer"))
}

// scenarioPlaces demands that errors are expected at places that an application has.
func scenarioPlaces(def *v1alpha1.ServiceDefinition, model *form.Model) []definition.Finding {
	var findings []definition.Finding
	for i, s := range def.Scenarios {
		for j, e := range s.Expect.Errors {
			place, inData := strings.CutPrefix(e.Pointer, "/data")
			if !inData || e.Code == form.CodeUnknown || model.Has(place) {
				continue
			}
			findings = append(findings, at(fmt.Sprintf("scenarios[%d].expect.errors[%d].pointer", i, j), "scenario-pointer",
				fmt.Sprintf("%q", e.Pointer), "/data and the place of a property of data.schema", "correct the pointer"))
		}
	}
	return findings
}

func (c *scenarioCheck) integrations(s *v1alpha1.Scenario, path string) {
	if s.Integrations == nil {
		return
	}
	var answers map[string]json.RawMessage
	if err := json.Unmarshal(s.Integrations.Raw, &answers); err != nil {
		return // its type is the schema's finding
	}
	for id := range answers {
		if !slices.ContainsFunc(c.def.Integrations, func(i v1alpha1.Integration) bool { return string(i.ID) == id }) {
			c.findings = append(c.findings, at(path+".integrations."+id, "scenario-integration", fmt.Sprintf("%q", id),
				"the id of an integration", "correct the id or remove the answer"))
		}
	}
}

// untried warns of what no scenario tries.
func untried(path, found, allowed, do string) definition.Finding {
	f := at(path, "scenario-coverage", found, allowed, do)
	f.Severity = definition.Warning
	return f
}

// coverage demands one application that is accepted and one that is not, and reminds of what no scenario tries.
func (c *scenarioCheck) coverage() {
	for _, outcome := range []v1alpha1.Outcome{v1alpha1.OutcomeAccepted, v1alpha1.OutcomeRejected} {
		if !c.tried[string(outcome)] {
			// What such scenarios would have to try goes without saying.
			c.findings = append(c.findings, at("scenarios", "scenario-outcomes", "no scenario that expects "+string(outcome),
				"at least one Accepted and one Rejected", "add a scenario"))
			return
		}
	}
	for i, r := range c.def.Data.Rules {
		if !c.tried["code "+string(r.Code)] {
			c.findings = append(c.findings, untried(fmt.Sprintf("data.rules[%d]", i),
				fmt.Sprintf("rule %q, which no scenario breaks", r.ID), "a scenario for each rule",
				fmt.Sprintf("add a scenario that expects the code %q", r.Code)))
		}
	}
	for i, e := range c.def.Audience.Eligibility {
		if !c.tried["code "+string(e.ID)] {
			c.findings = append(c.findings, untried(fmt.Sprintf("audience.eligibility[%d]", i),
				fmt.Sprintf("condition %q, which no scenario fails", e.ID), "a scenario for each condition",
				fmt.Sprintf("add a scenario that expects the code %q", e.ID)))
		}
	}
	for i, r := range c.def.Routing.Rules {
		if !c.tried["unit "+r.Unit] {
			c.findings = append(c.findings, untried(fmt.Sprintf("routing.rules[%d]", i),
				fmt.Sprintf("unit %q, where no scenario arrives", r.Unit), "a scenario for each unit",
				"add a scenario that expects the unit"))
		}
	}
	c.feeCoverage()
}

// fees demands that expected fees exist.
func (c *scenarioCheck) fees(s *v1alpha1.Scenario, path string) {
	if s.Expect.Fees != nil {
		c.tried["fees"] = true
	}
	for i, id := range s.Expect.Fees {
		c.tried["fee "+string(id)] = true
		if !slices.ContainsFunc(c.def.Fees, func(f v1alpha1.Fee) bool { return f.ID == id }) {
			c.findings = append(c.findings, at(fmt.Sprintf("%s.expect.fees[%d]", path, i), "scenario-fee", fmt.Sprintf("%q", id),
				"the id of one of fees", "correct the id or declare the fee"))
		}
	}
}

// feeCoverage reminds of fees that nobody owes, once scenarios speak of fees at all.
func (c *scenarioCheck) feeCoverage() {
	if !c.tried["fees"] {
		return
	}
	for i, f := range c.def.Fees {
		if !c.tried["fee "+string(f.ID)] {
			c.findings = append(c.findings, untried(fmt.Sprintf("fees[%d]", i),
				fmt.Sprintf("fee %q, which no scenario owes", f.ID), "a scenario for each fee",
				fmt.Sprintf("add a scenario that expects the fee %q", f.ID)))
		}
	}
}
