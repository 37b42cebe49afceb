// SPDX-License-Identifier: Apache-2.0

package form

import (
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/okno-dev/okno/internal/expression"
)

// fault returns the code of the gravest thing that is wrong with v at n by itself, or "". What objects and lists hold is judged
// there. It judges as a validator of JSON Schema does by what DataSchema says, and by the characters that XML can hold.
func (n *node) fault(v any) string {
	switch v := v.(type) {
	case string:
		if n.kind == expression.String {
			return n.textFault(v)
		}
	case bool:
		if n.kind == expression.Boolean {
			return n.choiceFault(v)
		}
	case int64, float64:
		if x, isNumber := n.number(v); isNumber {
			return n.numberFault(x)
		}
	case []any:
		if n.kind == expression.List {
			return n.listFault(v)
		}
	case map[string]any:
		if n.kind == expression.Object {
			return ""
		}
	}
	return CodeType
}

func (n *node) choiceFault(v any) string {
	switch {
	case n.constant != nil && n.constant != v:
		return CodeConst
	case len(n.enum) > 0 && !slices.Contains(n.enum, v):
		return CodeEnum
	}
	return ""
}

func (n *node) textFault(s string) string {
	if !isXMLText(s) {
		return CodeCharacters
	}
	if n.constant != nil || len(n.enum) > 0 {
		if fault := n.choiceFault(s); fault != "" {
			return fault
		}
	}
	switch {
	case n.codes != nil && !n.codes.has(s):
		return CodeEnum
	case n.format != "" && !formats[n.format](s):
		return CodeFormat
	// A text has at most as many characters as bytes, and at least a quarter.
	case len(s) > n.maxLength && utf8.RuneCountInString(s) > n.maxLength:
		return CodeMaxLength
	case len(s) < n.minLength*utf8.UTFMax && utf8.RuneCountInString(s) < n.minLength:
		return CodeMinLength
	case n.pattern != nil && !n.pattern.regexp().MatchString(s):
		return CodePattern
	}
	return ""
}

// number returns v as a number of n's kind. Integers are within ±2^53, which a float64 holds exactly.
func (n *node) number(v any) (float64, bool) {
	if n.kind != expression.Integer && n.kind != expression.Number {
		return 0, false
	}
	x := asNumber(v)
	return x, n.kind == expression.Number || x == math.Trunc(x)
}

func asNumber(v any) float64 {
	if i, isInteger := v.(int64); isInteger {
		return float64(i)
	}
	x, _ := v.(float64)
	return x
}

func (n *node) numberFault(x float64) string {
	switch {
	case n.constant != nil && asNumber(n.constant) != x:
		return CodeConst
	case len(n.enum) > 0 && !slices.ContainsFunc(n.enum, func(v any) bool { return asNumber(v) == x }):
		return CodeEnum
	case n.minimum != nil && x < *n.minimum:
		return CodeMinimum
	case n.maximum != nil && x > *n.maximum:
		return CodeMaximum
	case n.multipleOf != nil && !isMultiple(x, *n.multipleOf):
		return CodeMultipleOf
	}
	return ""
}

// isMultiple tells whether x is a multiple of step as both are written in decimal: 0.3 is one of 0.1.
func isMultiple(x, step float64) bool {
	written := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	dividend, ok1 := new(big.Rat).SetString(written(x))
	divisor, ok2 := new(big.Rat).SetString(written(step))
	return ok1 && ok2 && divisor.Sign() != 0 && dividend.Quo(dividend, divisor).IsInt()
}

func (n *node) listFault(list []any) string {
	switch {
	case len(list) < n.minItems:
		return CodeMinItems
	case len(list) > n.maxItems:
		return CodeMaxItems
	case n.unique && hasTwins(list):
		return CodeUniqueItems
	}
	return ""
}

func hasTwins(list []any) bool {
	for i, v := range list {
		for _, earlier := range list[:i] {
			if reflect.DeepEqual(v, earlier) {
				return true
			}
		}
	}
	return false
}

// conforms tells that nothing is wrong with v at n, nor with what it holds. It is true of most applications, and takes a fraction of
// what it takes to say where the faults are.
func (n *node) conforms(v any) bool {
	if n.fault(v) != "" {
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		return n.hasGood(v)
	case []any:
		for _, item := range v {
			if !n.items.conforms(item) {
				return false
			}
		}
	}
	return true
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

// faults calls visit with each place at or below v where something is wrong, once, and the code of the gravest. Of the entries that
// a list has beyond one too many nothing is told: that one is why the application is refused.
func (n *node) faults(v any, pointer string, visit func(pointer, code string)) {
	if fault := n.fault(v); fault != "" {
		visit(pointer, fault)
		if fault == CodeType {
			return
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, p := range n.props {
			if _, present := v[p.name]; !present && p.required {
				visit(pointer+"/"+p.name, CodeRequired)
			}
		}
		for name, inner := range v {
			place := pointer + "/" + escapePointer(name)
			if p := n.prop(name); p != nil {
				p.faults(inner, place, visit)
			} else {
				visit(place, CodeUnknown)
			}
		}
	case []any:
		for i, item := range v[:min(len(v), n.maxItems+1)] {
			n.items.faults(item, pointer+"/"+strconv.Itoa(i), visit)
		}
	}
}
