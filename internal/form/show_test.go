// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares v, as JSON for people, with a file.
func golden(t *testing.T, name string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	file := "testdata/" + name
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func answers() map[string]any {
	data := goodXMLData()
	data["filing"] = "proxy"
	data["proxy"] = map[string]any{"name": "Пётр", "kind": "parent", "address": map[string]any{"city": "Тула"}}
	data["children"] = "двое"
	data["phones"] = []any{"89120000000", "9"}
	return data
}

func TestPagesAsPeopleSeeThem(t *testing.T) {
	m := everything(t)
	golden(t, "pages.golden.json", m.Pages(answers(), monday, "ru"))
	golden(t, "summary.golden.json", m.Summary(&Envelope{Data: answers(), Documents: []Attachment{{Document: "photo", Name: "я.png"}}}, "en"))
}

func TestPagesFollowTheAnswers(t *testing.T) {
	m := everything(t)
	self := []string{"who", "person", "family", "rest", "documents"}
	proxy := []string{"who", "person", "proxy", "family", "rest", "documents"}
	for name, tc := range map[string]struct {
		data map[string]any
		want []string
	}{
		"nothing is answered":  {nil, self},
		"for oneself":          {map[string]any{"filing": "self"}, self},
		"by a representative":  {map[string]any{"filing": "proxy"}, proxy},
		"a mistaken answer":    {map[string]any{"filing": 5}, self},
		"an answer with space": {map[string]any{"filing": " proxy "}, proxy},
	} {
		if diff := cmp.Diff(tc.want, pageIDs(m, tc.data, monday)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, shown := m.Page("proxy", nil, monday, "ru"); shown {
		t.Error("a hidden page was shown")
	}
	if got := m.Blank("ru"); len(got) != 6 || len(got[3].Fields[4].Items) != 1 || len(got[2].Fields) != 5 || len(got[3].Fields) != 5 {
		t.Errorf("the blank form does not have every question: %+v", got)
	}
}

func TestApplyPage(t *testing.T) {
	m := everything(t)
	for name, tc := range map[string]struct {
		page   string
		have   map[string]any
		values url.Values
		want   map[string]any
		errors []string
	}{
		"an answer": {
			"who", nil,
			url.Values{"filing": {"self"}},
			map[string]any{"filing": "self"},
			nil,
		},
		"no answer": {
			"who", nil, url.Values{}, map[string]any{}, []string{"/data/filing required"},
		},
		"an answer taken back": {
			"rest", map[string]any{"notes": "x", "agreed": "1"}, url.Values{"notes": {""}}, map[string]any{}, []string{"/data/agreed required"},
		},
		"names of other pages are ignored": {
			"who", nil,
			url.Values{"filing": {"self"}, "notes": {"x"}, "person.surname": {"x"}, "__proto__": {"x"}},
			map[string]any{"filing": "self"},
			nil,
		},
		"a date of parts": {
			"person", nil,
			url.Values{"person.surname": {"Ёжик"}, "person.born.day": {"1"}, "person.born.month": {"2"}, "person.born.year": {"1980"}, "person.address.city": {"К"}},
			map[string]any{"person": map[string]any{"surname": "Ёжик", "born": "1980-02-01", "address": map[string]any{"city": "К"}}},
			nil,
		},
		"a date that is none is kept as typed": {
			"person", nil,
			url.Values{"person.surname": {"Ёжик"}, "person.born.day": {"31"}, "person.born.month": {"фев"}, "person.born.year": {""}, "person.address.city": {"К"}},
			map[string]any{"person": map[string]any{"surname": "Ёжик", "born": "-фев-31", "address": map[string]any{"city": "К"}}},
			[]string{"/data/person/born format"},
		},
		"a number that is none is kept as typed": {
			"family", nil,
			url.Values{"married": {"true"}, "children": {"двое"}},
			map[string]any{"married": true, "children": "двое"},
			[]string{"/data/children type"},
		},
		"a decimal comma": {
			"person",
			map[string]any{"person": map[string]any{"surname": "Ёжик", "born": "1980-02-01", "address": map[string]any{"city": "К"}}},
			url.Values{"person.height": {"1,8"}},
			map[string]any{"person": map[string]any{"surname": "Ёжик", "born": "1980-02-01", "height": 1.8, "address": map[string]any{"city": "К"}}},
			nil,
		},
		"boxes and lines": {
			"family",
			map[string]any{"colours": []any{"red"}},
			url.Values{"colours": {"green", "blue"}, "phones": {"89120000000\r\n\r\n89120000001"}},
			map[string]any{"colours": []any{"green", "blue"}, "phones": []any{"89120000000", "89120000001"}},
			nil,
		},
		"entries of a list": {
			"family", nil,
			url.Values{"pets.0.name": {"Ш"}, "pets.1.name": {""}, "pets.2.tricks": {"sit"}},
			map[string]any{"pets": []any{map[string]any{"name": "Ш"}, map[string]any{"tricks": []any{"sit"}}}},
			[]string{"/data/pets/1/name required"},
		},
		"an entry is added": {
			"family", nil,
			url.Values{"pets.0.name": {"Ш"}, "married": {"true"}, "children": {"двое"}, "action": {"add:pets"}},
			map[string]any{"married": true, "children": "двое", "pets": []any{map[string]any{"name": "Ш"}, map[string]any{}}},
			nil,
		},
		"the first entry is added": {
			"family", nil,
			url.Values{"action": {"add:pets"}},
			map[string]any{"pets": []any{map[string]any{}, map[string]any{}}},
			nil,
		},
		"an entry is removed": {
			"family", nil,
			url.Values{"pets.0.name": {"Ш"}, "pets.1.name": {"Б"}, "action": {"remove:pets.0"}},
			map[string]any{"pets": []any{map[string]any{"name": "Б"}}},
			nil,
		},
		"the last entry is removed": {
			"family", nil, url.Values{"pets.0.name": {"Ш"}, "action": {"remove:pets.0"}}, map[string]any{}, nil,
		},
		"a huge index": {
			"family", nil, url.Values{"pets.999999999.name": {"Ш"}, "pets.-1.name": {"Ш"}}, map[string]any{}, nil,
		},
		"what is hidden is dropped": {
			"who", map[string]any{"proxy": map[string]any{"name": "А"}}, url.Values{"filing": {"self"}}, map[string]any{"filing": "self"}, nil,
		},
		"a condition of getting the service comes on its page": {
			"person", nil,
			url.Values{"person.surname": {"Ёжик"}, "person.born": {"2020-01-01"}, "person.address.city": {"К"}},
			map[string]any{"person": map[string]any{"surname": "Ёжик", "born": "2020-01-01", "address": map[string]any{"city": "К"}}},
			[]string{"/data adult"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, _ := clone(tc.have).(map[string]any)
			got, violations := m.ApplyPage(tc.page, tc.have, tc.values, monday)
			if p, _ := got["person"].(map[string]any); tc.page != "person" && len(p) == 1 {
				delete(got, "person") // the required object, empty so far
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.errors, codesOf(violations)); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, tc.have, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the given data was changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDocumentsFollowTheAnswers(t *testing.T) {
	m := everything(t)
	got := map[string]bool{}
	for _, d := range documentsOf(m, answers(), monday) {
		got[d.ID+" on "+d.Page] = d.Required
	}
	if diff := cmp.Diff(map[string]bool{"power on proxy": true, "photo on documents": true}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got = map[string]bool{}
	for _, d := range documentsOf(m, nil, monday) {
		got[d.ID] = d.Required
	}
	if diff := cmp.Diff(map[string]bool{"photo": false}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzApplyPage(f *testing.F) {
	m := everything(f)
	for _, page := range m.pages {
		f.Add(page.id, "filing=proxy&pets.0.name=a&pets.1.tricks=sit&married=true&children=x&person.born.day=1&action=continue")
	}
	f.Add("family", "pets.0.name=a&action=add:pets")
	f.Add("family", "pets.3.name=a&pets.1.born.year=%00&action=remove:pets.1")
	f.Fuzz(func(t *testing.T, page, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		data, violations := m.ApplyPage(page, answers(), values, monday)
		m.Pages(data, monday, "ru")
		whole := map[string]bool{}
		for _, v := range m.Validate(&Envelope{Data: data}, monday) {
			whole[v.Pointer+" "+v.Code] = true
		}
		for _, v := range violations {
			if !whole[v.Pointer+" "+v.Code] {
				t.Errorf("the page reports %s %s, the whole does not", v.Pointer, v.Code)
			}
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	m := compiled(b, pension(b))
	var data map[string]any
	if err := json.Unmarshal(m.def.Scenarios[0].Given.Raw, &data); err != nil {
		b.Fatal(err)
	}
	now := m.def.Scenarios[0].Now.Time
	for b.Loop() {
		if got := m.Validate(&Envelope{Data: data}, now); len(got) > 0 {
			b.Fatal(got)
		}
	}
}

// BenchmarkFile is what the form does for an application that is filed as JSON.
func BenchmarkFile(b *testing.B) {
	m := compiled(b, pension(b))
	body, err := os.ReadFile("../../config/samples/applications/pension.json")
	if err != nil {
		b.Fatal(err)
	}
	now := m.def.Scenarios[0].Now.Time
	b.ReportAllocs()
	for b.Loop() {
		e, broken, err := m.ParseJSON(body)
		if err != nil || len(broken)+len(m.Validate(e, now)) > 0 {
			b.Fatal(broken, err)
		}
		m.Route(e, now)
	}
}

// BenchmarkEncode is how the application is then written for the store.
func BenchmarkEncode(b *testing.B) {
	m := compiled(b, pension(b))
	body, err := os.ReadFile("../../config/samples/applications/pension.json")
	if err != nil {
		b.Fatal(err)
	}
	e, _, err := m.ParseJSON(body)
	if err != nil {
		b.Fatal(err)
	}
	m.Validate(e, m.def.Scenarios[0].Now.Time)
	for name, encode := range map[string]func() ([]byte, error){
		"model":   func() ([]byte, error) { return m.EncodeJSON(e) },
		"library": func() ([]byte, error) { return json.Marshal(e) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := encode(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPage(b *testing.B) {
	m := compiled(b, pension(b))
	var data map[string]any
	if err := json.Unmarshal(m.def.Scenarios[0].Given.Raw, &data); err != nil {
		b.Fatal(err)
	}
	id := m.pages[1].id
	for b.Loop() {
		m.ApplyPage(id, data, url.Values{}, monday)
		m.Page(id, data, monday, "ru")
	}
}

func BenchmarkParseXML(b *testing.B) {
	m := compiled(b, pension(b))
	body, err := os.ReadFile("../../config/samples/applications/pension.xml")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, _, err := m.ParseXML(body, ""); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	def := pension(b)
	for b.Loop() {
		Compile(def)
	}
}

func BenchmarkLoad(b *testing.B) {
	def := pension(b)
	for b.Loop() {
		if _, err := Load(def); err != nil {
			b.Fatal(err)
		}
	}
}
