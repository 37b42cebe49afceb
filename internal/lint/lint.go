// SPDX-License-Identifier: Apache-2.0

// Package lint checks definitions: everything that can be known of a service before anybody files an application. The chain
// below is the specification; each line says the wish that its check carries out. The rules of law are data (package law).
package lint

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/form"
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
	// raw is the definition's JSON, def the definition typed, tree what the law looks at as plain JSON.
	raw     []byte
	def     *v1alpha1.ServiceDefinition
	tree    map[string]any
	options Options
}

// check is one wish about a definition.
type check func(input) []definition.Finding

// checks is the specification of a valid definition, in the order in which an author would read it.
var checks = []check{
	// What this version does not carry out is refused.
	unsupported,
	// Every text exists in every declared language, in words of that language, finished and without HTML.
	languages,
	texts,
	// Who approves a text sees all of it.
	invisible,
	// Each registry knows the service by one code.
	registryCodes,
	// Mail can be sent to the addresses.
	contacts,
	// Files can be judged when they arrive.
	documents,
	// Lists are what their sha256 says.
	codeListPins,
	// Days exist; a service opens before it closes.
	dates,
	// Schema, pages, rules, code lists and XML names fit together, and every expression compiles and holds on partial answers.
	application,
	// An application can go its way to an end, in terms that a known calendar counts.
	processGraph,
	// An application that no rule takes has somewhere to go.
	routing,
	// Exchanges with outside systems belong to a stage.
	integrations,
	// Acceptance tests refer to what exists and try both answers.
	scenarios,
	// The law is kept: 210-ФЗ and the acts beside it, as the rule pack has them.
	law,
	// Personal data are protected at the level that they need.
	protectionLevel,
}

// Lint returns all findings about raw, the JSON of a definition, the gravest first, then by path; what follows from a graver one
// is left out. What is not JSON that can be hashed, or does not fit the fields' types, is reported alone: nothing else can be
// said about it.
func Lint(raw []byte, o Options) []definition.Finding {
	in, findings := read(raw, o)
	if in == nil {
		return findings
	}
	for _, check := range checks {
		findings = append(findings, check(*in)...)
	}
	return definition.WithoutFollowUps(definition.Sort(findings))
}

// read decodes what the checks look at. The input is nil when nothing can be said beyond the findings.
func read(raw []byte, o Options) (*input, []definition.Finding) {
	findings := definition.Check(raw)
	if definition.HasErrors(findings) {
		return nil, findings
	}
	in := input{raw: raw, options: o, def: &v1alpha1.ServiceDefinition{}}
	if err := json.Unmarshal(raw, in.def); err != nil {
		return nil, append(findings, schemaTypeFinding(err))
	}
	var err error
	if in.tree, err = lawTree(raw); err != nil {
		return nil, append(findings, schemaTypeFinding(err))
	}
	if in.options.Pack == nil {
		in.options.Pack = BuiltinPack()
	}
	return &in, findings
}

func schemaTypeFinding(err error) definition.Finding {
	f := definition.Finding{
		Path: definition.Root, Rule: "schema-type", Severity: definition.Error, Found: err.Error(),
		Allowed: "values of the types that kubectl explain govservice.spec.service shows", Do: "correct the value",
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		f.Path, f.Found = definition.Root+"."+wrong.Field, "a "+wrong.Value
	}
	return f
}

// application compiles the data model with all that looks at it: there is one compiler, and the intake uses it too.
func application(in input) []definition.Finding {
	model, findings := form.Compile(in.def)
	if model == nil {
		return findings
	}
	return append(findings, scenarioPlaces(in.def, model)...)
}

// Spec returns findings about what stands beside the definition in a GovService: what is not carried out is refused, and what can
// never come to pass.
func Spec(spec *v1alpha1.GovServiceSpec) []definition.Finding {
	return append(unsupportedSpec(spec), publicationOrder(spec)...)
}
