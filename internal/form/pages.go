// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/expression"
)

// documentsPage is the id of the page for the documents that no page names.
const documentsPage = "documents"

// checkPage is the id of the page where an applicant checks the answers and sends them, in the address of a form. No page of a
// definition can have it.
const checkPage = "check"

// page is a compiled page.
type page struct {
	id        string
	title     v1alpha1.Text
	path      string
	number    int
	condition v1alpha1.Expression
	showWhen  *expression.Program
	fields    []*field // as laid out: groups hold their own
	listed    []*field // the definition's fields in its order, and groups made for them
	documents []*document
}

// field is a question: a scalar, a list of scalars, or a group over an object or a list of objects.
type field struct {
	node      *node
	page      *page
	path      string // in the definition; a group's own fields that no page lists have their group's
	label     v1alpha1.Text
	hint      v1alpha1.Text
	widget    v1alpha1.Widget
	errors    map[string]v1alpha1.Text
	condition v1alpha1.Expression
	showWhen  *expression.Program
	fields    []*field // of a group
	parent    *field
	explicit  bool // listed by the page
	// autocomplete is the HTML token that suits the answer; "" when none does.
	autocomplete string
	order        int // in the form
}

// isGroup tells that the field holds other fields.
func (f *field) isGroup() bool { return !f.node.isScalar() && !f.node.isScalarList() }

// isScalarList tells that the node is a list of single values.
func (n *node) isScalarList() bool { return n.kind == expression.List && n.items.isScalar() }

// pages lays out the pages of the definition.
func (c *compiler) pages() {
	for i := range c.def.Form.Pages {
		spec := &c.def.Form.Pages[i]
		pg := &page{id: string(spec.ID), title: spec.Title, path: index(rootPath("form.pages"), i), number: i, condition: spec.ShowWhen}
		pg.showWhen = c.condition(at(pg.path, "showWhen"), spec.ShowWhen)
		c.m.pages = append(c.m.pages, pg)
		c.layOut(pg, spec)
	}
}

// layOut builds a page's fields: first those that the page lists, inside the groups that they belong to, then the rest of the
// listed groups.
func (c *compiler) layOut(pg *page, spec *v1alpha1.Page) {
	groups := map[string]bool{} // pointers of the listed objects and lists of objects
	for _, f := range spec.Fields {
		if n := c.m.root.find(string(f.Path)); n != nil && n.pointer != "" && !n.isScalar() && !n.isScalarList() {
			groups[n.pointer] = true
		}
	}
	for i := range spec.Fields {
		c.place(pg, &spec.Fields[i], index(at(pg.path, "fields"), i), groups)
	}
	for _, f := range append([]*field{}, pg.listed...) {
		if f.isGroup() && groups[f.node.pointer] {
			c.fill(f)
		}
	}
}

// place puts one listed field onto its page.
func (c *compiler) place(pg *page, spec *v1alpha1.Field, path string, groups map[string]bool) {
	n := c.m.root.find(string(spec.Path))
	if n == nil || n == c.m.root || n.parent.kind == expression.List && n.isScalar() {
		do := "declare the property or correct the path"
		if near := c.m.root.guess(string(spec.Path)); n == nil && near != "" {
			do = fmt.Sprintf("did you mean %s? Else declare the property", near)
		}
		c.add(at(path, "path"), "field-not-in-schema", quoted(spec.Path), "a property of data.schema, /* for the entries of a list", do)
		return
	}
	if n.parent.kind == expression.List {
		c.add(at(path, "path"), "field-not-in-schema", quoted(spec.Path), "the list itself or a property of its entries", "name "+quoted(n.parent.pointer))
		return
	}
	f := c.fieldAt(pg, n, path, groups)
	if f == nil {
		return
	}
	if f.explicit {
		c.add(at(path, "path"), "field-twice", quoted(spec.Path), "each property on one page, once", "remove one of the two")
		return
	}
	f.path, f.explicit, f.condition = path, true, spec.ShowWhen
	f.label, f.hint, f.errors = spec.Label, spec.Hint, spec.Errors
	f.showWhen = c.condition(at(path, "showWhen"), spec.ShowWhen, pg.showWhen)
	f.widget = c.widget(f, spec.Widget, at(path, "widget"))
	c.checkLabel(f)
	if n.kind == expression.String && len(n.enum) > 0 {
		c.warn(path, "enum-labels", "a choice between bare values: "+found(n.enum), "a choice whose answers have a text in every language", "use x-okno-codeList instead of enum, so that people read words")
	}
	for _, code := range sortedKeys(spec.Errors) {
		if !builtinCodes[code] && !c.isRuleCode(code) {
			c.add(key(at(path, "errors"), code), "unknown-error-code", quoted(code), "a code of the profile or of a rule", "correct the code")
		}
	}
}

// fieldAt returns the field for a node, made inside the groups around it. It returns nil when another page has the node.
func (c *compiler) fieldAt(pg *page, n *node, path string, groups map[string]bool) *field {
	if f := c.m.fields[n.pointer]; f != nil {
		if f.page != pg {
			c.add(at(path, "path"), "field-twice", quoted(n.pointer), "each property on one page, once", "it is on page "+quoted(f.page.id)+" too: remove one of the two")
			return nil
		}
		return f
	}
	var parent *field
	for a := n.parent; a != nil && parent == nil; a = a.parent {
		if groups[a.pointer] || a.kind == expression.List {
			if parent = c.fieldAt(pg, a, path, groups); parent == nil {
				return nil
			}
		}
	}
	return c.newField(pg, parent, n, path)
}

func (c *compiler) newField(pg *page, parent *field, n *node, path string) *field {
	f := &field{node: n, page: pg, parent: parent, path: path}
	f.widget = naturalWidget(n)
	c.m.fields[n.pointer] = f
	pg.listed = append(pg.listed, f)
	if parent == nil {
		pg.fields = append(pg.fields, f)
	} else {
		parent.fields = append(parent.fields, f)
	}
	return f
}

// fill completes a listed group with the properties that the page does not list.
func (c *compiler) fill(group *field) {
	object := group.node
	if object.kind == expression.List {
		object = object.items
	}
	for _, n := range object.props {
		f := c.m.fields[n.pointer]
		if f == nil {
			f = c.newField(group.page, group, n, group.path)
			c.checkLabel(f)
		}
		if f.isGroup() && f.page == group.page {
			c.fill(f)
		}
	}
}

// checkLabel reports a question that people of some language could not read.
func (c *compiler) checkLabel(f *field) {
	if len(f.label) > 0 || f.node.title != "" && len(c.def.Languages) == 1 {
		return
	}
	name := strings.TrimPrefix(f.node.pointer, "/")
	if f.node.title == "" || f.node.isScalar() {
		c.add(f.path, "field-label", "no label for "+quoted(name), "a label in every language of the service", "give the field a label; a schema's title is in one language only")
	}
}

// widgets are the widgets that suit a node, the natural one first.
func widgets(n *node) []v1alpha1.Widget {
	switch {
	case !n.isScalar() && !n.isScalarList():
		return []v1alpha1.Widget{"Group"}
	case n.isScalarList() && n.items.isChoice():
		return []v1alpha1.Widget{"Checkbox"}
	case n.isScalarList():
		return []v1alpha1.Widget{"TextArea"}
	case n.kind == expression.Boolean && n.constant == nil:
		return []v1alpha1.Widget{"Radios", "Checkbox"}
	case n.kind == expression.Boolean || n.constant != nil:
		return []v1alpha1.Widget{"Checkbox"}
	case n.isChoice() && (n.codes != nil && len(n.codes.items) > 8 || len(n.enum) > 8):
		return []v1alpha1.Widget{"Select", "Radios"}
	case n.isChoice():
		return []v1alpha1.Widget{"Radios", "Select"}
	case n.kind == expression.Integer || n.kind == expression.Number:
		return []v1alpha1.Widget{"Number", "Text"}
	case n.format == "date":
		return []v1alpha1.Widget{"Date"}
	case n.format == "email":
		return []v1alpha1.Widget{"Email", "Text"}
	case n.maxLength > 255:
		return []v1alpha1.Widget{"TextArea", "Text"}
	}
	return []v1alpha1.Widget{"Text", "TextArea", "Number", "Phone", "Email"}
}

func naturalWidget(n *node) v1alpha1.Widget { return widgets(n)[0] }

// widget returns the widget that a field asks for, or the natural one.
func (c *compiler) widget(f *field, asked v1alpha1.Widget, path string) v1alpha1.Widget {
	suit := widgets(f.node)
	if asked == "" {
		return suit[0]
	}
	var names []string
	for _, w := range suit {
		if w == asked {
			return asked
		}
		names = append(names, string(w))
	}
	c.add(path, "widget-type", quoted(asked), "for this property: "+list(names), "choose one that suits the schema")
	return suit[0]
}

func (c *compiler) isRuleCode(code string) bool {
	for _, r := range c.def.Data.Rules {
		if string(r.Code) == code {
			return true
		}
	}
	return false
}
