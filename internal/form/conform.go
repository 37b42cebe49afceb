// SPDX-License-Identifier: Apache-2.0

package form

import (
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/okno-dev/okno/internal/expression"
)

// adopt gives each node the compiled schema that schemaOf wrote for it.
func (n *node) adopt(s *jsonschema.Schema) {
	n.schema = s
	if n.items != nil {
		n.items.adopt(s.Items2020)
	}
	for _, p := range n.props {
		p.adopt(s.Properties[p.name])
	}
}

// conforms tells of most good values that they are good: that the validator and the walk of characters find nothing wrong with v
// at n. Where it is not sure it says no; then those two judge, which say what is wrong too, and where. Most applications are good,
// and to say nothing of them costs a tenth this way.
func (n *node) conforms(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return n.kind == expression.Object && n.hasGood(v)
	case []any:
		return n.kind == expression.List && n.listsGood(v)
	case string:
		return n.kind == expression.String && n.isGoodText(v)
	case bool:
		return n.kind == expression.Boolean && (n.constant == nil || n.constant == v)
	case int64, float64:
		return (n.kind == expression.Integer || n.kind == expression.Number) && n.schema.Validate(v) == nil
	}
	return false
}

func (n *node) hasGood(object map[string]any) bool {
	known := 0
	for _, p := range n.props {
		v, present := object[p.name]
		switch {
		case !present && p.required, present && !p.conforms(v):
			return false
		case present:
			known++
		}
	}
	return known == len(object)
}

func (n *node) listsGood(list []any) bool {
	if len(list) < n.minItems || len(list) > n.maxItems || n.unique && len(list) > 1 {
		return false
	}
	for _, v := range list {
		if !n.items.conforms(v) {
			return false
		}
	}
	return true
}

func (n *node) isGoodText(s string) bool {
	if !isXMLText(s) || n.constant != nil && n.constant != s || n.codes != nil && !n.codes.has(s) {
		return false
	}
	if len(n.enum) > 0 && !isListed(n.enum, s) {
		return false
	}
	// A text has at most as many characters as bytes.
	if n.minLength > 0 || n.maxLength > 0 && len(s) > n.maxLength {
		size := utf8.RuneCountInString(s)
		if size < n.minLength || n.maxLength > 0 && size > n.maxLength {
			return false
		}
	}
	if n.schema.Format != nil && n.schema.Format.Validate(s) != nil {
		return false
	}
	return n.schema.Pattern == nil || n.schema.Pattern.MatchString(s)
}

func isListed(values []any, s string) bool {
	for _, v := range values {
		if v == s {
			return true
		}
	}
	return false
}
