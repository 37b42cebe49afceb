// SPDX-License-Identifier: Apache-2.0

package page

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/web"
)

func TestTextsAreCompleteInEachLanguage(t *testing.T) {
	for _, dirs := range [][]string{{"locales/shared", "locales/intake"}, {"locales/shared", "locales/portal"}} {
		if _, err := LoadTexts(web.FS, dirs...); err != nil {
			t.Error(err)
		}
	}
	for name, files := range map[string]fstest.MapFS{
		"missing in English": {"l/a.ru.json": {Data: []byte(`{"a": "а", "b": "б"}`)}, "l/a.en.json": {Data: []byte(`{"a": "a"}`)}},
		"missing in Russian": {"l/a.ru.json": {Data: []byte(`{"a": "а"}`)}, "l/a.en.json": {Data: []byte(`{"a": "a", "b": "b"}`)}},
		"no main language":   {"l/a.en.json": {Data: []byte(`{"a": "a"}`)}},
		"not JSON":           {"l/a.ru.json": {Data: []byte(`{"a"`)}},
	} {
		if _, err := LoadTexts(files, "l"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRussianCountsHaveTheirForms(t *testing.T) {
	texts, err := LoadTexts(web.FS, "locales/shared")
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]string{1: "1 рабочий день", 3: "3 рабочих дня", 5: "5 рабочих дней", 11: "11 рабочих дней", 21: "21 рабочий день"} {
		if got := texts.Say("ru", "term.working", "Count", n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := texts.Say("tt", "term.working", "Count", 2); got != "2 рабочих дня" {
		t.Errorf("a language without texts: %q, want the main one's", got)
	}
}

func TestLanguage(t *testing.T) {
	offered := []string{"ru", "en"}
	for name, test := range map[string]struct{ query, cookie, accept, want string }{
		"the address decides":             {"?lang=en", "ru", "ru", "en"},
		"then the cookie":                 {"", "en", "ru", "en"},
		"then what the browser asks for":  {"", "", "fr, en-GB;q=0.7", "en"},
		"a language that is not offered":  {"?lang=fr", "fr", "fr", "ru"},
		"a header that cannot be read":    {"", "", ";;;q=", "ru"},
		"no wish at all":                  {"", "", "", "ru"},
		"the first of several":            {"", "", "ru,en;q=0.9", "ru"},
		"a region that is not offered":    {"", "", "en-US", "en"},
		"a script in the query does none": {"?lang=<script>", "", "", "ru"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/"+strings.ReplaceAll(test.query, "<script>", "%3Cscript%3E"), nil)
		r.Header.Set("Accept-Language", test.accept)
		if test.cookie != "" {
			r.AddCookie(&http.Cookie{Name: LanguageCookie, Value: test.cookie})
		}
		w := httptest.NewRecorder()
		if got := Language(w, r, offered, true); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
		if set := w.Header().Get("Set-Cookie"); (set != "") != strings.HasPrefix(test.query, "?lang=en") {
			t.Errorf("%s: Set-Cookie %q", name, set)
		}
	}
}

func FuzzNegotiate(f *testing.F) {
	for _, seed := range []string{"ru", "en-GB,en;q=0.9", "*", "x;q=2", "ru-Cyrl-RU"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		if got := Negotiate(accept, []string{"ru", "en"}); got != "ru" && got != "en" {
			t.Errorf("%q gives %q, which is not offered", accept, got)
		}
	})
}

func TestMarkdownNeverRunsAnything(t *testing.T) {
	html := string(Markdown("**да** <script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1))"))
	if !strings.Contains(html, "<strong>да</strong>") || strings.Contains(html, "<script") || strings.Contains(html, "onerror") || strings.Contains(html, "javascript:") {
		t.Errorf("rendered %s", html)
	}
}

func TestStaticFilesKeepTheirNamesAsLongAsTheirContent(t *testing.T) {
	s, err := LoadStatic(web.FS, "static")
	if err != nil {
		t.Fatal(err)
	}
	get := func(path, encoding string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", encoding)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Result()
	}
	plain, zipped := get(s.URL("okno.css"), ""), get(s.URL("okno.css"), "gzip, br")
	if plain.StatusCode != http.StatusOK || plain.Header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(plain.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%d %v", plain.StatusCode, plain.Header)
	}
	if zipped.Header.Get("Content-Encoding") != "gzip" || zipped.ContentLength > 10<<10 {
		t.Errorf("styles are %d bytes compressed, want at most 10 KB", zipped.ContentLength)
	}
	if got := get(StaticPrefix+"okno.css", "").StatusCode; got != http.StatusNotFound {
		t.Errorf("without its hash: %d", got)
	}
}

func TestPageOfALanguageWithoutTextsIsMarkedAsItsOwn(t *testing.T) {
	texts, err := LoadTexts(web.FS, "locales/shared", "locales/intake")
	if err != nil {
		t.Fatal(err)
	}
	static, err := LoadStatic(web.FS, "static")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(web.FS, "templates", "intake", texts, static, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	body := struct {
		Title, Detail string
		Links         []Link
		Also          *struct{}
	}{Title: "<b>Исем</b>"}
	if err := r.Render(w, http.StatusTeapot, "message", Layout{Lang: "tt", Title: "a & b"}, body); err != nil {
		t.Fatal(err)
	}
	got := w.Body.String()
	if w.Code != http.StatusTeapot || !strings.Contains(got, `<html lang="tt"`) || !strings.Contains(got, "&lt;b&gt;Исем") || !strings.Contains(got, "a &amp; b") {
		t.Errorf("%d\n%s", w.Code, got)
	}
}

// What a page says in another language than its own is marked, so that a screen reader does not read Russian aloud as English.
func TestForeignTextSaysItsLanguage(t *testing.T) {
	static, err := LoadStatic(web.FS, "static")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{
		"t/layout.html": {Data: []byte(`{{define "layout"}}<title>{{say "layout.error"}}</title>{{template "main" .}}{{end}}`)},
		"t/p/page.html": {Data: []byte(`{{define "main"}}<p aria-label="{{t "layout.back"}}">{{t "layout.back"}}</p><p>{{tx .Lang .Body.Title}}</p><p>{{md .Lang .Body.Title}}</p><p>{{t "layout.nested" "Term" (term 2 "WorkingDays")}}</p>{{end}}`)},
		"l/n.ru.json":   {Data: []byte(`{"layout": {"nested": "За {{.Term}}"}}`)},
		"l/n.en.json":   {Data: []byte(`{"layout": {"nested": "In {{.Term}}"}}`)},
	}
	for _, name := range []string{"shared.ru.json", "shared.en.json"} {
		raw, err := fs.ReadFile(web.FS, "locales/shared/"+name)
		if err != nil {
			t.Fatal(err)
		}
		files["s/"+name] = &fstest.MapFile{Data: raw}
	}
	texts, err := LoadTexts(files, "s", "l")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(files, "t", "p", texts, static, time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		lang  string
		title v1alpha1.Text
		want  string
	}{
		"all in one language": {
			"en",
			v1alpha1.Text{"ru": "Да & нет", "en": "Yes & no"},
			`<title>Error:</title><p aria-label="Back">Back</p><p>Yes &amp; no</p><p><p>Yes &amp; no</p>` + "\n" + `</p><p>In 2 working days</p>`,
		},
		"a service without English": {
			"en",
			v1alpha1.Text{"ru": "Да & <нет>"},
			`<title>Error:</title><p aria-label="Back">Back</p><p><span lang="ru">Да &amp; &lt;нет&gt;</span></p><p><div lang="ru"><p>Да &amp; &lt;нет&gt;</p>` + "\n" + `</div></p><p>In 2 working days</p>`,
		},
		"a page in a language without the program's texts": {
			"tt",
			v1alpha1.Text{"ru": "Да", "tt": "Әйе"},
			`<title>Ошибка:</title><p aria-label="Назад"><span lang="ru">Назад</span></p><p>Әйе</p><p><p>Әйе</p>` + "\n" + `</p><p><span lang="ru">За 2 рабочих дня</span></p>`,
		},
	} {
		w := httptest.NewRecorder()
		if err := r.Render(w, http.StatusOK, "page", Layout{Lang: tc.lang}, struct{ Title v1alpha1.Text }{tc.title}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, w.Body.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDaysAreWrittenInWords(t *testing.T) {
	day := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	for lang, want := range map[string]string{"ru": "9\u00a0марта 2026\u00a0года", "en": "9\u00a0March 2026", "tt": "9\u00a0марта 2026\u00a0года"} {
		if got := Day(lang, day); got != want {
			t.Errorf("%s: %q", lang, got)
		}
	}
}

func TestPhoneNumberIsDialledWithoutItsSpaces(t *testing.T) {
	for written, want := range map[string]string{
		"8 800 100-00-01":              "88001000001",
		"+7 (846) 000-00-00":           "+78460000000",
		"8\u00a0800\u00a0100, доб. 12": "8800100",
		"112":                          "112",
	} {
		if got := dialled(written); got != want {
			t.Errorf("dialled(%q) = %q, want %q", written, got, want)
		}
	}
}

func TestEveryPageOfBothServersParses(t *testing.T) {
	static, err := LoadStatic(web.FS, "static")
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range []string{"intake", "portal"} {
		texts, err := LoadTexts(web.FS, "locales/shared", "locales/"+server)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Parse(web.FS, "templates", server, texts, static, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.pages) == 0 {
			t.Errorf("%s has no pages", server)
		}
		for key := range r.pages {
			if _, err := r.page(key.lang, key.name); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestLongTermsAreSaidInYearsAndMonths(t *testing.T) {
	texts, err := LoadTexts(web.FS, "locales/shared")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		value  int32
		unit   v1alpha1.DurationUnit
		ru, en string
	}{
		"five years with a leap day":        {1826, v1alpha1.CalendarDays, "5 лет", "5 years"},
		"five years without one":            {1825, v1alpha1.CalendarDays, "5 лет", "5 years"},
		"one year":                          {365, v1alpha1.CalendarDays, "1 год", "1 year"},
		"three years":                       {1095, v1alpha1.CalendarDays, "3 года", "3 years"},
		"seventy-five years":                {27394, v1alpha1.CalendarDays, "75 лет", "75 years"},
		"half a year":                       {183, v1alpha1.CalendarDays, "6 месяцев", "6 months"},
		"eighteen months":                   {548, v1alpha1.CalendarDays, "18 месяцев", "18 months"},
		"a month, whatever its length":      {30, v1alpha1.CalendarDays, "30 дней", "30 days"},
		"neither, and so not rounded":       {500, v1alpha1.CalendarDays, "500 дней", "500 days"},
		"a day":                             {1, v1alpha1.CalendarDays, "1 день", "1 day"},
		"working days make no whole months": {365, v1alpha1.WorkingDays, "365 рабочих дней", "365 working days"},
	} {
		id, count := span(tc.value, tc.unit)
		for lang, want := range map[string]string{"ru": tc.ru, "en": tc.en} {
			if got := texts.Say(lang, id, "Count", count); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}
