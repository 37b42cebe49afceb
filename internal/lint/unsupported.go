// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
)

// unsupported is the one list of what a definition can ask for and this version does not carry out. What is asked for is done
// or refused, never stored and ignored.
func unsupported(in input) []definition.Finding {
	def := in.def
	r := refusals{root: definition.Root}
	for i, integration := range def.Integrations {
		r.add(fmt.Sprintf("integrations[%d]", i), fmt.Sprintf("integration %q", integration.ID), "none", "exchange with outside systems")
	}
	for i, n := range def.Notifications {
		r.add(fmt.Sprintf("notifications[%d]", i), "a notification on "+n.Event, "none", "notifications")
	}
	r.signIn(def)
	for i := range def.Audience.Variants {
		r.add(fmt.Sprintf("audience.variants[%d]", i), "a profile of applicants", "eligibility conditions", "profiles of applicants")
	}
	for i, list := range def.Data.CodeLists {
		if list.ConfigMapRef != "" {
			r.add(fmt.Sprintf("data.codeLists[%d].configMapRef", i), "a code list in a ConfigMap", "items in the definition", "code lists outside the definition")
		}
	}
	if def.Quality.Survey != nil {
		r.add("quality.survey", "a survey", "targets", "surveys")
	}
	if def.Limits != nil && def.Limits.PerApplicant > 0 {
		r.add("limits.perApplicant", "a limit per applicant", "opensAt, closesAt, maxApplications", "limits that need sign-in")
	}
	for i, s := range def.Scenarios {
		if s.Integrations != nil && len(def.Integrations) == 0 { // those of integrations go with them
			r.add(fmt.Sprintf("scenarios[%d].integrations", i), "recorded answers of outside systems", "none", "exchange with outside systems")
		}
	}
	r.outputs(def.Outputs)
	return r.findings
}

// signIn refuses sign-in; when it is asked for, all that needs it goes with it.
func (r *refusals) signIn(def *v1alpha1.ServiceDefinition) {
	const feature = "sign-in"
	if def.Identity.Provider == "OIDC" {
		r.add("identity", "provider: OIDC", "provider: None", feature)
		return
	}
	if len(def.Identity.RequiredClaims) > 0 {
		r.add("identity.requiredClaims", "required claims", "none", feature)
	}
	if def.Identity.MinimumAssurance != "" {
		r.add("identity.minimumAssurance", "a minimum assurance", "none", feature)
	}
	for i := range def.Data.Prefill {
		r.add(fmt.Sprintf("data.prefill[%d]", i), "a field filled from the identity", "none", feature)
	}
	for i, s := range def.Scenarios {
		if s.Applicant != nil && len(s.Applicant.Claims) > 0 {
			r.add(fmt.Sprintf("scenarios[%d].applicant.claims", i), "claims of a signed-in person", "none", feature)
		}
	}
}

// carriedOutOutputs are the documents that the intake writes.
var carriedOutOutputs = map[[2]string]bool{
	{"ServiceMessage", "XML"}: true,
	{"BlankForm", "HTML"}:     true,
	{"Receipt", "HTML"}:       true,
}

// refusals collects findings about what is not carried out.
type refusals struct {
	root     string
	findings []definition.Finding
}

// add refuses what was found; allowed is what may stand there instead, feature what is not carried out.
func (r *refusals) add(path, found, allowed, feature string) {
	r.findings = append(r.findings, definition.Finding{
		Path: r.root + "." + path, Rule: "unsupported", Severity: definition.Error, Reason: definition.Unsupported, Found: found,
		Allowed: allowed, Do: "leave it out: this version does not carry out " + feature,
	})
}

func (r *refusals) outputs(outputs []v1alpha1.Output) {
	for i, o := range outputs {
		if !carriedOutOutputs[[2]string{o.Type, o.Format}] {
			r.add(fmt.Sprintf("outputs[%d]", i), fmt.Sprintf("an output of type %s as %s", o.Type, o.Format),
				"ServiceMessage as XML, BlankForm as HTML, Receipt as HTML", "other outputs")
			continue
		}
		for j, way := range o.Delivery {
			if way != "Page" {
				r.add(fmt.Sprintf("outputs[%d].delivery[%d]", i, j), "delivery by "+way, "Page", "delivery of outputs")
			}
		}
		if o.Type != "ServiceMessage" && len(o.Template) > 0 {
			r.add(fmt.Sprintf("outputs[%d].template", i), "a template of a "+o.Type, "templates of ServiceMessage", "documents in the agency's own words")
		}
	}
}

// unsupportedSpec is the list for what stands beside the definition.
func unsupportedSpec(spec *v1alpha1.GovServiceSpec) []definition.Finding {
	r := refusals{root: "spec"}
	if spec.Intake != nil && spec.Intake.Placement == "Dedicated" {
		r.add("intake.placement", "Dedicated", "Shared", "an intake of its own for one service")
	}
	return r.findings
}
