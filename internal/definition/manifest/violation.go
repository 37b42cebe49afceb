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

// valueFinding says in our words what the API server's schema validation found.
func (s *crdSchema) valueFinding(err error) definition.Finding {
	var v *openapierrors.Validation
	if !errors.As(err, &v) {
		return definition.Finding{Rule: "schema", Severity: definition.Error, Found: err.Error(), Do: "correct the value"}
	}
	f := definition.Finding{Path: strings.TrimPrefix(v.Name, "."), Severity: definition.Error, Found: show(v.Value), Do: "correct the value"}
	node := s.at(f.Path)
	switch v.Code() {
	case openapierrors.RequiredFailCode:
		f.Rule, f.Found, f.Do = "schema-required", "nothing", "add the field"
		f.Allowed = description(node)
	case openapierrors.InvalidTypeCode:
		f.Rule, f.Allowed = "schema-type", "a value of the type "+typeOf(node)
		if typeOf(node) == "string" {
			f.Do = "put the value in quotes"
		}
	case openapierrors.EnumFailCode:
		f.Rule, f.Allowed = "schema-enum", list(v.Values)
	case openapierrors.TooLongFailCode:
		f.Rule, f.Allowed, f.Do = "schema-length", fmt.Sprintf("at most %v characters", v.Valid), "shorten the text"
	case openapierrors.TooShortFailCode:
		f.Rule, f.Allowed, f.Do = "schema-length", fmt.Sprintf("at least %v characters", v.Valid), "write the text, or remove the field"
	case openapierrors.MaxItemsFailCode, openapierrors.TooManyPropertiesCode:
		f.Rule, f.Found, f.Allowed = "schema-items", count(v.Value), fmt.Sprintf("at most %v entries", v.Valid)
	case openapierrors.MinItemsFailCode, openapierrors.TooFewPropertiesCode:
		f.Rule, f.Found, f.Allowed = "schema-items", count(v.Value), fmt.Sprintf("at least %v entries", v.Valid)
	case openapierrors.PatternFailCode:
		f.Rule, f.Allowed = "schema-pattern", fmt.Sprintf("a text that matches %v", v.Valid)
	case openapierrors.MaxFailCode, openapierrors.MinFailCode:
		f.Rule, f.Allowed = "schema-range", after(v.Error(), "should be ")
	default:
		f.Rule, f.Allowed = "schema", v.Error()
	}
	return f
}

// fieldFinding turns an error of apimachinery into a finding.
func fieldFinding(rule string, e *field.Error, allowed, do string) definition.Finding {
	f := definition.Finding{Path: strings.TrimPrefix(e.Field, "<nil>."), Rule: rule, Severity: definition.Error, Found: show(e.BadValue), Allowed: allowed, Do: do}
	if e.Type == field.ErrorTypeRequired {
		f.Found = "nothing"
	}
	if f.Path == "<nil>" {
		f.Path = "metadata.name" // the only rule at the root
		f.Found = "another name"
	}
	return f
}

var listIndex = regexp.MustCompile(`\[[^\]]*\]`)

// at returns the schema of the place at path, or nil.
func (s *crdSchema) at(path string) *schema.Structural {
	node := s.structural
	for step := range strings.SplitSeq(strings.ReplaceAll(path, "[", ".["), ".") {
		switch {
		case node == nil:
			return nil
		case listIndex.MatchString(step):
			node = node.Items
		case node.AdditionalProperties != nil:
			node = node.AdditionalProperties.Structural
		default:
			child, ok := node.Properties[step]
			if !ok {
				return nil
			}
			node = &child
		}
	}
	return node
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

func count(value any) string {
	if n, ok := value.(int64); ok {
		return fmt.Sprintf("%d entries", n)
	}
	return show(value)
}

func after(text, mark string) string {
	if _, rest, ok := strings.Cut(text, mark); ok {
		return rest
	}
	return text
}
