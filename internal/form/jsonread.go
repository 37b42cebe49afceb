// SPDX-License-Identifier: Apache-2.0

package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/okno-dev/okno/api/v1alpha1"
)

const (
	// MaxBodyBytes bounds an application's body, JSON or XML. Files are uploaded apart.
	MaxBodyBytes = 1 << 20
	maxJSONDepth = 32
	maxSafe      = 1<<53 - 1
)

// readJSON reads one JSON value: objects as map[string]any, lists as []any, numbers as int64 when integral and float64
// otherwise. A number that neither holds exactly enough stays the text that was sent, so that it is a value of the wrong type.
// It refuses duplicate keys, invalid UTF-8, lone surrogates, trailing content and more than maxJSONDepth levels. n is what the value
// should be, or nil; known tells that it has all properties that were sent, without more than a look on the way: false means that
// nobody looked.
func readJSON(body []byte, n *node) (v any, known bool, failure *SyntaxError) {
	r := &jsonReader{body: body}
	if len(body) > MaxBodyBytes {
		return nil, false, r.fail(0, "тело длиннее 1 МиБ", "the body is longer than 1 MiB")
	}
	if isWide(body) {
		return nil, false, wideError(body)
	}
	body = bytes.TrimPrefix(body, byteOrderMark) // some libraries write it, though it is not JSON
	r.body = body
	if !utf8.Valid(body) {
		return nil, false, r.fail(invalidUTF8At(body), "тело не в кодировке UTF-8", "the body is not UTF-8")
	}
	v, known, ok := walkJSON(body, n)
	if !ok {
		known = false
		if v, failure = r.read(); failure != nil {
			return nil, false, failure
		}
	}
	if at := loneSurrogate(body); at >= 0 {
		return nil, false, r.fail(at, "половина суррогатной пары без другой половины", "half of a surrogate pair without the other half")
	}
	return v, known, nil
}

// DecodeJSON reads one JSON value fast: objects as map[string]any, lists as []any, numbers as int64 when integral and float64
// otherwise. It takes only what is safe to read in one way, an application's JSON: false means that somebody else must read it.
func DecodeJSON(body []byte) (any, bool) {
	if len(body) > MaxBodyBytes || !utf8.Valid(body) {
		return nil, false
	}
	v, _, ok := walkJSON(body, nil)
	return v, ok
}

// read reads all by the decoder, which tells what is wrong.
func (r *jsonReader) read() (any, *SyntaxError) {
	r.dec = json.NewDecoder(bytes.NewReader(r.body))
	r.dec.UseNumber()
	v, failure := r.value(0)
	if failure != nil {
		return nil, failure
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, r.fail(r.dec.InputOffset(), "после документа JSON есть что-то ещё", "something follows the JSON document")
	}
	return v, nil
}

type jsonReader struct {
	body []byte
	dec  *json.Decoder
}

func (r *jsonReader) value(depth int) (any, *SyntaxError) {
	if depth > maxJSONDepth {
		return nil, r.fail(r.dec.InputOffset(), "слишком глубокая вложенность", "too deeply nested")
	}
	token, failure := r.token()
	if failure != nil {
		return nil, failure
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return r.object(depth)
		}
		return r.list(depth)
	case json.Number:
		return number(string(t)), nil
	default:
		return t, nil
	}
}

func (r *jsonReader) object(depth int) (any, *SyntaxError) {
	object := map[string]any{}
	for r.dec.More() {
		token, failure := r.token()
		if failure != nil {
			return nil, failure
		}
		name, _ := token.(string)
		if _, double := object[name]; double {
			return nil, r.fail(r.dec.InputOffset(), fmt.Sprintf("ключ %q повторяется", short(name)), fmt.Sprintf("the key %q is there twice", short(name)))
		}
		v, failure := r.value(depth + 1)
		if failure != nil {
			return nil, failure
		}
		object[name] = v
	}
	_, failure := r.token()
	return object, failure
}

func (r *jsonReader) list(depth int) (any, *SyntaxError) {
	list := []any{}
	for r.dec.More() {
		v, failure := r.value(depth + 1)
		if failure != nil {
			return nil, failure
		}
		list = append(list, v)
	}
	_, failure := r.token()
	return list, failure
}

func (r *jsonReader) token() (json.Token, *SyntaxError) {
	token, err := r.dec.Token()
	if err == nil {
		return token, nil
	}
	// The decoder's own offset is relative to the value it was in the middle of; the fault is what follows the last good token.
	offset := r.dec.InputOffset()
	for offset < int64(len(r.body)) && bytes.IndexByte([]byte(" \t\r\n:,"), r.body[offset]) >= 0 {
		offset++
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, r.fail(offset, "документ JSON обрывается", "the JSON document breaks off")
	}
	message := err.Error()
	if !utf8.ValidString(message) || strings.ContainsFunc(message, func(c rune) bool { return c >= utf8.RuneSelf }) {
		message = "letters outside of a text" // the decoder would show a byte of one as another letter
	}
	return nil, r.fail(offset, "ошибка в записи JSON: "+message, "not JSON: "+message)
}

func (r *jsonReader) fail(offset int64, ru, en string) *SyntaxError {
	return syntaxError(r.body, offset, ru, en)
}

func syntaxError(body []byte, offset int64, ru, en string) *SyntaxError {
	offset = min(max(offset, 0), int64(len(body)))
	return &SyntaxError{
		Line: bytes.Count(body[:offset], []byte("\n")) + 1, Offset: offset,
		Text: v1alpha1.Text{"ru": v1alpha1.LocalizedString(ru), "en": v1alpha1.LocalizedString(en)},
	}
}

// number keeps what both int64 and other readers hold exactly. See readJSON.
func number(s string) any {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil && i >= -maxSafe && i <= maxSafe {
		return i
	}
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || math.Abs(f) > maxSafe:
		return s
	case f == math.Trunc(f):
		return int64(f)
	}
	return f
}

func invalidUTF8At(body []byte) int64 {
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && size == 1 {
			return int64(i)
		}
		i += size
	}
	return int64(len(body))
}
