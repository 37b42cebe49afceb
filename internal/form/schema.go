// SPDX-License-Identifier: Apache-2.0

package form

import (
	"strings"

	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/expression"
)

// node is one value of the application, compiled from the schema with every $ref resolved: no two nodes stand for one place.
type node struct {
	name    string // the property's name, "" for the root and for the entries of a list
	pointer string // in the data, with * for the entries of lists: /children/*/name; "" for the root
	path    string // in the definition, for findings
	kind    expression.Kind
	title   string
	parent  *node

	// object
	props    []*node // in the order of the XML, then of names
	sorted   []*node // the same in the order of names
	byName   map[string]*node
	required bool // this node, in its object

	// list
	items              *node
	minItems, maxItems int
	unique             bool

	// scalar
	minLength, maxLength int
	pattern              *pattern
	format               string
	enum                 []any
	constant             any
	minimum, maximum     *float64
	multipleOf           *float64
	codes                *codeList

	xml xmlNames
}

// xmlNames is what x-okno-xml says of a node.
type xmlNames struct {
	steps     []string // names from the parent's element down; the last is the node's own
	prefix    string
	order     int
	attribute bool
	write     bool // an absent value is written as an empty element
	lexical   string
}

// envelopeOf returns an object with the names of an Envelope's members, of which the data are root.
func envelopeOf(root *node) *node {
	e := &node{kind: expression.Object, byName: map[string]*node{}}
	for _, name := range []string{"data", "documents", "applicant", "representative", "channel", "language"} {
		e.byName[name] = &node{name: name}
	}
	data := *root
	data.name, e.byName["data"] = "data", &data
	return e
}

// prop returns the property of an object, or nil.
func (n *node) prop(name string) *node {
	if n == nil {
		return nil
	}
	return n.byName[name]
}

// isScalar tells that the node holds one value.
func (n *node) isScalar() bool { return n.kind != expression.Object && n.kind != expression.List }

// isChoice tells that the node's values are listed.
func (n *node) isChoice() bool { return n.codes != nil || len(n.enum) > 0 }

// find returns the node at a pointer with * for the entries of lists, or nil.
func (n *node) find(pointer string) *node {
	if pointer == "" {
		return n
	}
	for _, step := range strings.Split(pointer[1:], "/") {
		if n == nil {
			return nil
		}
		if n.kind == expression.List {
			if step != "*" {
				return nil
			}
			n = n.items
			continue
		}
		n = n.prop(step)
	}
	return n
}

// guess returns the pointer that somebody who wrote another may have meant: the one with the nearest property at each step where there
// is none of the name. It is "" when a step has no near one.
func (n *node) guess(pointer string) string {
	if !strings.HasPrefix(pointer, "/") {
		return ""
	}
	for _, step := range strings.Split(pointer[1:], "/") {
		switch {
		case n.kind == expression.List && step == "*":
			n = n.items
			continue
		case n.prop(step) == nil:
			names := make([]string, 0, len(n.sorted))
			for _, p := range n.sorted {
				names = append(names, p.name)
			}
			step = definition.Nearest(step, names)
		}
		if n = n.prop(step); n == nil {
			return ""
		}
	}
	return n.pointer
}

// leaves calls visit for each scalar, and each list of scalars, at n or below it.
func (n *node) leaves(visit func(*node)) {
	switch {
	case n.kind == expression.Object:
		for _, p := range n.props {
			p.leaves(visit)
		}
	case n.kind == expression.List && !n.items.isScalar():
		n.items.leaves(visit)
	default:
		visit(n)
	}
}

// demandedWith returns the object with which n is demanded: the nearest one at or above n that may be absent, or the root.
func (n *node) demandedWith() *node {
	for n.parent != nil && n.required && n.parent.kind == expression.Object {
		n = n.parent
	}
	return n
}

// typeOf gives the node's type to expressions.
func typeOf(n *node) *expression.Type {
	t := &expression.Type{Kind: n.kind}
	switch n.kind {
	case expression.Object:
		t.Fields, t.Required = map[string]*expression.Type{}, map[string]bool{}
		for _, p := range n.props {
			t.Fields[p.name] = typeOf(p)
			t.Required[p.name] = p.required
		}
	case expression.List:
		t.Items, t.MaxSize = typeOf(n.items), n.maxItems
	default:
		t.MaxSize, t.Samples, t.Allows = n.maxLength, func() []any { return samples(n) }, n.allows
	}
	return t
}

// schemaOf writes the node as JSON Schema: $refs resolved, patterns anchored, without what only people or XML need, and without
// code lists.
func schemaOf(n *node) map[string]any {
	s := map[string]any{"type": typeNames[n.kind]}
	switch n.kind {
	case expression.Object:
		props, required := map[string]any{}, []any{}
		for _, p := range n.props {
			props[p.name] = schemaOf(p)
			if p.required {
				required = append(required, p.name)
			}
		}
		s["properties"], s["required"], s["additionalProperties"] = props, required, false
	case expression.List:
		s["items"], s["minItems"], s["maxItems"], s["uniqueItems"] = schemaOf(n.items), n.minItems, n.maxItems, n.unique
	case expression.String:
		s["minLength"] = n.minLength
		if n.maxLength > 0 {
			s["maxLength"] = n.maxLength
		}
		if n.pattern != nil {
			s["pattern"] = anchored(n.pattern.source)
		}
		if n.format != "" {
			s["format"] = n.format
		}
	case expression.Integer, expression.Number:
		for keyword, v := range map[string]*float64{"minimum": n.minimum, "maximum": n.maximum, "multipleOf": n.multipleOf} {
			if v != nil {
				s[keyword] = *v
			}
		}
	}
	if len(n.enum) > 0 {
		s["enum"] = n.enum
	}
	if n.constant != nil {
		s["const"] = n.constant
	}
	return s
}

var typeNames = map[expression.Kind]string{
	expression.Object: "object", expression.List: "array", expression.String: "string",
	expression.Integer: "integer", expression.Number: "number", expression.Boolean: "boolean",
}
