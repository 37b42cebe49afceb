// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/xml"
	"math"
	"sort"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/expression"
)

// defaultPrefix is how a definition writes the prefix of the default namespace.
const defaultPrefix = "default"

// defaultRoot is the root element of an application whose definition says nothing of XML.
const defaultRoot = "application"

// element is an element or attribute of the agency's XML: a property, a step that properties share, a constant, or what the
// intake fills.
type element struct {
	name     xml.Name
	prefix   string
	order    int
	node     *node // nil for steps, constants and what is filled
	path     string
	children []*element
	attrs    []*element
	byName   map[xml.Name]*element
	constant string
	filled   v1alpha1.FilledFrom
}

// isStep tells that the element only holds others.
func (e *element) isStep() bool { return e.node == nil && e.constant == "" && e.filled == "" }

// holdsData tells that a property is written at e or inside its steps.
func (e *element) holdsData() bool {
	if e.node != nil || len(e.attrs) > 0 {
		return true
	}
	for _, child := range e.children {
		if child.holdsData() {
			return true
		}
	}
	return false
}

// xmlTree compiles the names of elements. Without data.xml the root is "application" and properties have their own names.
func (c *compiler) xmlTree() {
	spec := c.def.Data.XML
	if spec == nil {
		spec = &v1alpha1.XML{Root: defaultRoot}
	}
	t := &treeBuilder{compiler: c, spec: spec, path: rootPath("data.xml")}
	c.m.xml = t.element(t.qualified(string(spec.Root), at(t.path, "root")), at(t.path, "root"))
	data := c.m.xml
	for i, wrap := range spec.Wrap {
		path := index(at(t.path, "wrap"), i)
		data = t.step(data, t.qualified(string(wrap), path), path)
	}
	c.m.xmlData = data
	t.properties(data, c.m.root)
	for i, k := range spec.Constants {
		path := index(at(t.path, "constants"), i)
		if e := t.fixed(string(k.At), path); e != nil {
			e.constant, e.order = k.Value, int(k.Order)
		}
	}
	for i, f := range spec.Filled {
		path := index(at(t.path, "filled"), i)
		if e := t.fixed(string(f.At), path); e != nil {
			e.filled, e.order = f.From, int(f.Order)
		}
	}
	sortElements(c.m.xml)
}

// treeBuilder adds elements to the tree and reports names that clash.
type treeBuilder struct {
	*compiler
	spec *v1alpha1.XML
	path string
}

// prefixed is an element's name with its prefix; the default namespace has none.
type prefixed struct {
	prefix string
	name   xml.Name
}

// qualified resolves prefix:name. A name without a prefix is in the default namespace.
func (t *treeBuilder) qualified(name, path string) prefixed {
	prefix, local, found := strings.Cut(name, ":")
	if !found {
		prefix, local = "", name
	}
	if !xmlLocalName.MatchString(local) {
		t.add(path, "xml-name", quoted(name), "a name of letters, digits, dot, hyphen and _, with or without a prefix", "correct the name")
	}
	return t.resolve(prefix, local, path)
}

func (t *treeBuilder) resolve(prefix, local, path string) prefixed {
	lookup := prefix
	if prefix == "" {
		lookup = defaultPrefix
	}
	uri, declared := t.spec.Namespaces[lookup]
	if !declared && prefix != "" {
		t.add(path, "xml-prefix", quoted(prefix), "the prefixes of data.xml.namespaces: "+list(sortedKeys(t.spec.Namespaces)), "declare the prefix or correct it")
	}
	if prefix == defaultPrefix {
		prefix = ""
	}
	return prefixed{prefix: prefix, name: xml.Name{Space: string(uri), Local: local}}
}

func (t *treeBuilder) element(name prefixed, path string) *element {
	return &element{name: name.name, prefix: name.prefix, path: path, byName: map[xml.Name]*element{}}
}

// step returns the child that only holds others, made when it is not there.
func (t *treeBuilder) step(parent *element, name prefixed, path string) *element {
	if child := parent.byName[name.name]; child != nil {
		return child
	}
	return t.child(parent, name, path)
}

func (t *treeBuilder) child(parent *element, name prefixed, path string) *element {
	child := t.element(name, path)
	parent.byName[name.name] = child
	parent.children = append(parent.children, child)
	return child
}

// properties adds the properties of an object inside the element parent.
func (t *treeBuilder) properties(parent *element, object *node) {
	for _, n := range object.props {
		path := at(n.path, "x-okno-xml")
		holder, steps := parent, n.xml.steps
		for _, step := range steps[:len(steps)-1] {
			holder = t.step(holder, t.resolve(n.xml.prefix, step, path), path)
		}
		name := t.resolve(n.xml.prefix, steps[len(steps)-1], path)
		if n.xml.attribute {
			t.attribute(holder, name, n, path)
			continue
		}
		if clash := holder.byName[name.name]; clash != nil || !holder.isStep() && holder != parent {
			t.add(path, "xml-name-clash", "a second element "+quoted(name.name.Local)+" of "+quoted(n.pointer), "each name once in its parent", "rename one of the two or put it into an element of its own")
			continue
		}
		e := t.child(holder, name, path)
		e.node, e.order = n, n.xml.order
		t.inside(e, n)
	}
}

func (t *treeBuilder) inside(e *element, n *node) {
	if n.kind == expression.List {
		n = n.items
	}
	if n.kind == expression.Object {
		t.properties(e, n)
	}
}

func (t *treeBuilder) attribute(holder *element, name prefixed, n *node, path string) {
	if name.prefix == "" { // an attribute without a prefix is in no namespace
		name.name.Space = ""
	}
	for _, a := range holder.attrs {
		if a.name == name.name {
			t.add(path, "xml-name-clash", "a second attribute "+quoted(name.name.Local), "each name once in its element", "rename one of the two")
			return
		}
	}
	a := t.element(name, path)
	a.node, a.order = n, n.xml.order
	holder.attrs = append(holder.attrs, a)
}

// fixed adds the element at a path of names from the root. What is not there yet on the way is made.
func (t *treeBuilder) fixed(where, path string) *element {
	steps := strings.Split(strings.TrimPrefix(where, "/"), "/")
	root := t.qualified(steps[0], at(path, "at"))
	if !strings.HasPrefix(where, "/") || len(steps) < 2 || root.name != t.m.xml.name {
		t.add(at(path, "at"), "xml-path", quoted(where), "a path below /"+string(t.spec.Root), "begin at the root element")
		return nil
	}
	e := t.m.xml
	for _, step := range steps[1 : len(steps)-1] {
		e = t.step(e, t.qualified(step, at(path, "at")), path)
		if e.constant != "" || e.filled != "" || e.node != nil && (e.node.isScalar() || e.node.isScalarList()) {
			t.add(at(path, "at"), "xml-path", quoted(where)+" leads through "+quoted(step)+", which holds a value", "a path of elements that hold others", "correct the path")
			return nil
		}
	}
	name := t.qualified(steps[len(steps)-1], at(path, "at"))
	if e.byName[name.name] != nil {
		t.add(at(path, "at"), "xml-name-clash", quoted(where)+", which is there already", "each name once in its parent", "rename one of the two")
		return nil
	}
	return t.child(e, name, path)
}

// sortElements puts children into the order in which they are written. A step stands where its first child would.
func sortElements(e *element) int {
	first := math.MaxInt
	for _, child := range e.children {
		first = min(first, sortElements(child))
	}
	sort.SliceStable(e.children, func(i, j int) bool { return e.children[i].rank() < e.children[j].rank() })
	sort.SliceStable(e.attrs, func(i, j int) bool { return e.attrs[i].rank() < e.attrs[j].rank() })
	if e.isStep() && e.order == 0 && first != math.MaxInt {
		e.order = first
	}
	return e.rank()
}

func (e *element) rank() int {
	if e.order == 0 {
		return math.MaxInt
	}
	return e.order
}
