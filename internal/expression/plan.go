// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// planner turns a checked expression into steps that can be run. With limited, a run that costs more than MaxCost ends with an
// error, and its cost is counted.
//
// It does what cel.Env.Program does with OptOptimize, OptTrackCost and CostLimit, except that all plans find their functions in one
// table. Program makes a table of some two hundred functions for each expression: ten times the memory of the plan itself.
type planner func(checked *ast.AST, limited bool) (interpreter.InterpretableV2, error)

// functions is the table of all functions that expressions can call. Every Env has those of base and no others.
var functions = sync.OnceValues(func() (interpreter.Dispatcher, error) {
	shared, err := base()
	if err != nil {
		return nil, err
	}
	table := interpreter.NewDispatcher()
	for name, function := range shared.Functions() {
		bindings, err := function.Bindings()
		if err == nil {
			err = table.Add(bindings...)
		}
		if err != nil {
			return nil, fmt.Errorf("function %q: %w", name, err)
		}
	}
	return table, nil
})

func newPlanner(env *cel.Env) (planner, error) {
	table, err := functions()
	if err != nil {
		return nil, err
	}
	provider, adapter := env.CELTypeProvider(), env.CELTypeAdapter()
	attributes := interpreter.NewAttributeFactory(env.Container, adapter, provider)
	i := interpreter.NewInterpreter(table, env.Container, provider, adapter, attributes)
	return func(checked *ast.AST, limited bool) (interpreter.InterpretableV2, error) {
		options := []interpreter.PlannerOption{
			interpreter.CustomDecoratorV2(optionalOr), interpreter.Optimize(),
			interpreter.CompileRegexConstants(interpreter.MatchesRegexOptimization),
		}
		if limited {
			options = append(options, interpreter.CostObserver(interpreter.CostTrackerFactory(newCostTracker)))
		}
		return i.NewInterpretable(checked, options...)
	}, nil
}

// emptyTracker is copied for each counted run.
var emptyTracker = sync.OnceValues(func() (*interpreter.CostTracker, error) {
	return interpreter.NewCostTracker(nil, interpreter.CostTrackerLimit(MaxCost))
})

func newCostTracker() (*interpreter.CostTracker, error) {
	empty, err := emptyTracker()
	if err != nil {
		return nil, err
	}
	return empty.Clone()
}

// run evaluates a plan and tells what it cost; false means that nobody counted. CEL tells by a panic that the limit was passed.
func run(step interpreter.InterpretableV2, in *Input) (value ref.Val, cost uint64, counted bool, err error) {
	var tracker *interpreter.CostTracker
	defer func() {
		if r := recover(); r != nil {
			value, err = nil, fmt.Errorf("evaluate: %v", r)
		}
		if tracker != nil {
			cost, counted = tracker.ActualCost(), true
		}
	}()
	frame, err := interpreter.NewExecutionFrame(in)
	if err != nil {
		return nil, 0, false, err
	}
	defer frame.Close()
	if observed, ok := step.(*interpreter.ObservableInterpretable); ok {
		value = observed.ObserveExec(frame, func(state any) { tracker, _ = state.(*interpreter.CostTracker) })
	} else {
		value = step.Exec(frame)
	}
	if failure, failed := value.(*types.Err); failed {
		return nil, 0, false, failure
	}
	return value, 0, false, nil
}

// optionalOr makes or and orValue of optionals evaluate their argument only when it is needed, as the library of optional types
// does for cel.Env.Program.
func optionalOr(step interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
	call, ok := step.(interpreter.InterpretableCall)
	if !ok || len(call.Args()) != 2 {
		return step, nil
	}
	args := call.Args()
	switch {
	case call.Function() == "or" && (call.OverloadID() == "" || call.OverloadID() == "optional_or_optional"):
		return &either{id: call.ID(), optional: args[0], other: args[1]}, nil
	case call.Function() == "orValue" && (call.OverloadID() == "" || call.OverloadID() == "optional_orValue_value"):
		return &either{id: call.ID(), optional: args[0], other: args[1], unwraps: true}, nil
	}
	return step, nil
}

// either is the optional, or what it holds, when it holds something, else the other.
type either struct {
	id              int64
	optional, other interpreter.InterpretableV2
	unwraps         bool
}

// ID implements interpreter.InterpretableV2.
func (e *either) ID() int64 { return e.id }

// Exec implements interpreter.InterpretableV2.
func (e *either) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	value := e.optional.Exec(frame)
	optional, ok := value.(*types.Optional)
	switch {
	case types.IsUnknownOrError(value):
		return value
	case !ok:
		return types.NoSuchOverloadErr()
	case !optional.HasValue():
		return e.other.Exec(frame)
	case e.unwraps:
		return optional.GetValue()
	}
	return value
}

// Eval implements interpreter.InterpretableV2.
func (e *either) Eval(vars interpreter.Activation) ref.Val { return e.Exec(interpreter.AsFrame(vars)) }
