// SPDX-License-Identifier: Apache-2.0

package form

import (
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/expression"
)

// rules judges the rules whose question is shown and whose answers are sound by themselves, so that nothing is reported twice. A
// rule that cannot be judged, because it costs too much, counts as broken: nothing is filed unchecked.
func (c *check) rules() {
	for _, r := range c.m.rules {
		if !slices.ContainsFunc(r.asked, c.visible.shows) || !c.isSound(r.assert, r.when) || c.invalid[r.at.pointer] {
			continue
		}
		if r.when != nil {
			if applies, err := r.when.Holds(c.in); err == nil && !applies {
				continue
			}
		}
		if ok, err := r.assert.Holds(c.in); err == nil && ok {
			continue
		}
		ready := c.m.lastPage(r.assert, r.when)
		_, present := find(c.e.Data, r.at.pointer)
		if r.code == CodeRequired && r.at.kind == expression.Object && !present && c.demand(r.at, ready) {
			continue
		}
		p := problem{Violation: Violation{Pointer: "/data" + r.at.pointer, Code: r.code, Message: r.message}, ready: ready, rank: c.m.rank("/data" + r.at.pointer)}
		if f := c.m.fieldOf(r.at); f != nil {
			p.page = f.page
			if own := f.errors[r.code]; f.node == r.at && len(own) > 0 {
				p.Message = own
			}
		}
		c.problems = append(c.problems, p)
	}
}

// asking returns the fields that ask for a place, or for something inside it. nil among them is always shown.
func (m *Model) asking(n *node) []*field {
	if f := m.fields[n.pointer]; f != nil || n == m.root {
		return []*field{f}
	}
	if n.isScalar() || n.isScalarList() {
		return []*field{m.fieldOf(n)}
	}
	var fields []*field
	n.leaves(func(leaf *node) {
		if f := m.fields[leaf.pointer]; f != nil {
			fields = append(fields, f)
		}
	})
	return fields
}

// find returns the value at a pointer without lists.
func find(data map[string]any, pointer string) (any, bool) {
	var v any = data
	for step := range steps(pointer) {
		object, isObject := v.(map[string]any)
		if !isObject {
			return nil, false
		}
		inner, present := object[step]
		if !present {
			return nil, false
		}
		v = inner
	}
	return v, true
}

// eligibility judges the conditions of getting the service. They are shown on the last page that they look at.
func (c *check) eligibility() {
	for _, e := range c.m.eligibility {
		if !c.isSound(e.when) {
			continue
		}
		if ok, err := e.when.Holds(c.in); err == nil && ok {
			continue
		}
		last := c.m.lastPage(e.when)
		p := problem{Violation: Violation{Pointer: eligibilityPointer, Code: e.id, Message: e.message}, ready: last, rank: ""}
		if last < len(c.m.pages) {
			p.page = c.m.pages[last]
		}
		c.problems = append(c.problems, p)
	}
}

var (
	okatoCode = regexp.MustCompile(`^[0-9]{8,11}$`)
	mfcCode   = regexp.MustCompile(`^[0-9A-Za-z-]{1,20}$`)
)

// envelope checks what comes with the data.
func (c *check) envelope() {
	add := func(pointer, code string) {
		c.problems = append(c.problems, problem{Violation: c.m.violation(pointer, code), rank: c.m.rank(pointer)})
	}
	if ch := c.e.Channel; ch != nil {
		if !mfcCode.MatchString(ch.MFC) {
			add("/channel/mfc", CodePattern)
		}
		if !okatoCode.MatchString(ch.OKATO) {
			add("/channel/okato", CodePattern)
		}
	}
	if c.e.Language != "" && !slices.Contains(c.m.def.Languages, c.e.Language) {
		add("/language", CodeEnum)
	}
	for name, claims := range map[string]map[string]any{"/applicant": c.e.Applicant, "/representative": c.e.Representative} {
		if len(claims) > maxClaims {
			add(name, CodeMaxItems)
			continue
		}
		for claim, v := range claims {
			s, isText := v.(string)
			switch {
			case !isText:
				add(name+"/"+escapePointer(claim), CodeType)
			case len([]rune(s)) > maxClaimSize:
				add(name+"/"+escapePointer(claim), CodeMaxLength)
			case !isXMLText(s):
				add(name+"/"+escapePointer(claim), CodeCharacters)
			}
		}
	}
}

const (
	maxClaims    = 32
	maxClaimSize = 512
)

// Route returns where a filed application goes, and whether a rule sent it there; false means the default. An empty destination
// is a routing miss. A condition that fails does not hold.
func (m *Model) Route(e *Envelope, now time.Time) (v1alpha1.Destination, bool) {
	in := expression.NewInput(e.Data, claims(e.Applicant), now)
	for i, p := range m.routes {
		if p != nil && holds(p, in) {
			r := m.def.Routing.Rules[i]
			return v1alpha1.Destination{Unit: r.Unit, Queue: r.Queue}, true
		}
	}
	if m.def.Routing.Default == nil {
		return v1alpha1.Destination{}, false
	}
	return *m.def.Routing.Default, false
}

// Fees returns the fees that this application is due, in the definition's order. A condition that fails does not hold: lint sees to
// it that none does on answers that the schema takes.
func (m *Model) Fees(e *Envelope, now time.Time) []v1alpha1.Fee {
	in := expression.NewInput(e.Data, claims(e.Applicant), now)
	var due []v1alpha1.Fee
	for i, p := range m.fees {
		if holds(p, in) {
			due = append(due, m.def.Fees[i])
		}
	}
	return due
}

// steps yields the tokens of a pointer without escapes, as those of the schema are.
func steps(pointer string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if pointer == "" {
			return
		}
		for _, step := range strings.Split(pointer[1:], "/") {
			if !yield(step) {
				return
			}
		}
	}
}
