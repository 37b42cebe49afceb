// SPDX-License-Identifier: Apache-2.0

package form

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/okno-dev/okno/internal/expression"
)

// Normalise puts an application into its one form: texts trimmed, in NFC, with LF for line ends; empty texts, objects and lists
// absent; a single value where a list belongs a list of one; objects that the schema requires present, so that what is missing
// is missed at the answers and not at the object around them. It is idempotent. Data that somebody else may hold are copied first.
func (m *Model) Normalise(e *Envelope) {
	data := e.Data
	if !e.owned {
		data, _ = clone(data).(map[string]any)
	}
	e.Data, e.owned = normaliseObject(m.root, data), true
	e.Applicant, e.Representative = normaliseClaims(e.Applicant), normaliseClaims(e.Representative)
	if e.Channel != nil {
		e.Channel.MFC, e.Channel.OKATO = normaliseText(e.Channel.MFC), normaliseText(e.Channel.OKATO)
		if *e.Channel == (Channel{}) {
			e.Channel = nil
		}
	}
	e.Language = strings.TrimSpace(e.Language)
}

// normaliseValue returns the normal form of v at n, nil when it is absent, and whether that is v itself, changed in place or not at
// all. n is nil for what the schema does not know.
func normaliseValue(n *node, v any) (normal any, same bool) {
	if n != nil && n.kind == expression.List && v != nil {
		list, isList := v.([]any)
		if !isList {
			list = []any{v}
		}
		return normaliseList(n.items, list)
	}
	switch t := v.(type) {
	case nil:
		if n != nil && n.required && n.kind == expression.Object {
			return normaliseObject(n, nil), false
		}
		return nil, true
	case string:
		switch s := normaliseText(t); s {
		case "":
			return normaliseValue(n, nil)
		case t:
			return v, true
		default:
			return s, false
		}
	case map[string]any:
		if object := normaliseObject(n, t); len(object) > 0 || n != nil && n.required {
			return object, true
		}
		return nil, false
	case []any:
		return normaliseList(nil, t)
	}
	return v, true
}

// normaliseObject returns the normal form of an object, made of the object itself, or nil when it is absent.
func normaliseObject(n *node, object map[string]any) map[string]any {
	if object == nil {
		object = map[string]any{}
	}
	for name, v := range object {
		switch normal, same := normaliseValue(n.prop(name), v); {
		case normal == nil:
			delete(object, name)
		case !same:
			object[name] = normal
		}
	}
	if n == nil || n.kind != expression.Object {
		return object
	}
	for _, p := range n.props {
		if p.required && p.kind == expression.Object && object[p.name] == nil {
			object[p.name] = normaliseObject(p, nil)
		}
	}
	// An object that holds nothing but the objects that it requires is as empty as they are.
	if !n.required && isHollow(object) {
		return nil
	}
	return object
}

func isHollow(v any) bool {
	object, isObject := v.(map[string]any)
	if !isObject {
		return false
	}
	for _, inner := range object {
		if !isHollow(inner) {
			return false
		}
	}
	return true
}

// normaliseList returns the normal form of a list, made of the list itself. It is never the same: it may be shorter.
func normaliseList(item *node, list []any) (normal any, same bool) {
	kept := list[:0]
	for _, v := range list {
		if v, _ = normaliseValue(item, v); v != nil {
			kept = append(kept, v)
		}
	}
	if len(kept) == 0 {
		return nil, false
	}
	return kept, false
}

func normaliseClaims(claims map[string]any) map[string]any {
	if len(claims) == 0 {
		return nil
	}
	normal := map[string]any{}
	for name, v := range claims {
		if s, isText := v.(string); isText {
			v = normaliseText(s)
		}
		if v != nil && v != "" {
			normal[name] = v
		}
	}
	if len(normal) == 0 {
		return nil
	}
	return normal
}

func normaliseText(s string) string {
	if strings.ContainsRune(s, '\r') {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	if !isPlainNFC(s) {
		s = norm.NFC.String(s)
	}
	return strings.TrimSpace(s)
}

// isPlainNFC tells of most texts in Russian or Latin letters that they are in NFC: all is below U+0300 or from U+0400 to U+047F,
// where no character combines with another or stands for others. Those blocks are known by the first bytes of their characters.
func isPlainNFC(s string) bool {
	for i := range len(s) {
		if b := s[i]; b >= 0xCC && b != 0xD0 && b != 0xD1 {
			return false
		}
	}
	return true
}

// isXMLText tells that XML can hold every character of s, so that no way in takes what another cannot carry. It cannot hold most
// characters below U+0020, nor U+FFFE and U+FFFF, which are the bytes EF BF BE and EF BF BF.
func isXMLText(s string) bool {
	for i := range len(s) {
		switch b := s[i]; {
		case b < 0x20 && b != '\t' && b != '\n' && b != '\r':
			return false
		case b == 0xEF && i+2 < len(s) && s[i+1] == 0xBF && s[i+2]&^1 == 0xBE:
			return false
		}
	}
	return true
}
