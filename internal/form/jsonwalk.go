// SPDX-License-Identifier: Apache-2.0

package form

import (
	"bytes"
	"encoding/json"
)

// walkJSON reads what readJSON reads, of valid UTF-8, in one pass over the bytes. It tells only that something is wrong, not what:
// whatever it refuses is read again by the decoder, which says what is wrong and where. It takes nothing that the decoder refuses.
func walkJSON(body []byte) (any, bool) {
	w := &jsonWalker{body: body}
	v, ok := w.value(0)
	w.space()
	return v, ok && w.at == len(body)
}

// jsonWalker stands before the byte at.
type jsonWalker struct {
	body []byte
	at   int
}

func (w *jsonWalker) space() {
	for w.at < len(w.body) {
		switch w.body[w.at] {
		case ' ', '\t', '\r', '\n':
			w.at++
		default:
			return
		}
	}
}

// next passes white space and tells the byte after it, 0 at the end.
func (w *jsonWalker) next() byte {
	w.space()
	if w.at == len(w.body) {
		return 0
	}
	return w.body[w.at]
}

// take passes white space and then c, if it is there.
func (w *jsonWalker) take(c byte) bool {
	if w.next() != c {
		return false
	}
	w.at++
	return true
}

func (w *jsonWalker) value(depth int) (any, bool) {
	if depth > maxJSONDepth {
		return nil, false
	}
	switch w.next() {
	case '{':
		return w.object(depth)
	case '[':
		return w.list(depth)
	case '"':
		return w.text()
	case 't':
		return true, w.word("true")
	case 'f':
		return false, w.word("false")
	case 'n':
		return nil, w.word("null")
	}
	return w.number()
}

func (w *jsonWalker) word(word string) bool {
	if !bytes.HasPrefix(w.body[w.at:], []byte(word)) {
		return false
	}
	w.at += len(word)
	return true
}

func (w *jsonWalker) object(depth int) (any, bool) {
	w.at++
	object := map[string]any{}
	if w.take('}') {
		return object, true
	}
	for {
		if w.next() != '"' {
			return nil, false
		}
		name, ok := w.text()
		if !ok || !w.take(':') {
			return nil, false
		}
		if _, double := object[name]; double {
			return nil, false
		}
		v, ok := w.value(depth + 1)
		if !ok {
			return nil, false
		}
		object[name] = v
		if w.take('}') {
			return object, true
		}
		if !w.take(',') {
			return nil, false
		}
	}
}

func (w *jsonWalker) list(depth int) (any, bool) {
	w.at++
	list := []any{}
	if w.take(']') {
		return list, true
	}
	for {
		v, ok := w.value(depth + 1)
		if !ok {
			return nil, false
		}
		list = append(list, v)
		if w.take(']') {
			return list, true
		}
		if !w.take(',') {
			return nil, false
		}
	}
}

// text reads a string. One with escapes is left to the library, which knows what surrogates become.
func (w *jsonWalker) text() (string, bool) {
	start := w.at
	escaped := false
	for w.at++; w.at < len(w.body); w.at++ {
		switch c := w.body[w.at]; {
		case c == '"':
			w.at++
			if !escaped {
				return string(w.body[start+1 : w.at-1]), true
			}
			var s string
			err := json.Unmarshal(w.body[start:w.at], &s)
			return s, err == nil
		case c == '\\':
			escaped = true
			w.at++
		case c < ' ':
			return "", false
		}
	}
	return "", false
}

func (w *jsonWalker) number() (any, bool) {
	start := w.at
	w.has('-')
	if !w.has('0') && !w.digits() {
		return nil, false
	}
	if w.has('.') && !w.digits() {
		return nil, false
	}
	if w.has('e') || w.has('E') {
		if !w.has('+') {
			w.has('-')
		}
		if !w.digits() {
			return nil, false
		}
	}
	return number(string(w.body[start:w.at])), true
}

func (w *jsonWalker) has(c byte) bool {
	if w.at == len(w.body) || w.body[w.at] != c {
		return false
	}
	w.at++
	return true
}

func (w *jsonWalker) digits() bool {
	start := w.at
	for w.at < len(w.body) && w.body[w.at] >= '0' && w.body[w.at] <= '9' {
		w.at++
	}
	return w.at > start
}
