// SPDX-License-Identifier: Apache-2.0

package form

import (
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/okno-dev/okno/internal/expression"
)

// faultless tells that neither the validator nor the walk of characters finds anything wrong.
func faultless(m *Model, data any) bool {
	good := m.validator.Validate(data) == nil
	characters(m.root, data, "", func(string, string) { good = false })
	return good
}

// hasUnique tells that data has a list whose entries must differ and may not.
func hasUnique(n *node, v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if p := n.prop(name); p != nil && hasUnique(p, inner) {
				return true
			}
		}
	case []any:
		return n.unique && len(v) > 1
	}
	return false
}

// What is taken without the validator, the validator takes, and what it takes is taken without it, save for what is left to it.
func TestConformingIsWhatTheValidatorTakes(t *testing.T) {
	m := everything(t)
	rapid.Check(t, func(rt *rapid.T) {
		data, _ := drawValue(rt, m.root, "").(map[string]any)
		for _, normal := range []bool{false, true} {
			if normal {
				e := &Envelope{Data: data}
				m.Normalise(e)
				data = e.Data
			}
			got, want := m.root.conforms(data), faultless(m, data)
			if got && !want || want && !got && !hasUnique(m.root, data) {
				rt.Fatalf("conforms %v, faultless %v: %v", got, want, data)
			}
		}
	})
}

// Each question of the form is given every kind of value by itself, so that no wrong one hides behind another.
func TestEachQuestionTakesWhatTheValidatorTakes(t *testing.T) {
	for name, m := range map[string]*Model{"everything": everything(t), "pension": compiled(t, pension(t))} {
		t.Run(name, func(t *testing.T) {
			var visit func(n *node)
			visit = func(n *node) {
				values := []any{nil, "", "a", "1", "Ёж", "a\u0001", "\xff", "2026-02-28", "2026-02-30", "name@example.org", true, false, int64(0), int64(3), 0.5, 1e300, []any{}, []any{"a"}, map[string]any{}, map[string]any{"x": "y"}}
				if n.isScalar() {
					values = append(values, samples(n)...)
				}
				for _, v := range values {
					good := n.schema.Validate(v) == nil
					characters(n, v, "", func(string, string) { good = false })
					if got := n.conforms(v); got && !good || good && !got && !hasUnique(n, v) {
						t.Errorf("%s: %#v conforms %v, faultless %v", n.pointer, v, got, good)
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

func TestTheSampleNeedsNoValidator(t *testing.T) {
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
		t.Error("the sample is left to the validator")
	}
}
