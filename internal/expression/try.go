// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

const (
	maxTries   = 256
	maxSamples = 6
	// maxTrySpent bounds what trying one expression costs altogether, in CEL's units: about half a second.
	maxTrySpent = 5_000_000
)

// PartialError tells that an expression fails on an application that the schema allows.
type PartialError struct {
	// Absent are the places that were absent, as expressions write them: app.applicant.patronymic.
	Absent []string
	// Cause is what CEL says.
	Cause string
}

// Error implements error.
func (e *PartialError) Error() string {
	if len(e.Absent) == 0 {
		return "fails: " + e.Cause
	}
	return fmt.Sprintf("fails when %s is absent: %s", strings.Join(e.Absent, " and "), e.Cause)
}

// Try evaluates p on sample applications of e's type in which what is optional is present and absent in turn, as far as the
// guards hold there, and answers with the failure in which least is absent, or nil. It tries at most 256 applications, fewer when
// they cost too much. Guards are the conditions under which p is evaluated at all; nil ones hold.
func (e *Env) Try(p *Program, now time.Time, guards ...*Program) *PartialError {
	t := e.newTrial(append([]*Program{p}, guards...))
	var mildest *PartialError
	var spent uint64
	for range t.rounds() {
		app, applicant, absent := t.sample()
		in := NewInput(app, applicant, now).WithFiling(nil)
		if allHold(guards, in) {
			if _, err := p.eval(in); err != nil && (mildest == nil || len(absent) < len(mildest.Absent)) {
				mildest = &PartialError{Absent: absent, Cause: err.Error()}
			}
		}
		if spent += in.spent; spent > maxTrySpent {
			break
		}
		t.next()
	}
	return mildest
}

func allHold(guards []*Program, in *Input) bool {
	for _, guard := range guards {
		if guard == nil {
			continue
		}
		if ok, err := guard.Holds(in); err != nil || !ok {
			return false
		}
	}
	return true
}

// application returns the type of the application, one without properties when the schema has none.
func (e *Env) application() *Type {
	b, err := e.build()
	if err != nil {
		return &Type{Kind: Object}
	}
	return b.app
}

// newTrial prepares to count through what the programs read.
func (e *Env) newTrial(programs []*Program) *trial {
	t := &trial{app: e.application(), chosen: map[string]int{}}
	var literals []any
	var paths []string
	for _, p := range programs {
		if p != nil {
			use := p.facts().use
			literals = append(literals, use.literals...)
			t.claims = append(t.claims, use.claims...)
			paths = append(paths, use.paths...)
		}
	}
	for _, path := range paths {
		t.decide(path, literals)
	}
	return t
}

// HoldsWith tells whether the condition p holds on every sample application in which the place present, a JSON Pointer without
// lists, is there with all that it requires. An application on which p fails counts for nothing; Try reports it.
func (e *Env) HoldsWith(p *Program, present string, now time.Time) bool {
	t := e.newTrial([]*Program{p})
	for i, d := range t.decisions {
		if present == d.path || strings.HasPrefix(present, d.path+"/") {
			t.decisions[i].optional = false
		}
	}
	var spent uint64
	for range t.rounds() {
		app, applicant, _ := t.sample()
		in := NewInput(app, applicant, now)
		if ok, err := p.Holds(in); err == nil && !ok {
			return false
		}
		if spent += in.spent; spent > maxTrySpent {
			break
		}
		t.next()
	}
	return true
}

// decision is one thing that differs between sample applications.
type decision struct {
	path     string
	optional bool
	values   []any // of a scalar
}

func (d decision) choices() int {
	n := max(1, len(d.values))
	if d.optional {
		n++
	}
	return n
}

// trial counts through the combinations of decisions, like an odometer.
type trial struct {
	app       *Type
	decisions []decision
	claims    []string
	chosen    map[string]int // by path: the choice; the last choice of an optional is absence
	noClaims  bool
	seed      uint32
}

// decide adds the decisions on the way from the application to path.
func (t *trial) decide(path string, literals []any) {
	at, node := "", t.app
	for _, step := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		if path == "" || node == nil {
			return
		}
		parent := node
		at += "/" + step
		if parent.Kind == List {
			node = parent.Items
		} else {
			node = parent.Fields[step]
		}
		if node == nil {
			return
		}
		if _, known := t.chosen[at]; known {
			continue
		}
		t.chosen[at] = 0
		d := decision{path: at, optional: parent.Kind == Object && !parent.Required[step], values: candidates(node, literals)}
		t.decisions = append(t.decisions, d)
	}
}

// candidates returns values that a scalar may take and that may lead the expression into each of its branches.
func candidates(t *Type, literals []any) []any {
	if t.Kind == Boolean {
		return []any{true, false}
	}
	if t.Kind == Object || t.Kind == List {
		return nil
	}
	var values []any
	seen := map[any]bool{}
	var own []any
	if t.Samples != nil {
		own = t.Samples()
	}
	for _, v := range append(own[:len(own):len(own)], literals...) {
		if fits(t, v) && !seen[v] && len(values) < maxSamples {
			seen[v] = true
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		values = append(values, map[Kind]any{String: "", Integer: int64(0), Number: float64(0)}[t.Kind])
	}
	return values
}

func fits(t *Type, v any) bool {
	switch v.(type) {
	case string:
		return t.Kind == String && (t.Allows == nil || t.Allows(v))
	case int64:
		return t.Kind == Integer && (t.Allows == nil || t.Allows(v))
	case float64:
		return t.Kind == Number && (t.Allows == nil || t.Allows(v))
	}
	return false
}

func (t *trial) rounds() int {
	n := 1
	if len(t.claims) > 0 {
		n = 2
	}
	for _, d := range t.decisions {
		if n *= d.choices(); n > maxTries {
			return maxTries
		}
	}
	return n
}

// next goes to the next combination: the odometer's while there are few, else one picked by a fixed sequence.
func (t *trial) next() {
	t.seed++
	if len(t.claims) > 0 {
		t.noClaims = !t.noClaims
		if t.noClaims {
			return
		}
	}
	if t.rounds() == maxTries {
		x := t.seed
		for _, d := range t.decisions {
			x = x*1664525 + 1013904223
			t.chosen[d.path] = int(x>>16) % d.choices()
		}
		return
	}
	for _, d := range t.decisions {
		if t.chosen[d.path]++; t.chosen[d.path] < d.choices() {
			return
		}
		t.chosen[d.path] = 0
	}
}

// sample builds the application of the present combination.
func (t *trial) sample() (app map[string]any, applicant map[string]string, absent []string) {
	decisions := append([]decision{}, t.decisions...)
	sort.Slice(decisions, func(i, j int) bool { return decisions[i].path < decisions[j].path })
	app, _ = t.build(t.app, "", decisions, &absent).(map[string]any)
	applicant = map[string]string{}
	for _, claim := range t.claims {
		if t.noClaims {
			absent = append(absent, "applicant."+claim)
			continue
		}
		applicant[claim] = "1"
	}
	return app, applicant, absent
}

func (t *trial) build(node *Type, path string, decisions []decision, absent *[]string) any {
	switch node.Kind {
	case Object:
		object := map[string]any{}
		for _, d := range decisions {
			parent, name, _ := cutLast(d.path)
			if parent != path {
				continue
			}
			if d.optional && t.chosen[d.path] == d.choices()-1 {
				*absent = append(*absent, "app"+strings.ReplaceAll(d.path, "/", "."))
				continue
			}
			object[name] = t.build(node.Fields[name], d.path, decisions, absent)
		}
		return object
	case List:
		return []any{t.build(node.Items, path+"/*", decisions, absent)}
	}
	for _, d := range decisions {
		if d.path == path {
			return d.values[t.chosen[path]]
		}
	}
	return candidates(node, nil)[0]
}

func cutLast(path string) (parent, name string, ok bool) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}
