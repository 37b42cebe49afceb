// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	openapierrors "k8s.io/kube-openapi/pkg/validation/errors"

	"github.com/okno-dev/okno/internal/definition"
)

// formatRule is the rule of a number that does not fit its format, such as int32.
const formatRule = "schema-number"

// checkedFormat is how the API server says that a number does not fit its format.
var checkedFormat = regexp.MustCompile(`^Checked value must be of type \w+ with format (\w+) in (\S+)$`)

// isNull tells that the API server's schema validation found null where a value must be.
func isNull(err error) bool {
	var v *openapierrors.Validation
	return errors.As(err, &v) && v.Code() == openapierrors.InvalidTypeCode && v.Value == "null"
}

// valueFinding says in our words what the API server's schema validation found.
func (s *crdSchema) valueFinding(err error) definition.Finding {
	var v *openapierrors.Validation
	if !errors.As(err, &v) {
		if said := checkedFormat.FindStringSubmatch(err.Error()); said != nil {
			return definition.Finding{
				Path: said[2], Rule: formatRule, Severity: definition.Error, Found: "a number beyond " + said[1],
				Allowed: "a whole number of the format " + said[1], Do: "correct the value",
			}
		}
		return definition.Finding{Rule: "schema", Severity: definition.Error, Found: err.Error(), Do: "correct the value"}
	}
	f := definition.Finding{Path: strings.TrimPrefix(v.Name, "."), Severity: definition.Error, Found: show(v.Value), Do: "correct the value"}
	node := s.at(f.Path)
	switch v.Code() {
	case openapierrors.RequiredFailCode:
		f.Rule, f.Found, f.Do = "schema-required", "nothing", "add the field"
		f.Allowed = description(node)
	case openapierrors.InvalidTypeCode:
		s.wrongType(&f, v, node)
	case openapierrors.EnumFailCode:
		f.Rule, f.Allowed = "schema-enum", list(v.Values)
	case openapierrors.TooLongFailCode:
		f.Rule, f.Allowed, f.Do = "schema-length", "at most "+counted(v.Valid, "character"), "shorten the text"
	case openapierrors.TooShortFailCode:
		f.Rule, f.Allowed, f.Do = "schema-length", "at least "+counted(v.Valid, "character"), "write the text, or remove the field"
	case openapierrors.MaxItemsFailCode, openapierrors.TooManyPropertiesCode:
		f.Rule, f.Found, f.Allowed = "schema-items", counted(v.Value, "entry"), "at most "+counted(v.Valid, "entry")
	case openapierrors.MinItemsFailCode, openapierrors.TooFewPropertiesCode:
		f.Rule, f.Found, f.Allowed = "schema-items", counted(v.Value, "entry"), "at least "+counted(v.Valid, "entry")
	case openapierrors.PatternFailCode:
		f.Rule, f.Allowed = "schema-pattern", "a text of the right form"
		if node != nil && node.ValueValidation != nil {
			f.Allowed = "a text that matches " + node.ValueValidation.Pattern
		}
	case openapierrors.MaxFailCode, openapierrors.MinFailCode:
		f.Rule, f.Allowed = "schema-range", after(v.Error(), "should be ")
	default:
		f.Rule, f.Allowed = "schema", v.Error()
	}
	return f
}

// wrongType tells a value of another type, whose name the validator gives as the value, from a text of another format.
func (s *crdSchema) wrongType(f *definition.Finding, v *openapierrors.Validation, node *schema.Structural) {
	if node != nil && node.ValueValidation != nil && node.ValueValidation.Format != "" && v.Value != node.Type && node.Type == "string" &&
		strings.Contains(v.Error(), "must be of type "+node.ValueValidation.Format) {
		f.Rule, f.Allowed = "schema-format", formats[node.ValueValidation.Format]
		return
	}
	of := v.Value
	if of == "float64" {
		of = "number"
	}
	f.Rule, f.Found, f.Allowed = "schema-type", fmt.Sprintf("a value of the type %v", of), "a value of the type "+typeOf(node)
	if typeOf(node) == "string" {
		f.Do = "put the value in quotes"
	}
}

// formats says for people what a format of the schema is.
var formats = map[string]string{
	"date-time": "a moment such as 2026-09-15T10:00:00+03:00 (RFC 3339)",
}

// fieldFinding turns an error of apimachinery into a finding.
func fieldFinding(rule string, e *field.Error, allowed, do string) definition.Finding {
	f := definition.Finding{Path: strings.TrimPrefix(e.Field, "<nil>."), Rule: rule, Severity: definition.Error, Found: show(e.BadValue), Allowed: allowed, Do: do}
	if e.Type == field.ErrorTypeRequired {
		f.Found = "nothing"
	}
	if f.Path == "<nil>" {
		f.Path = "metadata.name" // the only rule at the root
	}
	return f
}

// description returns the first sentence of a field's documentation.
func description(node *schema.Structural) string {
	if node == nil {
		return "a value"
	}
	text := strings.Join(strings.Fields(node.Description), " ")
	if sentence, _, ok := strings.Cut(text, ". "); ok {
		return sentence
	}
	return strings.TrimSuffix(text, ".")
}

func typeOf(node *schema.Structural) string {
	if node == nil || node.Type == "" {
		return "that its field needs"
	}
	return node.Type
}

func list(values []any) string {
	words := make([]string, 0, len(values))
	for _, v := range values {
		words = append(words, strings.Trim(show(v), `"`))
	}
	return strings.Join(words, ", ")
}

// counted writes a number of things.
func counted(n any, noun string) string {
	switch {
	case fmt.Sprint(n) == "1":
		return "1 " + noun
	case strings.HasSuffix(noun, "y"):
		return fmt.Sprintf("%v %sies", n, strings.TrimSuffix(noun, "y"))
	default:
		return fmt.Sprintf("%v %ss", n, noun)
	}
}

func after(text, mark string) string {
	if _, rest, ok := strings.Cut(text, mark); ok {
		return rest
	}
	return text
}
