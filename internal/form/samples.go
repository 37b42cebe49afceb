// SPDX-License-Identifier: Apache-2.0

package form

import (
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"github.com/okno-dev/okno/internal/expression"
)

const samplesOfChoice = 4

// formatSamples are valid values of each format.
var formatSamples = map[string]string{
	"date": "2001-02-03", "date-time": "2001-02-03T04:05:06Z", "email": "name@example.org", "uuid": "123e4567-e89b-12d3-a456-426614174000",
}

// samples returns values that a scalar may take: some of those that are listed, else one that fits the pattern, the format and
// the bounds. They try expressions and stand as examples in the exported descriptions.
func samples(n *node) []any {
	switch {
	case n.constant != nil:
		return []any{n.constant}
	case len(n.enum) > 0:
		return n.enum[:min(len(n.enum), samplesOfChoice)]
	case n.codes != nil:
		var codes []any
		for _, item := range n.codes.items {
			if n.codes.has(item.Code) && len(codes) < samplesOfChoice {
				codes = append(codes, item.Code)
			}
		}
		return codes
	}
	switch n.kind {
	case expression.Integer:
		if n.minimum != nil {
			return []any{int64(*n.minimum)}
		}
		return []any{int64(0)}
	case expression.Number:
		if n.minimum != nil {
			return []any{*n.minimum}
		}
		return []any{float64(0)}
	case expression.Boolean:
		return []any{true, false}
	}
	return []any{sampleText(n)}
}

func sampleText(n *node) string {
	if s := formatSamples[n.format]; s != "" {
		return s
	}
	if n.pattern != nil {
		if tree, err := syntax.Parse(n.pattern.source, syntax.Perl); err == nil {
			var out strings.Builder
			sampleOf(tree, &out)
			return out.String()
		}
	}
	return strings.Repeat("а", max(1, n.minLength))
}

// allows tells whether a literal may be the scalar's value.
func (n *node) allows(v any) bool {
	if n.constant != nil && v != n.constant || len(n.enum) > 0 && !slices.Contains(n.enum, v) {
		return false
	}
	s, isText := v.(string)
	if !isText {
		return true
	}
	length := len([]rune(s))
	switch {
	case n.codes != nil:
		return n.codes.has(s)
	case length == 0 || length < n.minLength || length > n.maxLength || n.pattern != nil && !n.pattern.regexp().MatchString(s):
		return false
	case n.format == "date":
		_, err := time.Parse(time.DateOnly, s)
		return err == nil
	}
	return n.format == ""
}
