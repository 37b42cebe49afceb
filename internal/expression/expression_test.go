// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("MSK", 3*3600))

func str(samples ...any) *Type {
	return &Type{Kind: String, MaxSize: 60, Samples: func() []any { return samples }}
}

// application is a small type with everything that expressions meet: optional objects, lists, numbers.
func application() *Type {
	child := &Type{Kind: Object, Fields: map[string]*Type{"name": str("Иван"), "born": str("2020-05-06")}, Required: map[string]bool{"name": true}}
	return &Type{
		Kind: Object,
		Fields: map[string]*Type{
			"kind":     str("self", "child"),
			"snils":    str("112-233-445 95"),
			"person":   {Kind: Object, Fields: map[string]*Type{"born": str("2001-02-03"), "nick": str("a")}, Required: map[string]bool{"born": true}},
			"children": {Kind: List, Items: child, MaxSize: 10},
			"amount":   {Kind: Number},
			"count":    {Kind: Integer},
			"agreed":   {Kind: Boolean},
		},
		Required: map[string]bool{"kind": true},
	}
}

func env(t testing.TB) *Env {
	t.Helper()
	return NewEnv(application, true)
}

func TestCompileRefusesWhatTheSchemaDoesNotGive(t *testing.T) {
	e := env(t)
	for name, tc := range map[string]struct{ source, want string }{
		"a field that is not in the schema": {`app.surname == "x"`, "undefined field 'surname'"},
		"a comparison of unlike types":      {`app.count == "1"`, "no matching overload"},
		"a condition that is no bool":       {`app.kind`, "yields string, must yield a bool"},
		"dyn":                               {`dyn(app.kind) == 1`, "dyn() is not allowed"},
		"a mixed list":                      {`app.kind in ["a", 1]`, "expected type"},
		"an unknown variable":               {`data.kind == "x"`, "undeclared reference"},
		"a bad regular expression":          {`app.kind.matches("(")`, "invalid matches argument"},
		"an object made by the expression":  {`app{kind: "x"} == app`, "undeclared reference"},
		"a product of lists":                {`app.children.all(a, app.children.all(b, app.children.all(c, app.children.all(d, a.name + b.name != c.name + d.name))))`, "may cost"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := e.Compile(tc.source, Condition)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Compile(%q) = %v, want an error with %q", tc.source, err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("the error takes more than one line: %q", err)
			}
		})
	}
}

func TestInputsAreThePlacesThatAreRead(t *testing.T) {
	e := env(t)
	for source, want := range map[string][]string{
		`app.kind == "self"`:                                                {"/kind"},
		`app.?person.?nick.orValue("") != ""`:                               {"/person/nick"},
		`has(app.person) && app.person.born < "2000-01-01"`:                 {"/person", "/person/born"},
		`app.?children.orValue([]).all(c, c.name != "" && app.kind != "x")`: {"/children", "/children/*/name", "/kind"},
		`has(app.children) && size(app.children) > 0 && app.children[0].name == applicant.?surname.orValue("")`: {"/children", "/children/*/name"},
		`now > timestamp("2026-01-01T00:00:00Z")`:                                  nil,
		`app.?kind.optMap(k, k + "x").orValue("") == app.?snils.orValue(app.kind)`: {"/kind", "/snils"},
	} {
		p, err := e.Compile(source, Condition)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if diff := cmp.Diff(want, p.Inputs()); diff != "" {
			t.Errorf("inputs of %s (-want +got):\n%s", source, diff)
		}
	}
}

func TestTryFindsTheMissingGuard(t *testing.T) {
	e := env(t)
	for name, tc := range map[string]struct {
		source string
		absent []string
	}{
		"required is always there":             {`app.kind == "self"`, nil},
		"optional without a guard":             {`app.snils != ""`, []string{"app.snils"}},
		"optional behind has":                  {`!has(app.snils) || app.snils != ""`, nil},
		"optional behind .?":                   {`app.?snils.orValue("") != ""`, nil},
		"the guard looks at the object only":   {`has(app.person) && app.person.nick == "x"`, []string{"app.person.nick"}},
		"required inside an optional":          {`app.person.born == "x"`, []string{"app.person"}},
		"required inside a guarded optional":   {`has(app.person) && app.person.born == "x"`, nil},
		"only one branch needs the guard":      {`app.kind == "child" && app.snils != ""`, []string{"app.snils"}},
		"a literal that no sample has":         {`app.kind == "other" && app.snils != ""`, []string{"app.snils"}},
		"inside a list":                        {`has(app.children) && app.children.all(c, c.born != "")`, []string{"app.children.*.born"}},
		"a claim without a guard":              {`applicant.level == "high"`, []string{"applicant.level"}},
		"a claim with a guard":                 {`applicant.?level.orValue("") == "high"`, nil},
		"two guards are missing, one suffices": {`app.snils == app.person.born`, []string{"app.snils"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := e.Compile(tc.source, Condition)
			if err != nil {
				t.Fatal(err)
			}
			failure := e.Try(p, noon)
			var absent []string
			if failure != nil {
				absent = failure.Absent
			}
			if len(absent) != len(tc.absent) {
				t.Fatalf("Try(%s) = %v, want absent %v", tc.source, failure, tc.absent)
			}
			if name != "two guards are missing, one suffices" {
				if diff := cmp.Diff(tc.absent, absent); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestTryGoesNoFurtherThanTheGuard(t *testing.T) {
	e := env(t)
	compile := func(source string) *Program {
		p, err := e.Compile(source, Condition)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := compile(`app.snils != ""`)
	if failure := e.Try(p, noon, compile(`has(app.snils)`), nil); failure != nil {
		t.Errorf("behind a guard it cannot fail: %v", failure)
	}
	if failure := e.Try(p, noon, compile(`has(app.person)`)); failure == nil {
		t.Error("a guard about something else keeps nothing away")
	}
}

func TestHoldsWithTellsWhatAlwaysHolds(t *testing.T) {
	e := env(t)
	for source, want := range map[string]bool{
		`app.?person.?born.hasValue()`: true, `app.?person.?nick.hasValue()`: false, `has(app.person)`: true, `app.kind == "self"`: false, `has(app.snils)`: false,
	} {
		p, err := e.Compile(source, Condition)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.HoldsWith(p, "/person", noon); got != want {
			t.Errorf("%s holds with /person: %v, want %v", source, got, want)
		}
	}
}

func TestFunctions(t *testing.T) {
	e := env(t)
	for source, want := range map[string]bool{
		`snilsValid("112-233-445 95")`:                      true,
		`snilsValid("11223344595")`:                         true,
		`snilsValid("112-233-445 96")`:                      false,
		`snilsValid("000-666-666 99")`:                      true, // up to 001-001-998 there is no control number
		`snilsValid("001-001-998 00")`:                      true,
		`snilsValid("001-001-999 00")`:                      false,
		`snilsValid("112x233-445 95")`:                      false,
		`snilsValid("")`:                                    false,
		`innValid("7707083893")`:                            true,
		`innValid("7707083894")`:                            false,
		`innValid("500100732259")`:                          true,
		`innValid("500100732250")`:                          false,
		`innValid("500100732359")`:                          false,
		`innValid("0000000000")`:                            false,
		`innValid("77070838931")`:                           false,
		`age("2008-03-01", now) == 18`:                      true,
		`age("2008-03-02", now) == 17`:                      true,
		`age("2004-02-29", now) == 22`:                      true,
		`date("2026-03-01") <= now`:                         true,
		`date("2026-03-02") > now`:                          true,
		`now.getFullYear() == 2026 && now.getHours() == 12`: true,
		`date("2026-03-01").getDate() == 1`:                 true,
		`digits("112-233-445 95") == "11223344595"`:         true,
	} {
		p, err := e.Compile(source, Condition)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		got, err := p.Holds(NewInput(nil, nil, noon))
		if err != nil || got != want {
			t.Errorf("%s = %v, %v; want %v", source, got, err, want)
		}
	}
}

func TestTodayBeginsAtTheAgencysMidnight(t *testing.T) {
	p, err := env(t).Compile(`date("2026-03-01") <= now`, Condition)
	if err != nil {
		t.Fatal(err)
	}
	for moment, want := range map[string]bool{"2026-03-01T00:30:00+03:00": true, "2026-02-28T23:30:00+03:00": false, "2026-03-01T01:00:00-05:00": true} {
		now, err := time.Parse(time.RFC3339, moment)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Holds(NewInput(nil, nil, now)); err != nil || got != want {
			t.Errorf("at %s: %v, %v; want %v", moment, got, err, want)
		}
	}
}

func TestTextOfATemplate(t *testing.T) {
	e := env(t)
	in := NewInput(map[string]any{"kind": "self", "count": int64(7), "amount": 1.5, "agreed": true}, map[string]string{"sub": "x"}, noon).
		WithFiling(map[string]string{"number": "A-1"})
	for source, want := range map[string]string{
		`app.kind`: "self", `app.?count`: "7", `app.amount`: "1.5", `app.agreed`: "true", `app.?snils`: "", `filing.number`: "A-1", `filing.mfc`: "", `applicant.sub`: "x",
	} {
		p, err := e.Compile(source, Text)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got, err := p.Text(in); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", source, got, err, want)
		}
	}
	if _, err := e.Compile(`app.children`, Text); err == nil {
		t.Error("a list was taken for a text")
	}
}

func TestTheRequestsBudgetHolds(t *testing.T) {
	e := env(t)
	p, err := e.Compile(`app.?children.orValue([]).all(a, app.?children.orValue([]).all(b, a.name == b.name))`, Condition)
	if err != nil {
		t.Fatal(err)
	}
	children := make([]any, 10)
	for i := range children {
		children[i] = map[string]any{"name": strings.Repeat("я", 60)}
	}
	in := NewInput(map[string]any{"kind": "x", "children": children}, nil, noon)
	for range MaxRequestCost {
		if _, err = p.Holds(in); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrBudget) {
		t.Errorf("the budget ended with %v, want %v", err, ErrBudget)
	}
	// What the schema would refuse anyway must not cost more than the limit either.
	many := make([]any, 3000)
	for i := range many {
		many[i] = children[0]
	}
	if _, err := p.Holds(NewInput(map[string]any{"children": many}, nil, noon)); err == nil || !strings.Contains(err.Error(), "cost limit exceeded") {
		t.Errorf("an oversized list was evaluated to the end: %v", err)
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{`app.kind == "self"`, `app.?person.?nick.orValue("") != ""`, `app.children.all(c, c.name != "")`, `now > timestamp("x")`, `{"a": 1}["b"] == 1`, `app.kind.matches(app.snils)`} {
		f.Add(seed)
	}
	e := env(f)
	f.Fuzz(func(t *testing.T, source string) {
		p, err := e.Compile(source, Condition)
		if err != nil {
			return
		}
		e.Try(p, noon)
		if p.Cost() > MaxCost {
			t.Errorf("%q may cost %d", source, p.Cost())
		}
	})
}

func BenchmarkHolds(b *testing.B) {
	p, err := env(b).Compile(`app.kind == "child" && app.?person.?born.orValue("") != "" && age(app.person.born, now) < 18`, Condition)
	if err != nil {
		b.Fatal(err)
	}
	in := NewInput(map[string]any{"kind": "child", "person": map[string]any{"born": "2012-05-06"}}, nil, noon)
	for b.Loop() {
		in.spent = 0
		if ok, err := p.Holds(in); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	e := env(b)
	for b.Loop() {
		if _, err := e.Compile(`app.kind == "child" && app.?person.?born.orValue("") != "" && age(app.person.born, now) < 18`, Condition); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewEnv(b *testing.B) {
	app := application()
	for b.Loop() {
		if _, err := build(app, false); err != nil {
			b.Fatal(err)
		}
	}
}
