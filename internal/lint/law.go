// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/form"
)

// lawCostLimit bounds one condition over the largest definition that fits into 192 KiB.
const lawCostLimit = 1_000_000

// lawEnvironment compiles the conditions of rule packs. They look at a definition's JSON, not at an application, so they are
// apart from the expressions of definitions, which are typed from the application's schema.
type lawEnvironment struct{ env *cel.Env }

// beyondLaw are the parts of a definition that rules of law do not look at: how a service is asked for and tried out is not the
// law's matter.
var beyondLaw = []string{"form", "scenarios"}

// lawTree decodes what rules of law look at.
func lawTree(raw []byte) (map[string]any, error) {
	v, ok := form.DecodeJSON(raw)
	if !ok { // deeper than an application may be
		if err := utiljson.Unmarshal(raw, &v); err != nil {
			return nil, err
		}
	}
	tree, _ := v.(map[string]any)
	for _, name := range beyondLaw {
		delete(tree, name)
	}
	return tree, nil
}

var beyondLawWord = regexp.MustCompile(`\b(` + strings.Join(beyondLaw, "|") + `)\b`)

// condition is a compiled condition of a rule.
type condition struct{ program cel.Program }

func newLawEnvironment() (*lawEnvironment, error) {
	env, err := cel.NewEnv(
		cel.OptionalTypes(),
		cel.Variable("service", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("it", cel.DynType),
		cel.Variable("limits", cel.MapType(cel.StringType, cel.IntType)),
	)
	return &lawEnvironment{env: env}, err
}

func (e *lawEnvironment) compile(text string) (*condition, error) {
	ast, issues := e.env.Compile(text)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	if ast.OutputType() != cel.BoolType && ast.OutputType() != cel.DynType {
		return nil, fmt.Errorf("%q gives %s, not true or false", text, ast.OutputType())
	}
	program, err := e.env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(lawCostLimit))
	if err != nil {
		return nil, err
	}
	return &condition{program: program}, nil
}

func (c *condition) holds(vars map[string]any) (bool, error) {
	out, _, err := c.program.Eval(vars)
	if err != nil {
		return false, err
	}
	holds, ok := out.Value().(bool)
	if !ok {
		return false, fmt.Errorf("the condition gave %v", out.Value())
	}
	return holds, nil
}

// law judges a definition by the rules of the pack.
func law(in input) []definition.Finding {
	var findings []definition.Finding
	for i := range in.options.Pack.Rules {
		findings = append(findings, judge(&in.options.Pack.Rules[i], in)...)
	}
	return findings
}

func judge(r *LawRule, in input) []definition.Finding {
	vars := map[string]any{"service": in.tree, "it": in.tree, "limits": in.options.Pack.Limits}
	if r.Each == "" {
		return judgeOne(r, in, vars, definition.Root)
	}
	items, ok := lookUp(in.tree, r.Each).([]any)
	if !ok {
		return nil
	}
	var findings []definition.Finding
	for i, item := range items {
		vars["it"] = item
		findings = append(findings, judgeOne(r, in, vars, fmt.Sprintf("%s.%s[%d]", definition.Root, r.Each, i))...)
	}
	return findings
}

func judgeOne(r *LawRule, in input, vars map[string]any, place string) []definition.Finding {
	if r.when != nil {
		if applies, err := r.when.holds(vars); err != nil || !applies {
			// A definition without the parts that a condition looks at is refused by its schema, which says so better.
			return nil
		}
	}
	if holds, err := r.assert.holds(vars); err != nil || holds {
		return nil
	}
	return []definition.Finding{{
		Path: place + "." + r.At, Rule: r.ID, Severity: severityAt(r.Severity, r.since, in.options.At), Article: r.Article,
		Found: fill(r.Found, vars["it"]), Allowed: fill(r.Allowed, vars["it"]), Do: fill(r.Do, vars["it"]),
	}}
}

// severityAt turns the error of a rule that is not in force yet into a warning.
func severityAt(severity definition.Severity, since, at time.Time) definition.Severity {
	if !at.IsZero() && at.Before(since) {
		return definition.Warning
	}
	return severity
}

var placeholder = regexp.MustCompile(`\{\{([A-Za-z0-9.]+)\}\}`)

// fill puts the values of it into a text's placeholders.
func fill(text string, it any) string {
	return placeholder.ReplaceAllStringFunc(text, func(mark string) string {
		return fmt.Sprint(lookUp(it, strings.Trim(mark, "{}")))
	})
}

// lookUp returns the value at a path of keys in decoded JSON, or nil.
func lookUp(value any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

// protectionLevel demands at least the protection level that the declared data need.
func protectionLevel(in input) []definition.Finding {
	declared, table := in.def.DataProtection, in.options.Pack.Protection
	least := leastLevel(table, declared)
	// UZ1 is the highest level, so a later name is a lower level.
	if least == "" || declared.Level == "" || declared.Level <= least {
		return nil
	}
	return []definition.Finding{{
		Path: definition.Root + ".dataProtection.level", Rule: "law-protection-level",
		Severity: severityAt(definition.Error, table.since, in.options.At), Article: table.Article,
		Found: string(declared.Level),
		Allowed: fmt.Sprintf("at least %s for %v data, subjects %s, threats of type %s", least, declared.Categories,
			declared.Subjects, strconv.Itoa(int(declared.ThreatType))),
		Do: "raise the level, or correct what the data are",
	}}
}

// leastLevel returns the highest of the levels that the table gives for each declared category, "" when none fits.
func leastLevel(table ProtectionTable, d v1alpha1.DataProtection) v1alpha1.ProtectionLevel {
	var least v1alpha1.ProtectionLevel
	for _, category := range d.Categories {
		for _, row := range table.Levels {
			if row.ThreatType != d.ThreatType || !slices.Contains(row.Categories, category) ||
				(len(row.Subjects) > 0 && !slices.Contains(row.Subjects, d.Subjects)) {
				continue
			}
			if least == "" || row.Level < least {
				least = row.Level
			}
			break
		}
	}
	return least
}
