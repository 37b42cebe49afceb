// SPDX-License-Identifier: Apache-2.0

package digest

import (
	"bytes"
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

// maxNumberBytes bounds how RFC 8785 writes a number, such as -1.7976931348623157e+308.
const maxNumberBytes = 25

// scanner walks valid JSON; it relies on json.Valid and therefore meets no syntax error.
type scanner struct {
	raw    []byte
	pos    int
	path   []step
	faults []Fault
	// bound is at least the size of the canonical form: no string and no punctuation grows in it.
	bound int
}

// step is one step of the path to where the scanner is; a key is as it stands in the text, in quotes.
type step struct {
	key   []byte
	index int
}

func (s *scanner) add(kind Kind, found string) {
	var path strings.Builder
	for _, step := range s.path {
		if step.key == nil {
			path.WriteString("[" + strconv.Itoa(step.index) + "]")
			continue
		}
		path.WriteString(PathKey(unquote(step.key)))
	}
	s.faults = append(s.faults, Fault{Kind: kind, Path: path.String(), Found: found})
}

func (s *scanner) skipSpace() {
	for s.pos < len(s.raw) {
		switch s.raw[s.pos] {
		case ',', ':':
			s.bound++
			s.pos++
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// value walks one value.
func (s *scanner) value() {
	s.skipSpace()
	start := s.pos
	switch c := s.raw[s.pos]; c {
	case '{', '[':
		if len(s.path) == maxDepth {
			s.add(TooDeep, fmt.Sprintf("more than %d levels", maxDepth))
			s.skipContainer()
			return
		}
		s.pos++
		s.bound += len("{}")
		if c == '{' {
			s.object()
			return
		}
		s.list()
		return
	case '"':
		if _, lone := s.text(); lone {
			s.add(InvalidUTF8, `half of a surrogate pair (\uD800–\uDFFF)`)
		}
	case 't', 'n':
		if c == 'n' {
			s.add(Null, "null")
		}
		s.pos += len("true")
	case 'f':
		s.pos += len("false")
	default:
		s.number()
		s.bound += maxNumberBytes
	}
	s.bound += s.pos - start
}

func (s *scanner) object() {
	var keys keySet
	s.path = append(s.path, step{})
	for s.skipSpace(); s.raw[s.pos] != '}'; s.skipSpace() {
		quoted, lone := s.text()
		s.bound += len(quoted)
		s.path[len(s.path)-1].key = quoted
		switch {
		case lone:
			s.add(InvalidUTF8, `a key with half of a surrogate pair (\uD800–\uDFFF)`)
		case !keys.add(quoted):
			s.add(DuplicateKey, strconv.Quote(unquote(quoted))+" for the second time")
		}
		s.value()
	}
	s.path = s.path[:len(s.path)-1]
	s.pos++
}

func (s *scanner) list() {
	s.path = append(s.path, step{})
	for s.skipSpace(); s.raw[s.pos] != ']'; s.skipSpace() {
		s.value()
		s.path[len(s.path)-1].index++
	}
	s.path = s.path[:len(s.path)-1]
	s.pos++
}

// keySet tells keys that stand twice. Objects are small, so the first keys are compared one by one.
type keySet struct {
	few  [16][]byte
	n    int
	many map[string]bool
}

// add takes a key in quotes and tells whether it is new.
func (k *keySet) add(quoted []byte) bool {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		quoted = strconv.AppendQuote(nil, unquote(quoted))
		if bytes.IndexByte(quoted, '\\') >= 0 {
			return k.addMany(string(quoted))
		}
	}
	for _, seen := range k.few[:k.n] {
		if bytes.Equal(seen, quoted) {
			return false
		}
	}
	if k.n < len(k.few) {
		k.few[k.n] = quoted
		k.n++
		return true
	}
	return k.addMany(string(quoted))
}

func (k *keySet) addMany(key string) bool {
	if k.many[key] {
		return false
	}
	if k.many == nil {
		k.many = map[string]bool{}
	}
	k.many[key] = true
	return true
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
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	var key string
	if err := json.Unmarshal(quoted, &key); err != nil {
		return string(quoted)
	}
	return key
}

func (s *scanner) number() {
	start := s.pos
	for s.pos < len(s.raw) && strings.IndexByte("+-.0123456789eE", s.raw[s.pos]) >= 0 {
		s.pos++
	}
	literal := string(s.raw[start:s.pos])
	value, err := strconv.ParseFloat(literal, 64)
	switch {
	case err != nil || (value == math.Trunc(value) && math.Abs(value) > maxInteger):
		s.add(BigInteger, literal)
	case !sameDecimal(literal, strconv.FormatFloat(value, 'e', -1, 64)):
		s.add(Rounded, literal)
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
