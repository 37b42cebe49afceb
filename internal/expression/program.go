// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// ErrBudget tells that the expressions of one request cost more than MaxRequestCost.
var ErrBudget = errors.New("the expressions of this request cost too much")

// Program is an expression, compiled when it is first needed.
type Program struct {
	source   string
	compiled func() (*compiled, error)
}

// compiled is what evaluating takes, and what lint asks.
type compiled struct {
	step interpreter.InterpretableV2
	use  use
	cost uint64
}

// Ready compiles the expression, if that has not happened yet, and says in one line why it cannot.
func (p *Program) Ready() error {
	_, err := p.compiled()
	return err
}

// facts returns what is known of the expression: nothing when it does not compile.
func (p *Program) facts() compiled {
	c, err := p.compiled()
	if err != nil {
		return compiled{}
	}
	return *c
}

// Source returns the expression as written.
func (p *Program) Source() string { return p.source }

// Inputs returns the places of app that the expression reads, as JSON Pointers with * for the entries of lists, sorted. A place
// may be an object or a list: then everything below it is read.
func (p *Program) Inputs() []string { return p.facts().use.paths }

// Cost returns the most that one evaluation is estimated to cost, in CEL's units.
func (p *Program) Cost() uint64 { return p.facts().cost }

// Input is what one request gives to its expressions. It is not safe for concurrent use: it counts what they cost.
type Input struct {
	app       map[string]any
	applicant map[string]string
	filing    map[string]any
	now       ref.Val
	spent     uint64
}

// nobody is the applicant of whom nothing is known. Expressions only read.
var nobody = map[string]string{}

// NewInput returns the input of one request. Expressions see now as the wall clock of now's time zone, so that date("2026-03-01")
// begins at the agency's midnight.
func NewInput(app map[string]any, applicant map[string]string, now time.Time) *Input {
	if app == nil {
		app = map[string]any{}
	}
	if applicant == nil {
		applicant = nobody
	}
	_, offset := now.Zone()
	return &Input{app: app, applicant: applicant, now: types.Timestamp{Time: now.UTC().Add(time.Duration(offset) * time.Second)}}
}

// WithFiling adds the facts of filing, for templates.
func (in *Input) WithFiling(facts map[string]string) *Input {
	in.filing = make(map[string]any, len(filingFields))
	for _, field := range filingFields {
		in.filing[field] = facts[field]
	}
	return in
}

// ResolveName implements CEL's activation.
func (in *Input) ResolveName(name string) (any, bool) {
	switch name {
	case "app":
		return in.app, true
	case "applicant":
		return in.applicant, true
	case "now":
		return in.now, true
	case "filing":
		return in.filing, in.filing != nil
	}
	return nil, false
}

// Parent implements CEL's activation.
func (in *Input) Parent() interpreter.Activation { return nil }

func (p *Program) eval(in *Input) (ref.Val, error) {
	if in.spent > MaxRequestCost {
		return nil, ErrBudget
	}
	c, err := p.compiled()
	if err != nil {
		return nil, err
	}
	value, cost, counted, err := run(c.step, in)
	if !counted {
		cost = c.cost
	}
	in.spent += cost
	return value, err
}

// Holds evaluates a Condition.
func (p *Program) Holds(in *Input) (bool, error) {
	value, err := p.eval(in)
	if err != nil {
		return false, err
	}
	b, ok := value.(types.Bool)
	if !ok {
		return false, fmt.Errorf("yields %s, not a bool", value.Type())
	}
	return bool(b), nil
}

// Text evaluates a Text. An absent optional is "".
func (p *Program) Text(in *Input) (string, error) {
	value, err := p.eval(in)
	if err != nil {
		return "", err
	}
	if optional, ok := value.(*types.Optional); ok {
		if !optional.HasValue() {
			return "", nil
		}
		value = optional.GetValue()
	}
	switch v := value.(type) {
	case types.String:
		return string(v), nil
	case types.Int:
		return strconv.FormatInt(int64(v), 10), nil
	case types.Double:
		return strconv.FormatFloat(float64(v), 'f', -1, 64), nil
	case types.Bool:
		return strconv.FormatBool(bool(v)), nil
	}
	return "", fmt.Errorf("yields %s, not a text", value.Type())
}
