// SPDX-License-Identifier: Apache-2.0

package form

import (
	"strings"

	"github.com/okno-dev/okno/internal/expression"
)

// visible tells which pages and fields one applicant is shown.
type visible struct {
	pages  []bool          // by page number
	hidden map[*field]bool // fields that are not shown, on pages that are
}

func (v *visible) shows(f *field) bool {
	if f == nil {
		return true
	}
	if !v.pages[f.page.number] {
		return false
	}
	for ; f != nil; f = f.parent {
		if v.hidden[f] {
			return false
		}
	}
	return true
}

func (v *visible) hide(f *field) {
	if v.hidden == nil {
		v.hidden = map[*field]bool{}
	}
	v.hidden[f] = true
}

// hide drops the answers of what is hidden from data, page by page: a condition sees only answers that are kept. A condition
// that fails, which takes an answer of the wrong type before it, hides.
func (m *Model) hide(data map[string]any, in *expression.Input) *visible {
	v := &visible{pages: make([]bool, len(m.pages))}
	for _, pg := range m.pages {
		v.pages[pg.number] = holds(pg.showWhen, in)
		dropped := false
		for _, f := range pg.listed {
			if f.showWhen != nil && v.pages[pg.number] && !holds(f.showWhen, in) {
				v.hide(f)
			}
			if !v.pages[pg.number] || v.hidden[f] {
				dropped = drop(data, f.node.pointer) || dropped
			}
		}
		if dropped {
			m.compact(data)
		}
	}
	return v
}

// holds tells whether a condition holds; an absent one does.
func holds(p *expression.Program, in *expression.Input) bool {
	if p == nil {
		return true
	}
	ok, err := p.Holds(in)
	return ok && err == nil
}

// drop removes the value at a pointer with * for every entry of a list, and tells whether there was one.
func drop(data map[string]any, pointer string) bool {
	step, rest, more := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	v, present := data[step]
	switch {
	case !present:
		return false
	case !more:
		delete(data, step)
		return true
	}
	switch v := v.(type) {
	case map[string]any:
		return drop(v, rest)
	case []any:
		dropped := false
		inner := strings.TrimPrefix(rest, "*/")
		for _, item := range v {
			if object, isObject := item.(map[string]any); isObject {
				dropped = drop(object, inner) || dropped
			}
		}
		return dropped
	}
	return false
}

// compact drops what is empty since it lost its last value, in the map that expressions look at.
func (m *Model) compact(data map[string]any) { normaliseObject(m.root, data) }
