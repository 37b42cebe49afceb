// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"time"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
)

// Comparison is a place of app that an expression compares with a literal.
type Comparison struct {
	// Path is the place, a JSON Pointer with * for the entries of lists.
	Path string
	// Value is the literal: a string, an int64, a float64 or a bool.
	Value any
}

// Comparisons returns what the expression compares with literals by ==, != and in, in its order. It is for lint: it compiles the
// expression.
func (p *Program) Comparisons() []Comparison { return p.facts().use.compared }

// compare notes the comparisons of one call.
func (r *reader) compare(call ast.CallExpr) {
	args := call.Args()
	switch call.FunctionName() {
	case operators.Equals, operators.NotEquals:
		r.compareWith(args[0], args[1])
		r.compareWith(args[1], args[0])
	case operators.In:
		if args[1].Kind() == ast.ListKind {
			for _, element := range args[1].AsList().Elements() {
				r.compareWith(args[0], element)
			}
			return
		}
		if place, ok := r.path(args[1]); ok && args[0].Kind() == ast.LiteralKind {
			r.compared = append(r.compared, Comparison{place + "/*", args[0].AsLiteral().Value()})
		}
	}
}

func (r *reader) compareWith(place, literal ast.Expr) {
	if path, ok := r.path(place); ok && path != "" && path[0] == '/' && literal.Kind() == ast.LiteralKind {
		r.compared = append(r.compared, Comparison{path, literal.AsLiteral().Value()})
	}
}

// Contradicts tells whether there is a sample application on which all of these hold and p does not. One on which an expression
// fails counts for nothing; Try reports it.
func (e *Env) Contradicts(p *Program, now time.Time, hold ...*Program) bool {
	t := e.newTrial(append([]*Program{p}, hold...))
	var spent uint64
	for range t.rounds() {
		app, applicant, _ := t.sample()
		in := NewInput(app, applicant, now)
		if allHold(hold, in) {
			if ok, err := p.Holds(in); err == nil && !ok {
				return true
			}
		}
		if spent += in.spent; spent > maxTrySpent {
			return false
		}
		t.next()
	}
	return false
}
