// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestComparisonsAreWithLiterals(t *testing.T) {
	e := env(t)
	for name, tc := range map[string]struct {
		source string
		want   []Comparison
	}{
		"either way round":            {`app.kind == "self" || "child" != app.kind`, []Comparison{{"/kind", "self"}, {"/kind", "child"}}},
		"one of a list":               {`app.kind in ["self", "other"]`, []Comparison{{"/kind", "self"}, {"/kind", "other"}}},
		"with a default":              {`app.?snils.orValue("") == "1"`, []Comparison{{"/snils", "1"}}},
		"every entry":                 {`app.?children.orValue([]).all(c, c.name == "Иван")`, []Comparison{{"/children/*/name", "Иван"}}},
		"a number":                    {`app.?count.orValue(0) == 3`, []Comparison{{"/count", int64(3)}}},
		"larger is no comparison":     {`app.?count.orValue(0) > 3`, nil},
		"two places":                  {`app.kind == app.?snils.orValue("")`, nil},
		"a claim of the applicant":    {`applicant["sub"] == "1"`, nil},
		"a text made of the place is": {`app.kind + "a" == "selfa"`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := e.Compile(tc.source, Condition)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, p.Comparisons()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestContradictsFindsAWitness(t *testing.T) {
	e := env(t)
	compiled := func(source string) *Program {
		p, err := e.Compile(source, Condition)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for name, tc := range map[string]struct {
		p    string
		hold []string
		want bool
	}{
		"the same holds":              {`app.kind == "self"`, []string{`app.kind == "self"`}, false},
		"the other does not":          {`app.kind == "self"`, []string{`app.kind == "child"`}, true},
		"a part of it holds":          {`app.kind == "self"`, []string{`app.kind == "self" && has(app.agreed)`}, false},
		"less than it does not":       {`app.kind == "self" && has(app.agreed)`, []string{`app.kind == "self"`}, true},
		"nothing holds":               {`app.kind == "self"`, []string{`app.kind != app.kind`}, false},
		"several hold together":       {`has(app.agreed)`, []string{`app.kind == "self"`, `has(app.agreed)`}, false},
		"always":                      {`app.kind == "self"`, nil, true},
		"one that fails counts never": {`app.agreed`, []string{`!has(app.agreed)`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var hold []*Program
			for _, source := range tc.hold {
				hold = append(hold, compiled(source))
			}
			if got := e.Contradicts(compiled(tc.p), noon, hold...); got != tc.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
