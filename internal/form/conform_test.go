// SPDX-License-Identifier: Apache-2.0

package form

import (
	"errors"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"pgregory.net/rapid"

	"github.com/okno-dev/okno/internal/expression"
)

// gravity orders the codes of one pointer; only the gravest is reported, as people mend one thing at a time.
var gravity = []string{
	CodeRequired, CodeType, CodeCharacters, CodeConst, CodeEnum, CodeMinItems, CodeMaxItems, CodeFormat, CodeMaxLength, CodeMinLength,
	CodePattern, CodeMinimum, CodeMaximum, CodeMultipleOf, CodeUniqueItems, CodeUnknown,
}

// library is a validator of the published schema that knows nothing of this package.
type library struct {
	root   *node
	schema *jsonschema.Schema
}

func newLibrary(t testing.TB, root *node) library {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource("okno:application", schemaOf(root)); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("okno:application")
	if err != nil {
		t.Fatal(err)
	}
	return library{root: root, schema: schema}
}

// faults returns the gravest code of each pointer at which the library, or a look at characters and codes, finds something.
func (l library) faults(v any) map[string]string {
	found := map[string]string{}
	visit := func(pointer, code string) {
		if known, seen := found[pointer]; !seen || slices.Index(gravity, code) < slices.Index(gravity, known) {
			found[pointer] = code
		}
	}
	v = bounded(l.root, v)
	var failure *jsonschema.ValidationError
	if err := l.schema.Validate(v); errors.As(err, &failure) {
		collect(failure, visit)
	}
	characters(l.root, v, "", visit)
	return found
}

// bounded returns v without the entries that lists have beyond one too many.
func bounded(n *node, v any) any {
	switch v := v.(type) {
	case map[string]any:
		object := maps.Clone(v)
		for name, inner := range v {
			if p := n.prop(name); p != nil {
				object[name] = bounded(p, inner)
			}
		}
		return object
	case []any:
		if n.kind != expression.List {
			return v
		}
		list := make([]any, min(len(v), n.maxItems+1))
		for i := range list {
			list[i] = bounded(n.items, v[i])
		}
		return list
	}
	return v
}

// collect calls visit with the pointers and codes of the library's errors.
func collect(e *jsonschema.ValidationError, visit func(pointer, code string)) {
	for _, cause := range e.Causes {
		collect(cause, visit)
	}
	var place strings.Builder
	for _, step := range e.InstanceLocation {
		place.WriteString("/" + escapePointer(step))
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			visit(place.String()+"/"+name, CodeRequired)
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			visit(place.String()+"/"+escapePointer(name), CodeUnknown)
		}
	default:
		if path := e.ErrorKind.KeywordPath(); len(path) == 1 && slices.Contains(gravity, path[0]) {
			visit(place.String(), path[0])
		}
	}
}

// characters visits texts that XML cannot hold and codes that their list does not have.
func characters(n *node, v any, pointer string, visit func(pointer, code string)) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if p := n.prop(name); p != nil {
				characters(p, inner, pointer+"/"+name, visit)
			}
		}
	case []any:
		if n.kind == expression.List {
			for i, inner := range v {
				characters(n.items, inner, pointer+"/"+strconv.Itoa(i), visit)
			}
		}
	case string:
		switch {
		case n.kind != expression.String:
		case !isXMLText(v):
			visit(pointer, CodeCharacters)
		case n.codes != nil && !n.codes.has(v):
			visit(pointer, CodeEnum)
		}
	}
}

// agree tells what the model and the library find differently in v at n.
func agree(l library, v any) string {
	own := map[string]string{}
	l.root.faults(v, "", func(pointer, code string) { own[pointer] = code })
	if good := len(own) == 0; good != l.root.conforms(v) {
		return "conforms and faults disagree"
	}
	return cmp.Diff(l.faults(v), own)
}

// The library finds the same faults at the same places, raw or normal.
func TestFaultsAreThoseOfTheLibrary(t *testing.T) {
	m := everything(t)
	l := newLibrary(t, m.root)
	rapid.Check(t, func(rt *rapid.T) {
		data, _ := drawValue(rt, m.root, "").(map[string]any)
		if diff := agree(l, data); diff != "" {
			rt.Fatalf("%v (-library +model):\n%s", data, diff)
		}
		e := &Envelope{Data: data}
		m.Normalise(e)
		if diff := agree(l, e.Data); diff != "" {
			rt.Fatalf("normal %v (-library +model):\n%s", e.Data, diff)
		}
	})
}

// Each question of the form is given every kind of value by itself, so that no wrong one hides behind another.
func TestEachQuestionTakesWhatTheLibraryTakes(t *testing.T) {
	values := []any{
		nil, "", "a", "1", "Ёж", "a\u0001", "\xff", strings.Repeat("ж", 400), "2026-02-28", "2026-02-30", "2026-02-28T10:00:60Z", "2026-02-28T10:00:00+03:00",
		"name@example.org", "name@[127.0.0.1]", "a..b@example.org", "123e4567-e89b-12d3-a456-426614174000", "123e4567",
		true, false, int64(0), int64(3), int64(-7), int64(1 << 53), 3.0, 0.5, 0.1, 0.3, 2.25, 1e300, math.Copysign(0, -1),
		[]any{},
		[]any{"a"},
		[]any{"a", "a"},
		[]any{int64(1), 1.5},
		[]any{map[string]any{}, map[string]any{}},
		map[string]any{},
		map[string]any{"x": "y"},
		map[string]any{"a/b~c": int64(1)},
	}
	for name, m := range map[string]*Model{"everything": everything(t), "pension": compiled(t, pension(t))} {
		t.Run(name, func(t *testing.T) {
			var visit func(n *node)
			visit = func(n *node) {
				l := newLibrary(t, n)
				given := values
				if n.isScalar() {
					given = append(slices.Clone(values), samples(n)...)
				}
				for _, v := range given {
					if diff := agree(l, v); diff != "" {
						t.Errorf("%s: %#v (-library +model):\n%s", n.pointer, v, diff)
					}
				}
				if n.kind == expression.List {
					visit(n.items)
				}
				for _, p := range n.props {
					visit(p)
				}
			}
			visit(m.root)
		})
	}
}

// A multiple is one of the decimal numbers as they are written, not of what a computer makes of them.
func TestMultiplesAreDecimal(t *testing.T) {
	for name, tc := range map[string]struct {
		x, step float64
		want    bool
	}{
		"three tenths of a tenth":   {0.3, 0.1, true},
		"kopecks of a large sum":    {123456789.01, 0.01, true},
		"half a kopeck":             {1.005, 0.01, false},
		"a negative multiple":       {-6, 3, true},
		"nothing is a multiple":     {0, 7, true},
		"far beyond whole numbers":  {1e300, 0.5, true},
		"a step finer than a float": {1, 3e-17, false},
	} {
		if got := isMultiple(tc.x, tc.step); got != tc.want {
			t.Errorf("%s: isMultiple(%v, %v) = %v", name, tc.x, tc.step, got)
		}
	}
}

func TestTheSampleConforms(t *testing.T) {
	m := compiled(t, pension(t))
	body, err := os.ReadFile("../../config/samples/applications/pension.json")
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := m.ParseJSON(body)
	if err != nil {
		t.Fatal(err)
	}
	m.Normalise(e)
	if !m.root.conforms(e.Data) {
		t.Error("the sample does not conform")
	}
}
