// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
)

func readPage(t *testing.T, name string) *page {
	t.Helper()
	body, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := parsePage(answer{status: http.StatusOK, path: "/s/x/apply/d/1", body: body})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPageShowsWhatAProgramMayUse(t *testing.T) {
	p := readPage(t, "page.html")
	wantErrors := []v1alpha1.ExpectedError{{Pointer: "/data/surname", Code: "required"}, {Pointer: "/documents/passport", Code: "mediaType"}}
	if diff := cmp.Diff(wantErrors, p.errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	wantPointers := []string{
		"/data/agreed", "/data/born", "/data/children/0/name", "/data/days", "/data/note", "/data/office", "/data/sex", "/data/surname",
		"/documents/passport",
	}
	if diff := cmp.Diff(wantPointers, p.pointers()); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string][2]string{"/data/children": {"action", "add:children"}}, p.adds); diff != "" {
		t.Errorf("buttons (-want +got):\n%s", diff)
	}
	if p.action != "/s/x/apply/d/1" {
		t.Errorf("the form posts to %q, not to its own page", p.action)
	}
	if p.attached["passport"] != 1 {
		t.Errorf("%d files attached, want 1", p.attached["passport"])
	}
	if p.checking() {
		t.Error("a page without a declaration is taken for the last one")
	}
}

func TestFill(t *testing.T) {
	empty := url.Values{
		"version": {"7"}, "surname": {""}, "born.day": {""}, "born.month": {""}, "born.year": {""},
		"office": {""}, "note": {""}, "children.0.name": {""},
	}
	with := func(pairs ...string) url.Values {
		v := url.Values{}
		for name, values := range empty {
			v[name] = values
		}
		for i := 0; i < len(pairs); i += 2 {
			v[pairs[i]] = []string{pairs[i+1]}
		}
		return v
	}
	several := with()
	several["days"] = []string{"mon", "tue"}
	tests := map[string]struct {
		data map[string]any
		want url.Values
	}{
		"nothing answered sends empty texts and no choices":   {nil, empty},
		"a text and a choice":                                 {map[string]any{"surname": "Ли", "sex": "F"}, with("surname", "Ли", "sex", "F")},
		"a choice that no option offers is sent all the same": {map[string]any{"sex": "X", "office": "moon"}, with("sex", "X", "office", "moon")},
		"a date goes to its three inputs":                     {map[string]any{"born": "1960-02-30"}, with("born.day", "30", "born.month", "02", "born.year", "1960")},
		"what is no date goes to the first":                   {map[string]any{"born": "long ago"}, with("born.day", "long ago")},
		"a list ticks several boxes":                          {map[string]any{"days": []any{"mon", "tue"}}, several},
		"true ticks the box":                                  {map[string]any{"agreed": true}, with("agreed", "1")},
		"false does not":                                      {map[string]any{"agreed": false}, empty},
		"a constant ticks the box":                            {map[string]any{"agreed": "1"}, with("agreed", "1")},
		"another constant is sent as it is":                   {map[string]any{"agreed": "0"}, with("agreed", "0")},
		"an entry of a list":                                  {map[string]any{"children": []any{map[string]any{"name": "Ян"}}}, with("children.0.name", "Ян")},
		"numbers as people write them":                        {map[string]any{"note": int64(12), "surname": 0.5}, with("note", "12", "surname", "0.5")},
		"an empty text is no answer":                          {map[string]any{"surname": ""}, empty},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := fill(readPage(t, "page.html"), map[string]any{"data": tc.data})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("what is sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWantingAsksForMoreEntries(t *testing.T) {
	p := readPage(t, "page.html")
	child := func(name string) any { return map[string]any{"name": name} }
	tests := map[string]struct {
		children []any
		want     bool
	}{
		"no children":                      {nil, false},
		"as many as the page asks about":   {[]any{child("a")}, false},
		"more than the page asks about":    {[]any{child("a"), child("b")}, true},
		"many more than the page asks for": {[]any{child("a"), child("b"), child("c"), child("d")}, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			f := &applicant{envelope: map[string]any{"data": map[string]any{"children": tc.children}}}
			if _, _, got := f.wanting(p); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestFilesAreSentOnce(t *testing.T) {
	file := func(document, name string) v1alpha1.ScenarioAttachment {
		return v1alpha1.ScenarioAttachment{Document: v1alpha1.ID(document), Name: name}
	}
	tests := map[string]struct {
		attachments []v1alpha1.ScenarioAttachment
		refused     []string
		want        []string
	}{
		"the page has the first already":      {[]v1alpha1.ScenarioAttachment{file("passport", "1"), file("passport", "2")}, nil, []string{"2"}},
		"what was refused is not sent again":  {[]v1alpha1.ScenarioAttachment{file("passport", "1"), file("passport", "2")}, []string{"passport"}, nil},
		"files of other pages are not sent":   {[]v1alpha1.ScenarioAttachment{file("licence", "1")}, nil, nil},
		"a scenario without files sends none": {nil, nil, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			f := &applicant{session: &session{scenario: &v1alpha1.Scenario{Attachments: tc.attachments}}}
			var got []string
			for _, file := range f.files(readPage(t, "page.html"), tc.refused) {
				got = append(got, file.Name)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParsePage(f *testing.F) {
	body, err := os.ReadFile("testdata/page.html")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(`<main><form method=post><fieldset data-pointer=/data/a><input name=a type=radio></main>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := parsePage(answer{path: "/", body: body})
		if err != nil {
			t.Skip()
		}
		fill(p, map[string]any{"data": map[string]any{"a": []any{"1"}, "children": []any{nil}}})
	})
}

func TestOverfill(t *testing.T) {
	shops := func() *page {
		return &page{adds: map[string][2]string{}, controls: []control{
			{pointer: "/data/shops/0/name", name: "shops.0.name"},
			{pointer: "/data/shops/0/tills/0/number", name: "shops.0.tills.0.number"},
		}}
	}
	tests := map[string]struct {
		shops []any
		adds  map[string][2]string
		want  []string
	}{
		"as many as the page asks about": {[]any{map[string]any{"name": "A"}}, nil, nil},
		"a shop too many, with its tills": {
			[]any{map[string]any{"name": "A"}, map[string]any{"name": "B"}, map[string]any{"name": "C"}},
			nil,
			[]string{"shops.1.name", "shops.1.tills.0.number"},
		},
		"a till too many": {
			[]any{map[string]any{"tills": []any{map[string]any{"number": "1"}, map[string]any{"number": "2"}}}},
			nil,
			[]string{"shops.0.tills.1.number"},
		},
		"more shops that a button adds": {
			[]any{map[string]any{"name": "A"}, map[string]any{"name": "B"}},
			map[string][2]string{"/data/shops": {"action", "add:shops"}},
			nil,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := shops()
			for list, button := range tc.adds {
				p.adds[list] = button
			}
			before := len(p.controls)
			p.overfill(map[string]any{"data": map[string]any{"shops": tc.shops}})
			var got []string
			for _, c := range p.controls[before:] {
				got = append(got, c.name)
				if want := "/data/" + strings.ReplaceAll(c.name, ".", "/"); c.pointer != want {
					t.Errorf("%s stands for %s, want %s", c.name, c.pointer, want)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("inputs (-want +got):\n%s", diff)
			}
		})
	}
}
