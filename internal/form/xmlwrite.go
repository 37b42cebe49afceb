// SPDX-License-Identifier: Apache-2.0

package form

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/expression"
)

// EncodeXML writes an application as the agency's XML, in UTF-8, elements in their order. It writes what is there, valid or not,
// and leaves out what is absent and what f does not know. ParseXML reads it back.
func (m *Model) EncodeXML(e *Envelope, f Filled) ([]byte, error) {
	w := &xmlWriter{m: m, filled: f}
	w.out.WriteString(xml.Header)
	w.element(m.xml, e.Data, 0)
	return w.out.Bytes(), nil
}

type xmlWriter struct {
	m      *Model
	filled Filled
	out    bytes.Buffer
}

func (w *xmlWriter) newline(depth int) {
	if w.out.Len() > len(xml.Header) {
		w.out.WriteByte('\n')
	}
	for range depth {
		w.out.WriteString("  ")
	}
}

func (w *xmlWriter) name(e *element) string {
	if e.prefix == "" {
		return e.name.Local
	}
	return e.prefix + ":" + e.name.Local
}

// element writes the root or a step around the values of object.
func (w *xmlWriter) element(e *element, object map[string]any, depth int) {
	w.newline(depth)
	w.out.WriteString("<" + w.name(e))
	if depth == 0 {
		w.namespaces()
	}
	w.attributes(e, object)
	if !w.writesInside(e, object) {
		w.out.WriteString("/>")
		return
	}
	w.out.WriteByte('>')
	w.inside(e, object, depth)
	w.newline(depth)
	w.out.WriteString("</" + w.name(e) + ">")
}

func (w *xmlWriter) namespaces() {
	if w.m.def.Data.XML == nil {
		return
	}
	spaces := w.m.def.Data.XML.Namespaces
	for _, prefix := range sortedKeys(spaces) {
		attribute := "xmlns:" + prefix
		if prefix == defaultPrefix {
			attribute = "xmlns"
		}
		w.attribute(attribute, string(spaces[prefix]))
	}
}

func (w *xmlWriter) attribute(name, value string) {
	w.out.WriteString(" " + name + `="`)
	w.text(value)
	w.out.WriteByte('"')
}

func (w *xmlWriter) attributes(e *element, object map[string]any) {
	for _, a := range e.attrs {
		if v, present := object[a.node.name]; present {
			w.attribute(w.name(a), lexicalText(a.node, v))
		}
	}
}

// writes tells whether e is written among the values of object.
func (w *xmlWriter) writes(e *element, object map[string]any) bool {
	switch {
	case e.filled != "":
		return w.fill(e.filled) != ""
	case e.constant != "":
		return true
	case e.node != nil:
		_, present := object[e.node.name]
		return present || e.node.xml.write
	case !e.holdsData():
		return w.writesInside(e, object)
	}
	for _, a := range e.attrs {
		if _, present := object[a.node.name]; present {
			return true
		}
	}
	for _, child := range e.children {
		if child.holdsData() && w.writes(child, object) {
			return true
		}
	}
	return false
}

func (w *xmlWriter) writesInside(e *element, object map[string]any) bool {
	for _, child := range e.children {
		if w.writes(child, object) {
			return true
		}
	}
	return len(w.strangers(w.objectAt(e), object)) > 0
}

// inside writes the children of e, and the values that the schema does not know where the object's own begin.
func (w *xmlWriter) inside(e *element, object map[string]any, depth int) {
	for _, child := range e.children {
		if !w.writes(child, object) {
			continue
		}
		switch {
		case child.filled != "":
			w.leaf(child, w.fill(child.filled), depth+1)
		case child.constant != "":
			w.leaf(child, child.constant, depth+1)
		case child.node == nil:
			w.element(child, object, depth+1)
		default:
			w.property(child, object, depth+1)
		}
	}
	w.unknown(w.objectAt(e), object, depth+1)
}

func (w *xmlWriter) property(e *element, object map[string]any, depth int) {
	v, present := object[e.node.name]
	if !present {
		w.leaf(e, "", depth)
		return
	}
	if e.node.kind != expression.List {
		w.value(e, e.node, v, depth)
		return
	}
	items, isList := v.([]any)
	if !isList {
		items = []any{v}
	}
	for _, item := range items {
		w.value(e, e.node.items, item, depth)
	}
}

func (w *xmlWriter) value(e *element, n *node, v any, depth int) {
	if object, isObject := v.(map[string]any); isObject && n.kind == expression.Object {
		w.element(e, object, depth)
		return
	}
	w.leaf(e, lexicalText(n, v), depth)
}

func (w *xmlWriter) leaf(e *element, value string, depth int) {
	w.newline(depth)
	if value == "" {
		w.out.WriteString("<" + w.name(e) + "/>")
		return
	}
	w.out.WriteString("<" + w.name(e) + ">")
	w.text(value)
	w.out.WriteString("</" + w.name(e) + ">")
}

// strangers are the names of object that its schema does not have.
func (w *xmlWriter) strangers(n *node, object map[string]any) []string {
	if n == nil {
		return nil
	}
	var names []string
	for _, name := range sortedKeys(object) {
		if n.prop(name) == nil && xmlLocalName.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}

// unknown writes what the schema does not know under its own name, so that whoever reads the XML refuses it as they would refuse
// the JSON.
func (w *xmlWriter) unknown(n *node, object map[string]any, depth int) {
	for _, name := range w.strangers(n, object) {
		w.newline(depth)
		w.out.WriteString("<" + name + ">")
		w.text(fmt.Sprint(object[name]))
		w.out.WriteString("</" + name + ">")
	}
}

func (w *xmlWriter) text(s string) {
	// A bytes.Buffer never fails.
	_ = xml.EscapeText(&w.out, []byte(s))
}

func (w *xmlWriter) fill(from v1alpha1.FilledFrom) string {
	switch from {
	case "Number":
		return w.filled.Number
	case "UUID":
		return w.filled.UUID
	}
	if w.filled.FiledAt.IsZero() {
		return ""
	}
	if from == "FiledOn" {
		return w.filled.FiledAt.Format(time.DateOnly)
	}
	return w.filled.FiledAt.Format(time.RFC3339)
}

// lexicalText writes a value as XML does.
func lexicalText(n *node, v any) string {
	switch v := v.(type) {
	case string:
		if n.xml.lexical == lexicalDayMonthYear {
			if day, err := time.Parse(time.DateOnly, v); err == nil {
				return day.Format("02.01.2006")
			}
		}
		return v
	case bool:
		if n.xml.lexical == lexicalOneZero {
			return map[bool]string{true: "1", false: "0"}[v]
		}
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strings.TrimSpace(fmt.Sprint(v))
}

// objectAt returns the schema of the object whose values are written inside e, or nil for steps.
func (w *xmlWriter) objectAt(e *element) *node {
	switch {
	case e == w.m.xmlData:
		return w.m.root
	case e.node == nil:
		return nil
	case e.node.kind == expression.List:
		return e.node.items
	}
	return e.node
}
