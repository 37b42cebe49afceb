// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"sort"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// applicantRoot is where places of applicant begin while reading; those of app begin with "".
const applicantRoot = "@applicant"

// use is what an expression reads: places of app, claims of the applicant, and the literals that it compares them with.
type use struct {
	paths, claims []string
	literals      []any
	compared      []Comparison
	calls         map[string]bool // functions and operators, other than those that only select
	repeats       bool            // it runs over a list or a map
}

func usedBy(a *ast.AST) use {
	r := &reader{seen: map[string]bool{}, bound: map[string]string{}, calls: map[string]bool{}}
	r.visit(a.Expr())
	u := use{literals: r.literals, compared: r.compared, calls: r.calls, repeats: r.repeats}
	for path := range r.seen {
		claim, ofApplicant := strings.CutPrefix(path, applicantRoot)
		if !ofApplicant {
			u.paths = append(u.paths, path)
		} else if claim != "" {
			u.claims = append(u.claims, claim[1:])
		}
	}
	sort.Strings(u.paths)
	sort.Strings(u.claims)
	return u
}

// reader follows chains of selections from app.
type reader struct {
	seen     map[string]bool
	bound    map[string]string // variables of comprehensions: the place that they run over
	literals []any
	compared []Comparison
	calls    map[string]bool
	repeats  bool
}

// path returns the place of app that e selects, if it does.
func (r *reader) path(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		name := e.AsIdent()
		if place, ok := r.bound[name]; ok {
			return place, true
		}
		if name == "applicant" {
			return applicantRoot, true
		}
		return "", name == "app"
	case ast.SelectKind:
		parent, ok := r.path(e.AsSelect().Operand())
		return parent + "/" + e.AsSelect().FieldName(), ok
	case ast.CallKind:
		return r.callPath(e.AsCall())
	}
	return "", false
}

func (r *reader) callPath(call ast.CallExpr) (string, bool) {
	switch call.FunctionName() {
	case operators.OptSelect:
		parent, ok := r.path(call.Args()[0])
		field, isText := call.Args()[1].AsLiteral().(types.String)
		return parent + "/" + string(field), ok && isText
	case operators.Index, operators.OptIndex:
		parent, ok := r.path(call.Args()[0])
		return parent + "/*", ok
	case "orValue", "value", "or":
		if call.IsMemberFunction() {
			return r.path(call.Target())
		}
	}
	return "", false
}

func (r *reader) visit(e ast.Expr) {
	if place, ok := r.path(e); ok {
		r.seen[place] = true
		r.visitArguments(e)
		return
	}
	switch e.Kind() {
	case ast.LiteralKind:
		r.literals = append(r.literals, e.AsLiteral().Value())
	case ast.SelectKind:
		r.visit(e.AsSelect().Operand())
	case ast.CallKind:
		r.compare(e.AsCall())
		r.calls[e.AsCall().FunctionName()] = true
		if e.AsCall().IsMemberFunction() {
			r.visit(e.AsCall().Target())
		}
		for _, arg := range e.AsCall().Args() {
			r.visit(arg)
		}
	case ast.ListKind:
		for _, element := range e.AsList().Elements() {
			r.visit(element)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			r.visit(entry.AsMapEntry().Key())
			r.visit(entry.AsMapEntry().Value())
		}
	case ast.StructKind:
		for _, field := range e.AsStruct().Fields() {
			r.visit(field.AsStructField().Value())
		}
	case ast.ComprehensionKind:
		r.visitComprehension(e.AsComprehension())
	}
}

// visitArguments looks for other places inside a chain: the default of orValue, the index of a list.
func (r *reader) visitArguments(e ast.Expr) {
	switch e.Kind() {
	case ast.SelectKind:
		r.visitArguments(e.AsSelect().Operand())
	case ast.CallKind:
		call := e.AsCall()
		args := call.Args()
		if call.IsMemberFunction() {
			r.visitArguments(call.Target())
		} else if len(args) > 0 {
			r.visitArguments(args[0])
			args = args[1:]
		}
		if call.FunctionName() == operators.OptSelect {
			return
		}
		for _, arg := range args {
			r.visit(arg)
		}
	}
}

func (r *reader) visitComprehension(c ast.ComprehensionExpr) {
	r.repeats = true
	r.visit(c.IterRange())
	if place, ok := r.path(c.IterRange()); ok {
		outer, shadowed := r.bound[c.IterVar()]
		r.bound[c.IterVar()] = place + "/*"
		defer func() {
			delete(r.bound, c.IterVar())
			if shadowed {
				r.bound[c.IterVar()] = outer
			}
		}()
	}
	for _, part := range []ast.Expr{c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()} {
		r.visit(part)
	}
}
