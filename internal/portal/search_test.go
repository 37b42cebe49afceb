// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// made is a definition that differs from the sample's in what is given, as a merge of its first level.
func made(t testing.TB, changes map[string]any) []byte {
	t.Helper()
	var def map[string]any
	if err := json.Unmarshal(sampleDefinition(t), &def); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"title", "summary", "purpose", "expectedResult", "description"} {
		def[field] = map[string]any{"ru": "Услуга."}
	}
	def["documents"] = []any{}
	def["authority"].(map[string]any)["name"] = map[string]any{"ru": "Орган"}
	for field, value := range changes {
		def[field] = value
	}
	raw, err := json.Marshal(def)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func publish(t testing.TB, index *Index, namespace, name string, definition []byte) {
	t.Helper()
	rec := record(1, v1alpha1.ActionPublish)
	rec.Namespace, rec.Service = namespace, name
	if err := index.Apply(rec, definition); err != nil {
		t.Fatal(err)
	}
}

// smallCatalogue has four services of two agencies.
func smallCatalogue(t testing.TB) (*Index, http.Handler) {
	t.Helper()
	index, h := newCatalogue(t)
	index.now = func() time.Time { return time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC) }
	index.SetProviders([]Provider{
		{Name: "sfr", Namespace: "sfr", DisplayName: v1alpha1.Text{"ru": "Социальный фонд", "en": "Social Fund"}},
		{Name: "city", Namespace: "city", DisplayName: v1alpha1.Text{"ru": "Городская управа", "en": "City hall"}},
	})
	fee := []any{map[string]any{"id": "all", "amount": "350.00", "currency": "RUB", "basis": map[string]any{"ru": "Закон"}}}
	process := func(days int) map[string]any {
		return map[string]any{
			"calendar": "ru", "registrationDeadline": map[string]any{"value": 1, "unit": "WorkingDays"},
			"deadline": map[string]any{"value": days, "unit": "WorkingDays", "startsAt": "Filed"},
			"stages":   []any{map[string]any{"id": "in", "kind": "Intake", "name": map[string]any{"ru": "Приём"}}},
		}
	}
	title := func(ru, en string) map[string]any { return map[string]any{"ru": ru, "en": en} }
	person := map[string]any{"applicants": []any{"Person"}, "representation": "Allowed"}
	company := map[string]any{"applicants": []any{"Organisation", "Entrepreneur"}, "representation": "Allowed"}
	publish(t, index, "sfr", "pension", made(t, map[string]any{
		"code": "1001", "shortTitle": title("Доставка пенсии", "Delivery of a pension"), "audience": person, "process": process(5), "fees": nil,
		"classification": map[string]any{"level": "Federal", "sector": "social-protection", "lifeEvents": []any{"retirement"}},
	}))
	publish(t, index, "sfr", "allowance", made(t, map[string]any{
		"code": "1002", "shortTitle": title("Пособие на ребёнка", "Child benefit"), "audience": person, "process": process(10), "fees": nil,
		"classification": map[string]any{"level": "Federal", "sector": "social-protection", "keywords": []any{"пенсия по потере кормильца"}},
	}))
	publish(t, index, "city", "parking", made(t, map[string]any{
		"code": "1003", "shortTitle": title("Разрешение на парковку", "Parking permit"), "audience": person, "process": process(3), "fees": fee,
		"classification": map[string]any{"level": "Municipal", "sector": "transport"},
	}))
	publish(t, index, "city", "trade", made(t, map[string]any{
		"code": "1004", "shortTitle": title("Разрешение на торговлю", "Trade permit"), "audience": company, "process": process(20), "fees": fee,
		"classification": map[string]any{"level": "Municipal", "sector": "trade"}, "limits": map[string]any{"closesAt": "2026-03-01T00:00:00Z"},
	}))
	return index, h
}

func names(r *Results) []string {
	out := make([]string, 0, len(r.Services))
	for _, s := range r.Services {
		out = append(out, s.Name)
	}
	return out
}

func TestSearchFindsWhatPeopleMean(t *testing.T) {
	index, _ := smallCatalogue(t)
	for name, tc := range map[string]struct {
		words string
		want  []string
	}{
		"nothing asked: all, by title":            {"", []string{"pension", "allowance", "parking", "trade"}},
		"another form of the word":                {"пенсию", []string{"pension", "allowance"}},
		"the plural":                              {"разрешений", []string{"parking", "trade"}},
		"е for ё":                                 {"ребенок", []string{"allowance"}},
		"capitals and signs":                      {"«ПАРКОВКА»!", []string{"parking"}},
		"the start of a word":                     {"парк", []string{"parking"}},
		"all words are needed":                    {"разрешение торговля", []string{"trade"}},
		"common words are not":                    {"как получить разрешение на торговлю", nil},
		"prepositions are not":                    {"разрешение для торговли", []string{"trade"}},
		"an agency by its name":                   {"городская управа", []string{"parking", "trade"}},
		"an event of life by its Russian name":    {"выход на пенсию", []string{"pension"}},
		"English":                                 {"permits", []string{"parking", "trade"}},
		"a slip":                                  {"парквока", []string{"parking"}},
		"another layout of the keyboard":          {"gfhrjdrf", []string{"parking"}},
		"the service's code":                      {"1003", []string{"parking"}},
		"what no service says":                    {"космодром", nil},
		"signs alone are as nothing":              {"?!", []string{"pension", "allowance", "parking", "trade"}},
		"a title weighs more than its keywords":   {"пенсия", []string{"pension", "allowance"}},
		"words of which one is nowhere find none": {"парковка космодром", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, names(index.Search(Query{Words: tc.words, Page: 1}, 20, "ru")), cmpEmpty); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// cmpEmpty compares lists without telling none from nil.
var cmpEmpty = cmp.Transformer("nonNil", func(s []string) []string { return append([]string{}, s...) })

func TestFiltersLeaveOutAndCount(t *testing.T) {
	index, _ := smallCatalogue(t)
	for name, tc := range map[string]struct {
		query Query
		want  []string
	}{
		"an agency":               {Query{Agency: "city"}, []string{"parking", "trade"}},
		"for organisations":       {Query{For: "Organisation"}, []string{"trade"}},
		"for officials":           {Query{For: "Official"}, nil},
		"free":                    {Query{Cost: CostFree}, []string{"pension", "allowance"}},
		"paid":                    {Query{Cost: CostPaid}, []string{"parking", "trade"}},
		"five working days are 7": {Query{Within: 7}, []string{"pension", "parking"}},
		"a topic":                 {Query{Topic: "retirement"}, []string{"pension"}},
		"open now":                {Query{Open: true}, []string{"pension", "allowance", "parking"}},
		"all at once":             {Query{Words: "разрешение", Agency: "city", For: "Person", Cost: CostPaid, Within: 7, Topic: "transport", Open: true}, []string{"parking"}},
		"the quickest first":      {Query{Sort: ByTerm}, []string{"parking", "pension", "allowance", "trade"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.query.Page = 1
			r := index.Search(tc.query, 20, "ru")
			if diff := cmp.Diff(tc.want, names(r), cmpEmpty); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			// Each count says what the choice finds.
			for topic, n := range r.Counts.Topics {
				if got := index.Search(tc.query.with(func(q *Query) { q.Topic = topic }), 20, "ru").Total; got != n {
					t.Errorf("topic %q is said to have %d, finds %d", topic, n, got)
				}
			}
			for i, a := range applicants {
				if got := index.Search(tc.query.with(func(q *Query) { q.For = a }), 20, "ru").Total; got != r.Counts.For[i] {
					t.Errorf("%s is said to have %d, finds %d", a, r.Counts.For[i], got)
				}
			}
			for i, days := range terms {
				if got := index.Search(tc.query.with(func(q *Query) { q.Within = days }), 20, "ru").Total; got != r.Counts.Within[i] {
					t.Errorf("within %d is said to have %d, finds %d", days, r.Counts.Within[i], got)
				}
			}
			for ns, n := range r.Counts.Agencies {
				if got := index.Search(tc.query.with(func(q *Query) { q.Agency = ns }), 20, "ru").Total; got != n {
					t.Errorf("agency %q is said to have %d, finds %d", ns, n, got)
				}
			}
		})
	}
}

// Whatever is published, changed and withdrawn, the index answers as one that was made of what is left.
func TestIndexAfterChangesEqualsANewOne(t *testing.T) {
	changed, _ := smallCatalogue(t)
	fresh, _ := smallCatalogue(t)
	def := made(t, map[string]any{"code": "7", "shortTitle": map[string]any{"ru": "Охота на волков", "en": "Hunting"}})
	for seq, action := range []v1alpha1.PublicationAction{"Publish", "Publish", "Suspend", "Withdraw", "Publish"} {
		rec := record(int64(seq+1), action)
		rec.Namespace, rec.Service = "city", "hunting"
		raw := def
		if seq == 1 {
			raw = made(t, map[string]any{"code": "8", "shortTitle": map[string]any{"ru": "Рыбалка", "en": "Fishing"}})
		}
		if action == "Suspend" || action == "Withdraw" {
			raw = nil
		}
		if err := changed.Apply(rec, raw); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, fresh, "city", "hunting", def)
	for _, words := range []string{"", "охота", "волк", "рыбалка", "fishing", "разрешение", "управа", "рыбакла"} {
		for _, lang := range languages {
			q := Query{Words: words, Page: 1}
			a, b := changed.Search(q, 20, lang), fresh.Search(q, 20, lang)
			if diff := cmp.Diff(names(b), names(a), cmpEmpty); diff != "" {
				t.Errorf("%q in %s: -new +changed:\n%s", words, lang, diff)
			}
			if diff := cmp.Diff(b.Counts, a.Counts); diff != "" {
				t.Errorf("counts of %q in %s: -new +changed:\n%s", words, lang, diff)
			}
		}
	}
}

func TestPagesOfAThousandServices(t *testing.T) {
	index, h := newCatalogue(t)
	if err := fill(index, made(t, nil), 1000); err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`<h3[^>]*><a class="govuk-link" href="(/services/[^"]+)"`)
	next := regexp.MustCompile(`<a class="govuk-link" href="([^"]+)" rel="next"`)
	seen := map[string]bool{}
	pages := 0
	for path := "/?sort=newest"; path != ""; pages++ {
		status, body, _ := get(t, h, path)
		if status != http.StatusOK {
			t.Fatalf("%s: status %d", path, status)
		}
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			if seen[m[1]] {
				t.Errorf("%s stands on two pages", m[1])
			}
			seen[m[1]] = true
		}
		path = ""
		if m := next.FindStringSubmatch(body); m != nil {
			path = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if pages != 50 || len(seen) != 1000 {
		t.Errorf("%d services on %d pages, want 1000 on 50", len(seen), pages)
	}
	for _, path := range []string{"/", "/?q=" + url.QueryEscape("пособие"), "/?agency=agency-3&page=3"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > 14<<10 {
			t.Errorf("%s: %d bytes, coding %q; want at most 14 KiB compressed", path, w.Body.Len(), w.Header().Get("Content-Encoding"))
		}
	}
}

func TestNothingFoundHelps(t *testing.T) {
	_, h := smallCatalogue(t)
	for name, tc := range map[string]struct{ path, want string }{
		"words apart":          {"/?q=" + url.QueryEscape("парковка космодром"), `парковка</span> (1)`},
		"topics":               {"/?q=" + url.QueryEscape("космодром"), `href="/?topic=transport">Transport (1)</a>`},
		"without the filters":  {"/?q=permit&agency=sfr", `href="/?q=permit">Show them without the other choices (2)`},
		"an agency in vain":    {"/?agency=sfr&cost=paid", `<a href="/?cost=paid"><span class="govuk-visually-hidden">Remove: </span>Social Fund</a>`},
		"an unknown agency":    {"/?agency=nobody", `<a href="/"><span class="govuk-visually-hidden">Remove: </span>nobody</a>`},
		"its choice":           {"/?agency=nobody", `<option value="nobody" selected>nobody (0)</option>`},
		"a topic in vain":      {"/?topic=transport&cost=free", `<option value="transport" selected>Transport (0)</option>`},
		"all services":         {"/?q=rocket", "Show all services (4)"},
		"what it was read as":  {"/?q=gfhrjdrf", `what was found for <q lang="">парковка</q>`},
		"nonsense is left out": {"/?cost=cheap&page=x&within=-1&for=Dog&sort=up", "4 services are published"},
		"a page past the last": {"/?page=99", "Trade permit"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body, _ := get(t, h, tc.path)
			if status != http.StatusOK || !strings.Contains(body, tc.want) {
				t.Errorf("status %d; the page lacks %q:\n%s", status, tc.want, body)
			}
		})
	}
}

func TestUnchangedPagesAreNotSentAgain(t *testing.T) {
	index, h := smallCatalogue(t)
	ask := func(path, tag, coding string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("If-None-Match", tag)
		r.Header.Set("Accept-Encoding", coding)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for i, path := range []string{"/", "/services/city/parking"} {
		tag := ask(path, "", "gzip").Header().Get("ETag")
		if w := ask(path, tag, ""); w.Code != http.StatusNotModified || w.Body.Len() != 0 || w.Header().Get("Vary") == "" {
			t.Errorf("%s: status %d, %d bytes", path, w.Code, w.Body.Len())
		}
		if w := ask(path, "", "gzip;q=0"); w.Header().Get("Content-Encoding") != "" || !strings.HasPrefix(w.Body.String(), "<!DOCTYPE") {
			t.Errorf("%s: not plain to a client that takes nothing else", path)
		}
		rec := record(2, v1alpha1.ActionSuspend)
		rec.Namespace, rec.Service = "city", "parking"
		rec.Seq = int64(i + 2)
		rec.Action = []v1alpha1.PublicationAction{v1alpha1.ActionSuspend, v1alpha1.ActionResume}[i]
		if err := index.Apply(rec, nil); err != nil {
			t.Fatal(err)
		}
		if w := ask(path, tag, ""); w.Code != http.StatusOK {
			t.Errorf("%s after a change: status %d, want 200", path, w.Code)
		}
	}
}

// A page that is kept says the truth when the time comes at which a service opens, closes or is withdrawn.
func TestKeptPagesFollowTheClock(t *testing.T) {
	index, h := smallCatalogue(t)
	before := time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC)
	for _, step := range []struct {
		now  time.Time
		open bool
	}{{before, true}, {before.Add(time.Second), false}, {before, true}} {
		index.now = func() time.Time { return step.now }
		_, body, _ := get(t, h, "/?open=yes")
		if strings.Contains(body, "/services/city/trade") != step.open {
			t.Errorf("at %v: listed as open: %t", step.now, !step.open)
		}
	}
}

// The status of an agency is written every minute, which tells the catalogue nothing.
func TestPagesStayKeptWhenAgenciesAreAsTheyWere(t *testing.T) {
	index, _ := newCatalogue(t)
	agency := func(ru v1alpha1.LocalizedString) []Provider {
		return []Provider{{Name: "sfr", Namespace: "sfr", DisplayName: v1alpha1.Text{"ru": ru, "en": "Social Fund"}}}
	}
	before := index.current()
	index.SetProviders(agency("Социальный фонд"))
	if got := index.current(); got != before {
		t.Errorf("the same agencies make %v of %v", got, before)
	}
	index.SetProviders(agency("Фонд"))
	if index.current() == before {
		t.Error("a renamed agency changes nothing")
	}
}

// A renamed agency is found by its new name and no longer by its old one.
func TestRenamedAgency(t *testing.T) {
	index, _ := smallCatalogue(t)
	index.SetProviders([]Provider{{Name: "city", Namespace: "city", DisplayName: v1alpha1.Text{"ru": "Мэрия"}}})
	for words, want := range map[string][]string{"мэрия": {"parking", "trade"}, "управа": nil, "пенсия": nil} {
		if diff := cmp.Diff(want, names(index.Search(Query{Words: words, Page: 1}, 20, "ru")), cmpEmpty); diff != "" {
			t.Errorf("%q: -want +got:\n%s", words, diff)
		}
	}
}

func FuzzSearch(f *testing.F) {
	index, h := smallCatalogue(f)
	for _, seed := range []string{"q=пенсия", "q=gfhrjdrf&page=2", "within=7&cost=free&open=yes", "q=\xff\xfe", "topic=%00&agency=<b>", "q=" + strings.Repeat("ё ", 90)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, _ := parseQuery(v)
		again, faults := parseQuery(q.values())
		if again != q || len(faults) > 0 {
			t.Errorf("%q reads as %+v, which writes as %q and reads as %+v (%v)", raw, q, q.values().Encode(), again, faults)
		}
		r := index.Search(q, 2, "ru")
		if r.Total > r.Matching || r.Matching > r.All || len(r.Services) > 2 || r.Total > 0 == (len(r.Services) == 0) {
			t.Errorf("%q: %d of %d of %d, %d shown", raw, r.Total, r.Matching, r.All, len(r.Services))
		}
		if slices.ContainsFunc(r.Services, func(s Listed) bool { return s.Definition == nil }) {
			t.Error("a service without definition")
		}
		if status, body, _ := get(t, h, fmt.Sprint("/?", v.Encode())); status != http.StatusOK || strings.Contains(body, "<b>") {
			t.Errorf("%q: status %d", raw, status)
		}
	})
}

// People know an agency by the short name in its address.
func TestAgencyIsFoundByTheNameInItsAddress(t *testing.T) {
	index, _ := smallCatalogue(t)
	found := names(index.Search(Query{Words: "SFR", Page: 1, Sort: ByTitle}, pageSize, "en"))
	if diff := cmp.Diff([]string{"allowance", "pension"}, found); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	index.SetProviders([]Provider{{Name: "socfund", Namespace: "sfr", DisplayName: v1alpha1.Text{"ru": "Социальный фонд", "en": "Social Fund"}}})
	if got := index.Search(Query{Words: "socfund", Page: 1}, pageSize, "en"); got.Total != 2 {
		t.Errorf("by the agency's own name: %v", names(got))
	}
}
