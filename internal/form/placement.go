// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/expression"
)

// placement checks where the answers are asked: every required property on a page, conditions that look backwards, and nothing
// that is required while its question may be hidden.
func (c *compiler) placement() {
	order := 0
	for _, pg := range c.m.pages {
		order = numberFields(pg.fields, order)
	}
	c.m.root.leaves(func(n *node) {
		f := c.m.fields[n.pointer]
		switch {
		case f == nil && n.required && n.parent.kind == expression.Object:
			c.add(n.path, "required-not-asked", "a required property that no page asks for: "+quoted(n.pointer), "required properties that are on a page", "put it on a page or make it optional")
		case f == nil:
			c.warn(n.path, "property-not-asked", "a property that no page asks for: "+quoted(n.pointer), "properties that are on a page", "people who use the form cannot give it: put it on a page or remove it")
		default:
			c.checkDemand(f)
		}
	})
	for _, pg := range c.m.pages {
		c.checkLooksBack(at(pg.path, "showWhen"), pg.showWhen, pg, 0)
		for _, f := range pg.listed {
			c.checkLooksBack(at(f.path, "showWhen"), f.showWhen, pg, f.order)
		}
	}
}

// numberFields gives fields their order in the form, groups before what they hold.
func numberFields(fields []*field, order int) int {
	for _, f := range fields {
		order++
		f.order = order
		order = numberFields(f.fields, order)
	}
	return order
}

// checkLooksBack reports a condition that reads what is asked later than at (page, order), or nowhere. A page's own condition
// has order 0: it must not read what is on the page.
func (c *compiler) checkLooksBack(path string, p *expression.Program, pg *page, order int) {
	if p == nil {
		return
	}
	for _, input := range p.Inputs() {
		n := c.m.root.find(input)
		if n == nil {
			continue
		}
		n.leaves(func(leaf *node) {
			f := c.m.fields[leaf.pointer]
			switch {
			case f == nil:
				c.add(path, "condition-not-asked", quoted(p.Source())+" reads "+quoted(leaf.pointer)+", which no page asks for", "answers of earlier pages", "put the property on an earlier page")
			case f.page.number > pg.number || f.page == pg && f.order >= order:
				c.add(path, "condition-looks-ahead", quoted(p.Source())+" reads "+quoted(leaf.pointer)+" of page "+quoted(f.page.id), "answers of earlier pages, in a field's condition of earlier fields too", "ask for it earlier")
			}
		})
	}
}

// conditions returns what must hold for a field to be shown, and what each was compiled to.
func (f *field) conditions() map[v1alpha1.Expression]*expression.Program {
	all := map[v1alpha1.Expression]*expression.Program{}
	if f.page.showWhen != nil {
		all[f.page.condition] = f.page.showWhen
	}
	for ; f != nil; f = f.parent {
		if f.showWhen != nil {
			all[f.condition] = f.showWhen
		}
	}
	return all
}

// checkDemand reports a required property whose question may be hidden while it is demanded: nobody could send the form then. A
// required property is demanded with the nearest object around it that may be absent. So each condition under which it is shown
// must either hold whenever that object is there, or hide all of that object.
func (c *compiler) checkDemand(f *field) {
	n := f.node
	scope := n.demandedWith()
	if !n.required || scope == n {
		return
	}
	for source, condition := range f.conditions() {
		if scope.parent != nil && hidesAll(c.m, scope, source) || c.env.HoldsWith(condition, scope.pointer, tryAt) {
			continue
		}
		allowed := "required properties that are always shown"
		if scope.parent != nil {
			allowed = fmt.Sprintf("properties that are shown whenever %q is given", scope.pointer)
		}
		c.add(f.path, "required-hidden", fmt.Sprintf("%q is required, but hidden unless %s", n.pointer, source), allowed,
			"make it optional and demand it by a rule with code required, or hide all of an optional object under the same condition")
	}
}

// hidesAll tells that whatever pages ask of an object is shown only under the condition.
func hidesAll(m *Model, object *node, condition v1alpha1.Expression) bool {
	all := true
	object.leaves(func(leaf *node) {
		if f := m.fields[leaf.pointer]; f != nil && f.conditions()[condition] == nil {
			all = false
		}
	})
	return all
}

// inputName returns the name of the HTML input at a pointer in the data: /children/0/name is children.0.name.
func inputName(pointer string) string {
	return strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", ".")
}
