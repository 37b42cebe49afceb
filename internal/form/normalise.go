// SPDX-License-Identifier: Apache-2.0

package form

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/okno-dev/okno/internal/expression"
)

// Normalise puts an application into its one form: texts trimmed, in NFC, with LF for line ends; empty texts, objects and lists
// absent; a single value where a list belongs a list of one; objects that the schema requires present, so that what is missing
// is missed at the answers and not at the object around them. It is idempotent.
func (m *Model) Normalise(e *Envelope) {
	data, _ := normaliseValue(m.root, e.Data).(map[string]any)
	if data == nil {
		data = map[string]any{}
	}
	e.Data = data
	e.Applicant, e.Representative = normaliseClaims(e.Applicant), normaliseClaims(e.Representative)
	if e.Channel != nil {
		e.Channel.MFC, e.Channel.OKATO = normaliseText(e.Channel.MFC), normaliseText(e.Channel.OKATO)
		if *e.Channel == (Channel{}) {
			e.Channel = nil
		}
	}
	e.Language = strings.TrimSpace(e.Language)
}

// normaliseValue returns the normal form of v at n, or nil when it is absent. n is nil for what the schema does not know.
func normaliseValue(n *node, v any) any {
	if n != nil && n.kind == expression.List && v != nil {
		if list, isList := v.([]any); isList {
			return normaliseList(n.items, list)
		}
		return normaliseList(n.items, []any{v})
	}
	switch t := v.(type) {
	case nil:
		if n != nil && n.required && n.kind == expression.Object {
			return normaliseObject(n, nil)
		}
	case string:
		switch s := normaliseText(t); s {
		case "":
			return normaliseValue(n, nil)
		case t:
			return v // not boxed anew
		default:
			return s
		}
	case map[string]any:
		if object := normaliseObject(n, t); len(object) > 0 || n != nil && n.required {
			return object
		}
	case []any:
		return normaliseList(nil, t)
	default:
		return v
	}
	return nil
}

func normaliseObject(n *node, object map[string]any) map[string]any {
	normal := make(map[string]any, len(object))
	for name, v := range object {
		if v = normaliseValue(n.prop(name), v); v != nil {
			normal[name] = v
		}
	}
	if n == nil || n.kind != expression.Object {
		return normal
	}
	for _, p := range n.props {
		if p.required && p.kind == expression.Object && normal[p.name] == nil {
			normal[p.name] = normaliseObject(p, nil)
		}
	}
	// An object that holds nothing but the objects that it requires is as empty as they are.
	if !n.required && isHollow(normal) {
		return nil
	}
	return normal
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

func normaliseList(item *node, list []any) any {
	normal := make([]any, 0, len(list))
	for _, v := range list {
		if v = normaliseValue(item, v); v != nil {
			normal = append(normal, v)
		}
	}
	if len(normal) == 0 {
		return nil
	}
	return normal
}

func normaliseClaims(claims map[string]any) map[string]any {
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

// isXMLText tells that XML can hold every character of s, so that no way in takes what another cannot carry.
func isXMLText(s string) bool {
	for _, r := range s {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return false
		}
	}
	return true
}
