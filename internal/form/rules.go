// SPDX-License-Identifier: Apache-2.0

package form

import (
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/expression"
)

// rule is a compiled rule of data.rules.
type rule struct {
	code    string
	at      *node
	asked   []*field            // the rule is judged when one of them is shown
	when    *expression.Program // nil means always
	assert  *expression.Program
	message v1alpha1.Text
}

// condition is a compiled condition of getting the service.
type condition struct {
	id      string
	when    *expression.Program
	message v1alpha1.Text
}

// eligibilityPointer is where conditions of getting the service are reported: they are about the applicant, not about one answer.
const eligibilityPointer = "/data"

func (c *compiler) ruleSet() {
	for i, r := range c.def.Data.Rules {
		path := index(rootPath("data.rules"), i)
		when := c.condition(at(path, "when"), r.When)
		compiled := &rule{
			code: string(r.Code), message: r.Message, at: c.m.root.find(string(r.At)),
			when: when, assert: c.condition(at(path, "assert"), r.Assert, when),
		}
		switch {
		case strings.Contains(string(r.At), "*"):
			c.add(at(path, "at"), "rule-at", quoted(r.At), "a place without *", "point at the list: a rule judges the whole application")
			continue
		case compiled.at == nil:
			c.add(at(path, "at"), "rule-at", quoted(r.At), "a property of data.schema", "declare the property or correct the pointer")
			continue
		case c.m.fieldOf(compiled.at) == nil && compiled.at != c.m.root && (c.misplaced() || c.notAsked[compiled.at.pointer]):
			continue // told at the property
		case c.m.fieldOf(compiled.at) == nil && compiled.at != c.m.root:
			c.add(at(path, "at"), "rule-at", quoted(r.At), "a property that a page asks for", "point at a question, or the applicant is shown an error nowhere")
			continue
		case builtinCodes[compiled.code] && compiled.code != CodeRequired && compiled.code != CodePattern && compiled.code != CodeFormat:
			c.add(at(path, "code"), "rule-code", quoted(r.Code), "a code of its own, or required, pattern, format", "name the rule's code after what is wrong")
		}
		if compiled.assert == nil || compiled.when == nil && r.When != "" {
			continue
		}
		compiled.asked = c.m.asking(compiled.at)
		c.m.rules = append(c.m.rules, compiled)
	}
	for i, e := range c.def.Audience.Eligibility {
		path := at(index(rootPath("audience.eligibility"), i), "when")
		if p := c.condition(path, e.When); p != nil {
			c.m.eligibility = append(c.m.eligibility, &condition{id: string(e.ID), when: p, message: e.Message})
		}
	}
	for i, v := range c.def.Audience.Variants {
		c.condition(at(index(rootPath("audience.variants"), i), "when"), v.When)
	}
	for i, fee := range c.def.Fees {
		c.m.fees = append(c.m.fees, c.condition(at(index(rootPath("fees"), i), "when"), fee.When))
	}
}

// sensitive checks that what is declared special is part of the application.
func (c *compiler) sensitive() {
	for i, s := range c.def.Data.Sensitive {
		if c.m.root.find(string(s.Path)) == nil {
			c.add(at(index(rootPath("data.sensitive"), i), "path"), "sensitive-not-in-schema", quoted(s.Path), "a property of data.schema, /* for the entries of a list", "declare the property or correct the path")
		}
	}
}

func (c *compiler) routing() {
	for i, r := range c.def.Routing.Rules {
		c.m.routes = append(c.m.routes, c.condition(at(index(rootPath("routing.rules"), i), "when"), r.When))
	}
}

// fieldOf returns the field that asks for a node: its own, that of a group around it, or the first one below it.
func (m *Model) fieldOf(n *node) *field {
	for a := n; a != nil; a = a.parent {
		if f := m.fields[a.pointer]; f != nil {
			return f
		}
	}
	var first *field
	n.leaves(func(leaf *node) {
		if f := m.fields[leaf.pointer]; f != nil && (first == nil || f.order < first.order) {
			first = f
		}
	})
	return first
}
