// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/okno-dev/okno/internal/expression"
)

// ParseXML reads an application in the agency's XML. charset is the transport's: utf-8, windows-1251, or "" to go by the
// document; the two must not disagree. Elements may come in any order. Violations tell of unknown elements and altered constants; the error is a
// *SyntaxError when the body is not XML of this service at all.
func (m *Model) ParseXML(body []byte, charset string) (*Envelope, []Violation, error) {
	root, failure := readXML(body, charset)
	if failure != nil {
		return nil, nil, failure
	}
	if root.name != m.xml.name {
		return nil, nil, syntaxError(body, root.offset,
			fmt.Sprintf("корневой элемент — %q в пространстве имён %q, а нужен %q в пространстве имён %q", short(root.name.Local), short(root.name.Space), m.xml.name.Local, m.xml.name.Space),
			fmt.Sprintf("the root element is %q in namespace %q, it must be %q in namespace %q", short(root.name.Local), short(root.name.Space), m.xml.name.Local, m.xml.name.Space))
	}
	d := &xmlDecoder{reader: reader{m: m}, body: body}
	e := &Envelope{Data: map[string]any{}, owned: true}
	d.content(m.xml, root, e.Data, "/data")
	if d.failure != nil {
		return nil, nil, d.failure
	}
	return e, d.violations, nil
}

// xmlDecoder lays elements over the schema.
type xmlDecoder struct {
	reader
	body    []byte
	failure *SyntaxError
}

// content reads the attributes and children of sent, which stands at e, into object.
func (d *xmlDecoder) content(e *element, sent *xmlNode, object map[string]any, pointer string) {
	for _, a := range sent.attrs {
		known := false
		for _, want := range e.attrs {
			if want.name == a.Name {
				object[want.node.name], known = lexicalValue(want.node, a.Value), true
			}
		}
		if !known {
			d.violate(pointer+"/"+escapePointer(a.Name.Local), CodeUnknown)
		}
	}
	seen := map[*element]bool{}
	for _, child := range sent.children {
		if d.failure != nil {
			return
		}
		want := e.byName[child.name]
		if want == nil {
			d.violate(pointer+"/"+escapePointer(child.name.Local), CodeUnknown)
			continue
		}
		repeats := want.node != nil && want.node.kind == expression.List
		if seen[want] && !repeats {
			d.failure = syntaxError(d.body, child.offset, fmt.Sprintf("элемент %q повторяется", short(child.name.Local)), fmt.Sprintf("the element %q is there twice", short(child.name.Local)))
			return
		}
		seen[want] = true
		d.child(want, child, object, pointer)
	}
	if strings.TrimSpace(sent.text.String()) != "" && len(sent.children) > 0 {
		d.violate(pointer, CodeType)
	}
}

func (d *xmlDecoder) child(want *element, sent *xmlNode, object map[string]any, pointer string) {
	switch {
	case want.filled != "":
	case want.constant != "":
		if strings.TrimSpace(sent.text.String()) != want.constant {
			d.violate(pointer+"/"+escapePointer(want.name.Local), CodeConst)
		}
	case want.node == nil:
		d.content(want, sent, object, pointer)
	case want.node.kind == expression.List:
		items, _ := object[want.node.name].([]any)
		place := pointer + "/" + want.node.name + "/" + strconv.Itoa(len(items))
		object[want.node.name] = append(items, d.value(want, want.node.items, sent, place))
	default:
		object[want.node.name] = d.value(want, want.node, sent, pointer+"/"+want.node.name)
	}
}

// value reads one element. Text where an object belongs stays text, a value of the wrong type.
func (d *xmlDecoder) value(want *element, n *node, sent *xmlNode, pointer string) any {
	if n.kind == expression.Object {
		object := map[string]any{}
		if text := strings.TrimSpace(sent.text.String()); text != "" && len(sent.children) == 0 {
			return text
		}
		d.content(want, sent, object, pointer)
		return object
	}
	for _, child := range sent.children {
		d.violate(pointer+"/"+escapePointer(child.name.Local), CodeUnknown)
	}
	for _, a := range sent.attrs {
		d.violate(pointer+"/"+escapePointer(a.Name.Local), CodeUnknown)
	}
	return lexicalValue(n, sent.text.String())
}

// lexicalValue turns text, from XML or from a form, into a value of the node's kind. Text that is none stays text, so that it is
// reported as a value of the wrong type and can be shown as it was typed.
func lexicalValue(n *node, text string) any {
	trimmed := strings.TrimSpace(text)
	switch n.kind {
	case expression.Integer, expression.Number:
		if plainDecimal.MatchString(trimmed) {
			return number(strings.TrimPrefix(trimmed, "+"))
		}
		return trimmed
	case expression.Boolean:
		switch trimmed {
		case "true", "1":
			return true
		case "false", "0":
			return false
		}
		return trimmed
	}
	if n.xml.lexical == lexicalDayMonthYear {
		if day, err := time.Parse("02.01.2006", trimmed); err == nil {
			return day.Format(time.DateOnly)
		}
	}
	return text
}

// plainDecimal is how people and XML write a number.
var plainDecimal = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// maxToken is how many characters of a name a pointer repeats. No schema has a longer one.
const maxToken = 100

// PointerToken writes a name that a client chose as a token of a JSON Pointer, cut to what a schema could have.
func PointerToken(name string) string { return escapePointer(name) }

// escapePointer writes a name as a token of a JSON Pointer. What is longer than any name of a schema is cut: an answer that tells
// of it must not repeat it.
func escapePointer(name string) string {
	return pointerEscapes.Replace(short(name))
}
