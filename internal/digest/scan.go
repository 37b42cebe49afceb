// SPDX-License-Identifier: Apache-2.0

package digest

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	// maxDepth bounds nesting: a definition needs about twenty levels, half of them its schema's.
	maxDepth = 64
	// maxInteger is the largest integer that every JSON reader agrees on.
	maxInteger = 1<<53 - 1
)

// scanner walks valid JSON; it relies on json.Valid and therefore meets no syntax error.
type scanner struct {
	raw    []byte
	pos    int
	faults []Fault
}

func (s *scanner) add(kind Kind, path, found string) {
	s.faults = append(s.faults, Fault{Kind: kind, Path: path, Found: found})
}

func (s *scanner) skipSpace() {
	for s.pos < len(s.raw) {
		switch s.raw[s.pos] {
		case ' ', '\t', '\r', '\n', ',', ':':
			s.pos++
		default:
			return
		}
	}
}

// value walks one value, depth levels below the whole.
func (s *scanner) value(path string, depth int) {
	s.skipSpace()
	switch c := s.raw[s.pos]; c {
	case '{', '[':
		if depth == maxDepth {
			s.add(TooDeep, path, fmt.Sprintf("more than %d levels", maxDepth))
			s.skipContainer()
			return
		}
		s.pos++
		if c == '{' {
			s.object(path, depth+1)
			return
		}
		s.list(path, depth+1)
	case '"':
		if _, lone := s.text(); lone {
			s.add(InvalidUTF8, path, `half of a surrogate pair (\uD800–\uDFFF)`)
		}
	case 't', 'n':
		if c == 'n' {
			s.add(Null, path, "null")
		}
		s.pos += len("true")
	case 'f':
		s.pos += len("false")
	default:
		s.number(path)
	}
}

func (s *scanner) object(path string, depth int) {
	seen := map[string]bool{}
	for s.skipSpace(); s.raw[s.pos] != '}'; s.skipSpace() {
		quoted, lone := s.text()
		key := unquote(quoted)
		at := path + PathKey(key)
		switch {
		case lone:
			s.add(InvalidUTF8, at, `a key with half of a surrogate pair (\uD800–\uDFFF)`)
		case seen[key]:
			s.add(DuplicateKey, at, strconv.Quote(key)+" for the second time")
		}
		seen[key] = true
		s.value(at, depth)
	}
	s.pos++
}

func (s *scanner) list(path string, depth int) {
	i := 0
	for s.skipSpace(); s.raw[s.pos] != ']'; s.skipSpace() {
		s.value(path+"["+strconv.Itoa(i)+"]", depth)
		i++
	}
	s.pos++
}

// text passes a string and returns it with its quotes; lone tells that half of a surrogate pair stands in it. json.Valid lets
// such an escape pass, and encoding/json reads it as U+FFFD, so that different texts would have one digest.
func (s *scanner) text() (quoted []byte, lone bool) {
	start := s.pos
	for s.pos++; s.raw[s.pos] != '"'; s.pos++ {
		if s.raw[s.pos] != '\\' {
			continue
		}
		s.pos++
		if s.raw[s.pos] != 'u' {
			continue
		}
		unit := s.escape(s.pos + 1)
		s.pos += 4
		switch {
		case unit < 0xD800 || unit > 0xDFFF:
		case unit < 0xDC00 && s.raw[s.pos+1] == '\\' && s.raw[s.pos+2] == 'u' && s.escape(s.pos+3)&0xFC00 == 0xDC00:
			s.pos += 6
		default:
			lone = true
		}
	}
	s.pos++
	return s.raw[start:s.pos], lone
}

func (s *scanner) escape(at int) uint64 {
	unit, err := strconv.ParseUint(string(s.raw[at:at+4]), 16, 16)
	if err != nil {
		return 0
	}
	return unit
}

func unquote(quoted []byte) string {
	if !strings.Contains(string(quoted), `\`) {
		return string(quoted[1 : len(quoted)-1])
	}
	var key string
	if err := json.Unmarshal(quoted, &key); err != nil {
		return string(quoted)
	}
	return key
}

func (s *scanner) number(path string) {
	start := s.pos
	for s.pos < len(s.raw) && strings.IndexByte("+-.0123456789eE", s.raw[s.pos]) >= 0 {
		s.pos++
	}
	literal := string(s.raw[start:s.pos])
	value, err := strconv.ParseFloat(literal, 64)
	switch {
	case err != nil || (value == math.Trunc(value) && math.Abs(value) > maxInteger):
		s.add(BigInteger, path, literal)
	case !sameDecimal(literal, strconv.FormatFloat(value, 'e', -1, 64)):
		s.add(Rounded, path, literal)
	}
}

func (s *scanner) skipContainer() {
	for level := 0; ; {
		switch s.raw[s.pos] {
		case '{', '[':
			level++
		case '}', ']':
			level--
		case '"':
			s.text()
			continue
		}
		s.pos++
		if level == 0 {
			return
		}
	}
}

// sameDecimal tells whether two JSON numbers are the same decimal number.
func sameDecimal(a, b string) bool {
	digitsA, exponentA := decimal(a)
	digitsB, exponentB := decimal(b)
	return digitsA == digitsB && exponentA == exponentB
}

// decimal splits a JSON number into its sign and significant digits, and the power of ten of the digit after the last.
func decimal(literal string) (digits string, exponent int) {
	sign := ""
	if strings.HasPrefix(literal, "-") {
		sign, literal = "-", literal[1:]
	}
	if mantissa, power, ok := strings.Cut(strings.ToLower(literal), "e"); ok {
		literal = mantissa
		exponent, _ = strconv.Atoi(power)
	}
	whole, fraction, _ := strings.Cut(literal, ".")
	exponent -= len(fraction)
	digits = strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return "0", 0
	}
	return sign + significant, exponent + len(digits) - len(significant)
}

// PathKey returns how a key continues a Kubernetes field path: .key, or ["key"] when the key could be misread.
func PathKey(key string) string {
	if key == "" || strings.ContainsAny(key, ".[]\"\\/ \t\r\n") {
		return "[" + strconv.Quote(key) + "]"
	}
	return "." + key
}
