// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/scenario"
	"github.com/okno-dev/okno/internal/signature"
)

func signer(t *testing.T, seed string) (*signature.Signer, signature.Keys) {
	t.Helper()
	key, err := signature.GenerateKey(strings.NewReader(strings.Repeat(seed, 64)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := signature.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signature.ParseKeys(s.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	return s, keys
}

func TestStateIsToldToTheControllerAlone(t *testing.T) {
	own, keys := signer(t, "k")
	stranger, _ := signer(t, "s")
	c := &clock{now: noon}
	audience := inner.IntakeAudience("town")
	f := openIntake(t, t.TempDir()+"/okno.db", c, Options{
		Keys: keys, KeyIDs: keys.IDs(), Audience: audience, Image: func() string { return "sha256:image" },
	})
	raw := definition(t)
	f.publish(publication(t, 1, raw), raw)
	f.fileJSON(resident)

	for name, token := range map[string]string{
		"no token":              "",
		"another's signature":   stranger.Token(audience, noon.Add(time.Minute)),
		"for another audience":  own.Token(inner.IntakeAudience("village"), noon.Add(time.Minute)),
		"a token that is stale": own.Token(audience, noon.Add(-time.Hour)),
	} {
		client := &inner.Client{Base: f.inner, Token: func() string { return token }}
		_, err := client.State(t.Context())
		var status *inner.StatusError
		if !errors.As(err, &status) || status.Status != http.StatusUnauthorized {
			t.Errorf("%s: %v, want 401", name, err)
		}
	}

	client := &inner.Client{Base: f.inner, Token: func() string { return own.Token(audience, noon.Add(time.Minute)) }}
	got, err := client.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	served := f.catalogue.lookup(service)
	want := &inner.State{
		Image:    "sha256:image",
		Services: []inner.Service{{Service: service, Digest: served.digest, Revision: served.revision, Seq: 1, Since: noon, Action: "Publish"}},
		Counts: []inner.Counts{{
			Service: service, Digest: served.digest, Revision: served.revision, Started: 1, Submitted: 1, InProgress: 1,
		}},
		PublicKeyIDs: keys.IDs(),
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(inner.State{}, "Checkpoint"), cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	head, err := f.store.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Checkpoint == nil || got.Checkpoint.Size != head.Size || got.Checkpoint.RootHash != base64.StdEncoding.EncodeToString(head.RootHash[:]) {
		t.Errorf("checkpoint = %+v, want %+v", got.Checkpoint, head)
	}
}

func TestProcessThatCompletesNothingIsNotAlive(t *testing.T) {
	for name, test := range map[string]struct {
		stats store.Stats
		alive bool
	}{
		"nothing to do":                 {store.Stats{}, true},
		"busy":                          {store.Stats{QueueDepth: 4000, Oldest: 3 * time.Second}, true},
		"a command waits for a minute":  {store.Stats{QueueDepth: 1, Oldest: 61 * time.Second}, false},
		"a command runs for two":        {store.Stats{InBatch: 1, Oldest: 2 * time.Minute}, false},
		"idle since long ago, and well": {store.Stats{Commands: 9}, true},
	} {
		if err := alive(test.stats); (err == nil) != test.alive {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := start(t)
	for _, path := range []string{inner.PathHealth, inner.PathReady} {
		resp, err := http.Get(f.inner + path)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %v %v", path, resp, err)
		}
		resp.Body.Close()
	}
}

// releaseOf reads a definition.
func releaseOf(t *testing.T, raw []byte) *release {
	t.Helper()
	canonical, err := digest.Canonical(raw)
	if err != nil {
		t.Fatal(err)
	}
	d, err := digest.Of(raw)
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRelease(service, string(d), canonical, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// prove starts a proof of the permit with some scenarios.
func prove(t *testing.T, p *ProverServer, raw []byte) *inner.Proof {
	t.Helper()
	r := releaseOf(t, raw)
	proof, err := p.Start(t.Context(), inner.ProofRequest{Service: service, Digest: r.digest, Definition: raw})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := p.End(proof.ID); err != nil {
			t.Error(err)
		}
	})
	return proof
}

// scenarios are what must come out alike as form, JSON and XML.
func scenarios(def map[string]any) {
	base := func(more map[string]any) map[string]any {
		given := map[string]any{
			"name": " Анна\u00a0Образцова ", "birthDate": "1990-05-01", "district": "north", "home": "own", "years": 2,
			"cars": []any{map[string]any{"plate": "А123ВС77"}, map[string]any{"plate": "Е456КХ199", "make": "Лада"}},
		}
		for k, v := range more {
			given[k] = v
		}
		return given
	}
	one := func(name string, given, expect map[string]any, more ...any) map[string]any {
		s := map[string]any{"name": name, "now": "2026-12-30T20:59:00Z", "given": given, "expect": expect}
		if len(more) > 0 {
			s["attachments"] = more
		}
		return s
	}
	rejected := func(pairs ...string) map[string]any {
		var errs []any
		for i := 0; i < len(pairs); i += 2 {
			errs = append(errs, map[string]any{"pointer": pairs[i], "code": pairs[i+1]})
		}
		return map[string]any{"outcome": "Rejected", "errors": errs}
	}
	file := func(content string) map[string]any {
		return map[string]any{"document": "rent", "name": "rent.pdf", "type": "application/pdf", "text": content}
	}
	rented := map[string]any{"home": "rented", "landlord": "Пётр"}
	def["scenarios"] = []any{
		one("a resident, a minute before midnight", base(nil), map[string]any{"outcome": "Accepted", "unit": "Северная управа", "deadline": "2027-01-13"}),
		one("a tenant with the contract", base(rented), map[string]any{"outcome": "Accepted"}, file(pdf)),
		one("a tenant with a picture of nothing", base(rented), rejected("/documents/rent", "mediaType"), file("nothing")),
		one("a tenant with nothing", base(map[string]any{"home": "rented"}), rejected("/data/landlord", "required", "/documents/rent", "required")),
		one("hidden answers are dropped", base(map[string]any{"landlord": "Пётр"}), map[string]any{"outcome": "Accepted"}),
		one("each kind of error", base(map[string]any{"years": 9, "birthDate": "2020-01-01", "district": "moon", "cars": []any{map[string]any{"plate": "?"}}}),
			rejected("/data/years", "maximum", "/data/birthDate", "age", "/data/district", "enum", "/data/cars/0/plate", "pattern")),
	}
}

func TestThreeWaysInAgree(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProver(Options{Log: slog.New(slog.DiscardHandler), Location: zone, Image: func() string { return "sha256:image" }}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	raw := definition(t, scenarios, set("data.xml", map[string]any{
		"namespaces": map[string]any{"default": "urn:town:permit"}, "root": "application",
	}))
	proof := prove(t, p, raw)
	server := httptest.NewServer(p.Public())
	defer server.Close()
	var def v1alpha1.ServiceDefinition
	if err := json.Unmarshal(raw, &def); err != nil {
		t.Fatal(err)
	}
	report, err := scenario.Run(t.Context(), scenario.Options{
		Base: server.URL, Host: proof.Host, Service: service, Definition: &def, Image: proof.Image, Parallel: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	status, err := report.Status()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range status.Scenarios {
		if s.Result != "Passed" || len(s.Ways) != 3 {
			t.Errorf("%s: %s by %v\n%s", s.Name, s.Result, s.Ways, s.Message)
		}
	}
	counts, err := p.proofs[proof.ID].store.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Started+c.Submitted+c.RejectedByValidation > 0 {
			t.Errorf("a proof is counted: %+v", c)
		}
	}
}

func TestOnlyAProverObeysTheClockHeader(t *testing.T) {
	f := start(t)
	a := f.fileJSON(resident, inner.ScenarioNow, "2020-01-01T00:00:00Z")
	if got := a.json(t)["filedAt"]; got != "2026-03-02T12:00:00+03:00" {
		t.Errorf("filed at %v", got)
	}
}

func TestProofIsAskedForAndEndedOverTheInnerPort(t *testing.T) {
	own, keys := signer(t, "k")
	c := &clock{now: noon}
	p, err := NewProver(Options{Log: slog.New(slog.DiscardHandler), Keys: keys, Audience: inner.ProverAudience, Clock: c.Now}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	public, port := httptest.NewServer(p.Public()), httptest.NewServer(p.Inner())
	defer public.Close()
	defer port.Close()
	client := &inner.Client{Base: port.URL, Token: func() string { return own.Token(inner.ProverAudience, noon.Add(time.Minute)) }}
	raw := definition(t)
	r := releaseOf(t, raw)

	_, err = client.StartProof(t.Context(), inner.ProofRequest{Service: service, Digest: "sha256:" + strings.Repeat("0", 64), Definition: raw})
	var refused *inner.StatusError
	if !errors.As(err, &refused) || refused.Status != http.StatusUnprocessableEntity {
		t.Errorf("another digest: %v, want 422", err)
	}
	if _, err := (&inner.Client{Base: port.URL}).StartProof(t.Context(), inner.ProofRequest{}); err == nil {
		t.Error("anybody may start a proof")
	}
	proof, err := client.StartProof(t.Context(), inner.ProofRequest{Service: service, Digest: r.digest, Definition: raw})
	if err != nil {
		t.Fatal(err)
	}
	get := func(host string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, public.URL+"/s/"+service, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		return do(t, http.DefaultClient, req).status
	}
	if got := get(proof.Host + ":8080"); got != http.StatusOK {
		t.Errorf("the proof answers %d", got)
	}
	if got := get("other." + inner.ProverDomain); got != http.StatusMisdirectedRequest {
		t.Errorf("another host answers %d", got)
	}
	p.endForgotten()
	if got := get(proof.Host); got != http.StatusOK {
		t.Error("a young proof is forgotten")
	}
	if found, err := client.EndProof(t.Context(), proof.ID); err != nil || !found {
		t.Errorf("ended: %t, %v", found, err)
	}
	if got := get(proof.Host); got != http.StatusMisdirectedRequest {
		t.Errorf("after its end it answers %d", got)
	}
	if found, err := client.EndProof(t.Context(), proof.ID); err != nil || found {
		t.Errorf("ended twice: %t, %v", found, err)
	}
}

func TestForgottenProofsEnd(t *testing.T) {
	c := &clock{now: noon}
	p, err := NewProver(Options{Log: slog.New(slog.DiscardHandler), Clock: c.Now}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	public := httptest.NewServer(p.Public())
	defer public.Close()
	proof := prove(t, p, definition(t))
	ask := func(host string, want int) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, public.URL+"/s/"+service, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		if got := do(t, http.DefaultClient, req).status; got != want {
			t.Errorf("%s answers %d, want %d", host, got, want)
		}
	}
	for range 3 {
		c.Add(forgotten)
		p.endForgotten()
		ask(proof.Host, http.StatusOK)
		ask(proof.ID, http.StatusMisdirectedRequest) // a name outside the prover's domain asks no proof
	}
	c.Add(forgotten + time.Second)
	p.endForgotten()
	if len(p.proofs) != 0 {
		t.Error("a proof that nobody asks anything of goes on")
	}
}

// TestProofsOfTheDeadMakeRoom: a controller that was killed again and again ended none of the proofs that it had begun.
func TestProofsOfTheDeadMakeRoom(t *testing.T) {
	c := &clock{now: noon}
	p, err := NewProver(Options{Log: slog.New(slog.DiscardHandler), Clock: c.Now}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	raw := definition(t)
	for range maxProofs {
		prove(t, p, raw)
	}
	request := inner.ProofRequest{Service: service, Digest: releaseOf(t, raw).digest, Definition: raw}
	if _, err := p.Start(t.Context(), request); !errors.Is(err, errFull) {
		t.Errorf("one more than there is room for: %v", err)
	}
	c.Add(forgotten + time.Second)
	if _, err := p.Start(t.Context(), request); err != nil {
		t.Errorf("after they were forgotten: %v", err)
	}
	if len(p.proofs) != 1 {
		t.Errorf("%d proofs, want the one that was begun since", len(p.proofs))
	}
}
