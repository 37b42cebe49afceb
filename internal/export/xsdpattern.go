// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"regexp/syntax"
	"strings"
)

// xsdPattern writes a regular expression of the profile in the syntax of XML Schema, which always matches the whole value. It
// answers false when there is none, or one that XML Schema cannot say: an anchor inside.
func xsdPattern(pattern string) (string, bool) {
	if pattern == "" {
		return "", false
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	var out strings.Builder
	if tree.Op == syntax.OpConcat {
		if n := len(tree.Sub); n > 0 && tree.Sub[0].Op == syntax.OpBeginText {
			tree.Sub = tree.Sub[1:]
		}
		if n := len(tree.Sub); n > 0 && tree.Sub[n-1].Op == syntax.OpEndText {
			tree.Sub = tree.Sub[:n-1]
		}
	}
	if !writePattern(&out, tree) {
		return "", false
	}
	return out.String(), true
}

// quantifiers are the operators that repeat what stands before them.
var quantifiers = map[syntax.Op]string{syntax.OpStar: "*", syntax.OpPlus: "+", syntax.OpQuest: "?"}

func writePattern(out *strings.Builder, tree *syntax.Regexp) bool {
	switch tree.Op {
	case syntax.OpEmptyMatch:
		return true
	case syntax.OpLiteral:
		for _, r := range tree.Rune {
			out.WriteString(patternRune(r))
		}
		return true
	case syntax.OpCharClass:
		return writeClass(out, tree.Rune)
	case syntax.OpAnyCharNotNL:
		out.WriteString(`[^\n]`)
		return true
	case syntax.OpAnyChar:
		out.WriteString(`[\s\S]`)
		return true
	case syntax.OpConcat:
		for _, sub := range tree.Sub {
			if !writePattern(out, sub) {
				return false
			}
		}
		return true
	case syntax.OpAlternate:
		return writeAlternatives(out, tree.Sub)
	case syntax.OpCapture:
		return writeGroup(out, tree.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest:
		ok := writeGroup(out, tree.Sub[0])
		out.WriteString(quantifiers[tree.Op])
		return ok
	case syntax.OpRepeat:
		ok := writeGroup(out, tree.Sub[0])
		switch {
		case tree.Max < 0:
			fmt.Fprintf(out, "{%d,}", tree.Min)
		case tree.Max == tree.Min:
			fmt.Fprintf(out, "{%d}", tree.Min)
		default:
			fmt.Fprintf(out, "{%d,%d}", tree.Min, tree.Max)
		}
		return ok
	}
	return false
}

func writeGroup(out *strings.Builder, tree *syntax.Regexp) bool {
	if tree.Op == syntax.OpCharClass || tree.Op == syntax.OpAlternate || tree.Op == syntax.OpLiteral && len(tree.Rune) == 1 {
		return writePattern(out, tree)
	}
	out.WriteByte('(')
	ok := writePattern(out, tree)
	out.WriteByte(')')
	return ok
}

func writeAlternatives(out *strings.Builder, subs []*syntax.Regexp) bool {
	out.WriteByte('(')
	for i, sub := range subs {
		if i > 0 {
			out.WriteByte('|')
		}
		if !writePattern(out, sub) {
			return false
		}
	}
	out.WriteByte(')')
	return true
}

// legalRunes are the ranges of characters that XML can hold.
var legalRunes = [][2]rune{{'\t', '\n'}, {'\r', '\r'}, {0x20, 0xD7FF}, {0xE000, 0xFFFD}, {0x10000, 0x10FFFF}}

// writeClass writes a class of characters, given as pairs of bounds, without what XML cannot hold.
func writeClass(out *strings.Builder, class []rune) bool {
	var ranges strings.Builder
	for i := 0; i+1 < len(class); i += 2 {
		for _, legal := range legalRunes {
			low, high := max(class[i], legal[0]), min(class[i+1], legal[1])
			switch {
			case low > high:
			case low == high:
				ranges.WriteString(patternRune(low))
			default:
				ranges.WriteString(patternRune(low) + "-" + patternRune(high))
			}
		}
	}
	if ranges.Len() == 0 {
		return false
	}
	out.WriteString("[" + ranges.String() + "]")
	return true
}

// patternRune writes one character, inside a class or outside.
func patternRune(r rune) string {
	switch {
	case r == '\t':
		return `\t`
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case strings.ContainsRune(`\|.?*+(){}[]^-`, r):
		return `\` + string(r)
	}
	return string(r)
}
