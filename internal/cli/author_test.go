// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

const samples = "../../config/samples"

// TestSamplesPass files every scenario of every sample in every way that it offers, against the real intake.
func TestSamplesPass(t *testing.T) {
	files, err := filepath.Glob(samples + "/*/govservice.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("found %d samples: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			streams, _, out, errOut := genericiooptions.NewTestIOStreams()
			if code := Run(t.Context(), []string{"test", "-f", file}, streams); code != exitOK {
				t.Fatalf("exit code %d:\n%s%s", code, errOut, out)
			}
			if !strings.Contains(out.String(), " 0 failed") {
				t.Errorf("no summary:\n%s", out)
			}
		})
	}
}

func TestTheReportTellsEqualRunsAlike(t *testing.T) {
	report := func() string {
		streams, _, out, errOut := genericiooptions.NewTestIOStreams()
		if code := Run(t.Context(), []string{"test", "-f", samples + "/first-service/govservice.yaml", "-o", "json"}, streams); code != exitOK {
			t.Fatalf("exit code %d:\n%s%s", code, errOut, out)
		}
		return out.String()
	}
	first := report()
	if !json.Valid([]byte(first)) {
		t.Fatalf("not JSON:\n%s", first)
	}
	if second := report(); second != first {
		t.Errorf("two runs differ:\n%s\n%s", first, second)
	}
}

func TestAFailedScenarioSaysHow(t *testing.T) {
	file := edited(t, samples+"/first-service/govservice.yaml", "pointer: /data/years, code: maximum", "pointer: /data/years, code: minimum")
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	if code := Run(t.Context(), []string{"test", "-f", file}, streams); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	for _, want := range []string{"FAIL", "Form: expected and not found: /data/years minimum", "JSON: found and not expected: /data/years maximum"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
}

// edited copies a file into a folder of the test with one text replaced.
func edited(t *testing.T, file, old, replacement string) string {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(body, []byte(old)) {
		t.Fatalf("%s does not hold %q", file, old)
	}
	copied := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := os.WriteFile(copied, bytes.Replace(body, []byte(old), []byte(replacement), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}

// transcript is an output that can be waited on.
type transcript struct {
	mu    sync.Mutex
	text  strings.Builder
	wrote chan struct{}
}

func newTranscript() *transcript { return &transcript{wrote: make(chan struct{}, 1)} }

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.wrote <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits for a match of pattern after what was said before, and returns its first group.
func (s *transcript) await(t *testing.T, from int, pattern string) string {
	t.Helper()
	deadline := time.After(time.Minute)
	expression := regexp.MustCompile(pattern)
	for {
		said := s.String()
		if m := expression.FindStringSubmatch(said[from:]); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-s.wrote:
		case <-deadline:
			t.Fatalf("it never says %q:\n%s", pattern, said[from:])
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url) //nolint:gosec,noctx // an address on loopback that the test was told
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s\n%s", url, res.Status, body)
	}
	return string(body)
}

// serving starts `serve` on a file and returns its output and a function that stops it.
func serving(t *testing.T, file string, flags ...string) (*transcript, func() int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, ended := newTranscript(), make(chan int, 1)
	go func() {
		args := append([]string{"serve", "-f", file, "--addr", "127.0.0.1:0"}, flags...)
		ended <- Run(ctx, args, genericiooptions.IOStreams{In: strings.NewReader(""), Out: out, ErrOut: out})
	}()
	return out, func() int {
		stop()
		return <-ended
	}
}

func TestServeFollowsTheFile(t *testing.T) {
	const title = "Permit of the test"
	file := edited(t, samples+"/first-service/govservice.yaml", "en: Parking permit", "en: "+title)
	out, stop := serving(t, file)
	page := out.await(t, 0, `form +(http://\S+)`)
	out.await(t, 0, `Ctrl-C ends`)
	if !strings.Contains(get(t, page+"?lang=en"), title) {
		t.Error("the page does not show the title")
	}

	replace := func(old, replacement string) int {
		from := len(out.String())
		body, err := os.ReadFile(edited(t, file, old, replacement))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, body, 0o600); err != nil {
			t.Fatal(err)
		}
		return from
	}
	from := replace(title, "Changed title")
	out.await(t, from, `Ctrl-C ends`)
	if !strings.Contains(get(t, page+"?lang=en"), "Changed title") {
		t.Error("the page does not show the changed title")
	}

	from = replace("path: /district,", "path: /distrikt,")
	out.await(t, from, `the last definition without errors is still served`)
	if !strings.Contains(get(t, page+"?lang=en"), "Changed title") {
		t.Error("a file with errors took the last good definition away")
	}
	if code := stop(); code != exitOK {
		t.Errorf("exit code %d, want %d:\n%s", code, exitOK, out)
	}
}

func TestServeSaysThatScenariosFail(t *testing.T) {
	file := edited(t, samples+"/first-service/govservice.yaml", `deadline: "2026-03-05"`, `deadline: "2026-03-06"`)
	out, stop := serving(t, file)
	page := out.await(t, 0, `form +(http://\S+)`)
	out.await(t, 0, `1 of \d+ scenarios failed: the gate for scenarios would stay closed`)
	get(t, page) // it is served all the same
	from := len(out.String())
	body, err := os.ReadFile(samples + "/first-service/govservice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	out.await(t, from, `the gate for scenarios would open`)
	if code := stop(); code != exitOK {
		t.Errorf("exit code %d, want %d:\n%s", code, exitOK, out)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 scenarios", 1: "1 scenario", 2: "2 scenarios"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestServeWaitsForAGoodFile(t *testing.T) {
	file := edited(t, samples+"/first-service/govservice.yaml", "path: /district,", "path: /distrikt,")
	out, stop := serving(t, file)
	out.await(t, 0, `nothing is served yet`)
	from := len(out.String())
	if err := os.Remove(file); err != nil { // as an editor does that writes anew
		t.Fatal(err)
	}
	body, err := os.ReadFile(samples + "/first-service/govservice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	page := out.await(t, from, `form +(http://\S+)`)
	get(t, page)
	if code := stop(); code != exitOK {
		t.Errorf("exit code %d, want %d:\n%s", code, exitOK, out)
	}
}

func TestServeKeepsWhatIsFiled(t *testing.T) {
	data := t.TempDir()
	service := samples + "/first-service/govservice.yaml"
	out, stop := serving(t, service, "--data", data)
	api := strings.Replace(out.await(t, 0, `form +(http://\S+)`), "/s/", "/api/v1/services/", 1)
	out.await(t, 0, `Ctrl-C ends`)
	ready, err := os.Open(filepath.Join(data, "parking-permit.json"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(api+"/applications", "application/json", ready) //nolint:noctx // a test on loopback
	if err != nil {
		t.Fatal(err)
	}
	var receipt struct{ Number, Secret string }
	if err := json.NewDecoder(res.Body).Decode(&receipt); err != nil || receipt.Number == "" {
		t.Fatalf("%s: no receipt: %v", res.Status, err)
	}
	_ = res.Body.Close()
	stop()

	out, stop = serving(t, service, "--data", data)
	defer stop()
	api = strings.Replace(out.await(t, 0, `form +(http://\S+)`), "/s/", "/api/v1/services/", 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api+"/applications/"+receipt.Number, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Okno-Secret", receipt.Secret)
	if res, err = http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the application is gone after a restart: %s", res.Status)
	}
}

// TestReadyMadeApplications files the applications of config/samples/applications as their README says.
func TestReadyMadeApplications(t *testing.T) {
	type filed struct {
		mediaType string
		status    int
		says      []string
	}
	const json, xml = "application/json", "application/xml"
	tests := map[string]map[string]filed{
		"pension-delivery": {
			"pension.json":        {json, http.StatusCreated, []string{`"number"`, `"secret"`, "ОСФР по Самарской области"}},
			"pension.xml":         {xml, http.StatusCreated, []string{`"number"`, `"secret"`, "ОСФР по Республике Татарстан"}},
			"pension-errors.json": {json, http.StatusUnprocessableEntity, []string{"/data/applicant/snils", "/data/applicant/phone", "/data/delivery/account", "/data/delivery/from", "/data/acknowledged"}},
		},
		"alcohol-licence": {
			"alcohol-licence.json": {json, http.StatusCreated, []string{`"number"`, "Отдел лицензирования общественного питания", `"195000"`}},
			"alcohol-licence.xml":  {xml, http.StatusCreated, []string{`"number"`, "Отдел лицензирования общественного питания", `"195000"`}},
			"alcohol-licence-errors.json": {json, http.StatusUnprocessableEntity, []string{
				`"/data"`, "/data/organisation/inn", "/data/organisation/kpp", "/data/points/0/municipality", "/data/points/0/registers/0/number",
				"/documents/title-1", "/documents/capital-proof",
			}},
		},
	}
	for service, applications := range tests {
		t.Run(service, func(t *testing.T) {
			out, stop := serving(t, samples+"/"+service+"/govservice.yaml")
			defer stop()
			base, _, _ := strings.Cut(out.await(t, 0, `form +(http://\S+)`), "/s/")
			for name, tc := range applications {
				t.Run(name, func(t *testing.T) {
					status, body := post(t, base+"/api/v1/services/"+service+"/applications", tc.mediaType, samples+"/applications/"+name)
					if status != tc.status {
						t.Errorf("status %d, want %d: %s", status, tc.status, body)
					}
					for _, want := range tc.says {
						if !strings.Contains(body, want) {
							t.Errorf("the answer lacks %s: %s", want, body)
						}
					}
				})
			}
		})
	}
}

// post sends a file and returns the answer's status and body.
func post(t *testing.T, url, mediaType, name string) (int, string) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	res, err := http.Post(url, mediaType, file) //nolint:gosec,noctx // a test on loopback
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}
