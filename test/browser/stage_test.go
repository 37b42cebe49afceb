// SPDX-License-Identifier: Apache-2.0

package browser_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/intake"
	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/portal"
)

// town is the sample whose service is also shown closed, full and withdrawn, and filed by keyboard alone.
const town = "parking-permit"

// gallery is not a sample: it has each kind of question.
const gallery = "gallery"

// stage is what is served, as main.mjs reads it.
type stage struct {
	Chromium string    `json:"chromium"`
	Shots    string    `json:"shots"`
	Walks    string    `json:"walks"` // the walks to go, a regular expression; "" means all
	Services []service `json:"services"`
	Town     struct {
		Base    string            `json:"base"`
		Service string            `json:"service"`
		Stopped map[string]string `json:"stopped"` // what is the matter → address
		Number  string            `json:"number"`
		Secret  string            `json:"secret"`
		Data    json.RawMessage   `json:"data"` // of an application without files
	} `json:"town"`
	Empty struct {
		Intake string `json:"intake"`
		Portal string `json:"portal"`
	} `json:"empty"`
	Gone struct {
		URL    string `json:"url"`
		Cookie cookie `json:"cookie"`
	} `json:"gone"`
	Limited string `json:"limited"` // takes no more requests
	Crowded string `json:"crowded"` // takes no more files
	Broken  struct {
		URL    string `json:"url"`
		Draft  string `json:"draft"`
		Cookie cookie `json:"cookie"`
	} `json:"broken"`
	Portal struct {
		Base     string            `json:"base"`
		Services map[string]string `json:"services"`
	} `json:"portal"`
}

type cookie struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// service is a sample with the answers that its form is filled with.
type service struct {
	Name        string                        `json:"name"`
	URL         string                        `json:"url"`
	Languages   []string                      `json:"languages"`
	Data        json.RawMessage               `json:"data"`
	Attachments []v1alpha1.ScenarioAttachment `json:"attachments"`
	Thorough    bool                          `json:"thorough"` // looked at on every device, with scripts and without
}

// sample is a GovService of config/samples.
type sample struct {
	name, namespace string
	raw             []byte
	def             v1alpha1.ServiceDefinition
	richest         *v1alpha1.Scenario // the accepted one with the most answers and files
	plainest        json.RawMessage    // the answers of an accepted one without files; nil when there is none
}

func readSamples(t *testing.T) []sample {
	t.Helper()
	files, err := filepath.Glob("../../config/samples/*/govservice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var samples []sample
	for _, file := range append(files, "testdata/gallery.yaml") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var object struct {
			Metadata metav1.ObjectMeta `json:"metadata"`
			Spec     struct {
				Service json.RawMessage `json:"service"`
			} `json:"spec"`
		}
		if err := yaml.Unmarshal(text, &object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		s := sample{name: object.Metadata.Name, namespace: object.Metadata.Namespace, raw: object.Spec.Service}
		if err := json.Unmarshal(s.raw, &s.def); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if s.richest = richest(s.def.Scenarios); s.richest == nil {
			t.Fatalf("%s has no scenario that is accepted", file)
		}
		if i := slices.IndexFunc(s.def.Scenarios, isPlain); i >= 0 {
			s.plainest = s.def.Scenarios[i].Given.Raw
		}
		samples = append(samples, s)
	}
	return samples
}

func isPlain(s v1alpha1.Scenario) bool {
	return s.Expect.Outcome == "Accepted" && len(s.Attachments) == 0
}

func richest(scenarios []v1alpha1.Scenario) *v1alpha1.Scenario {
	var best *v1alpha1.Scenario
	size := func(s *v1alpha1.Scenario) int { return len(s.Given.Raw) + 1000*len(s.Attachments) }
	for i := range scenarios {
		if s := &scenarios[i]; s.Expect.Outcome == "Accepted" && (best == nil || size(s) > size(best)) {
			best = s
		}
	}
	return best
}

// publication is the record that a definition is served. Signatures are the follower's business.
func (s sample) publication(t *testing.T, name string, action v1alpha1.PublicationAction, raw []byte, seq int64) v1alpha1.PublicationSpec {
	t.Helper()
	d, err := digest.Of(raw)
	if err != nil {
		t.Fatal(err)
	}
	return v1alpha1.PublicationSpec{
		Namespace: s.namespace, Service: name, Seq: seq, Action: action, Digest: d, Revision: digest.RevisionName(name, d), DecidedAt: s.richest.Now,
	}
}

// limited is the definition with limits.
func (s sample) limited(t *testing.T, limits map[string]any) []byte {
	t.Helper()
	var def map[string]any
	if err := json.Unmarshal(s.raw, &def); err != nil {
		t.Fatal(err)
	}
	def["limits"] = limits
	raw, err := json.Marshal(def)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// agency is a running intake.
type agency struct {
	*intake.Server
	store *store.Store
	url   string
}

// want is how an intake differs from one that takes everything.
type want struct {
	rate  float64 // requests a second of one client; 0 means no limit
	quota int64   // bytes of files that wait to be filed; 0 means the usual
}

// open runs an intake whose clock stands at a moment.
func open(t *testing.T, now time.Time, w want) *agency {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	opened, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "okno.db"), store.Options{Clock: clock, MaxUnfiledBytes: w.quota})
	if err != nil {
		t.Fatal(err)
	}
	server, err := intake.New(t.Context(), intake.Options{
		Store: opened, Clock: clock, Location: zone, ClientRate: w.rate, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Public())
	t.Cleanup(func() {
		web.Close()
		_ = opened.Close() // one of them is closed already, to be broken
	})
	return &agency{Server: server, store: opened, url: web.URL}
}

func (a *agency) publish(t *testing.T, spec v1alpha1.PublicationSpec, raw []byte) string {
	t.Helper()
	if err := a.Publish(t.Context(), spec, raw); err != nil {
		t.Fatal(err)
	}
	return a.url + "/s/" + spec.Service
}

// newStage serves all samples and everything that can be the matter with one.
func newStage(t *testing.T) *stage {
	t.Helper()
	st := new(stage)
	samples := readSamples(t)
	for _, s := range samples {
		a := open(t, s.richest.Now.Time, want{})
		url := a.publish(t, s.publication(t, s.name, v1alpha1.ActionPublish, s.raw, 1), s.raw)
		st.Services = append(st.Services, service{Name: s.name, URL: url, Languages: s.def.Languages, Data: s.richest.Given.Raw, Attachments: s.richest.Attachments, Thorough: s.name == town || s.name == gallery})
		if s.name == town {
			st.serveTown(t, s, a, url)
		}
	}
	if st.Town.Base == "" {
		t.Fatalf("no sample is named %q", town)
	}
	st.Empty.Intake = open(t, samples[0].richest.Now.Time, want{}).url
	st.servePortals(t, samples)
	return st
}

// serveTown serves what is the matter with services, and an application that was filed.
func (st *stage) serveTown(t *testing.T, s sample, a *agency, url string) {
	t.Helper()
	now := s.richest.Now.Time
	st.Town.Base, st.Town.Service, st.Town.Stopped, st.Town.Data = a.url, url, map[string]string{}, s.plainest
	for what, limits := range map[string]map[string]any{
		"not open yet": {"opensAt": now.AddDate(0, 0, 1).Format(time.RFC3339)},
		"closed":       {"closesAt": now.AddDate(0, 0, -1).Format(time.RFC3339)},
		"full":         {"maxApplications": 1},
	} {
		name, raw := strings.ReplaceAll(what, " ", "-"), s.limited(t, limits)
		st.Town.Stopped[what] = a.publish(t, s.publication(t, name, v1alpha1.ActionPublish, raw, 1), raw)
	}
	for what, action := range map[string]v1alpha1.PublicationAction{"suspended": v1alpha1.ActionSuspend, "withdrawn": v1alpha1.ActionWithdraw} {
		a.publish(t, s.publication(t, what, v1alpha1.ActionPublish, s.raw, 1), s.raw)
		st.Town.Stopped[what] = a.publish(t, s.publication(t, what, action, s.raw, 2), nil)
	}
	file(t, a, "full", s)
	st.Town.Number, st.Town.Secret = file(t, a, s.name, s)

	const draft = "deleted-long-ago"
	st.Gone.URL, st.Gone.Cookie = url+"/apply/"+draft+"/check", cookie{"okno-draft", a.store.Secret("draft " + draft)}

	limited := open(t, now, want{rate: 0.01}) // less than one request
	st.Limited = limited.publish(t, s.publication(t, s.name, v1alpha1.ActionPublish, s.raw, 1), s.raw)

	crowded := open(t, now, want{quota: 1})
	st.Crowded = crowded.publish(t, s.publication(t, s.name, v1alpha1.ActionPublish, s.raw, 1), s.raw)

	broken := open(t, now, want{})
	st.Broken.URL = broken.publish(t, s.publication(t, s.name, v1alpha1.ActionPublish, s.raw, 1), s.raw)
	st.Broken.Draft, st.Broken.Cookie = st.Broken.URL+"/apply/"+draft+"/check", cookie{"okno-draft", broken.store.Secret("draft " + draft)}
	if err := broken.store.Close(); err != nil {
		t.Fatal(err)
	}
}

// file files an application without files as a program does.
func file(t *testing.T, a *agency, name string, s sample) (number, secret string) {
	t.Helper()
	body, err := json.Marshal(map[string]json.RawMessage{"data": s.plainest})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(a.url+"/api/v1/services/"+name+"/applications", "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var receipt struct{ Number, Secret string }
	if err := json.Unmarshal(raw, &receipt); err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("filing for %q: %d %s", name, answer.StatusCode, raw)
	}
	return receipt.Number, receipt.Secret
}

// servePortals serves a catalogue of all samples, one of them suspended too, and an empty one.
func (st *stage) servePortals(t *testing.T, samples []sample) {
	t.Helper()
	index := portal.NewIndex()
	var providers []portal.Provider
	st.Portal.Base, st.Portal.Services = catalogue(t, index), map[string]string{}
	publish := func(s sample, name string, action v1alpha1.PublicationAction) {
		if err := index.Apply(s.publication(t, name, action, s.raw, 1), s.raw); err != nil {
			t.Fatal(err)
		}
		st.Portal.Services[name] = st.Portal.Base + "/services/" + s.namespace + "/" + name
	}
	for _, s := range samples {
		providers = append(providers, portal.Provider{Name: s.namespace, Namespace: s.namespace, DisplayName: s.def.Authority.Name})
		publish(s, s.name, v1alpha1.ActionPublish)
		if s.name == town {
			publish(s, "suspended", v1alpha1.ActionSuspend)
		}
	}
	index.SetProviders(providers)
	st.Empty.Portal = catalogue(t, portal.NewIndex())
}

func catalogue(t *testing.T, index *portal.Index) string {
	t.Helper()
	server, err := portal.New(portal.Options{
		Index: index, PublicURL: "http://catalogue.localhost", Location: time.UTC, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server.Handler())
	t.Cleanup(web.Close)
	return web.URL
}
