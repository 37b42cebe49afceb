// SPDX-License-Identifier: Apache-2.0

package form

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

const (
	charsetUTF8    = "utf-8"
	charsetWindows = "windows-1251"
)

var byteOrderMark = []byte("\ufeff")

// isWide tells that a document is in UTF-16 or UTF-32: it begins with their byte order mark, or one of its first two bytes is NUL.
func isWide(body []byte) bool {
	if len(body) < 2 {
		return false
	}
	return body[0] == 0xFE && body[1] == 0xFF || body[0] == 0xFF && body[1] == 0xFE || body[0] == 0 || body[1] == 0
}

func wideError(body []byte) *SyntaxError {
	return syntaxError(body, 0, "тело в кодировке UTF-16 или UTF-32: отправьте его в UTF-8", "the body is in UTF-16 or UTF-32: send it in UTF-8")
}

// declaredEncoding is what the first line of an XML document may say of its charset.
var declaredEncoding = regexp.MustCompile(`^<\?xml\s[^>]*?\sencoding\s*=\s*["']([^"'>]*)["']`)

// decodeXML returns a document in UTF-8 without a byte order mark, and the charset that it was in. charset is what the transport says,
// "" for nothing. The transport, the byte order mark and the document's own declaration must agree, because readers differ in which
// of them they believe.
func decodeXML(body []byte, charset string) (text []byte, found string, failure *SyntaxError) {
	if isWide(body) {
		return nil, "", wideError(body)
	}
	text, marked := bytes.CutPrefix(body, byteOrderMark)
	said := []string{strings.ToLower(charset)}
	if marked {
		said = append(said, charsetUTF8)
	}
	if declared := declaredEncoding.FindSubmatch(text); declared != nil {
		said = append(said, strings.ToLower(string(declared[1])))
	}
	said = slices.Compact(slices.DeleteFunc(said, func(name string) bool { return name == "" }))
	for _, name := range said {
		if name != charsetUTF8 && name != charsetWindows {
			name = short(name)
			return nil, "", syntaxError(body, 0, fmt.Sprintf("кодировка %q не поддерживается: нужна UTF-8 или windows-1251", name), fmt.Sprintf("the charset %q is not taken: use UTF-8 or windows-1251", name))
		}
	}
	if len(said) > 1 {
		return nil, "", syntaxError(body, 0, "кодировка указана по-разному в Content-Type, в первой строке XML или в метке BOM: оставьте одну",
			"Content-Type, the XML declaration and the byte order mark disagree about the charset: name one")
	}
	if len(said) == 1 && said[0] == charsetWindows {
		text, failure = decodeWindows(text)
		return text, charsetWindows, failure
	}
	if !utf8.Valid(text) {
		return nil, "", syntaxError(text, invalidUTF8At(text), "тело не в кодировке UTF-8", "the body is not UTF-8")
	}
	return text, charsetUTF8, nil
}

// decodeWindows reads windows-1251, in which one byte means nothing.
func decodeWindows(text []byte) ([]byte, *SyntaxError) {
	const unassigned = 0x98
	decoded, err := charmap.Windows1251.NewDecoder().Bytes(text)
	if at := bytes.IndexByte(text, unassigned); err != nil || at >= 0 {
		return nil, syntaxError(text, int64(at), "тело не в кодировке windows-1251", "the body is not windows-1251")
	}
	return decoded, nil
}

// loneSurrogate finds an escape such as \ud83d without its other half, in what is valid JSON otherwise: some readers refuse it, others
// put another character in its place. It returns -1 when there is none.
func loneSurrogate(body []byte) int64 {
	for at := bytes.IndexByte(body, '\\'); at >= 0 && at+1 < len(body); {
		step := 2
		switch unit := escapedUnit(body[at:]); {
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return int64(at)
		case unit >= 0xD800 && unit < 0xDC00:
			if low := escapedUnit(body[at+6:]); low < 0xDC00 || low > 0xDFFF {
				return int64(at)
			}
			step = 12
		}
		next := bytes.IndexByte(body[at+step:], '\\')
		if next < 0 {
			return -1
		}
		at += step + next
	}
	return -1
}

// escapedUnit is the UTF-16 unit of an escape \uXXXX at the beginning of s, -1 when there is none.
func escapedUnit(s []byte) int {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	unit := 0
	for _, c := range s[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		unit = unit<<4 | int(c)
	}
	return unit
}

// short cuts a name that the sender chose: an answer that tells of it must not repeat what is longer than any name of a schema.
func short(name string) string {
	if runes := []rune(name); len(runes) > maxToken {
		return string(runes[:maxToken]) + "…"
	}
	return name
}
