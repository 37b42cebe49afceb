// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/okno-dev/okno/internal/expression"
)

// Pages returns the pages that an applicant with these answers is shown, in order. Data may hold answers of the wrong type: they
// are shown as typed.
func (m *Model) Pages(data map[string]any, now time.Time, language string) []PageView {
	s := m.shower(data, now, language)
	var views []PageView
	for _, pg := range m.pages {
		if s.visible.pages[pg.number] {
			views = append(views, s.page(pg))
		}
	}
	return views
}

// Page returns one page, and false when an applicant with these answers is not shown it.
func (m *Model) Page(id string, data map[string]any, now time.Time, language string) (PageView, bool) {
	s := m.shower(data, now, language)
	for _, pg := range m.pages {
		if pg.id == id && s.visible.pages[pg.number] {
			return s.page(pg), true
		}
	}
	return PageView{}, false
}

// Blank returns every page with every question and document, whatever the conditions, for a form to be printed and filled by
// hand. Repeating groups have one entry.
func (m *Model) Blank(language string) []PageView {
	c := &check{m: m, e: &Envelope{}, in: expression.NewInput(nil, nil, time.Time{}), visible: &visible{pages: make([]bool, len(m.pages))}}
	s := &shower{check: c, language: language, blank: true}
	var views []PageView
	for _, pg := range m.pages {
		c.visible.pages[pg.number] = true
		views = append(views, s.page(pg))
	}
	return views
}

// shower lays out one application in one language.
type shower struct {
	*check
	data     map[string]any // as given: entries that were just added are empty and not normal
	language string
	blank    bool // show at least one entry of every list
}

func (m *Model) shower(data map[string]any, now time.Time, language string) *shower {
	e := &Envelope{Data: data}
	m.Normalise(e)
	c := &check{m: m, e: e, in: expression.NewInput(e.Data, nil, now)}
	c.visible = m.hide(e.Data, c.in)
	return &shower{check: c, data: data, language: language}
}

func (s *shower) page(pg *page) PageView {
	view := PageView{ID: pg.id, Title: pg.title.In(s.language)}
	for _, f := range pg.fields {
		if s.visible.shows(f) {
			view.Fields = append(view.Fields, s.field(f, f.node.pointer))
		}
	}
	if len(pg.documents) > 0 {
		view.Documents = pg.documentViews(s.check)
	}
	return view
}

// field lays out one question at a concrete pointer in the data.
func (s *shower) field(f *field, pointer string) FieldView {
	n, name := f.node, inputName(pointer)
	view := FieldView{
		ID: strings.ReplaceAll(name, ".", "-"), Pointer: "/data" + pointer, Name: name, Label: s.label(f), Hint: f.hint.In(s.language),
		Widget: f.widget, Required: n.required || n.minItems > 0, InputMode: inputMode(f), Autocomplete: f.autocomplete,
	}
	if !n.isChoice() && n.constant == nil {
		view.MaxLength = longest(n)
	}
	v, _ := valueAt(s.data, pointer)
	if f.isGroup() {
		s.group(&view, f, v, pointer)
		return view
	}
	if n.isScalarList() {
		view.Values = texts(v)
		view.Value = strings.Join(view.Values, "\n")
		view.Options = s.options(f, n.items, view.Values)
		return view
	}
	if v != nil {
		view.Value = lexicalForm(v)
		view.Values = []string{view.Value}
	}
	if f.widget == "Date" {
		view.Year, view.Month, view.Day = dateParts(view.Value)
	}
	view.Options = s.options(f, n, view.Values)
	return view
}

// longest is how many characters the longest answer has, 0 when it does not apply: of a text its bound, of a number the digits of
// its bounds and a few behind the point.
func longest(n *node) int {
	const fraction = 3 // the point and two digits
	switch {
	case n.kind == expression.String:
		return n.maxLength
	case n.minimum == nil || n.maximum == nil:
		return 0
	}
	digits := max(len(strconv.FormatInt(int64(*n.minimum), 10)), len(strconv.FormatInt(int64(*n.maximum), 10)))
	if n.kind == expression.Number {
		return digits + fraction
	}
	return digits
}

// group lays out the entries of a list, at least one when the list is required, or the one entry of an object.
func (s *shower) group(view *FieldView, f *field, v any, pointer string) {
	if f.node.kind == expression.Object {
		view.Items = []GroupItem{s.item(f, pointer, pointer)}
		return
	}
	view.Repeats = true
	entries, _ := v.([]any)
	least := f.node.minItems
	if s.blank {
		least = max(least, 1)
	}
	for i := range max(len(entries), least) {
		place := pointer + "/" + strconv.Itoa(i)
		item := s.item(f, place, place)
		if len(entries) > f.node.minItems {
			item.RemoveAction = actionRemove + view.Name + "." + strconv.Itoa(i)
		}
		view.Items = append(view.Items, item)
	}
	if len(view.Items) < f.node.maxItems {
		view.AddAction = actionAdd + view.Name
	}
}

// item lays out one entry. The pointers of its fields follow the entry's.
func (s *shower) item(f *field, pointer, place string) GroupItem {
	item := GroupItem{Pointer: "/data" + pointer}
	base := f.node
	if base.kind == expression.List {
		base = base.items
	}
	for _, inner := range f.fields {
		if s.visible.shows(inner) {
			item.Fields = append(item.Fields, s.field(inner, place+strings.TrimPrefix(inner.node.pointer, base.pointer)))
		}
	}
	return item
}

func (s *shower) label(f *field) string {
	if len(f.label) > 0 {
		return f.label.In(s.language)
	}
	return f.node.title
}

// options are the choices of a question, those that were chosen selected. A single checkbox has one.
func (s *shower) options(f *field, n *node, chosen []string) []Option {
	var options []Option
	add := func(value, label, group string) {
		options = append(options, Option{Value: value, Label: label, Group: group, Selected: slices.Contains(chosen, value)})
	}
	switch {
	case n.codes != nil:
		for _, item := range n.codes.items {
			if n.codes.has(item.Code) {
				add(item.Code, item.Label.In(s.language), n.codes.group(item.Code, s.language))
			}
		}
	case n.constant != nil:
		add(lexicalForm(n.constant), s.label(f), "")
	case len(n.enum) > 0:
		for _, v := range n.enum {
			add(lexicalForm(v), lexicalForm(v), "")
		}
	case n.kind == expression.Boolean && f.widget == "Checkbox":
		add("true", s.label(f), "")
	case n.kind == expression.Boolean:
		words := yesNo[s.language]
		if words[0] == "" {
			words = yesNo["en"]
		}
		add("true", words[0], "")
		add("false", words[1], "")
	}
	return options
}

var yesNo = map[string][2]string{"ru": {"Да", "Нет"}, "en": {"Yes", "No"}}

// valueAt returns the value at a concrete pointer in the data.
func valueAt(data map[string]any, pointer string) (any, bool) {
	var v any = data
	for step := range steps(pointer) {
		switch holder := v.(type) {
		case map[string]any:
			v = holder[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(holder) {
				return nil, false
			}
			v = holder[i]
		default:
			return nil, false
		}
	}
	return v, v != nil
}

// lexicalForm writes a value as an HTML input holds it.
func lexicalForm(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func texts(v any) []string {
	items, isList := v.([]any)
	if !isList && v != nil {
		items = []any{v}
	}
	values := make([]string, 0, len(items))
	for _, item := range items {
		values = append(values, lexicalForm(item))
	}
	return values
}

// dateParts takes a date apart as far as it was typed.
func dateParts(value string) (year, month, day string) {
	parts := strings.SplitN(value, "-", 3)
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	return parts[0], strings.TrimPrefix(parts[1], "0"), strings.TrimPrefix(parts[2], "0")
}

func inputMode(f *field) string {
	switch {
	case f.widget == "Email":
		return "email"
	case f.widget == "Phone":
		return "tel"
	case f.node.kind == expression.Integer || f.widget == "Number" && f.node.kind == expression.String:
		return "numeric"
	case f.node.kind == expression.Number:
		return "decimal"
	}
	return ""
}

// Summary returns the answers of an application for reading: to be checked before sending, on the receipt, on a blank form.
func (m *Model) Summary(e *Envelope, language string) []SummarySection {
	s := &shower{check: &check{m: m}, data: e.Data, language: language}
	var sections []SummarySection
	for _, pg := range m.pages {
		section := SummarySection{Page: pg.id, Title: pg.title.In(language)}
		for _, f := range pg.fields {
			section.Rows = append(section.Rows, s.rows(f, f.node.pointer, "")...)
		}
		for _, d := range pg.documents {
			var names []string
			for _, a := range e.Documents {
				if a.Document == string(d.spec.ID) {
					names = append(names, a.Name)
				}
			}
			if len(names) > 0 {
				section.Rows = append(section.Rows, SummaryRow{Pointer: "/documents/" + string(d.spec.ID), Label: d.spec.Name.In(language), Value: list(names)})
			}
		}
		if len(section.Rows) > 0 {
			sections = append(sections, section)
		}
	}
	return sections
}

// rows are the answers to a question, or to all of a group. entry names the entry of a list that they lie in, "" outside lists.
func (s *shower) rows(f *field, pointer, entry string) []SummaryRow {
	v, present := valueAt(s.data, pointer)
	if !present {
		return nil
	}
	if !f.isGroup() {
		return []SummaryRow{{Pointer: "/data" + pointer, Entry: entry, Label: s.label(f), Value: s.words(f.node, v)}}
	}
	if f.node.kind == expression.Object {
		return s.rowsOf(f, f.node.pointer, pointer, entry)
	}
	if entry != "" {
		entry += ", "
	}
	var rows []SummaryRow
	entries, _ := v.([]any)
	for i := range entries {
		name := entry + s.label(f) + " " + strconv.Itoa(i+1)
		rows = append(rows, s.rowsOf(f, f.node.items.pointer, pointer+"/"+strconv.Itoa(i), name)...)
	}
	return rows
}

// rowsOf are the answers of one object of a group: the group's fields lie below base in the schema, and below place in the data.
func (s *shower) rowsOf(group *field, base, place, entry string) []SummaryRow {
	var rows []SummaryRow
	for _, inner := range group.fields {
		rows = append(rows, s.rows(inner, place+strings.TrimPrefix(inner.node.pointer, base), entry)...)
	}
	return rows
}

// words writes an answer as people read it.
func (s *shower) words(n *node, v any) string {
	if n.isScalarList() {
		var words []string
		for _, text := range texts(v) {
			words = append(words, s.words(n.items, text))
		}
		return list(words)
	}
	text := lexicalForm(v)
	switch {
	case n.codes != nil:
		return n.codes.label(text, s.language)
	case n.kind == expression.Boolean || n.constant != nil && text == lexicalForm(n.constant):
		words := yesNo[s.language]
		if words[0] == "" {
			words = yesNo["en"]
		}
		if text == "false" {
			return words[1]
		}
		return words[0]
	case n.format == "date":
		if day, err := time.Parse(time.DateOnly, text); err == nil {
			return day.Format("02.01.2006")
		}
	}
	return text
}
