// SPDX-License-Identifier: Apache-2.0

package form

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/okno-dev/okno/internal/expression"
)

// What the button named "action" says to add an entry to a list or to remove one.
const (
	actionAdd    = "add:"
	actionRemove = "remove:"
)

// ApplyPage merges the answers of one page into data and returns the new data, normal, and what is wrong with this page as
// CheckPage tells; data itself is left alone. Names that are no question of the page are ignored; a question that values do not
// name keeps its answer, except that a checkbox or a radio button without a value is an answer taken back.
//
// When values ask to add or remove an entry of a list, nothing is judged and the data stay as they were typed: the page is to be
// shown again with the entries that the button was pressed beside, blank ones among them, and an added entry is an empty object
// at the end of its list.
func (m *Model) ApplyPage(page string, data map[string]any, values url.Values, now time.Time) (map[string]any, []Violation) {
	for _, pg := range m.pages {
		if pg.id != page {
			continue
		}
		merged, _ := clone(data).(map[string]any)
		if merged == nil {
			merged = map[string]any{}
		}
		a := &applier{values: values, data: merged}
		for _, f := range pg.fields {
			a.field(f, f.node.pointer)
		}
		e := &Envelope{Data: merged}
		if action := values.Get("action"); strings.HasPrefix(action, actionAdd) || strings.HasPrefix(action, actionRemove) {
			a.changeLists(pg.fields, "", "", action)
			return a.data, nil
		}
		violations := m.CheckPage(page, e, now)
		kept := violations[:0]
		for _, v := range violations {
			if !strings.HasPrefix(v.Pointer, "/documents/") {
				kept = append(kept, v)
			}
		}
		return e.Data, kept
	}
	return data, nil
}

// applier puts the values of a form into data.
type applier struct {
	values url.Values
	data   map[string]any
}

// field takes the answer to f at a concrete pointer.
func (a *applier) field(f *field, pointer string) {
	if !f.isGroup() {
		if v, given := a.answer(f, inputName(pointer)); given {
			put(a.data, pointer, v)
		}
		return
	}
	base, places := f.node, []string{pointer}
	if f.node.kind == expression.List {
		base, places = f.node.items, nil
		for i := range a.entries(inputName(pointer), f.node.maxItems) {
			places = append(places, pointer+"/"+strconv.Itoa(i))
		}
	}
	for _, place := range places {
		for _, inner := range f.fields {
			a.field(inner, place+strings.TrimPrefix(inner.node.pointer, base.pointer))
		}
	}
}

// entries tells how many entries of a list the form holds: one more than the greatest index named. Entries beyond the list's
// bound are taken up to one too many, so that they are refused as in every other way in.
func (a *applier) entries(name string, most int) int {
	n := 0
	for input := range a.values {
		rest, below := strings.CutPrefix(input, name+".")
		step, _, _ := strings.Cut(rest, ".")
		if i, err := strconv.Atoi(step); below && err == nil && i >= 0 && i <= most {
			n = max(n, i+1)
		}
	}
	return n
}

// answer reads what the form says of one question, and whether it says anything. nil takes an answer back.
func (a *applier) answer(f *field, name string) (any, bool) {
	n := f.node
	if f.widget == "Date" {
		parts := [3]string{}
		given := false
		for i, part := range []string{"year", "month", "day"} {
			parts[i] = strings.TrimSpace(a.values.Get(name + "." + part))
			given = given || a.values.Has(name+"."+part)
		}
		if !given && !a.values.Has(name) {
			return nil, false
		}
		if !given {
			return orNil(a.values.Get(name)), true
		}
		return orNil(joinDate(parts[0], parts[1], parts[2])), true
	}
	given, has := a.values[name]
	isPicked := f.widget == "Checkbox" || f.widget == "Radios"
	switch {
	case !has && !isPicked:
		return nil, false
	case n.isScalarList():
		return a.listAnswer(n, given), true
	case len(given) == 0 || given[len(given)-1] == "":
		return nil, true
	}
	text := given[len(given)-1]
	if n.kind == expression.Number {
		text = strings.Replace(text, ",", ".", 1) // people write a decimal comma in Russian
	}
	return lexicalValue(n, text), true
}

func (a *applier) listAnswer(n *node, given []string) any {
	var items []any
	for _, text := range given {
		lines := []string{text}
		if !n.items.isChoice() { // a text area, one entry a line
			lines = strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
		}
		for _, line := range lines {
			if line != "" {
				items = append(items, lexicalValue(n.items, line))
			}
		}
	}
	if len(items) == 0 {
		return nil
	}
	return items
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// joinDate writes the parts of a date as YYYY-MM-DD. What is no date keeps its parts for showing, and is refused as a date.
func joinDate(year, month, day string) string {
	if year+month+day == "" {
		return ""
	}
	pad := func(s string, width int) string {
		s = strings.ReplaceAll(s, "-", "")
		return strings.Repeat("0", max(0, width-len(s))) + s
	}
	if month != "" {
		month = pad(month, 2)
	}
	if day != "" {
		day = pad(day, 2)
	}
	return strings.ReplaceAll(year, "-", "") + "-" + month + "-" + day
}

// put sets the value at a concrete pointer, making objects and entries on the way; nil removes it.
func put(data map[string]any, pointer string, v any) {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	setIn(data, parts, v)
}

func setIn(holder any, parts []string, v any) any {
	if len(parts) == 0 {
		return v
	}
	i, err := strconv.Atoi(parts[0])
	if err != nil {
		object, isObject := holder.(map[string]any)
		if !isObject {
			object = map[string]any{}
		}
		if inner := setIn(object[parts[0]], parts[1:], v); inner != nil {
			object[parts[0]] = inner
		} else {
			delete(object, parts[0])
		}
		return object
	}
	items, _ := holder.([]any)
	for len(items) <= i {
		items = append(items, map[string]any{})
	}
	items[i] = setIn(items[i], parts[1:], v)
	return items
}

// changeLists carries out the button that adds or removes an entry of one of the fields' lists, which may lie inside the entries
// of another list. The fields lie below base in the schema, and below place in the data.
func (a *applier) changeLists(fields []*field, base, place, action string) {
	for _, f := range fields {
		switch {
		case !f.isGroup():
		case f.node.kind != expression.List:
			a.changeLists(f.fields, base, place, action)
		default:
			pointer := place + strings.TrimPrefix(f.node.pointer, base)
			a.changeList(f, pointer, action)
			for i := range a.list(pointer) {
				a.changeLists(f.fields, f.node.items.pointer, pointer+"/"+strconv.Itoa(i), action)
			}
		}
	}
}

// changeList carries out the button when it is that of the list at a concrete pointer.
func (a *applier) changeList(f *field, pointer, action string) {
	name, items := inputName(pointer), a.list(pointer)
	if action == actionAdd+name && len(items) < f.node.maxItems {
		if len(items) == 0 && f.node.minItems > 0 {
			items = append(items, map[string]any{}) // the entry that was shown empty
		}
		put(a.data, pointer, append(items, map[string]any{}))
		return
	}
	index, named := strings.CutPrefix(action, actionRemove+name+".")
	if i, err := strconv.Atoi(index); named && err == nil && i >= 0 && i < len(items) {
		kept := append(append([]any{}, items[:i]...), items[i+1:]...)
		if len(kept) == 0 {
			put(a.data, pointer, nil)
			return
		}
		put(a.data, pointer, kept)
	}
}

// list returns the entries of the list at a concrete pointer.
func (a *applier) list(pointer string) []any {
	v, _ := valueAt(a.data, pointer)
	items, _ := v.([]any)
	return items
}

// clone copies what ApplyPage may change.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, inner := range v {
			object[name] = clone(inner)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = clone(inner)
		}
		return list
	}
	return v
}
