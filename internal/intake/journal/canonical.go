// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"strconv"
	"unicode/utf8"
)

// Object writes one flat JSON object in RFC 8785 form without intermediate
// values: the sequencer writes one for every act. The caller adds members in
// ascending order of their ASCII names.
type Object struct{ buf []byte }

// NewObject starts an object in buf's storage.
func NewObject(buf []byte) *Object { return &Object{buf: append(buf[:0], '{')} }

// Bytes ends the object and returns it.
func (o *Object) Bytes() []byte { return append(o.buf, '}') }

// String adds a text member. Invalid UTF-8 becomes U+FFFD.
func (o *Object) String(name, value string) { o.name(name); o.buf = appendString(o.buf, value) }

// Strings adds a list of texts.
func (o *Object) Strings(name string, values []string) {
	o.name(name)
	o.buf = append(o.buf, '[')
	for i, v := range values {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.buf = appendString(o.buf, v)
	}
	o.buf = append(o.buf, ']')
}

// Int adds a whole number, which must lie within ±(2^53−1).
func (o *Object) Int(name string, value int64) {
	o.name(name)
	o.buf = strconv.AppendInt(o.buf, value, 10)
}

// Bool adds a truth value.
func (o *Object) Bool(name string, value bool) {
	o.name(name)
	o.buf = strconv.AppendBool(o.buf, value)
}

func (o *Object) name(name string) {
	if len(o.buf) > 1 {
		o.buf = append(o.buf, ',')
	}
	o.buf = append(appendString(o.buf, name), ':')
}

const hexDigits = "0123456789abcdef"

// appendString writes s as RFC 8785 section 3.2.2.2 asks: the two-character
// escapes that JSON has, \u00xx for other control characters, nothing else.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b = append(b, '\\', byte(r))
		case '\b':
			b = append(b, '\\', 'b')
		case '\t':
			b = append(b, '\\', 't')
		case '\n':
			b = append(b, '\\', 'n')
		case '\f':
			b = append(b, '\\', 'f')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			if r < 0x20 {
				b = append(b, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
				continue
			}
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
