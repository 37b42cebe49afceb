// SPDX-License-Identifier: Apache-2.0

package form

import (
	"strconv"

	"github.com/okno-dev/okno/internal/expression"
)

// ParseJSON reads an application's envelope. What no schema knows is reported and left out. The error is a *SyntaxError when the
// body is no JSON object, or one that readers would disagree about.
func (m *Model) ParseJSON(body []byte) (*Envelope, []Violation, error) {
	v, known, failure := readJSON(body, m.body)
	if failure != nil {
		return nil, nil, failure
	}
	sent, isObject := v.(map[string]any)
	if !isObject {
		return nil, nil, syntaxError(body, 0, "нужен объект JSON с ключом data", "the body must be a JSON object with the key data")
	}
	d := &jsonDecoder{reader: reader{m: m}, isKnown: known}
	e := &Envelope{owned: true}
	for _, name := range sortedKeys(sent) {
		d.member(e, name, sent[name])
	}
	return e, d.violations, nil
}

// reader collects what is wrong with the shape of a body, up to MaxViolations.
type reader struct {
	m          *Model
	violations []Violation
}

func (r *reader) violate(pointer, code string) {
	if len(r.violations) < MaxViolations {
		r.violations = append(r.violations, r.m.violation(pointer, code))
	}
}

// jsonDecoder lays JSON over the envelope.
type jsonDecoder struct {
	reader
	isKnown bool // nothing was sent that the schema does not have
}

func (d *jsonDecoder) member(e *Envelope, name string, v any) {
	pointer := "/" + escapePointer(name)
	if v == nil {
		return
	}
	switch name {
	case "data":
		e.Data = d.object(pointer, v)
		if !d.isKnown {
			d.known(d.m.root, e.Data, pointer)
		}
	case "documents":
		e.Documents = d.documents(v)
	case "applicant":
		e.Applicant = d.object(pointer, v)
	case "representative":
		e.Representative = d.object(pointer, v)
	case "channel":
		channel := d.object(pointer, v)
		e.Channel = &Channel{MFC: d.take(channel, pointer, "mfc"), OKATO: d.take(channel, pointer, "okato")}
		d.rest(channel, pointer)
	case "language":
		language, isText := v.(string)
		if !isText {
			d.violate(pointer, CodeType)
		}
		e.Language = language
	default:
		d.violate(pointer, CodeUnknown)
	}
}

func (d *jsonDecoder) object(pointer string, v any) map[string]any {
	object, isObject := v.(map[string]any)
	if !isObject {
		d.violate(pointer, CodeType)
	}
	return object
}

// take removes a text from object and returns it.
func (d *jsonDecoder) take(object map[string]any, pointer, name string) string {
	v, present := object[name]
	delete(object, name)
	s, isText := v.(string)
	if present && v != nil && !isText {
		d.violate(pointer+"/"+name, CodeType)
	}
	return s
}

// rest reports what take has left.
func (d *jsonDecoder) rest(object map[string]any, pointer string) {
	for _, name := range sortedKeys(object) {
		d.violate(pointer+"/"+escapePointer(name), CodeUnknown)
	}
}

func (d *jsonDecoder) documents(v any) []Attachment {
	items, isList := v.([]any)
	if !isList {
		d.violate("/documents", CodeType)
	}
	if v, tooMany := d.m.TooManyFiles(len(items)); tooMany {
		d.violations = append(d.violations, v)
		return nil
	}
	var attachments []Attachment
	for i, item := range items {
		pointer := "/documents/" + strconv.Itoa(i)
		object := d.object(pointer, item)
		if object == nil {
			continue
		}
		a := Attachment{
			Document: d.take(object, pointer, "document"), ID: d.take(object, pointer, "id"),
			Name: d.take(object, pointer, "name"), Type: d.take(object, pointer, "type"), SHA256: d.take(object, pointer, "sha256"),
		}
		if size, isNumber := object["size"].(int64); isNumber {
			a.Size = size
			delete(object, "size")
		}
		d.rest(object, pointer)
		if a.Document == "" {
			d.violate(pointer+"/document", CodeRequired)
		}
		if a.ID == "" {
			d.violate(pointer+"/id", CodeRequired)
		}
		if a.Document != "" && a.ID != "" {
			attachments = append(attachments, a)
		}
	}
	return attachments
}

// known reports and removes the properties that the schema does not have.
func (d *jsonDecoder) known(n *node, v any, pointer string) {
	switch v := v.(type) {
	case map[string]any:
		if n.kind == expression.List { // a single entry where a list belongs
			n = n.items
			pointer += "/0"
		}
		if n.kind != expression.Object {
			return
		}
		for _, name := range sortedKeys(v) {
			place := pointer + "/" + escapePointer(name)
			if p := n.prop(name); p != nil {
				d.known(p, v[name], place)
				continue
			}
			if v[name] != nil {
				d.violate(place, CodeUnknown)
			}
			delete(v, name)
		}
	case []any:
		if n.kind != expression.List {
			return
		}
		for i, item := range v[:min(len(v), n.maxItems+1)] { // see bounded
			d.known(n.items, item, pointer+"/"+strconv.Itoa(i))
		}
	}
}
