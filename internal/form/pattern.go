// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"unicode"
)

// anchored makes a pattern match the whole value, in the syntax that RE2 and ECMAScript share.
func anchored(pattern string) string { return "^(?:" + pattern + ")$" }

// pattern is a compiled pattern of the profile.
type pattern struct {
	source string
	fault  string // why it is outside the profile, or ""
	// regexp matches the whole value. It is compiled when the first value is judged; there is none when there is a fault.
	regexp func() *regexp.Regexp
}

func newPattern(source string) *pattern {
	return &pattern{
		source: source, fault: badPattern(source),
		regexp: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(anchored(source)) }),
	}
}

// badPattern tells why a pattern is outside the syntax that RE2, ECMAScript and XML Schema share, or "".
func badPattern(pattern string) string {
	if len(pattern) > 512 {
		return "a pattern of more than 512 bytes"
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return err.Error()
	}
	if strings.Contains(strings.ReplaceAll(pattern, "(?:", ""), "(?") {
		return "flags or named groups: (?…"
	}
	for _, foreign := range []string{`\A`, `\z`, `\Q`, `\C`, `\a`, `[[:`, `\p`, `\P`, `\x{`, `\pL`} {
		if strings.Contains(strings.ReplaceAll(pattern, `\\`, ""), foreign) {
			return fmt.Sprintf("%q", foreign)
		}
	}
	if _, err := syntax.Parse(anchored(pattern), syntax.Perl); err != nil { // a little larger, and may be too large
		return err.Error()
	}
	return badOperators(tree)
}

func badOperators(tree *syntax.Regexp) string {
	switch tree.Op {
	case syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return `a word boundary: \b or \B`
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		if tree.Flags&syntax.NonGreedy != 0 {
			return "a lazy repetition: *? or +?"
		}
	}
	for _, sub := range tree.Sub {
		if reason := badOperators(sub); reason != "" {
			return reason
		}
	}
	return ""
}

// sampleOf returns a text that the tree matches, as short as it may be.
func sampleOf(tree *syntax.Regexp, out *strings.Builder) {
	switch tree.Op {
	case syntax.OpLiteral:
		for _, r := range tree.Rune {
			out.WriteRune(r)
		}
	case syntax.OpCharClass:
		out.WriteRune(sampleRune(tree.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		out.WriteByte('a')
	case syntax.OpAlternate:
		sampleOf(tree.Sub[0], out)
	case syntax.OpPlus:
		sampleOf(tree.Sub[0], out)
	case syntax.OpRepeat:
		for range tree.Min {
			sampleOf(tree.Sub[0], out)
		}
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range tree.Sub {
			sampleOf(sub, out)
		}
	}
}

// sampleRune picks a printable character of a class, given as pairs of bounds.
func sampleRune(class []rune) rune {
	for i := 0; i+1 < len(class); i += 2 {
		for r := class[i]; r <= class[i+1] && r < class[i]+128; r++ {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
		}
	}
	if len(class) > 0 {
		return class[0]
	}
	return 'a'
}
