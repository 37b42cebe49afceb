// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"slices"
	"strings"

	"github.com/okno-dev/okno/internal/expression"
)

// shownValues is how many values of a choice a finding names.
const shownValues = 12

// impossible reports an expression that compares a choice with what nobody can choose: it never holds, or always does, and the
// page, the fee or the document that depends on it just never appears. Empty texts stand for an absent answer.
func (c *compiler) impossible(path string, p *expression.Program) {
	for _, compared := range p.Comparisons() {
		n := c.m.root.find(compared.Path)
		if n == nil || !n.isScalar() || !n.isChoice() || compared.Value == "" || n.allows(compared.Value) {
			continue
		}
		c.add(path, "expression-impossible", fmt.Sprintf("%s compares %q with %s, which nobody can choose", quoted(p.Source()), compared.Path, found(compared.Value)),
			"the values of the choice: "+choicesOf(n), "correct the value, or add it to the choices")
		return
	}
}

// choicesOf lists what may be chosen, shortened.
func choicesOf(n *node) string {
	var values []string
	if n.codes != nil {
		for _, item := range n.codes.items {
			if n.codes.has(item.Code) {
				values = append(values, item.Code)
			}
		}
	} else {
		for _, v := range n.enum {
			values = append(values, strings.Trim(found(v), `"`))
		}
	}
	if more := len(values) - shownValues; more > 0 {
		return fmt.Sprintf("%s and %d more", list(values[:shownValues]), more)
	}
	return list(values)
}

// hiddenDocuments reports documents that may be required while the page that asks for them is hidden: nobody could send the form
// then.
func (c *compiler) hiddenDocuments() {
	for i, d := range c.m.documents {
		if d.requiredWhen == nil || d.page == nil || d.page.showWhen == nil || c.ahead[d.page.showWhen] {
			continue
		}
		if !c.env.Contradicts(d.page.showWhen, tryAt, append(c.shownFor(d.requiredWhen), d.requiredWhen)...) {
			continue
		}
		c.add(at(index(rootPath("documents"), i), "requiredWhen"), "document-hidden",
			fmt.Sprintf("%q is required when %s, but its page %q is hidden unless %s", d.spec.ID, d.requiredWhen.Source(), d.page.id, d.page.condition),
			"documents whose page is shown whenever they are required", "require the document under the page's condition too, or move it to a page that is shown then")
	}
}

// shownFor returns the conditions under which what an expression reads can be answered at all: answers on hidden pages are dropped.
func (c *compiler) shownFor(p *expression.Program) []*expression.Program {
	var conditions []*expression.Program
	for _, input := range p.Inputs() {
		n := c.m.root.find(input)
		if n == nil {
			continue
		}
		if f := c.m.fieldOf(n); f != nil {
			for _, condition := range f.conditions() {
				if !slices.Contains(conditions, condition) {
					conditions = append(conditions, condition)
				}
			}
		}
	}
	slices.SortFunc(conditions, func(a, b *expression.Program) int { return strings.Compare(a.Source(), b.Source()) })
	return conditions
}
