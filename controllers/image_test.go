// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/intake"
	"github.com/okno-dev/okno/internal/prover"
	"github.com/okno-dev/okno/internal/resources"
)

// proveWith runs the real prover as the program of an image, and counts its proofs. A broken one fails at every application.
func (f *fixture) proveWith(program string, broken bool) *atomic.Int32 {
	f.Helper()
	keys := f.keys()
	p, err := intake.NewProver(intake.Options{
		Keys: keys, KeyIDs: keys.IDs(), Audience: inner.ProverAudience, Clock: f.clock.Now, Location: time.UTC,
		Image: func() string { return program }, Log: slog.New(slog.DiscardHandler),
	}, f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	proofs := &atomic.Int32{}
	public := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !broken || !strings.HasSuffix(r.URL.Path, "/applications") {
			p.Public().ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		p.Public().ServeHTTP(answer, r)
		w.Header().Set("Okno-Digest", answer.Header().Get("Okno-Digest"))
		http.Error(w, "broken", http.StatusInternalServerError)
	})
	private := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == inner.PathProofs {
			proofs.Add(1)
		}
		p.Inner().ServeHTTP(w, r)
	})
	f.prover = prover.Address{Public: f.listen(public), Inner: f.listen(private)}
	return proofs
}

// runWith starts the controller anew with an image for intakes.
func (f *fixture) runWith(image string) {
	f.Helper()
	f.image = image
	f.run()
}

// awaitImage waits until the provider's condition has a reason, or with "" until there is none of it, and the intake runs an image.
func (f *fixture) awaitImage(condition, reason, image string) (message string) {
	f.Helper()
	f.eventually(fmt.Sprintf("%s/%s, with %s", condition, reason, image), func(ctx context.Context) error {
		p := &v1alpha1.ServiceProvider{}
		if err := f.client.Get(ctx, client.ObjectKey{Name: f.ns}, p); err != nil {
			return err
		}
		set := &appsv1.StatefulSet{}
		if err := f.client.Get(ctx, client.ObjectKey{Namespace: f.ns, Name: resources.IntakeName}, set); err != nil {
			return err
		}
		got := ""
		message = ""
		if c := meta.FindStatusCondition(p.Status.Conditions, condition); c != nil {
			got, message = c.Reason, c.Message
		}
		if has := set.Spec.Template.Spec.Containers[0].Image; got != reason || has != image || !meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("image %s, conditions %+v", has, p.Status.Conditions)
		}
		return nil
	})
	return message
}

func TestANewImageProvesWhatIsServedBeforeItTakesTraffic(t *testing.T) {
	f := newFixture(t, "scenarios")
	f.proveWith("sha256:old", false)
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	rev := f.revision("permit")
	f.awaitServed("permit", rev.Spec.Digest)
	f.apply(f.service("dogs"))
	f.awaitServed("dogs", f.revision("dogs").Spec.Digest)
	const old, next, mended = "okno.dev/intake:dev", "okno.dev/intake:next", "okno.dev/intake:mended"

	// While no prover answers, the former image serves.
	f.prover = prover.Address{Public: "http://127.0.0.1:1", Inner: "http://127.0.0.1:1"}
	f.runWith(next)
	f.awaitImage(v1alpha1.ConditionReconciling, v1alpha1.ReasonProvingImage, old)

	// So it does when what is served fails on the new one, and a person is told what.
	proofs := f.proveWith("sha256:next", true)
	f.runWith(next)
	message := f.awaitImage(v1alpha1.ConditionStalled, v1alpha1.ReasonImageNotProven, old)
	if !strings.Contains(message, next) || !strings.Contains(message, rev.Name+` failed "`) || !strings.Contains(message, "dogs-") {
		t.Errorf("message %q", message)
	}
	if got := proofs.Load(); got != 4 { // what fails is run once more
		t.Errorf("%d proofs of two revisions that fail", got)
	}
	svc := f.get("permit")
	if !meta.IsStatusConditionTrue(svc.Status.Conditions, v1alpha1.ConditionReady) {
		t.Errorf("the service is served as before:%s", conditions(svc))
	}

	// A restart proves nothing again and writes nothing.
	count, asked := &writes{}, &uses{seen: map[privilege]bool{}}
	f.transport = func(next http.RoundTripper) http.RoundTripper { return asked.wrap(count.wrap(next)) }
	f.runWith(next)
	f.eventually("the intake to be looked at", func(context.Context) error {
		return asked.has(privilege{inAgency, "apps", "statefulsets", "get", resources.IntakeName})
	})
	f.apply(f.service("birds"))
	f.await("birds", v1alpha1.ConditionVerified, v1alpha1.ReasonScenariosFailed) // every service has been looked at by then
	f.awaitImage(v1alpha1.ConditionStalled, v1alpha1.ReasonImageNotProven, old)
	if got := proofs.Load(); got != 5 {
		t.Errorf("%d proofs of two revisions that fail and one that is new", got)
	}
	for _, write := range count.taken() {
		if !strings.Contains(write, "birds") && !strings.HasPrefix(write, "POST") {
			t.Errorf("written by a restart: %s", write)
		}
	}
	if err := f.client.Delete(t.Context(), f.get("birds")); err != nil {
		t.Fatal(err)
	}

	// A mended image is taken when all has passed on it, and each revision says so.
	f.transport = nil
	proofs = f.proveWith("sha256:mended", false)
	f.runWith(mended)
	f.awaitImage(v1alpha1.ConditionStalled, "", mended)
	after := &v1alpha1.ServiceRevision{}
	if err := f.client.Get(t.Context(), client.ObjectKeyFromObject(rev), after); err != nil {
		t.Fatal(err)
	}
	if proof := after.Status.On("sha256:mended"); proof == nil || proof.Result != v1alpha1.ResultPassed || len(after.Status.LaterImages) != 2 || after.Status.Report.Image != "sha256:old" {
		t.Errorf("status %+v", after.Status)
	}
	if got := proofs.Load(); got < 2 {
		t.Errorf("%d proofs of two revisions", got)
	}

	// The way back needs no proof: the revisions' own reports are of that image.
	proofs = f.proveWith("sha256:old", false)
	f.runWith(old)
	f.awaitImage(v1alpha1.ConditionStalled, "", old)
	if got := proofs.Load(); got != 0 {
		t.Errorf("%d proofs on the way back", got)
	}
}
