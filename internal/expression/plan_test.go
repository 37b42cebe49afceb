// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/interpreter"
	"github.com/google/go-cmp/cmp"
)

// outcome is what came of evaluating an expression once.
type outcome struct {
	Value  string
	Failed bool
	Cost   uint64 // 0 when nobody counts
}

// The planner stands in for that of the library: same values, same failures, same costs, on every sample application.
func TestPlansComeToWhatTheLibraryComesTo(t *testing.T) {
	for name, source := range map[string]string{
		"a selection without a guard":                  `app.person.born`,
		"an optional":                                  `app.?person.?nick`,
		"orValue of what is there or not":              `app.?snils.orValue("none")`,
		"orValue whose default would fail":             `app.?kind.orValue(app.person.nick)`,
		"or of two optionals":                          `app.?person.?nick.or(app.?snils).orValue("-")`,
		"a chain of or that ends in none":              `app.?person.?nick.or(app.?snils).or(optional.none())`,
		"optMap":                                       `app.?snils.optMap(s, s + "!").orValue("")`,
		"a regular expression":                         `app.?snils.orValue("").matches("^[0-9]{3}-.*$")`,
		"own functions":                                `snilsValid(app.?snils.orValue("")) && age(app.?person.?born.orValue("1900-01-01"), now) > 3`,
		"a date that is none":                          `date(app.kind) < now`,
		"a macro over a list":                          `app.?children.orValue([]).all(c, c.name != "" && c.?born.orValue("") != "")`,
		"a list of joined texts":                       `app.?children.orValue([]).map(c, c.name + app.kind)[0]`,
		"a failure that the other side of or swallows": `app.snils != "" || app.kind == "self"`,
		"a conditional":                                `app.kind == "self" ? 1 : app.?count.orValue(2)`,
		"membership":                                   `app.kind in ["self", "other"]`,
		"a claim":                                      `applicant.?level.orValue("low") == "low"`,
		"numbers of both kinds":                        `app.?amount.orValue(1.5) > 1.0 && app.?count.orValue(3) % 2 == 1`,
	} {
		t.Run(name, func(t *testing.T) {
			b, err := build(application(), false)
			if err != nil {
				t.Fatal(err)
			}
			checked, issues := b.cel.Compile(source)
			if issues.Err() != nil {
				t.Fatal(issues.Err())
			}
			for _, limited := range []bool{true, false} {
				options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
				if limited {
					options = append(options, cel.EvalOptions(cel.OptTrackCost), cel.CostLimit(MaxCost))
				}
				library, err := b.cel.Program(checked, options...)
				if err != nil {
					t.Fatal(err)
				}
				own, err := b.plan(checked.NativeRep(), limited)
				if err != nil {
					t.Fatal(err)
				}
				trial := (&Env{build: func() (*built, error) { return b, nil }}).newTrial(nil)
				for path := range map[string]bool{"/kind": true, "/snils": true, "/person/nick": true, "/children/*/born": true, "/amount": true, "/count": true} {
					trial.decide(path, nil)
				}
				for range trial.rounds() {
					app, _, _ := trial.sample()
					in := NewInput(app, nil, noon)
					if diff := cmp.Diff(byLibrary(library, in), byPlan(own, in)); diff != "" {
						t.Fatalf("%v, limited %v (-library +plan):\n%s", app, limited, diff)
					}
					trial.next()
				}
			}
		})
	}
}

func byLibrary(p cel.Program, in *Input) outcome {
	value, details, err := p.Eval(in)
	var o outcome
	if cost := details.ActualCost(); cost != nil {
		o.Cost = *cost
	}
	if o.Failed = err != nil; !o.Failed {
		o.Value = fmt.Sprintf("%v %v", value.Type(), value.Value())
	}
	return o
}

func byPlan(step interpreter.InterpretableV2, in *Input) outcome {
	value, cost, _, err := run(step, in)
	o := outcome{Cost: cost, Failed: err != nil}
	if !o.Failed {
		o.Value = fmt.Sprintf("%v %v", value.Type(), value.Value())
	}
	return o
}

// A run that costs more than it may ends with an error, and what it cost until then is counted.
func TestARunThatCostsTooMuchIsStopped(t *testing.T) {
	b, err := build(application(), false)
	if err != nil {
		t.Fatal(err)
	}
	checked, issues := b.cel.Compile(`app.children.all(a, app.children.all(b, app.children.all(c, app.children.all(d, a.name + b.name + c.name != d.name))))`)
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	step, err := b.plan(checked.NativeRep(), true)
	if err != nil {
		t.Fatal(err)
	}
	children := make([]any, 20)
	for i := range children {
		children[i] = map[string]any{"name": fmt.Sprint(i, strings.Repeat("x", 50))}
	}
	_, cost, counted, err := run(step, NewInput(map[string]any{"children": children}, nil, noon))
	if err == nil || !counted || cost < MaxCost {
		t.Errorf("cost %d, counted %v, error %v", cost, counted, err)
	}
}

// Those who ask a program at once compile it once; what does not compile fails, whenever it is asked.
func TestAProgramIsCompiledWhenItIsNeeded(t *testing.T) {
	e := env(t)
	good, bad := e.Later(`app.kind == "self"`, Condition), e.Later(`app.kin == "self"`, Condition)
	var together sync.WaitGroup
	for range 8 {
		together.Go(func() {
			in := NewInput(map[string]any{"kind": "self"}, nil, noon)
			if ok, err := good.Holds(in); !ok || err != nil {
				t.Error(ok, err)
			}
			if ok, err := bad.Holds(in); ok || err == nil {
				t.Error(ok, err)
			}
		})
	}
	together.Wait()
	if err := bad.Ready(); err == nil || !strings.Contains(err.Error(), "undefined field 'kin'") {
		t.Errorf("Ready() = %v", err)
	}
	if good.Ready() != nil || bad.Cost() != 0 || bad.Inputs() != nil {
		t.Error("a program tells of itself what it is not")
	}
}

// What may cost more than the body that was sent is counted while it runs, wherever in the expression it stands.
func TestWhatRepeatsOrJoinsIsCounted(t *testing.T) {
	for source, want := range map[string]bool{
		`app.kind == "self" && app.?snils.orValue("") != ""`:                               false,
		`app.kind + "x" == "y"`:                                                            true,
		`app.?snils.orValue(app.kind + "x") == "y"`:                                        true,
		`has(app.children) && app.children[size(app.kind + "x")].name == "y"`:              true,
		`app.?children.orValue([]).all(c, c.name != "")`:                                   true,
		`app.?snils.optMap(s, s == "1").orValue(false)`:                                    true,
		`(app.?children.orValue([]).exists(c, c.name == "") ? app.kind : "x") == "y"`:      true,
		`[app.?children.orValue([]).all(c, c.name != "")] == [true]`:                       true,
		`{"a": app.kind + "x"} == {"a": "y"}`:                                              true,
		`google.protobuf.BoolValue{value: app.?children.orValue([]).all(c, c.name != "")}`: true,
	} {
		b, err := build(application(), false)
		if err != nil {
			t.Fatal(err)
		}
		checked, issues := b.cel.Compile(source)
		if issues.Err() != nil {
			t.Errorf("%s: %v", source, issues.Err())
			continue
		}
		use := usedBy(checked.NativeRep())
		if got := use.repeats || use.calls["_+_"]; got != want {
			t.Errorf("%s: counted %v", source, got)
		}
	}
}
