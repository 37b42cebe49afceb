// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/json"
	"fmt"
	"math"
	"sort"

	"github.com/okno-dev/okno/internal/expression"
)

// formatSizes are the formats that are asserted, and the most characters that a value of each takes.
var formatSizes = map[string]int{"date": 10, "date-time": 35, "email": 254, "uuid": 36}

// keywords are the keywords of the profile by type; those under 0 stand with any type. Nothing else is allowed.
var keywords = map[expression.Kind][]string{
	0:                  {"type", "title", "description", "x-okno-xml"},
	expression.Object:  {"properties", "required", "additionalProperties"},
	expression.List:    {"items", "minItems", "maxItems", "uniqueItems"},
	expression.String:  {"minLength", "maxLength", "pattern", "format", "enum", "const", "x-okno-codeList"},
	expression.Integer: {"minimum", "maximum", "multipleOf", "enum", "const"},
	expression.Number:  {"minimum", "maximum", "multipleOf", "enum", "const"},
	expression.Boolean: {"const"},
}

// keywordReader reads the keywords of one schema and reports those that do not fit.
type keywordReader struct {
	*findings
	schema map[string]any
	path   string
	kind   expression.Kind
	// refused tells that a keyword was refused, so that what it would have said is missing.
	refused bool
}

// unknown reports keywords that the profile does not have. The root has $schema and $defs too.
func (r *keywordReader) unknown(n *node, isRoot bool) {
	allowed := append(append([]string{}, keywords[0]...), keywords[n.kind]...)
	if isRoot {
		allowed = append(allowed, "$schema", "$defs")
	}
	sort.Strings(allowed)
	for _, k := range sortedKeys(r.schema) {
		if !contains(allowed, k) {
			r.add(at(r.path, k), "schema-keyword", quoted(k), "in a schema of type "+typeNames[n.kind]+": "+list(allowed), "remove it, or say it by a rule")
		}
	}
}

func (r *keywordReader) bad(keyword, allowed string) {
	r.refused = true
	r.add(at(r.path, keyword), "schema-keyword", found(r.schema[keyword]), allowed, "correct the value of "+keyword)
}

func (r *keywordReader) text(keyword string) string {
	v, present := r.schema[keyword]
	s, ok := v.(string)
	if present && !ok {
		r.bad(keyword, "a string")
	}
	return s
}

func (r *keywordReader) bool(keyword string) bool {
	v, present := r.schema[keyword]
	b, ok := v.(bool)
	if present && !ok {
		r.bad(keyword, "true or false")
	}
	return b
}

func (r *keywordReader) size(keyword string, least, most int) int {
	v, present := r.schema[keyword]
	if !present {
		return 0
	}
	n, ok := v.(int64)
	if !ok || n < int64(least) || n > int64(most) {
		r.bad(keyword, fmt.Sprintf("a whole number from %d to %d", least, most))
		return 0
	}
	return int(n)
}

func (r *keywordReader) number(keyword string) *float64 {
	switch v := r.schema[keyword].(type) {
	case int64:
		f := float64(v)
		return &f
	case float64:
		return &v
	case nil:
		return nil
	}
	r.bad(keyword, "a number")
	return nil
}

func (r *keywordReader) names(keyword string) []string {
	v, present := r.schema[keyword]
	values, ok := v.([]any)
	if present && !ok {
		r.bad(keyword, "a list of names")
	}
	var names []string
	for _, v := range values {
		s, ok := v.(string)
		if !ok {
			r.bad(keyword, "a list of names")
			return nil
		}
		names = append(names, s)
	}
	return names
}

func (r *keywordReader) enum() []any {
	v, present := r.schema["enum"]
	if !present {
		return nil
	}
	values, ok := v.([]any)
	if !ok || len(values) == 0 {
		r.bad("enum", "a list with at least one value")
		return nil
	}
	seen := map[any]bool{}
	for i, v := range values {
		if !r.fits(v) || seen[v] {
			r.refused = true
			r.add(index(at(r.path, "enum"), i), "schema-keyword", found(v), "a value of type "+typeNames[r.kind]+", once", "correct or remove it")
			return nil
		}
		seen[v] = true
	}
	return values
}

func (r *keywordReader) constant() any {
	v, present := r.schema["const"]
	if present && !r.fits(v) {
		r.bad("const", "a value of type "+typeNames[r.kind])
		return nil
	}
	return v
}

func (r *keywordReader) fits(v any) bool {
	switch v := v.(type) {
	case string:
		return r.kind == expression.String && v != ""
	case bool:
		return r.kind == expression.Boolean
	case int64:
		return r.kind == expression.Integer || r.kind == expression.Number
	case float64:
		return r.kind == expression.Number && !math.IsInf(v, 0)
	}
	return false
}

// found writes what stands in the schema, shortened.
func found(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%v", v)
	}
	if r := []rune(string(b)); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return string(b)
}

func foundOr(v any, absent string) string {
	if v == nil {
		return absent
	}
	return found(v)
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	sort.Strings(names)
	return names
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
