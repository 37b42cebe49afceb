// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

const (
	// MaxCost bounds the estimated and the actual cost of one expression, in CEL's units (about 0.1 µs each).
	MaxCost = 100_000
	// MaxRequestCost bounds the actual cost of all expressions that one request evaluates.
	MaxRequestCost = 1_000_000

	maxExpressionSize = 2048 // characters, as the API says
	maxRecursion      = 50
	maxClaims         = 32
	maxClaimSize      = 512
)

// Result is what an expression must yield.
type Result int

// Results of expressions.
const (
	Condition Result = iota // a bool
	Text                    // a string, int, double, bool or an optional of one: what a template can write
)

// Env is what the expressions of one definition see.
type Env struct {
	cel                *cel.Env
	app                *Type
	maxString, maxList uint64
}

// base returns the environment that all definitions share: standard functions, optional values and Okno's own functions.
var base = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.OptionalTypes(),
		cel.HomogeneousAggregateLiterals(),
		cel.EagerlyValidateDeclarations(true),
		cel.ParserRecursionLimit(maxRecursion),
		cel.ParserExpressionSizeLimit(maxExpressionSize),
		cel.ASTValidators(cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals(), cel.ValidateRegexLiterals()),
		cel.Lib(library{}),
	)
})

// filingFields are the facts of filing that a template may write. See package form for their meaning.
var filingFields = []string{"number", "date", "time", "uuid", "service", "mfc", "okato"}

// NewEnv returns the environment for an application of type app. With filing, expressions see the facts of filing too.
func NewEnv(app *Type, filing bool) (*Env, error) {
	if app == nil || app.Kind != Object {
		return nil, errors.New("the application must be an object")
	}
	shared, err := base()
	if err != nil {
		return nil, fmt.Errorf("build the expression environment: %w", err)
	}
	p := &provider{Provider: shared.CELTypeProvider(), objects: map[string]*Type{}}
	options := []cel.EnvOption{
		cel.CustomTypeProvider(p),
		cel.Variable("app", p.declare("okno/app", app)),
		cel.Variable("applicant", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("now", cel.TimestampType),
	}
	if filing {
		options = append(options, cel.Variable("filing", p.declare("okno/filing", filingType())))
	}
	extended, err := shared.Extend(options...)
	if err != nil {
		return nil, fmt.Errorf("declare the application's types: %w", err)
	}
	e := &Env{cel: extended, app: app, maxString: maxClaimSize}
	e.bound(app)
	return e, nil
}

// bound records the largest string and list of t: what a value of unknown origin can be at most.
func (e *Env) bound(t *Type) {
	switch t.Kind {
	case Object:
		for _, field := range t.Fields {
			e.bound(field)
		}
	case List:
		e.maxList = max(e.maxList, uint64(t.MaxSize))
		e.bound(t.Items)
	case String:
		e.maxString = max(e.maxString, uint64(t.MaxSize))
	}
}

func filingType() *Type {
	t := &Type{Kind: Object, Fields: map[string]*Type{}, Required: map[string]bool{}}
	for _, field := range filingFields {
		t.Fields[field] = &Type{Kind: String, MaxSize: 64}
		t.Required[field] = true
	}
	return t
}

// Compile parses and type-checks source, checks its cost and plans it. The error says what is wrong in one line.
func (e *Env) Compile(source string, want Result) (*Program, error) {
	checked, issues := e.cel.Compile(source)
	if err := issues.Err(); err != nil {
		return nil, errors.New(oneLine(issues))
	}
	if err := checkResult(checked.OutputType(), want); err != nil {
		return nil, err
	}
	native := checked.NativeRep()
	if usesDyn(native) {
		return nil, errors.New("dyn() is not allowed: every value has the type that the schema gives it")
	}
	cost, err := e.cel.EstimateCost(checked, estimator{e})
	if err != nil {
		return nil, fmt.Errorf("estimate the cost: %w", err)
	}
	if cost.Max > MaxCost {
		return nil, fmt.Errorf("may cost %d units, more than %d: bound the lists and strings that it looks at more tightly", cost.Max, MaxCost)
	}
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if !isStraight(native) {
		options = append(options, cel.EvalOptions(cel.OptTrackCost), cel.CostLimit(MaxCost))
	}
	planned, err := e.cel.Program(checked, options...)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	return &Program{source: source, planned: planned, use: usedBy(native), cost: cost.Max}, nil
}

func checkResult(got *types.Type, want Result) error {
	if want == Condition {
		if got.Kind() != types.BoolKind {
			return fmt.Errorf("yields %s, must yield a bool", got)
		}
		return nil
	}
	inner := got
	if isOptional(got) {
		inner = got.Parameters()[0]
	}
	switch inner.Kind() {
	case types.StringKind, types.IntKind, types.DoubleKind, types.BoolKind:
		return nil
	}
	return fmt.Errorf("yields %s, must yield a string, a number or a bool", got)
}

func usesDyn(a *ast.AST) bool {
	calls := ast.MatchDescendants(ast.NavigateAST(a), ast.FunctionMatcher("dyn"))
	return len(calls) > 0
}

// isStraight tells that an expression neither repeats anything nor joins texts: it looks at each value that it names once, so it
// cannot cost more than the body that was sent, and is not worth counting while it runs, which takes a third of the time.
func isStraight(a *ast.AST) bool {
	repeats := ast.MatchDescendants(ast.NavigateAST(a), ast.KindMatcher(ast.ComprehensionKind))
	joins := ast.MatchDescendants(ast.NavigateAST(a), ast.FunctionMatcher(operators.Add))
	return len(repeats) == 0 && len(joins) == 0
}

// oneLine joins CEL's issues without their source excerpts.
func oneLine(issues *cel.Issues) string {
	var parts []string
	for _, e := range issues.Errors() {
		parts = append(parts, fmt.Sprintf("column %d: %s", e.Location.Column()+1, strings.ReplaceAll(e.Message, "okno/", "")))
	}
	return strings.Join(parts, "; ")
}
