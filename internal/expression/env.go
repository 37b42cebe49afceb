// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
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

// Env is what the expressions of one definition see. It is built when the first of them is compiled: many a definition is held by
// a server that evaluates none of it for hours.
type Env struct {
	build func() (*built, error)
}

// built is an Env that has met its first expression.
type built struct {
	cel                *cel.Env
	app                *Type
	plan               planner
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

// NewEnv returns the environment for an application of the type that app gives, an Object; app is called at most once, when the
// first expression is compiled. With filing, expressions see the facts of filing too.
func NewEnv(app func() *Type, filing bool) *Env {
	return &Env{build: sync.OnceValues(func() (*built, error) { return build(app(), filing) })}
}

func build(app *Type, filing bool) (*built, error) {
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
	b := &built{cel: extended, app: app, maxString: maxClaimSize}
	b.bound(app)
	b.plan, err = newPlanner(extended)
	return b, err
}

// bound records the largest string and list of t: what a value of unknown origin can be at most.
func (b *built) bound(t *Type) {
	switch t.Kind {
	case Object:
		for _, field := range t.Fields {
			b.bound(field)
		}
	case List:
		b.maxList = max(b.maxList, uint64(t.MaxSize))
		b.bound(t.Items)
	case String:
		b.maxString = max(b.maxString, uint64(t.MaxSize))
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
	p := e.Later(source, want)
	if err := p.Ready(); err != nil {
		return nil, err
	}
	return p, nil
}

// Later returns a program that is compiled when it is first evaluated or asked of. One that does not compile fails whenever it is
// evaluated, so it must be known to: see Ready.
func (e *Env) Later(source string, want Result) *Program {
	return &Program{source: source, compiled: sync.OnceValues(func() (*compiled, error) {
		b, err := e.build()
		if err != nil {
			return nil, err
		}
		return b.compile(source, want)
	})}
}

func (b *built) compile(source string, want Result) (*compiled, error) {
	checked, issues := b.cel.Compile(source)
	if err := issues.Err(); err != nil {
		return nil, errors.New(oneLine(issues))
	}
	if err := checkResult(checked.OutputType(), want); err != nil {
		return nil, err
	}
	native := checked.NativeRep()
	use := usedBy(native)
	if use.calls["dyn"] {
		return nil, errors.New("dyn() is not allowed: every value has the type that the schema gives it")
	}
	cost, err := b.cel.EstimateCost(checked, estimator{b})
	if err != nil {
		return nil, fmt.Errorf("estimate the cost: %w", err)
	}
	if cost.Max > MaxCost {
		return nil, fmt.Errorf("may cost %d units, more than %d: bound the lists and strings that it looks at more tightly", cost.Max, MaxCost)
	}
	// An expression that neither repeats anything nor joins texts looks at each value that it names once, so it cannot cost more than
	// the body that was sent, and is not worth counting while it runs, which takes a third of the time.
	step, err := b.plan(native, use.repeats || use.calls[operators.Add])
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	return &compiled{step: step, use: use, cost: cost.Max}, nil
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

// oneLine joins CEL's issues without their source excerpts.
func oneLine(issues *cel.Issues) string {
	var parts []string
	for _, e := range issues.Errors() {
		parts = append(parts, fmt.Sprintf("column %d: %s", e.Location.Column()+1, strings.ReplaceAll(e.Message, "okno/", "")))
	}
	return strings.Join(parts, "; ")
}
