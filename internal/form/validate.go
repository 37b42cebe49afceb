// SPDX-License-Identifier: Apache-2.0

package form

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/okno-dev/okno/internal/expression"
)

// Validate normalises an application, drops the answers and files of what is hidden, and returns all that is wrong, in the order
// of the form. now is the moment of filing in the agency's time zone. No violation means that the application may be filed as e
// then stands.
func (m *Model) Validate(e *Envelope, now time.Time) []Violation {
	c := m.check(e, now)
	violations := make([]Violation, 0, len(c.problems))
	for _, p := range c.problems {
		violations = append(violations, p.Violation)
	}
	return violations
}

// CheckPage does as Validate does and returns what is wrong with one page: its answers, its documents, and the rules and
// conditions shown there that look at no later page. What it returns, Validate returns too.
func (m *Model) CheckPage(page string, e *Envelope, now time.Time) []Violation {
	c := m.check(e, now)
	var violations []Violation
	for _, p := range c.problems {
		if p.page != nil && p.page.id == page && p.ready <= p.page.number {
			violations = append(violations, p.Violation)
		}
	}
	return violations
}

// problem is a violation and where it belongs in the form.
type problem struct {
	Violation
	page  *page  // nil when no page can mend it
	ready int    // the number of the last page that must be answered before it can be judged
	rank  string // sorts problems as people meet them
}

// check is one validation.
type check struct {
	m        *Model
	e        *Envelope
	in       *expression.Input
	visible  *visible
	problems []problem
	invalid  map[string]bool // pointers in the data, with * for entries, of answers that are wrong by themselves
}

func (m *Model) check(e *Envelope, now time.Time) *check {
	m.Normalise(e)
	c := &check{m: m, e: e, in: expression.NewInput(e.Data, claims(e.Applicant), now)}
	c.visible = m.hide(e.Data, c.in)
	e.Documents = slices.DeleteFunc(slices.Clone(e.Documents), func(a Attachment) bool { return c.isHiddenDocument(a.Document) })
	c.envelope()
	c.answers()
	c.rules()
	c.eligibility()
	c.documents()
	slices.SortStableFunc(c.problems, func(a, b problem) int { return strings.Compare(a.rank, b.rank) })
	c.problems = slices.CompactFunc(c.problems, func(a, b problem) bool { return a.Pointer == b.Pointer && a.Code == b.Code })
	return c
}

// claims are the texts among what is known of the applicant.
func claims(applicant map[string]any) map[string]string {
	if len(applicant) == 0 {
		return nil
	}
	texts := make(map[string]string, len(applicant))
	for name, v := range applicant {
		if s, isText := v.(string); isText {
			texts[name] = s
		}
	}
	return texts
}

// MaxViolations bounds what one reading or one validation reports of the answers by themselves. Nobody mends more at once, and a
// body of nothing but mistakes must not cost more than it took to send.
const MaxViolations = 100

// answers reports what is wrong with the answers by themselves, the gravest of each pointer, and at most MaxViolations, those that
// people meet first.
func (c *check) answers() {
	if c.m.root.conforms(c.e.Data) {
		return
	}
	faults := map[string]string{}
	c.m.root.faults(c.e.Data, "", func(pointer, code string) { faults[pointer] = code })
	pointers := slices.Collect(maps.Keys(faults))
	ranks := make(map[string]string, len(faults))
	for _, pointer := range pointers {
		ranks[pointer] = c.m.rank("/data" + pointer)
	}
	slices.SortFunc(pointers, func(a, b string) int { return strings.Compare(ranks[a], ranks[b]) })
	for _, pointer := range pointers {
		c.report(pointer, faults[pointer])
	}
}

// report adds what is wrong with an answer by itself. An object that is missing is reported at the answers that it requires.
func (c *check) report(pointer, code string) {
	n, f := c.m.lookUp("/data" + pointer)
	if n != nil && code == CodeRequired && n.kind == expression.Object {
		if c.demand(n, -1) {
			return
		}
	}
	c.mark(generalised(pointer))
	if len(c.problems) >= MaxViolations {
		return
	}
	p := problem{Violation: c.m.violation("/data"+pointer, code), rank: c.m.rank("/data" + pointer)}
	if f != nil {
		p.page, p.ready = f.page, f.page.number
	}
	c.problems = append(c.problems, p)
}

// mark notes that the answer at a pointer with * for entries is wrong by itself.
func (c *check) mark(pointer string) {
	if c.invalid == nil {
		c.invalid = map[string]bool{}
	}
	c.invalid[pointer] = true
}

// demand reports the answers that an absent object requires, as far as they are asked, and tells whether there were any.
func (c *check) demand(object *node, ready int) bool {
	any := false
	for _, n := range object.props {
		if !n.required {
			continue
		}
		if n.kind == expression.Object {
			any = c.demand(n, ready) || any
			continue
		}
		f := c.m.fieldOf(n)
		if f == nil || !c.visible.shows(f) {
			continue
		}
		any = true
		c.mark(n.pointer)
		p := problem{Violation: c.m.violation("/data"+n.pointer, CodeRequired), page: f.page, ready: max(ready, f.page.number), rank: c.m.rank("/data" + n.pointer)}
		c.problems = append(c.problems, p)
	}
	return any
}

// generalised puts * for the indexes of a concrete pointer. Names of properties never begin with a digit.
func generalised(pointer string) string {
	steps := strings.Split(pointer, "/")
	for i, step := range steps {
		if step != "" && step[0] >= '0' && step[0] <= '9' {
			steps[i] = "*"
		}
	}
	return strings.Join(steps, "/")
}

// isSound tells that none of the places that the expressions read holds an answer that is wrong by itself. Of an object or a list
// of objects an expression can only tell whether it is there, so what is wrong inside does not matter. nil reads nothing.
func (c *check) isSound(programs ...*expression.Program) bool {
	if len(c.invalid) == 0 {
		return true
	}
	for input := range inputs(programs) {
		n := c.m.root.find(input)
		for pointer := range c.invalid {
			if input == pointer || strings.HasPrefix(input, pointer+"/") {
				return false
			}
			if n != nil && n.isScalarList() && strings.HasPrefix(pointer, input+"/") {
				return false
			}
		}
	}
	return true
}

// lastPage returns the number of the last page that asks for one of the places that the expressions read.
func (m *Model) lastPage(programs ...*expression.Program) int {
	last := 0
	for input := range inputs(programs) {
		if n := m.root.find(input); n != nil {
			n.leaves(func(leaf *node) {
				if f := m.fields[leaf.pointer]; f != nil {
					last = max(last, f.page.number)
				}
			})
		}
	}
	return last
}

// inputs yields the places that the programs read; nil reads nothing.
func inputs(programs []*expression.Program) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, p := range programs {
			if p == nil {
				continue
			}
			for _, input := range p.Inputs() {
				if !yield(input) {
					return
				}
			}
		}
	}
}

// rank returns a text that sorts pointers of the envelope as people meet them in the form.
func (m *Model) rank(pointer string) string {
	if d := m.documentAt(pointer); d != nil {
		return padded(d.order)
	}
	path, inData := strings.CutPrefix(pointer, "/data")
	if !inData {
		return "~" + pointer
	}
	var rank strings.Builder
	place := ""
	for _, step := range strings.Split(path, "/")[1:] {
		g := generalised("/" + step)
		place += g
		if f := m.fields[place]; f != nil {
			rank.WriteString(padded(f.order))
		} else if i, err := strconv.Atoi(step); err == nil && g == "/*" {
			rank.WriteString(padded(i))
		}
	}
	if rank.Len() == 0 {
		if n := m.root.find(generalised(path)); n != nil && n != m.root {
			if f := m.fieldOf(n); f != nil {
				return padded(f.order) + path
			}
		}
		return "z" + path
	}
	return rank.String() + path
}

func padded(i int) string {
	s := strconv.Itoa(i)
	return strings.Repeat("0", max(0, 6-len(s))) + s
}
