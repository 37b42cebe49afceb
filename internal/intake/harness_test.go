// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/intake/store"
)

// noon is the moment at which tests begin: a Monday, working, at noon in Moscow.
var noon = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const service = "parking-permit"

// clock is a clock that tests turn.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is an intake over a real store, reached over HTTP.
type fixture struct {
	*Server
	t     testing.TB
	clock *clock
	store *store.Store
	path  string
	logs  *bytes.Buffer
	url   string
	inner string
}

// edit changes a definition before it is served.
type edit func(def map[string]any)

// definition is the permit's definition as JSON.
func definition(t testing.TB, edits ...edit) []byte {
	t.Helper()
	source, err := os.ReadFile("testdata/permit.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var def map[string]any
	if err := yaml.Unmarshal(source, &def); err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		e(def)
	}
	raw, err := json.Marshal(def)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// titled gives the service another short title.
func titled(title string) edit {
	return func(def map[string]any) { def["shortTitle"] = map[string]any{"ru": title, "en": title} }
}

// set sets a part of the definition by its path.
func set(path string, value any) edit {
	return func(def map[string]any) {
		steps := strings.Split(path, ".")
		for _, step := range steps[:len(steps)-1] {
			next, ok := def[step].(map[string]any)
			if !ok {
				next = map[string]any{}
				def[step] = next
			}
			def = next
		}
		def[steps[len(steps)-1]] = value
	}
}

// publication is a record of the permit. Signatures are the follower's business.
func publication(t testing.TB, seq int64, raw []byte, mods ...func(*v1alpha1.PublicationSpec)) v1alpha1.PublicationSpec {
	t.Helper()
	d, err := digest.Of(raw)
	if err != nil {
		t.Fatal(err)
	}
	spec := v1alpha1.PublicationSpec{
		Service: service, Seq: seq, Action: v1alpha1.ActionPublish, Digest: d, Revision: digest.RevisionName(service, d),
		DecidedAt: metav1.NewTime(noon),
	}
	for _, mod := range mods {
		mod(&spec)
	}
	return spec
}

func action(a v1alpha1.PublicationAction) func(*v1alpha1.PublicationSpec) {
	return func(s *v1alpha1.PublicationSpec) { s.Action = a }
}

// start runs an intake that serves the permit.
func start(t testing.TB, edits ...edit) *fixture {
	t.Helper()
	f := openIntake(t, filepath.Join(t.TempDir(), "okno.db"), &clock{now: noon}, Options{})
	raw := definition(t, edits...)
	f.publish(publication(t, 1, raw), raw)
	return f
}

// openIntake runs an intake on the store at path.
func openIntake(t testing.TB, path string, c *clock, o Options) *fixture {
	t.Helper()
	opened, err := store.Open(t.Context(), path, store.Options{Clock: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, clock: c, store: opened, path: path, logs: new(bytes.Buffer)}
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	o.Store, o.Clock, o.Location = opened, c.Now, zone
	o.Provider = "Администрация"
	o.Log = slog.New(slog.NewTextHandler(&lockedWriter{w: f.logs}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if f.Server, err = New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	public, inner := httptest.NewUnstartedServer(nil), httptest.NewServer(f.Inner())
	public.Config = newHTTPServer(f.Public(), standing)
	public.Start()
	f.url, f.inner = public.URL, inner.URL
	t.Cleanup(func() {
		public.Close()
		inner.Close()
		f.close()
	})
	return f
}

// close closes the store, as the end of the process does. It may be called twice.
func (f *fixture) close() {
	if f.store == nil {
		return
	}
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
	f.store = nil
}

func (f *fixture) publish(spec v1alpha1.PublicationSpec, raw []byte) {
	f.t.Helper()
	if err := f.Publish(f.t.Context(), spec, raw); err != nil {
		f.t.Fatal(err)
	}
}

// lockedWriter is a log that several requests write to.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// answer is what the intake answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// json reads the body.
func (a answer) json(t testing.TB) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(a.body, &body); err != nil {
		t.Fatalf("answer %d is not JSON: %v\n%s", a.status, err, a.body)
	}
	return body
}

// call sends a request as a program does. header are pairs.
func (f *fixture) call(method, path, body string, header ...string) answer {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return do(f.t, http.DefaultClient, req)
}

func do(t testing.TB, client *http.Client, req *http.Request) answer {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, body}
}

const applicationsPath = "/api/v1/services/" + service + "/applications"

// fileJSON files an application as JSON.
func (f *fixture) fileJSON(body string, header ...string) answer {
	f.t.Helper()
	return f.call(http.MethodPost, applicationsPath, body, append([]string{"Content-Type", "application/json"}, header...)...)
}

// resident is a correct application.
const resident = `{"data": {"name": "Анна Образцова", "birthDate": "1990-05-01", "district": "north", "home": "own", "years": 2,
	"cars": [{"plate": "А123ВС77", "make": "Лада"}]}}`

// browser keeps cookies and follows redirects, and runs no script.
func (f *fixture) browser() *http.Client {
	f.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// counts are the counts of what is served.
func (f *fixture) counts() store.Counts {
	f.t.Helper()
	all, err := f.store.CountsAt(f.t.Context(), f.clock.Now())
	if err != nil {
		f.t.Fatal(err)
	}
	digest := f.catalogue.lookup(service).digest
	for _, c := range all {
		if c.Service == service && c.Digest == digest {
			return c
		}
	}
	return store.Counts{}
}
