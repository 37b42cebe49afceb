// SPDX-License-Identifier: Apache-2.0

// Package lint checks definitions: everything that can be known of a service before anybody files an application. The chain
// below is the specification; each line says the wish that its check carries out. The rules of law are data (package law).
package lint

import (
	"encoding/json"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
)

// Options say under which rules a definition is judged.
type Options struct {
	// Pack is the pack of rules of law; nil means BuiltinPack.
	Pack *Pack
	// At is the moment for which rules of law are taken: those that are not in force yet warn instead of refusing. The zero
	// time takes every rule as in force.
	At time.Time
}

// input is all that a check may look at.
type input struct {
	raw     []byte
	def     *v1alpha1.ServiceDefinition
	options Options
}

// check is one wish about a definition.
type check func(input) []definition.Finding

// checks is the specification of a valid definition, in the order in which an author would read it.
var checks = []check{
	// What this version does not carry out is refused.
	unsupported,
}

// Lint returns all findings about raw, the JSON of a definition, the gravest first, then by path. What is not JSON that can be
// hashed, or does not fit the fields' types, is reported alone: nothing else can be said about it.
func Lint(raw []byte, o Options) []definition.Finding {
	findings := definition.Check(raw)
	if definition.HasErrors(findings) {
		return findings
	}
	var def v1alpha1.ServiceDefinition
	if err := json.Unmarshal(raw, &def); err != nil {
		return append(findings, definition.Finding{
			Path: definition.Root, Rule: "schema-type", Severity: definition.Error, Found: err.Error(),
			Allowed: "values of the types that kubectl explain govservice.spec.service shows", Do: "correct the value",
		})
	}
	if o.Pack == nil {
		o.Pack = BuiltinPack()
	}
	in := input{raw: raw, def: &def, options: o}
	for _, check := range checks {
		findings = append(findings, check(in)...)
	}
	return definition.Sort(findings)
}

// Spec returns findings about what stands beside the definition in a GovService: what is not carried out is refused.
func Spec(spec *v1alpha1.GovServiceSpec) []definition.Finding {
	return unsupportedSpec(spec)
}
