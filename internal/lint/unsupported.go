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
	refused := refusals{root: definition.Root}
	for i, integration := range def.Integrations {
		refused.add(fmt.Sprintf("integrations[%d]", i), fmt.Sprintf("integration %q", integration.ID), "exchange with outside systems")
	}
	for i, n := range def.Notifications {
		refused.add(fmt.Sprintf("notifications[%d]", i), "a notification on "+n.Event, "notifications")
	}
	if def.Identity.Provider == "OIDC" {
		refused.add("identity.provider", "OIDC", "sign-in; provider None is carried out")
	}
	if len(def.Identity.RequiredClaims) > 0 {
		refused.add("identity.requiredClaims", "required claims", "sign-in")
	}
	if def.Identity.MinimumAssurance != "" {
		refused.add("identity.minimumAssurance", "a minimum assurance", "sign-in")
	}
	for i := range def.Data.Prefill {
		refused.add(fmt.Sprintf("data.prefill[%d]", i), "a field filled from the identity", "sign-in")
	}
	for i := range def.Audience.Variants {
		refused.add(fmt.Sprintf("audience.variants[%d]", i), "a profile of applicants", "profiles of applicants")
	}
	for i, list := range def.Data.CodeLists {
		if list.ConfigMapRef != "" {
			refused.add(fmt.Sprintf("data.codeLists[%d].configMapRef", i), "a code list in a ConfigMap", "code lists outside the definition; write its items")
		}
	}
	if def.Quality.Survey != nil {
		refused.add("quality.survey", "a survey", "surveys")
	}
	if def.Limits != nil && def.Limits.PerApplicant > 0 {
		refused.add("limits.perApplicant", "a limit per applicant", "limits that need sign-in")
	}
	for i, s := range def.Scenarios {
		if s.Integrations != nil {
			refused.add(fmt.Sprintf("scenarios[%d].integrations", i), "recorded answers of outside systems", "exchange with outside systems")
		}
		if s.Applicant != nil && len(s.Applicant.Claims) > 0 {
			refused.add(fmt.Sprintf("scenarios[%d].applicant.claims", i), "claims of a signed-in person", "sign-in")
		}
	}
	refused.outputs(def.Outputs)
	return refused.findings
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

func (r *refusals) add(path, found, what string) {
	r.findings = append(r.findings, definition.Finding{
		Path: r.root + "." + path, Rule: "unsupported", Severity: definition.Error, Reason: definition.Unsupported, Found: found,
		Allowed: "what this version carries out; not yet: " + what, Do: "leave it out until a version carries it out",
	})
}

func (r *refusals) outputs(outputs []v1alpha1.Output) {
	for i, o := range outputs {
		if !carriedOutOutputs[[2]string{o.Type, o.Format}] {
			r.add(fmt.Sprintf("outputs[%d]", i), fmt.Sprintf("an output of type %s as %s", o.Type, o.Format),
				"outputs other than a ServiceMessage as XML, a BlankForm or a Receipt as HTML")
		}
		for j, way := range o.Delivery {
			if way == "Email" {
				r.add(fmt.Sprintf("outputs[%d].delivery[%d]", i, j), "delivery by e-mail", "sending mail")
			}
		}
	}
}

// unsupportedSpec is the list for what stands beside the definition.
func unsupportedSpec(spec *v1alpha1.GovServiceSpec) []definition.Finding {
	refused := refusals{root: "spec"}
	if spec.Intake != nil && spec.Intake.Placement == "Dedicated" {
		refused.add("intake.placement", "Dedicated", "an intake of its own for one service; Shared is carried out")
	}
	p := spec.Publication
	if p == nil {
		return refused.findings
	}
	if p.Activation == "Manual" {
		refused.add("publication.activation", "Manual", "activation by hand; WhenApproved is carried out")
	}
	if p.Revision != "" {
		refused.add("publication.revision", fmt.Sprintf("%q", p.Revision), "pinning; apply the former definition to serve it again")
	}
	if p.PublishAt != nil {
		refused.add("publication.publishAt", "a moment of publication", "publication at a set time")
	}
	if p.WithdrawAt != nil {
		refused.add("publication.withdrawAt", "a moment of withdrawal", "withdrawal at a set time; delete the service or set state: Suspended")
	}
	return refused.findings
}
