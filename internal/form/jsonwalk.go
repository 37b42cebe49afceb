// SPDX-License-Identifier: Apache-2.0

package form

import (
	"bytes"
	"encoding/json"

	"github.com/okno-dev/okno/internal/expression"
)

// walkJSON reads what readJSON reads, of valid UTF-8, in one pass over the bytes. It tells only that something is wrong, not what:
// whatever it refuses is read again by the decoder, which says what is wrong and where. It takes nothing that the decoder refuses.
// n is what the value should be, or nil; known tells that it has all the properties that objects in the body have.
func walkJSON(body []byte, n *node) (v any, known, ok bool) {
	w := &jsonWalker{body: body, text: string(body), known: n != nil}
	v, ok = w.value(n, 0)
	w.space()
	return v, w.known, ok && w.at == len(body)
}

// jsonWalker stands before the byte at.
type jsonWalker struct {
	body  []byte
	text  string // the body: what is read of it are parts of this one copy
	at    int
	known bool
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

func (w *jsonWalker) value(n *node, depth int) (any, bool) {
	if depth > maxJSONDepth {
		return nil, false
	}
	switch w.next() {
	case '{':
		return w.object(n, depth)
	case '[':
		return w.list(n, depth)
	case '"':
		return w.str()
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

func (w *jsonWalker) object(n *node, depth int) (any, bool) {
	if n != nil && n.kind == expression.List { // a single entry where a list belongs
		n = n.items
	}
	if n != nil && n.kind != expression.Object {
		n = nil
	}
	w.at++
	object := map[string]any{}
	if w.take('}') {
		return object, true
	}
	for {
		if w.next() != '"' {
			return nil, false
		}
		name, p, ok := w.name(n)
		if !ok || !w.take(':') {
			return nil, false
		}
		v, ok := w.value(p, depth+1)
		if !ok {
			return nil, false
		}
		before := len(object)
		if object[name] = v; len(object) == before {
			return nil, false // the name is there twice
		}
		if w.take('}') {
			return object, true
		}
		if !w.take(',') {
			return nil, false
		}
	}
}

// name reads the name of a property of n, which may be nil.
func (w *jsonWalker) name(n *node) (string, *node, bool) {
	start := w.at
	escaped, ok := w.quoted()
	if !ok || n == nil {
		s, ok := w.unquoted(start, escaped, ok)
		return s, nil, ok
	}
	if p := n.byName[w.text[start+1:w.at-1]]; p != nil && !escaped {
		return p.name, p, true // the model lives on, and the body need not
	}
	s, ok := w.unquoted(start, escaped, ok)
	p := n.byName[s]
	w.known = w.known && p != nil
	return s, p, ok
}

func (w *jsonWalker) list(n *node, depth int) (any, bool) {
	if n != nil {
		n = n.items
	}
	w.at++
	list := []any{}
	if w.take(']') {
		return list, true
	}
	for {
		v, ok := w.value(n, depth+1)
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

func (w *jsonWalker) str() (string, bool) {
	start := w.at
	escaped, ok := w.quoted()
	return w.unquoted(start, escaped, ok)
}

// quoted passes a string with its quotes, and tells whether it holds escapes.
func (w *jsonWalker) quoted() (escaped, ok bool) {
	for w.at++; w.at < len(w.body); w.at++ {
		switch c := w.body[w.at]; {
		case c == '"':
			w.at++
			return escaped, true
		case c == '\\':
			escaped = true
			w.at++
		case c < ' ':
			return escaped, false
		}
	}
	return escaped, false
}

// unquoted returns the string that was passed from start on. One with escapes is left to the library, which knows what surrogates
// become.
func (w *jsonWalker) unquoted(start int, escaped, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	if !escaped {
		return w.text[start+1 : w.at-1], true
	}
	var s string
	err := json.Unmarshal(w.body[start:w.at], &s)
	return s, err == nil
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
	return number(w.text[start:w.at]), true
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
