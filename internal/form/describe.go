// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/xml"
	"strconv"

	"github.com/okno-dev/okno/internal/expression"
)

// DataSchema returns the application's data as a plain JSON Schema 2020-12: $refs resolved, patterns anchored, code lists as
// enums, titles and descriptions in language. Rules, conditions and documents are not in it: what fits the schema may still be
// refused. The caller may change what it gets.
func (m *Model) DataSchema(language string) map[string]any {
	return m.describe(m.root, schemaOf(m.root), language)
}

func (m *Model) describe(n *node, s map[string]any, language string) map[string]any {
	f := m.fields[n.pointer]
	switch {
	case f != nil && len(f.label) > 0:
		s["title"] = f.label.In(language)
	case n.title != "":
		s["title"] = n.title
	}
	if f != nil && len(f.hint) > 0 {
		s["description"] = f.hint.In(language)
	}
	switch {
	case n.kind == expression.Object:
		props, _ := s["properties"].(map[string]any)
		for _, p := range n.props {
			if inner, ok := props[p.name].(map[string]any); ok {
				props[p.name] = m.describe(p, inner, language)
			}
		}
	case n.kind == expression.List:
		if inner, ok := s["items"].(map[string]any); ok {
			s["items"] = m.describe(n.items, inner, language)
		}
	case n.codes != nil:
		var codes []any
		for _, item := range n.codes.items {
			if n.codes.has(item.Code) {
				codes = append(codes, item.Code)
			}
		}
		s["enum"] = codes
	}
	return s
}

// XMLElement is an element, or an attribute, of the agency's XML, for those who describe it.
type XMLElement struct {
	// Name is the element's name; Prefix is how EncodeXML writes its namespace.
	Name   xml.Name
	Prefix string
	// Required tells that it stands in every parent of an application that is filed.
	Required bool
	// MaxOccurs is how often it may stand in its parent.
	MaxOccurs int
	// Title is what people call it.
	Title string
	// Children are the elements inside, in the order in which they are written; Attributes are its attributes.
	Children, Attributes []*XMLElement
	// Value describes the text of an element without children, or of an attribute.
	Value *XMLValue
}

// XMLValue describes a text.
type XMLValue struct {
	// Type is string, integer, decimal, boolean, date or dateTime, as XML Schema names them.
	Type string
	// Fixed is the only value; "" when there are others.
	Fixed string
	// Enum lists the values; empty when they are not listed.
	Enum []string
	// Pattern is a regular expression of the profile; "" when there is none.
	Pattern string
	// MinLength and MaxLength bound a string, in characters; MaxLength 0 means no bound.
	MinLength, MaxLength int
	// Minimum and Maximum bound a number; "" means no bound.
	Minimum, Maximum string
	// Empty tells that an absent value is written as an empty element.
	Empty bool
}

// XMLTree returns the agency's XML from its root element down.
func (m *Model) XMLTree() *XMLElement {
	root := m.describeElement(m.xml)
	root.Required, root.MaxOccurs = true, 1
	return root
}

func (m *Model) describeElement(e *element) *XMLElement {
	d := &XMLElement{Name: e.name, Prefix: e.prefix, MaxOccurs: 1}
	n := e.node
	if n != nil {
		d.Required, d.Title = n.required, n.title
		if f := m.fields[n.pointer]; f != nil && len(f.label) > 0 {
			d.Title = f.label.In(m.def.Languages...)
		}
		if n.kind == expression.List {
			d.Required, d.MaxOccurs = n.required || n.minItems > 0, n.maxItems
			n = n.items
		}
	}
	switch {
	case e.filled != "":
		d.Value = &XMLValue{Type: map[string]string{"FiledOn": "date", "FiledAt": "dateTime"}[string(e.filled)]}
		if d.Value.Type == "" {
			d.Value.Type = "string"
		}
	case e.constant != "":
		d.Value = &XMLValue{Type: "string", Fixed: e.constant}
	case n != nil && n.isScalar():
		d.Value = describeValue(n)
	}
	for _, a := range e.attrs {
		d.Attributes = append(d.Attributes, m.describeElement(a))
	}
	for _, child := range e.children {
		inner := m.describeElement(child)
		d.Children = append(d.Children, inner)
		// A step stands whenever something required stands in it.
		d.Required = d.Required || e.isStep() && inner.Required
	}
	return d
}

func describeValue(n *node) *XMLValue {
	v := &XMLValue{Type: "string", Empty: n.xml.write}
	for _, allowed := range n.enum {
		v.Enum = append(v.Enum, lexicalText(n, allowed))
	}
	if n.codes != nil {
		for _, item := range n.codes.items {
			if n.codes.has(item.Code) {
				v.Enum = append(v.Enum, item.Code)
			}
		}
	}
	if n.constant != nil {
		v.Fixed = lexicalText(n, n.constant)
	}
	switch n.kind {
	case expression.Integer, expression.Number:
		v.Type = map[expression.Kind]string{expression.Integer: "integer", expression.Number: "decimal"}[n.kind]
		v.Minimum, v.Maximum = decimal(n.minimum), decimal(n.maximum)
	case expression.Boolean:
		v.Type = "boolean"
	default:
		v.MinLength, v.MaxLength = n.minLength, n.maxLength
		if n.pattern != nil {
			v.Pattern = n.pattern.source
		}
		if n.xml.lexical == "" && (n.format == "date" || n.format == "date-time") {
			v.Type = map[string]string{"date": "date", "date-time": "dateTime"}[n.format]
		}
	}
	return v
}

func decimal(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f, 'f', -1, 64)
}

// DocumentIDs returns the ids of the documents that an applicant may attach.
func (m *Model) DocumentIDs() []string {
	var ids []string
	for _, d := range m.documents {
		if d.page != nil {
			ids = append(ids, string(d.spec.ID))
		}
	}
	return ids
}
