// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/follow"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/installation"
	"github.com/okno-dev/okno/internal/intake"
	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/ledger"
	"github.com/okno-dev/okno/internal/prover"
	"github.com/okno-dev/okno/internal/resources"
	"github.com/okno-dev/okno/internal/signature"
	"github.com/okno-dev/okno/test/env"
)

// keys are those that the installation's Secret says are trusted.
func (f *fixture) keys() signature.Keys {
	f.Helper()
	install, err := installation.Ensure(f.Context(), f.client)
	if err != nil {
		f.Fatal(err)
	}
	keys, err := signature.ParseKeys(install.TrustedKeys...)
	if err != nil {
		f.Fatal(err)
	}
	return keys
}

// prove runs the real prover.
func (f *fixture) prove() {
	f.Helper()
	keys := f.keys()
	p, err := intake.NewProver(intake.Options{
		Keys: keys, KeyIDs: keys.IDs(), Audience: inner.ProverAudience, Clock: f.clock.Now, Location: time.UTC,
		Image: func() string { return "sha256:prover" }, Log: slog.New(slog.DiscardHandler),
	}, f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.prover = prover.Address{Public: f.listen(p.Public()), Inner: f.listen(p.Inner())}
}

func (f *fixture) listen(h http.Handler) string {
	s := httptest.NewServer(h)
	f.Cleanup(s.Close)
	return s.URL
}

// agency is a running intake of the fixture's agency, found where it listens.
type agency struct {
	public, inner string
}

func (a *agency) Intake(context.Context, string) (string, error) { return a.inner, nil }
func (a *agency) Forget(string, string)                          {}

// serve runs the real intake under its own account, following the agency's Publications.
func (f *fixture) serve() *agency {
	f.Helper()
	keys := f.keys()
	s, err := store.Open(f.Context(), filepath.Join(f.TempDir(), "okno.db"), store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	server, err := intake.New(f.Context(), intake.Options{
		Store: s, Keys: keys, KeyIDs: keys.IDs(), Audience: inner.IntakeAudience(f.ns), Clock: f.clock.Now, Location: time.UTC,
		Provider: f.ns, BaseURL: "http://" + f.ns + ".localhost:8080", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		f.Fatal(err)
	}
	account := "system:serviceaccount:" + f.ns + ":" + resources.IntakeName
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.Context()))
	ended := make(chan error, 1)
	go func() {
		ended <- follow.Run(ctx, follow.Options{
			Config: env.As(f.config, account, "system:serviceaccounts", "system:serviceaccounts:"+f.ns, "system:authenticated"),
			// Errors before the controller has granted the right to read are retried.
			Namespace: f.ns, Keys: keys, Log: slog.New(slog.DiscardHandler), Knows: server.Knows,
			Deliver: func(ctx context.Context, c follow.Change) error {
				return server.Publish(ctx, c.Publication, c.Definition)
			},
		})
	}()
	f.Cleanup(func() {
		cancel()
		<-ended
		if err := s.Close(); err != nil {
			f.Error(err)
		}
	})
	return &agency{public: f.listen(server.Public()), inner: f.listen(server.Inner())}
}

func TestFromOneYAMLToACountedApplication(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.prove()
	a := f.serve()
	f.find = a
	f.run()
	f.deploy()
	f.apply(f.service("permit"))

	svc := f.await("permit", v1alpha1.ConditionVerified, v1alpha1.ReasonVerified)
	rev := f.revision("permit")
	if rev.Status.Report == nil || rev.Status.Report.Passed != 5 || rev.Status.Report.Failed != 0 || rev.Status.Report.Image != "sha256:prover" {
		t.Errorf("report %+v", rev.Status.Report)
	}
	if got := svc.Status.Published; got != nil {
		t.Fatalf("published before anybody approved: %v", got)
	}
	f.decide("head", "moderator", v1alpha1.DecisionApprove, rev)
	f.awaitServed("permit", rev.Spec.Digest)
	f.eventually("the intake to serve it", func(ctx context.Context) error {
		got, err := digestServed(ctx, a.public+"/s/permit")
		if err == nil && got != string(rev.Spec.Digest) {
			err = fmt.Errorf("it serves %q", got)
		}
		return err
	})

	f.file(a, "permit")
	f.eventually("the application to be counted", func(context.Context) error {
		f.clock.Step(time.Second) // the observer works in ticks of its clock
		m := f.get("permit").Status.Metrics
		if m == nil || m.Total.Submitted != 1 || m.Published == nil || m.Published.Submitted != 1 {
			return fmt.Errorf("metrics %+v", m)
		}
		return nil
	})
	f.eventually("the journal's head to be written", func(ctx context.Context) error {
		f.clock.Step(time.Second)
		p := &v1alpha1.ServiceProvider{}
		if err := f.client.Get(ctx, client.ObjectKey{Name: f.ns}, p); err != nil {
			return err
		}
		if p.Status.Checkpoint == nil || p.Status.Checkpoint.RootHash == "" || !meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("status %+v", p.Status)
		}
		return nil
	})
	f.checkAnchors("permit")
}

// checkAnchors: the record made before anybody applied names no head of the journal, the next one does, and both are signed.
func (f *fixture) checkAnchors(name string) {
	f.Helper()
	f.apply(f.service(name, titled("Another title")))
	rev := f.revision(name)
	f.await(name, v1alpha1.ConditionVerified, v1alpha1.ReasonVerified)
	f.decide("head", "moderator", v1alpha1.DecisionApprove, rev)
	f.awaitServed(name, rev.Spec.Digest)
	for seq, anchored := range map[int64]bool{1: false, 2: true} {
		record := &v1alpha1.Publication{}
		if err := f.client.Get(f.Context(), client.ObjectKey{Namespace: f.ns, Name: ledger.RecordName(name, seq)}, record); err != nil {
			f.Fatal(err)
		}
		if err := f.keys().VerifyPublication(record.Spec, f.ns); err != nil {
			f.Error(err)
		}
		if got := record.Spec.Checkpoint; (got != nil) != anchored || anchored && (got.Size < 1 || got.RootHash == "") {
			f.Errorf("record %d names the head %+v", seq, got)
		}
	}
}

func digestServed(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", errors.New(resp.Status)
	}
	return resp.Header.Get("Okno-Digest"), nil
}

// file files an application as a program does.
func (f *fixture) file(a *agency, service string) {
	f.Helper()
	body := `{"data":{"name":"Анна Образцова","birthDate":"1990-05-01","district":"north","home":"own","years":2,"cars":[{"plate":"А123ВС77"}]}}`
	req, err := http.NewRequestWithContext(f.Context(), http.MethodPost, a.public+"/api/v1/services/"+service+"/applications", strings.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", "one-application")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(resp.Body)
		f.Fatalf("%s: %s", resp.Status, text)
	}
}

func TestAProverThatComesLateProvesWhatWaits(t *testing.T) {
	f := newFixture(t, "scenarios")
	f.run()
	f.apply(f.service("permit"))
	f.await("permit", v1alpha1.ConditionVerified, v1alpha1.ReasonProverAway)
	f.stop()
	f.prove()
	f.run()
	svc := f.await("permit", v1alpha1.ConditionVerified, v1alpha1.ReasonVerified)
	if meta.FindStatusCondition(svc.Status.Conditions, v1alpha1.ConditionReconciling) != nil && svc.Status.Published == nil {
		t.Errorf("a restart left something behind:%s", conditions(svc))
	}
}
