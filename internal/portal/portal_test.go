// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
)

const sample = "../../config/samples/pension-delivery/govservice.yaml"

func sampleDefinition(t testing.TB) []byte {
	t.Helper()
	definition, err := readSample()
	if err != nil {
		t.Fatal(err)
	}
	return definition
}

func readSample() ([]byte, error) {
	file, err := os.ReadFile(sample)
	if err != nil {
		return nil, err
	}
	var object struct {
		Spec struct {
			Service json.RawMessage `json:"service"`
		} `json:"spec"`
	}
	err = yaml.Unmarshal(file, &object)
	return object.Spec.Service, err
}

func record(seq int64, action v1alpha1.PublicationAction) v1alpha1.PublicationSpec {
	return v1alpha1.PublicationSpec{
		Namespace: "sfr", Service: "pension-delivery", Seq: seq, Action: action, Revision: "pension-delivery-0123456789",
		Digest: v1alpha1.Digest("sha256:" + strings.Repeat("a", 64)), DecidedAt: metav1.NewTime(time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)),
	}
}

var moscow = time.FixedZone("MSK", 3*60*60)

func newCatalogue(t testing.TB) (*Index, http.Handler) {
	t.Helper()
	index := NewIndex()
	index.SetProviders([]Provider{{Name: "sfr", Namespace: "sfr", DisplayName: v1alpha1.Text{"ru": "Социальный фонд", "en": "Social Fund"}}})
	return index, serve(t, index)
}

func serve(t testing.TB, index *Index) http.Handler {
	t.Helper()
	server, err := New(Options{Index: index, PublicURL: "http://catalogue.localhost:8080", Location: moscow, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return server.Handler()
}

func get(t testing.TB, h http.Handler, path string) (int, string, http.Header) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", "en")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(body), w.Header()
}

func TestCatalogueFollowsPublications(t *testing.T) {
	index, h := newCatalogue(t)
	definition := sampleDefinition(t)
	const path = "/services/sfr/pension-delivery"
	const apply = `href="http://sfr.localhost:8080/s/pension-delivery"`

	if status, _, _ := get(t, h, path); status != http.StatusNotFound {
		t.Errorf("before publication: status %d, want 404", status)
	}
	steps := []struct {
		name       string
		record     v1alpha1.PublicationSpec
		definition []byte
		status     int
		apply      bool
	}{
		{"published", record(1, v1alpha1.ActionPublish), definition, http.StatusOK, true},
		{"suspended", record(2, v1alpha1.ActionSuspend), definition, http.StatusOK, false},
		{"a late record of seq 1 changes nothing", record(1, v1alpha1.ActionPublish), definition, http.StatusOK, false},
		{"resumed, the body not sent again", record(3, v1alpha1.ActionResume), nil, http.StatusOK, true},
		{"withdrawn", record(4, v1alpha1.ActionWithdraw), nil, http.StatusNotFound, false},
		{"a record before the withdrawal does not bring it back", record(3, v1alpha1.ActionPublish), definition, http.StatusNotFound, false},
		{"published again", record(5, v1alpha1.ActionPublish), definition, http.StatusOK, true},
	}
	for _, step := range steps {
		if err := index.Apply(step.record, step.definition); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		status, body, _ := get(t, h, path)
		if status != step.status {
			t.Errorf("%s: status %d, want %d", step.name, status, step.status)
		}
		if got := strings.Contains(body, apply); got != step.apply {
			t.Errorf("%s: offers to apply: %t, want %t", step.name, got, step.apply)
		}
		_, list, _ := get(t, h, "/")
		if listed := strings.Contains(list, path); listed != (step.status == http.StatusOK) {
			t.Errorf("%s: listed: %t", step.name, listed)
		}
	}
}

func TestServicePageTellsWhatPeopleNeed(t *testing.T) {
	index, h := newCatalogue(t)
	definition := sampleDefinition(t)
	if err := index.Apply(record(1, v1alpha1.ActionPublish), definition); err != nil {
		t.Fatal(err)
	}
	var def v1alpha1.ServiceDefinition
	if err := json.Unmarshal(definition, &def); err != nil {
		t.Fatal(err)
	}
	_, body, header := get(t, h, "/services/sfr/pension-delivery")
	visible := strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&amp;", "&", "&#43;", "+").Replace(body)
	for what, text := range map[string]string{
		"title": def.ShortTitle.In("en"), "result": def.ExpectedResult.In("en"), "purpose": def.Purpose.In("en"),
		"first document": def.Documents[0].Name.In("en"), "last stage": def.Process.Stages[len(def.Process.Stages)-1].Name.In("en"),
		"refusal ground": def.Refusal.RefusalGrounds[0].Text.In("en"), "law": def.LegalBasis[0].Title.In("en"),
		"complaints": def.Complaints.Authority.In("en"), "support hours": def.Support.Hours.In("en"), "code": def.Code,
		"participant": def.Authority.Participants[0].Name.In("en"), "participant's role": def.Authority.Participants[0].Role.In("en"),
	} {
		if !strings.Contains(visible, text) {
			t.Errorf("the page lacks the %s %q", what, text)
		}
	}
	if got, want := header.Get("Okno-Digest"), string(record(1, "").Digest); got != want {
		t.Errorf("Okno-Digest %q, want %q", got, want)
	}
	if strings.Contains(body, "<script") {
		t.Error("the page has a script; it must work without")
	}
	if strings.Contains(body, `role="button"`) {
		t.Error("a link calls itself a button, which it is not")
	}
}

// A service without English is shown in Russian on an English page, and says so for whoever hears it read aloud.
func TestTextsOfAnotherLanguageAreMarked(t *testing.T) {
	index, h := newCatalogue(t)
	var def map[string]any
	if err := json.Unmarshal(sampleDefinition(t), &def); err != nil {
		t.Fatal(err)
	}
	russian, err := json.Marshal(withoutEnglish(def))
	if err != nil {
		t.Fatal(err)
	}
	if err := index.Apply(record(1, v1alpha1.ActionPublish), russian); err != nil {
		t.Fatal(err)
	}
	marked := regexp.MustCompile(`(?s)<(span|div) lang="ru">.*?</(span|div)>`)
	// A title holds no elements, the links to languages are marked by themselves, and numbers of acts are the same everywhere.
	others := regexp.MustCompile(`(?s)<title>.*?</title>|<nav .*?</nav>|[0-9]+-?(ФЗ|н|п)`)
	for _, path := range []string{"/", "/services/sfr/pension-delivery", "/services/sfr/pension-delivery/staff"} {
		_, body, _ := get(t, h, path)
		rest := others.ReplaceAllString(marked.ReplaceAllString(body, ""), "")
		for _, line := range strings.Split(rest, "\n") {
			if strings.ContainsFunc(line, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }) {
				t.Errorf("%s: not marked: %s", path, line)
			}
		}
	}
}

// withoutEnglish takes the English out of every text, and articles of acts, whose language nobody tells.
func withoutEnglish(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if _, isText := v["ru"].(string); isText {
			delete(v, "en")
		}
		delete(v, "article")
		for _, inner := range v {
			withoutEnglish(inner)
		}
	case []any:
		for _, inner := range v {
			withoutEnglish(inner)
		}
	}
	return v
}

func TestServicePageSpeaksToApplicants(t *testing.T) {
	index, h := newCatalogue(t)
	if err := index.Apply(record(1, v1alpha1.ActionPublish), sampleDefinition(t)); err != nil {
		t.Fatal(err)
	}
	_, body, _ := get(t, h, "/services/sfr/pension-delivery")
	for what, text := range map[string]string{
		"an officer's button":                       "Pass on for a decision",
		"where the agency gets what it gets itself": "The Fund requests it itself",
		"a phone link with spaces":                  "tel:8%20",
	} {
		if strings.Contains(body, text) {
			t.Errorf("the page shows %s", what)
		}
	}
	for what, text := range map[string]string{
		"that a document is optional":    `Account details (a bank certificate)</h3>` + "\n" + `<dl class="govuk-summary-list govuk-summary-list--no-border">` + "\n" + `<div class="govuk-summary-list__row"><dt class="govuk-summary-list__key">Who provides it</dt><dd class="govuk-summary-list__value">You may add it</dd></div>`,
		"the language of an article":     `<span lang="ru">статья 24</span>`,
		"the phone number without gaps":  `href="tel:88001000001"`,
		"how long data are kept":         "kept for 5 years.",
		"that a question is not a must":  "<strong>Question to the applicant</strong><br>Takes up to 5 working days.<br>This stage is not always needed.",
		"that everything is checked":     "<strong>Check of the information</strong><br>Takes up to 2 working days.<br><span class=\"govuk-hint\">Next: ",
		"a refusal among the outcomes":   "<li>Service refused</li>",
		"where to get the bank's paper":  "The bank that keeps the account<br>At a branch or in the bank&#39;s app</dd>",
		"that the agency asks for birth": "The agency obtains it; you need not bring it",
	} {
		if !strings.Contains(body, text) {
			t.Errorf("the page does not say %s: %q", what, text)
		}
	}
}

// What is published late in the evening by UTC is published the next day where people live.
func TestDaysAreThoseOfTheInstallation(t *testing.T) {
	index, h := newCatalogue(t)
	rec := record(1, v1alpha1.ActionPublish)
	rec.DecidedAt = metav1.NewTime(time.Date(2026, 3, 9, 21, 30, 0, 0, time.UTC))
	if err := index.Apply(rec, sampleDefinition(t)); err != nil {
		t.Fatal(err)
	}
	_, body, _ := get(t, h, "/services/sfr/pension-delivery")
	if !strings.Contains(body, "10\u00a0March 2026") || strings.Contains(body, "9\u00a0March 2026") {
		t.Error("the page does not say 10 March, as it was in Moscow")
	}
}

func TestUnknownAddressLeadsBackToTheCatalogue(t *testing.T) {
	_, h := newCatalogue(t)
	status, body, _ := get(t, h, "/services/sfr/nothing")
	if status != http.StatusNotFound || !strings.Contains(body, `href="/"`) {
		t.Errorf("status %d, link home: %t", status, strings.Contains(body, `href="/"`))
	}
}

// A text that no page says is one that translators work on for nothing, or one that a page forgot.
func TestEachTextIsSaid(t *testing.T) {
	var said strings.Builder
	for _, pattern := range []string{"../../web/templates/portal/*.html", "../../web/templates/portal/parts/*.html", "*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			said.Write(content)
		}
	}
	raw, err := os.ReadFile("../../web/locales/portal/catalogue.en.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]map[string]any
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	// Some ids end with a word of the definition: catalogue.channelWeb is said as "catalogue.channel%s" or "catalogue.channel"+word.
	stems := regexp.MustCompile(`"catalogue\.([a-zA-Z]+)(?:%s"|" ?\+)`).FindAllStringSubmatch(said.String(), -1)
	for id := range texts["catalogue"] {
		ends := slices.ContainsFunc(stems, func(stem []string) bool { return strings.HasPrefix(id, stem[1]) })
		if !ends && !strings.Contains(said.String(), `"catalogue.`+id+`"`) {
			t.Errorf("no page says %q", id)
		}
	}
}

func TestAWithdrawalTakesEffectWhenItSays(t *testing.T) {
	const path = "/services/sfr/pension-delivery"
	definition := sampleDefinition(t)
	decided := record(1, "").DecidedAt.Time
	withdrawal := record(2, v1alpha1.ActionWithdraw)
	withdrawal.EffectiveAt = &metav1.Time{Time: decided.Add(time.Hour)}
	for name, known := range map[string]bool{"of a service that is shown": true, "of one that the catalogue learns of within the grace": false} {
		t.Run(name, func(t *testing.T) {
			index, h := newCatalogue(t)
			now := decided
			index.now = func() time.Time { return now }
			steps := []error{index.Apply(withdrawal, definition)}
			if known {
				index, h = newCatalogue(t)
				index.now = func() time.Time { return now }
				steps = []error{index.Apply(record(1, v1alpha1.ActionPublish), definition), index.Apply(withdrawal, nil)}
			}
			if err := errors.Join(steps...); err != nil {
				t.Fatal(err)
			}
			for _, at := range []struct {
				after  time.Duration
				status int
			}{{time.Hour - time.Second, http.StatusOK}, {time.Hour, http.StatusNotFound}} {
				now = decided.Add(at.after)
				_, list, _ := get(t, h, "/")
				if status, _, _ := get(t, h, path); status != at.status || strings.Contains(list, path) != (at.status == http.StatusOK) {
					t.Errorf("after %v: status %d, listed %v", at.after, status, strings.Contains(list, path))
				}
			}
		})
	}
}

// A namespace that was deleted and made again begins at the first record; an old first record that is sent again does not.
func TestAServiceThatBeginsAnewIsShown(t *testing.T) {
	index, h := newCatalogue(t)
	definition := sampleDefinition(t)
	anew := record(1, v1alpha1.ActionPublish)
	anew.DecidedAt = metav1.NewTime(anew.DecidedAt.Add(24 * time.Hour))
	for _, step := range []struct {
		name   string
		record v1alpha1.PublicationSpec
		status int
	}{
		{"withdrawn", record(5, v1alpha1.ActionWithdraw), http.StatusNotFound},
		{"the old first record once more", record(1, v1alpha1.ActionPublish), http.StatusNotFound},
		{"the first record of a new namespace", anew, http.StatusOK},
	} {
		if err := index.Apply(step.record, definition); err != nil {
			t.Fatal(err)
		}
		if status, _, _ := get(t, h, "/services/sfr/pension-delivery"); status != step.status {
			t.Errorf("%s: status %d, want %d", step.name, status, step.status)
		}
	}
}
