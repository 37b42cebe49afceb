// SPDX-License-Identifier: Apache-2.0

package prover

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/clock"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/intake"
	"github.com/okno-dev/okno/internal/scenario"
	"github.com/okno-dev/okno/internal/signature"
)

// sample is a revision of the first sample service.
func sample(t *testing.T) *v1alpha1.ServiceRevision {
	t.Helper()
	text, err := os.ReadFile("../../config/samples/first-service/govservice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var object struct {
		Spec struct{ Service runtime.RawExtension }
	}
	if err := yaml.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	raw := object.Spec.Service.Raw
	d, err := digest.Of(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &v1alpha1.ServiceRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: "town", Name: digest.RevisionName("permit", d)},
		Spec:       v1alpha1.ServiceRevisionSpec{Service: "permit", Digest: d, Definition: v1alpha1.NewDefinition(raw)},
	}
}

// running is a real prover, and what was asked of its inner port.
func running(t *testing.T) (*Prover, *[]string) {
	t.Helper()
	pem, err := signature.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signature.NewSigner(pem)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signature.ParseKeys(signer.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	server, err := intake.NewProver(intake.Options{Keys: keys, Audience: inner.ProverAudience, Log: slog.New(slog.DiscardHandler)}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	asked := &[]string{}
	public := httptest.NewServer(server.Public())
	private := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Method)
		server.Inner().ServeHTTP(w, r)
	}))
	t.Cleanup(public.Close)
	t.Cleanup(private.Close)
	return &Prover{
		HTTP:   http.DefaultClient,
		Locate: func(context.Context) (Address, error) { return Address{Public: public.URL, Inner: private.URL}, nil },
		Token:  func() string { return signer.Token(inner.ProverAudience, clock.RealClock{}.Now().Add(time.Minute)) },
	}, asked
}

func TestARevisionIsProvenAndTheProofEnded(t *testing.T) {
	p, asked := running(t)
	report, err := p.Prove(t.Context(), sample(t), "Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	if report.Failed != 0 || report.Passed == 0 {
		t.Errorf("report %+v", report)
	}
	if got := strings.Join(*asked, " "); got != "POST DELETE" {
		t.Errorf("asked of the inner port: %s", got)
	}
}

func TestAProverTellsTheImageThatItsReportsName(t *testing.T) {
	p, _ := running(t)
	report, err := p.Prove(t.Context(), sample(t), "Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	if image, err := p.Image(t.Context()); err != nil || image != report.Image || image == "" {
		t.Errorf("image %q, %v; the report names %q", image, err, report.Image)
	}
	p.Locate = func(context.Context) (Address, error) { return Address{}, errors.New("none") }
	if image, err := p.Image(t.Context()); err == nil {
		t.Errorf("nobody told %q", image)
	}
}

func TestWhatCannotBeRunIsAnErrorAndNoReport(t *testing.T) {
	tests := map[string]func(*Prover, *v1alpha1.ServiceRevision){
		"no prover is found": func(p *Prover, _ *v1alpha1.ServiceRevision) {
			p.Locate = func(context.Context) (Address, error) { return Address{}, errors.New("none") }
		},
		"it trusts nobody":    func(p *Prover, _ *v1alpha1.ServiceRevision) { p.Token = func() string { return "nonsense" } },
		"the body is missing": func(_ *Prover, rev *v1alpha1.ServiceRevision) { rev.Spec.Definition.Strip(string(rev.Spec.Digest)) },
		"another digest": func(_ *Prover, rev *v1alpha1.ServiceRevision) {
			rev.Spec.Digest = v1alpha1.Digest("sha256:" + strings.Repeat("0", 64))
		},
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			p, _ := running(t)
			rev := sample(t)
			spoil(p, rev)
			if report, err := p.Prove(t.Context(), rev, "Europe/Moscow"); err == nil {
				t.Errorf("report %+v", report)
			}
		})
	}
}

// TestAProofThatWasNotServedToItsEndIsNoReport: scenarios that meet nobody have not failed.
func TestAProofThatWasNotServedToItsEndIsNoReport(t *testing.T) {
	p, _ := running(t)
	locate := p.Locate
	p.Locate = func(ctx context.Context) (Address, error) {
		address, err := locate(ctx)
		inside, outside := address.Inner, address.Public
		forgetting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, _, _ := strings.Cut(r.Host, ".")
			c := &inner.Client{HTTP: p.HTTP, Base: inside, Token: p.Token}
			if _, err := c.EndProof(context.WithoutCancel(r.Context()), id); err != nil { // the run ends at the first that meets nobody
				t.Error(err)
			}
			to, err := url.Parse(outside)
			if err != nil {
				t.Error(err)
			}
			(&httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(out *httputil.ProxyRequest) { out.SetURL(to); out.Out.Host = r.Host }}).ServeHTTP(w, r)
		}))
		t.Cleanup(forgetting.Close)
		address.Public = forgetting.URL
		return address, err
	}
	var away *scenario.UnavailableError
	if report, err := p.Prove(t.Context(), sample(t), "Europe/Moscow"); !errors.As(err, &away) {
		t.Errorf("report %+v, error %v, want an UnavailableError", report, err)
	}
}
