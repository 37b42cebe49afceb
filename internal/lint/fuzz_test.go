// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/test/definitions/bad"
)

// Whatever the JSON, linting ends, says the same twice, and every finding has its words and a severity.
func FuzzLint(f *testing.F) {
	f.Add(base(f))
	table, err := bad.Read("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, group := range table.Groups {
		for i := range group.Cases {
			if c := &group.Cases[i]; c.Grow == nil && c.Text == nil && c.File == "" && c.Object == nil {
				broken, err := table.Definition(c)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(broken)
			}
		}
	}
	for _, seed := range []string{`{}`, `{"process":{"stages":[{}]}}`, `{"scenarios":[{"integrations":[]}]}`, `{"data":{"schema":{"$ref":"#"}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		findings := lintedTwice(t, raw)
		if !json.Valid(raw) && !definition.HasErrors(findings) {
			t.Fatal("accepted what is not JSON")
		}
	})
}

// FuzzLintOfMutations breaks the base at two places of its tree, so that most of what is linted is JSON of about the right shape.
func FuzzLintOfMutations(f *testing.F) {
	good := base(f)
	for place := range uint16(40) {
		f.Add(place*17, byte(place), place*5, byte(place/3))
	}
	f.Fuzz(func(t *testing.T, first uint16, how byte, second uint16, again byte) {
		var tree any
		if err := json.Unmarshal(good, &tree); err != nil {
			t.Fatal(err)
		}
		mutate(&tree, first, how)
		mutate(&tree, second, again)
		raw, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		lintedTwice(t, raw)
	})
}

// mutations are what a value may become; nil removes it from what holds it.
var mutations = []func(old any) any{
	nil,
	func(any) any { return nil },
	func(any) any { return 7 },
	func(any) any { return -1 },
	func(any) any { return 1 << 50 },
	func(any) any { return 0.5 },
	func(any) any { return "" },
	func(any) any { return "surname" },
	func(any) any { return "app.surname == 'x'" },
	func(any) any { return strings.Repeat("\u202eя", 50) },
	func(any) any { return true },
	func(any) any { return []any{} },
	func(any) any { return object{} },
	func(old any) any { return []any{old, old} },
	func(old any) any { return object{"surname": old, "type": "object", "$ref": "#/$defs/a"} },
}

// mutate changes the value that comes n-th in the tree, counted round and round, in the way how.
func mutate(tree *any, n uint16, how byte) {
	var places []func(change func(any) any)
	var walk func(value any, set func(any), remove func())
	walk = func(value any, set func(any), remove func()) {
		places = append(places, func(change func(any) any) {
			if change == nil {
				remove()
				return
			}
			set(change(value))
		})
		switch v := value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(v[key], func(new any) { v[key] = new }, func() { delete(v, key) })
			}
		case []any:
			for i := range v {
				walk(v[i], func(new any) { v[i] = new }, func() { v[i] = v[len(v)-1] })
			}
		}
	}
	walk(*tree, func(new any) { *tree = new }, func() { *tree = object{} })
	places[int(n)%len(places)](mutations[int(how)%len(mutations)])
}

// lintedTwice returns the findings about raw, which have their words, their place and their severity, and are the same again.
func lintedTwice(t *testing.T, raw []byte) []definition.Finding {
	t.Helper()
	findings := Lint(raw, Options{})
	for _, found := range findings {
		if !strings.HasPrefix(found.Path, definition.Root) {
			t.Fatalf("a finding outside the definition: %+v", found)
		}
		if found.Rule == "" || found.Message() == "" || (found.Severity != definition.Error && found.Severity != definition.Warning) {
			t.Fatalf("a finding without words: %+v", found)
		}
	}
	if diff := cmp.Diff(findings, Lint(raw, Options{})); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff(findings, definition.WithoutFollowUps(findings)); diff != "" {
		t.Fatalf("told what goes away by itself: %s", diff)
	}
	return findings
}
