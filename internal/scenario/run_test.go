// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/inner"
)

// oneQuestion is a definition whose form asks for a name.
func oneQuestion(scenarios ...v1alpha1.Scenario) *v1alpha1.ServiceDefinition {
	text := v1alpha1.Text{"en": "Text"}
	return &v1alpha1.ServiceDefinition{
		Code: "1", Languages: []string{"en"}, Title: text,
		Data: v1alpha1.Data{Schema: apiextensionsv1.JSON{Raw: []byte(
			`{"type":"object","additionalProperties":false,"required":["name"],"properties":{"name":{"type":"string","minLength":1,"maxLength":9}}}`)}},
		Form: v1alpha1.Form{
			Pages:       []v1alpha1.Page{{ID: "you", Title: text, Fields: []v1alpha1.Field{{Path: "/name", Label: text}}}},
			Declaration: text, PrivacyNotice: text,
		},
		Scenarios: scenarios,
	}
}

var named = v1alpha1.Scenario{
	Name: "named", Now: metav1.NewTime(time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)),
	Given:  apiextensionsv1.JSON{Raw: []byte(`{"name":"Li"}`)},
	Expect: v1alpha1.Expectation{Outcome: v1alpha1.OutcomeAccepted, Unit: "north"},
}

var nameless = v1alpha1.Scenario{
	Name: "nameless", Now: named.Now, Given: apiextensionsv1.JSON{Raw: []byte(`{}`)},
	Expect: v1alpha1.Expectation{Outcome: v1alpha1.OutcomeRejected, Errors: expected("/data/name", "required")},
}

const (
	page1   = `<main>%s<form method="post"><input type="hidden" name="version" value="1"><input name="name" data-pointer="/data/name"></form></main>`
	check   = `<main>%s<form method="post"><input type="checkbox" name="declaration" value="agreed"></form></main>`
	done    = `<main><p data-receipt="number">N-1</p><p data-receipt="secret">S-1</p></main>`
	missing = `<a href="#name" data-pointer="/data/name" data-code="required">Enter the name</a>`
)

// agency is a small server that behaves as an intake should; tests replace single handlers to see what the runner says.
type agency struct {
	mux      *http.ServeMux
	override map[string]http.HandlerFunc
	// collected tells that a page with errors was passed by okno-collect.
	collected atomic.Bool
	clock     atomic.Value
}

func newAgency(override map[string]http.HandlerFunc) *agency {
	a := &agency{mux: http.NewServeMux(), override: override}
	a.handle("POST /s/x/apply", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "draft", Value: "d", Path: "/"})
		http.Redirect(w, r, "/s/x/apply/d/you", http.StatusSeeOther)
	})
	a.handle("GET /s/x/apply/d/you", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, page1, "") })
	a.handle("POST /s/x/apply/d/you", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("draft"); err != nil || c.Value != "d" || r.FormValue("version") != "1" {
			http.Error(w, "no draft", http.StatusForbidden)
			return
		}
		if r.FormValue("name") == "" && r.FormValue("okno-collect") == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = fmt.Fprintf(w, page1, missing)
			return
		}
		if r.FormValue("okno-collect") == "1" {
			a.collected.Store(true)
		}
		http.SetCookie(w, &http.Cookie{Name: "named", Value: r.FormValue("name"), Path: "/"})
		http.Redirect(w, r, "check", http.StatusSeeOther)
	})
	a.handle("GET /s/x/apply/d/check", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, check, "") })
	a.handle("POST /s/x/apply/d/check", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("named"); err != nil || c.Value == "" {
			_, _ = fmt.Fprintf(w, check, missing)
			return
		}
		http.Redirect(w, r, "/s/x/receipt/N-1", http.StatusSeeOther)
	})
	a.handle("GET /s/x/receipt/N-1", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, done) })
	a.handle("GET /api/v1/services/x/applications/N-1", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Okno-Secret") != "S-1" {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprint(w, `{"number":"N-1","unit":"north"}`)
	})
	a.handle("POST /api/v1/services/x/applications", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Data struct {
				Name string `json:"name"`
			} `json:"data"`
		}
		a.clock.Store(r.Header.Get(inner.ScenarioNow))
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Data.Name == "" {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			_, _ = fmt.Fprint(w, `{"title":"Invalid","errors":[{"pointer":"/data/name","code":"required","detail":"Enter the name"}]}`)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, `{"number":"N-2","secret":"S-2","unit":"north"}`)
	})
	return a
}

func (a *agency) handle(pattern string, h http.HandlerFunc) {
	if other := a.override[pattern]; other != nil {
		h = other
	}
	a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Okno-Digest", "sha256:1")
		h(w, r)
	})
}

func run(t *testing.T, a *agency, scenarios ...v1alpha1.Scenario) (Report, error) {
	t.Helper()
	server := httptest.NewServer(a.mux)
	t.Cleanup(server.Close)
	return Run(t.Context(), Options{HTTP: server.Client(), Base: server.URL, Service: "x", Definition: oneQuestion(scenarios...), Image: "i"})
}

func TestRunOnAnHonestServer(t *testing.T) {
	a := newAgency(nil)
	report, err := run(t, a, named, nameless)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range report.Scenarios {
		if !s.Passed() {
			t.Errorf("%s: %s", s.Name, s.Message)
		}
		if len(s.Ways) != 2 {
			t.Errorf("%s was filed in %d ways, want form and JSON", s.Name, len(s.Ways))
		}
	}
	if report.Digest != "sha256:1" {
		t.Errorf("digest %q, want that of the server", report.Digest)
	}
	if !a.collected.Load() {
		t.Error("the page with errors was not passed")
	}
	if got := a.clock.Load(); got != "2026-03-02T07:00:00Z" {
		t.Errorf("the server's clock was set to %v", got)
	}
}

func TestRunOnServersThatErr(t *testing.T) {
	html := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, body) }
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Error(w, http.StatusText(code), code) }
	}
	tests := map[string]struct {
		pattern  string
		handler  http.HandlerFunc
		scenario v1alpha1.Scenario
		says     string
	}{
		"JSON takes what the form refuses": {
			"POST /api/v1/services/x/applications", func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusCreated)
				_, _ = fmt.Fprint(w, `{"number":"N-2","unit":"north"}`)
			}, nameless, "JSON: Rejected was expected, it was Accepted",
		},
		"the form takes what JSON refuses": {
			"POST /s/x/apply/d/check", func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/s/x/receipt/N-1", http.StatusSeeOther)
			},
			v1alpha1.Scenario{Name: "n", Now: named.Now, Given: nameless.Given, Expect: v1alpha1.Expectation{Outcome: v1alpha1.OutcomeRejected, Errors: expected("/data/name", "pattern")}},
			"Form: expected and not found: /data/name pattern",
		},
		"an application goes elsewhere": {
			"GET /api/v1/services/x/applications/N-1", html(`{"number":"N-1","unit":"south"}`), named, `Form: the unit is "south", expected "north"`,
		},
		"the receipt's secret opens nothing":      {"GET /api/v1/services/x/applications/N-1", status(http.StatusNotFound), named, "the receipt does not open its application"},
		"a page comes back and says nothing":      {"POST /s/x/apply/d/you", html(fmt.Sprintf(page1, "")), named, "comes back without saying what is wrong"},
		"the last page comes back, says nothing":  {"POST /s/x/apply/d/check", html(fmt.Sprintf(check, "")), named, "comes back without saying what is wrong"},
		"a page has no form":                      {"GET /s/x/apply/d/you", html(`<main><p>Hello</p></main>`), named, "has no form to send"},
		"a page is not found":                     {"GET /s/x/apply/d/you", status(http.StatusNotFound), named, "the server answers 404"},
		"a handler panics":                        {"POST /api/v1/services/x/applications", status(http.StatusInternalServerError), named, "JSON: the server answers 500"},
		"pages lead in a circle":                  {"POST /s/x/apply/d/you", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "you", http.StatusSeeOther) }, named, "comes back without saying"},
		"redirects lead in a circle":              {"GET /s/x/apply/d/you", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "you", http.StatusSeeOther) }, named, "too many redirects"},
		"an accepted application is not JSON":     {"POST /api/v1/services/x/applications", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }, named, "is not JSON"},
		"a list's button adds nothing":            {"GET /s/x/apply/d/you", html(`<main><form method="post"><button name="a" value="b" data-add="/data/list"></button></form></main>`), v1alpha1.Scenario{Name: "l", Now: named.Now, Given: apiextensionsv1.JSON{Raw: []byte(`{"list":[1]}`)}, Expect: named.Expect}, "adds nothing"},
		"a question appears and is answered then": {"POST /s/x/apply/d/you", growing(), named, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			report, err := run(t, newAgency(map[string]http.HandlerFunc{tc.pattern: tc.handler}), tc.scenario)
			if err != nil {
				t.Fatal(err)
			}
			message := report.Scenarios[0].Message
			if tc.says == "" && message != "" || !strings.Contains(message, tc.says) {
				t.Errorf("it says %q, want %q", message, tc.says)
			}
		})
	}
}

// growing shows the page again with one more question, with an error that nobody could have avoided, and takes the answers then.
func growing() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || !r.Form.Has("more") {
			_, _ = fmt.Fprintf(w, page1, `<a data-pointer="/data/more" data-code="required">More</a>`+
				`<form method="post"><input type="hidden" name="version" value="1"><input name="more" data-pointer="/data/more"></form>`)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "named", Value: "x", Path: "/"})
		http.Redirect(w, r, "check", http.StatusSeeOther)
	}
}

func TestAnAbsentServerSaysNothingOfTheDefinition(t *testing.T) {
	busy := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	var switched atomic.Int64
	tests := map[string]map[string]http.HandlerFunc{
		"busy": {"POST /s/x/apply": busy},
		"has ended the proof": {"POST /s/x/apply": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no such proof", http.StatusMisdirectedRequest)
		}},
		"switches the definition": {"GET /s/x/apply/d/you": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Okno-Digest", fmt.Sprintf("sha256:%d", 2+switched.Add(1)))
			_, _ = fmt.Fprintf(w, page1, "")
		}},
	}
	for name, override := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, newAgency(override), named)
			var away *UnavailableError
			if !errors.As(err, &away) {
				t.Errorf("error %v, want an UnavailableError", err)
			}
		})
	}
	t.Run("gone", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		_, err := Run(t.Context(), Options{Base: server.URL, Service: "x", Definition: oneQuestion(named), Image: "i"})
		var away *UnavailableError
		if !errors.As(err, &away) {
			t.Errorf("error %v, want an UnavailableError", err)
		}
	})
}

func TestADefinitionThatCannotBeProven(t *testing.T) {
	broken := oneQuestion(named)
	broken.Data.Schema.Raw = []byte(`{"type":"object"}`)
	for name, o := range map[string]Options{
		"no scenarios":     {Definition: oneQuestion()},
		"does not compile": {Definition: broken},
		"no definition":    {},
	} {
		t.Run(name, func(t *testing.T) {
			var away *UnavailableError
			if _, err := Run(t.Context(), o); err == nil || errors.As(err, &away) {
				t.Errorf("error %v, want one about the definition", err)
			}
		})
	}
}
