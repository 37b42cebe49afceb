// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/digest"
)

// invisible refuses characters that nobody sees and that make a text read otherwise than it is: an approver decides on what is
// seen. It looks at every string, expressions and patterns too. What a scenario gives is left alone: people send anything.
func invisible(in input) []definition.Finding {
	if !mayHideCharacters(in.raw) {
		return nil
	}
	var tree any
	if err := json.Unmarshal(in.raw, &tree); err != nil {
		return nil // package definition has told so
	}
	var findings []definition.Finding
	seeStrings(tree, definition.Root, func(path, text string) {
		if given.MatchString(path) {
			return
		}
		if i := strings.IndexFunc(text, isInvisible); i >= 0 {
			r, _ := utf8.DecodeRuneInString(text[i:])
			findings = append(findings, definition.Finding{
				Path: path, Rule: "invisible-character", Severity: definition.Error,
				Found: fmt.Sprintf("%s in %s", characterName(r), quote(visibly(text))), Allowed: "characters that people can see",
				Do: "remove the character, or write the text anew: who approves it must see what it says",
			})
		}
	})
	return findings
}

// given are the places of what a scenario's applicant sends.
var given = regexp.MustCompile(`^spec\.service\.scenarios\[\d+\]\.(given|attachments|integrations)\b`)

// isInvisible tells characters that people do not see or that change the direction of others. Kept are the line break and the
// tab, the soft hyphen, and the joiners that some scripts and emoji are written with.
func isInvisible(r rune) bool {
	switch {
	case r < ' ':
		return r != '\n' && r != '\r' && r != '\t'
	case r < 0x7F:
		return false
	case r == 0xAD, r == 0x200C, r == 0x200D:
		return false
	case r == 0x2028, r == 0x2029, r == 0x115F, r == 0x1160, r == 0x3164, r == 0xFFA0:
		return true // breaks that editors do not show, and letters that are blank
	default:
		return unicode.In(r, unicode.Cc, unicode.Cf)
	}
}

// characterNames are the characters that are met most.
var characterNames = map[rune]string{
	0x200B: "zero width space", 0x200E: "left-to-right mark", 0x200F: "right-to-left mark", 0x202A: "left-to-right embedding",
	0x202B: "right-to-left embedding", 0x202C: "pop directional formatting", 0x202D: "left-to-right override",
	0x202E: "right-to-left override", 0x2060: "word joiner", 0x2066: "left-to-right isolate", 0x2067: "right-to-left isolate",
	0x2068: "first strong isolate", 0x2069: "pop directional isolate", 0xFEFF: "byte order mark", 0x2028: "line separator",
}

func characterName(r rune) string {
	if name := characterNames[r]; name != "" {
		return fmt.Sprintf("U+%04X (%s)", r, name)
	}
	return fmt.Sprintf("U+%04X", r)
}

// visibly marks the places of invisible characters, so that a finding does not hide what it tells.
func visibly(text string) string {
	return strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return '␣'
		}
		return r
	}, text)
}

// mayHideCharacters tells in one pass over the bytes whether it is worth decoding them: nearly always it is not.
func mayHideCharacters(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '\\':
			if i++; i < len(raw) && hidingEscape(raw[i:]) {
				return true
			}
		case c == 0x7F:
			return true
		case c < 0x80, c >= 0xCE && c <= 0xD6, !utf8.RuneStart(c): // ASCII; Greek and Cyrillic; within a character
		default:
			r, size := utf8.DecodeRune(raw[i:])
			if isInvisible(r) {
				return true
			}
			i += size - 1
		}
	}
	return false
}

// hidingEscape tells whether a JSON escape, after its backslash, may stand for an invisible character. Encoders write <, > and &
// as escapes too.
func hidingEscape(escape []byte) bool {
	switch escape[0] {
	case 'b', 'f':
		return true
	case 'u':
		return !slices.ContainsFunc([]string{"u003c", "u003e", "u0026"}, func(plain string) bool {
			return bytes.HasPrefix(escape, []byte(plain))
		})
	default:
		return false
	}
}

// seeStrings calls see with every string of decoded JSON and its path, in the order of paths.
func seeStrings(value any, path string, see func(path, text string)) {
	switch v := value.(type) {
	case string:
		see(path, v)
	case []any:
		for i, item := range v {
			seeStrings(item, fmt.Sprintf("%s[%d]", path, i), see)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			seeStrings(v[key], path+digest.PathKey(key), see)
		}
	}
}
