// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"slices"
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
	var demanded []*field
	c.m.root.leaves(func(n *node) {
		f := c.m.fields[n.pointer]
		switch {
		case f == nil && c.misplaced():
			// A page may have meant this property where it names another.
		case f == nil && n.required && n.parent.kind == expression.Object:
			c.notAsked[n.pointer] = true
			c.add(n.path, "required-not-asked", "a required property that no page asks for: "+quoted(n.pointer), "required properties that are on a page", "put it on a page or make it optional")
		case f == nil && c.isRead(n):
			// What points at it is refused for that.
		case f == nil:
			c.warn(n.path, "property-not-asked", "a property that no page asks for: "+quoted(n.pointer), "properties that are on a page", "people who use the form cannot give it: put it on a page or remove it")
		default:
			demanded = append(demanded, f)
		}
	})
	for _, pg := range c.m.pages {
		c.checkLooksBack(at(pg.path, "showWhen"), pg.showWhen, pg, 0)
		for _, f := range pg.listed {
			c.checkLooksBack(at(f.path, "showWhen"), f.showWhen, pg, f.order)
		}
	}
	c.checkDemands(demanded)
}

// misplaced tells that a page names a property that is not there, or one twice.
func (c *compiler) misplaced() bool {
	for _, f := range c.list {
		if f.Rule == "field-not-in-schema" || f.Rule == "field-twice" {
			return true
		}
	}
	return false
}

// isRead tells that a rule points at a property, or that a condition of a page reads it: both need it on a page.
func (c *compiler) isRead(n *node) bool {
	for _, r := range c.def.Data.Rules {
		if at := c.m.root.find(string(r.At)); at == n {
			return true
		}
	}
	for _, pg := range c.m.pages {
		if pg.showWhen != nil && contains(pg.showWhen.Inputs(), n.pointer) {
			return true
		}
		for _, f := range pg.listed {
			if f.showWhen != nil && contains(f.showWhen.Inputs(), n.pointer) {
				return true
			}
		}
	}
	return false
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
			case f == nil && (c.misplaced() || c.notAsked[leaf.pointer]): // told at the property
			case f == nil:
				c.add(path, "condition-not-asked", quoted(p.Source())+" reads "+quoted(leaf.pointer)+", which no page asks for", "answers of earlier pages", "put the property on an earlier page")
			case f.page.number > pg.number || f.page == pg && f.order >= order:
				c.ahead[p] = true
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

// hiddenDemand are the required properties of a page that one condition may hide.
type hiddenDemand struct {
	page   *page
	source v1alpha1.Expression
}

// checkDemands reports required properties whose questions may be hidden while they are demanded, all that one condition hides
// on a page as one.
func (c *compiler) checkDemands(fields []*field) {
	var order []hiddenDemand
	hidden := map[hiddenDemand][]*field{}
	for _, f := range fields {
		for _, source := range c.hiding(f) {
			key := hiddenDemand{f.page, source}
			if hidden[key] == nil {
				order = append(order, key)
			}
			hidden[key] = append(hidden[key], f)
		}
	}
	for _, key := range order {
		first := slices.MinFunc(hidden[key], func(a, b *field) int { return a.order - b.order })
		what := fmt.Sprintf("%q is required", first.node.pointer)
		if more := len(hidden[key]) - 1; more > 0 {
			what = fmt.Sprintf("%q and %d more are required", first.node.pointer, more)
		}
		allowed := "required properties that are always shown"
		if scope := first.node.demandedWith(); scope.parent != nil {
			allowed = fmt.Sprintf("properties that are shown whenever %q is given", scope.pointer)
		}
		c.add(first.path, "required-hidden", what+", but hidden unless "+string(key.source), allowed,
			"make it optional and demand it by a rule with code required, or hide all of an optional object under the same condition")
	}
}

// hiding returns the conditions that may hide a required property while it is demanded: nobody could send the form then. A
// required property is demanded with the nearest object around it that may be absent. So each condition under which it is shown
// must either hold whenever that object is there, or hide all of that object.
func (c *compiler) hiding(f *field) []v1alpha1.Expression {
	scope := f.node.demandedWith()
	if !f.node.required || scope == f.node {
		return nil
	}
	var sources []v1alpha1.Expression
	for source, condition := range f.conditions() {
		if c.ahead[condition] || scope.parent != nil && hidesAll(c.m, scope, source) || c.env.HoldsWith(condition, scope.pointer, tryAt) {
			continue
		}
		sources = append(sources, source)
	}
	slices.Sort(sources)
	return sources
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
