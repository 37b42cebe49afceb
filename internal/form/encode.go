// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// EncodeJSON writes an application as json.Marshal does, to the byte, in a fraction of the time when Validate found nothing wrong
// with it: what its answers can be is known, and in which order their names stand.
func (m *Model) EncodeJSON(e *Envelope) ([]byte, error) {
	if e.Data == nil {
		return encodeAny(e)
	}
	w := &jsonWriter{out: append(make([]byte, 0, 2048), `{"data":`...)}
	if !w.value(m.root, e.Data) {
		return encodeAny(e)
	}
	around := *e
	around.Data = nil
	rest, err := encodeAny(&around)
	if err != nil {
		return nil, err
	}
	return append(w.out, rest[len(`{"data":null`):]...), nil
}

func encodeAny(e *Envelope) ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode application: %w", err)
	}
	return b, nil
}

// jsonWriter writes what the schema knows. Its methods tell whether that was all.
type jsonWriter struct{ out []byte }

func (w *jsonWriter) value(n *node, v any) bool {
	switch v := v.(type) {
	case string:
		return w.text(v)
	case int64:
		w.out = strconv.AppendInt(w.out, v, 10)
		return true
	case bool:
		w.out = strconv.AppendBool(w.out, v)
		return true
	case map[string]any:
		return n != nil && w.object(n, v)
	case []any:
		return n != nil && w.list(n.items, v)
	}
	return w.library(v)
}

func (w *jsonWriter) object(n *node, object map[string]any) bool {
	known := 0
	separator := byte('{')
	for _, p := range n.sorted {
		v, present := object[p.name]
		if !present {
			continue
		}
		known++
		w.out = append(append(append(w.out, separator, '"'), p.name...), '"', ':') // names of properties are plain ASCII
		if !w.value(p, v) {
			return false
		}
		separator = ','
	}
	if known == 0 {
		w.out = append(w.out, separator)
	}
	w.out = append(w.out, '}')
	return known == len(object) && object != nil
}

func (w *jsonWriter) list(items *node, list []any) bool {
	w.out = append(w.out, '[')
	for i, v := range list {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if !w.value(items, v) {
			return false
		}
	}
	w.out = append(w.out, ']')
	return list != nil
}

func (w *jsonWriter) text(s string) bool {
	if !isPlainJSON(s) {
		return w.library(s)
	}
	w.out = append(append(append(w.out, '"'), s...), '"')
	return true
}

func (w *jsonWriter) library(v any) bool {
	b, err := json.Marshal(v)
	w.out = append(w.out, b...)
	return err == nil
}

// isPlainJSON tells of most texts that json.Marshal writes them as they are: it escapes control characters, quotes, backslashes,
// what means something in HTML, and the line separators U+2028 and U+2029, and replaces what is not UTF-8.
func isPlainJSON(s string) bool {
	ascii := true
	for i := range len(s) {
		switch b := s[i]; {
		case b < 0x20, b == '"', b == '\\', b == '<', b == '>', b == '&':
			return false
		case b == 0xE2 && i+2 < len(s) && s[i+1] == 0x80 && s[i+2]&^1 == 0xA8:
			return false
		case b >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s)
}
