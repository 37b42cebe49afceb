// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// verdict is what came of an application: the set of its errors, and what would be filed.
type verdict struct {
	Errors []string // "pointer code", sorted
	Data   map[string]any
}

func newVerdict(e *Envelope, sets ...[]Violation) verdict {
	v := verdict{Data: e.Data}
	for _, set := range sets {
		for _, violation := range set {
			v.Errors = append(v.Errors, violation.Pointer+" "+violation.Code)
		}
	}
	slices.Sort(v.Errors)
	v.Errors = slices.Compact(v.Errors)
	return v
}

// byJSON files as the JSON API does.
func byJSON(t testing.TB, m *Model, data map[string]any, documents []Attachment, now time.Time) verdict {
	t.Helper()
	body, err := json.Marshal(Envelope{Data: data, Documents: documents})
	if err != nil {
		t.Fatal(err)
	}
	e, unknown, err := m.ParseJSON(body)
	if err != nil {
		t.Fatalf("JSON %s: %v", body, err)
	}
	return newVerdict(e, unknown, m.Validate(e, now))
}

// byXML files as the XML API does.
func byXML(t testing.TB, m *Model, data map[string]any, documents []Attachment, now time.Time) verdict {
	t.Helper()
	body, err := m.EncodeXML(&Envelope{Data: data}, Filled{})
	if err != nil {
		t.Fatal(err)
	}
	e, unknown, err := m.ParseXML(body, "")
	if err != nil {
		t.Fatalf("XML %s: %v", body, err)
	}
	e.Documents = documents
	return newVerdict(e, unknown, m.Validate(e, now))
}

// byForm fills page by page, as somebody does who goes on in spite of errors, and collects what every page says.
func byForm(t testing.TB, m *Model, data map[string]any, documents []Attachment, now time.Time) verdict {
	t.Helper()
	e := &Envelope{Data: map[string]any{}}
	var sets [][]Violation
	done := map[string]bool{}
	for {
		next := ""
		for _, id := range pageIDs(m, e.Data, now) {
			if !done[id] {
				next = id
				break
			}
		}
		if next == "" {
			break
		}
		done[next] = true
		var violations []Violation
		e.Data, violations = m.ApplyPage(next, e.Data, fill(t, m, next, e.Data, data, now), now)
		sets = append(sets, violations)
		for _, d := range documentsOf(m, e.Data, now) {
			for _, a := range documents {
				if d.Page == next && a.Document == d.ID {
					e.Documents = append(e.Documents, a)
				}
			}
		}
		page := &Envelope{Data: e.Data, Documents: e.Documents}
		sets = append(sets, m.CheckPage(next, page, now))
	}
	whole := m.Validate(e, now)
	for _, set := range sets {
		for _, v := range set {
			if !slices.ContainsFunc(whole, func(w Violation) bool { return w.Pointer == v.Pointer && w.Code == v.Code }) {
				t.Errorf("a page reports %s %s, the whole does not", v.Pointer, v.Code)
			}
		}
	}
	return newVerdict(e, append(sets, whole)...)
}

// pageIDs are the pages that are shown with these answers, documentsOf the documents that they ask for.
func pageIDs(m *Model, data map[string]any, now time.Time) []string {
	var ids []string
	for _, pg := range m.Pages(data, now, "ru") {
		ids = append(ids, pg.ID)
	}
	return ids
}

func documentsOf(m *Model, data map[string]any, now time.Time) []DocumentView {
	var documents []DocumentView
	for _, pg := range m.Pages(data, now, "ru") {
		documents = append(documents, pg.Documents...)
	}
	return documents
}

// fill types the answers of data into a page, first adding the entries that its lists need.
func fill(t testing.TB, m *Model, page string, have, data map[string]any, now time.Time) url.Values {
	t.Helper()
	merged, _ := clone(have).(map[string]any)
	if merged == nil {
		merged = map[string]any{}
	}
	for _, pg := range m.pages {
		if pg.id == page {
			for _, f := range pg.fields {
				if v, present := valueAt(data, f.node.pointer); present {
					put(merged, f.node.pointer, clone(v))
				}
			}
		}
	}
	view, shown := m.Page(page, merged, now, "ru")
	if !shown {
		t.Fatalf("page %q is not shown", page)
	}
	values := url.Values{"action": {"continue"}}
	typeIn(view.Fields, values)
	return values
}

func typeIn(fields []FieldView, values url.Values) {
	for _, f := range fields {
		switch {
		case f.Widget == "Group":
			for _, item := range f.Items {
				typeIn(item.Fields, values)
			}
		case f.Widget == "Date":
			values.Set(f.Name+".day", f.Day)
			values.Set(f.Name+".month", f.Month)
			values.Set(f.Name+".year", f.Year)
		case len(f.Options) > 0:
			values[f.Name] = f.Values
		default:
			values.Set(f.Name, f.Value)
		}
	}
}

func TestTheSamplesScenariosComeOutAsExpectedInAllWays(t *testing.T) {
	def := pension(t)
	m := compiled(t, def)
	for _, s := range def.Scenarios {
		t.Run(s.Name, func(t *testing.T) {
			given, _, failure := readJSON(s.Given.Raw, nil)
			if failure != nil {
				t.Fatal(failure)
			}
			data, _ := given.(map[string]any)
			var documents []Attachment
			var want []string
			for _, a := range s.Attachments {
				content := a.Bytes
				if a.Text != "" {
					content = []byte(a.Text)
				}
				if refused := m.CheckFile(string(a.Document), a.Name, content, int64(len(content))); len(refused) > 0 {
					continue
				}
				documents = append(documents, Attachment{Document: string(a.Document), ID: a.Name})
			}
			for _, e := range s.Expect.Errors {
				if e.Code != CodeMediaType && e.Code != CodeTooLarge {
					want = append(want, e.Pointer+" "+e.Code)
				}
			}
			slices.Sort(want)
			now := s.Now.Time
			viaJSON := byJSON(t, m, data, documents, now)
			for way, got := range map[string]verdict{"XML": byXML(t, m, data, documents, now), "form": byForm(t, m, data, documents, now)} {
				if diff := cmp.Diff(viaJSON, got); diff != "" {
					t.Errorf("JSON and %s disagree (-JSON +%s):\n%s", way, way, diff)
				}
			}
			if refusedFile(m, s) {
				return // the runner leaves out "required" of a document whose file was refused
			}
			if diff := cmp.Diff(want, viaJSON.Errors); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if s.Expect.Unit != "" {
				got, _ := m.Route(&Envelope{Data: viaJSON.Data}, now)
				if diff := cmp.Diff(s.Expect.Unit, got.Unit); diff != "" {
					t.Errorf("unit (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func refusedFile(m *Model, s v1alpha1.Scenario) bool {
	for _, a := range s.Attachments {
		content := a.Bytes
		if a.Text != "" {
			content = []byte(a.Text)
		}
		if len(m.CheckFile(string(a.Document), a.Name, content, int64(len(content)))) > 0 {
			return true
		}
	}
	return false
}
