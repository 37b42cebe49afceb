// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/hack/local/controlplane/controlplanetest"
	"github.com/okno-dev/okno/internal/follow"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/installation"
	"github.com/okno-dev/okno/internal/ledger"
	"github.com/okno-dev/okno/internal/portal"
	"github.com/okno-dev/okno/internal/prover"
	"github.com/okno-dev/okno/internal/resources"
	"github.com/okno-dev/okno/internal/signature"
	"github.com/okno-dev/okno/test/env"
)

// freshCluster is an API server of the test's own, on which Okno was never started: some privileges are needed at the first start
// only, and what the walk does to admission is nobody else's business.
func freshCluster(t *testing.T) *rest.Config {
	t.Helper()
	cluster, err := env.Launch(t.Context(), t.TempDir(), controlplanetest.BinDir(t), controlplanetest.ModuleRoot(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	return cluster.Config("okno:tests", controlplane.Masters)
}

// cutJournal is an intake whose journal loses its entries.
type cutJournal struct {
	mu   sync.Mutex
	size uint64
	url  string
}

func (j *cutJournal) Intake(context.Context, string) (string, error) { return j.url, nil }
func (j *cutJournal) Forget(string, string)                          {}

func (j *cutJournal) holds(size uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.size = size
}

func (j *cutJournal) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_ = json.NewEncoder(w).Encode(inner.State{Checkpoint: &inner.Checkpoint{Size: j.size, RootHash: strings.Repeat("A", 43) + "="}})
}

// TestEveryPrivilegeIsUsed walks through everything that Okno's programs do to a cluster, and finds what their roles allow beyond
// that. What they need and are not allowed fails here and elsewhere.
func TestEveryPrivilegeIsUsed(t *testing.T) {
	f := newFixtureOn(t, freshCluster(t), "scenarios", "moderator")
	controller, intake, catalogue := &uses{seen: map[privilege]bool{}}, &uses{seen: map[privilege]bool{}}, &uses{seen: map[privilege]bool{}}
	f.transport = controller.wrap
	journal := &cutJournal{}
	journal.url = f.listen(journal)
	f.find, f.elect = journal, true

	f.run() // makes the installation's key
	f.deploy()
	f.prove()
	f.run()
	f.followAs(intake, f.ns, "system:serviceaccount:"+f.ns+":"+resources.IntakeName, f.ns)
	f.followAs(catalogue, "", "system:serviceaccount:okno-system:okno-portal", v1alpha1.SystemNamespace)
	f.walkThroughRecords(controller)
	f.walkThroughACutJournal(controller, journal)
	f.walkThroughRoutes()

	// Pods are looked for where nobody says where intakes and provers are.
	f.find, f.prover = nil, prover.Address{}
	f.run()
	f.apply(f.service("unproven"))
	f.await("unproven", v1alpha1.ConditionVerified, v1alpha1.ReasonProverAway)
	f.awaitUse(controller, privilege{inAgency, "", "pods", "list", ""})
	f.walkThroughChangesOfThePlatform(controller)

	for _, check := range []struct {
		by   *uses
		role string
		at   string
	}{
		{controller, "okno-controller", ""}, {controller, "okno-agency-controller", inAgency}, {intake, "okno-intake", inAgency}, {catalogue, "okno-portal", ""},
	} {
		for _, unused := range check.by.unused(granted(t, check.role, check.at)) {
			t.Errorf("%s grants what nothing uses: %s", check.role, unused)
		}
	}
}

func (f *fixture) awaitUse(u *uses, p privilege) {
	f.Helper()
	f.eventually(p.String(), func(context.Context) error {
		f.clock.Step(time.Second) // the observer works in ticks of its clock
		return u.has(p)
	})
}

// followAs follows records and agencies as intakes or the portal do.
func (f *fixture) followAs(u *uses, namespace, account, home string) {
	f.Helper()
	config := env.As(f.config, account, "system:serviceaccounts", "system:serviceaccounts:"+home, "system:authenticated")
	config.Wrap(u.wrap)
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.Context()))
	index := portal.NewIndex()
	var following sync.WaitGroup
	following.Go(func() {
		_ = follow.Run(ctx, follow.Options{
			Config: config, Namespace: namespace, Keys: f.keys(), Log: slog.New(slog.DiscardHandler),
			Deliver: func(_ context.Context, c follow.Change) error { return index.Apply(c.Publication, c.Definition) },
		})
	})
	if namespace == "" {
		following.Go(func() { _ = portal.FollowProviders(ctx, config, index) })
	}
	f.Cleanup(func() {
		cancel()
		following.Wait()
	})
}

// walkThroughRecords publishes, prunes, meets a forgery and withdraws.
func (f *fixture) walkThroughRecords(controller *uses) {
	f.Helper()
	approve := func() {
		rev := f.revision("permit")
		f.await("permit", v1alpha1.ConditionVerified, v1alpha1.ReasonVerified)
		f.decide("head", "moderator", v1alpha1.DecisionApprove, rev)
		f.awaitServed("permit", rev.Spec.Digest)
	}
	f.settle()
	f.apply(f.service("permit"))
	approve()
	f.apply(f.service("permit", titled("Another title")))
	approve()
	f.patchSpec("permit", `{"revisionHistoryLimit":0}`)
	f.awaitUse(controller, privilege{"", v1alpha1.GroupName, "servicerevisions", "delete", ""})

	forged := &v1alpha1.Publication{}
	if err := f.client.Get(f.Context(), client.ObjectKey{Namespace: f.ns, Name: ledger.RecordName("permit", 2)}, forged); err != nil {
		f.Fatal(err)
	}
	forged.Name, forged.ResourceVersion, forged.UID, forged.Spec.Seq = ledger.RecordName("permit", 3), "", "", 3
	if err := f.as(v1alpha1.ControllerAccount).Create(f.Context(), forged); err != nil {
		f.Fatal(err)
	}
	f.apply(f.service("permit", titled("A third title")))
	approve()
	if err := f.client.Delete(f.Context(), f.get("permit")); err != nil {
		f.Fatal(err)
	}
	f.eventually("the service to go", func(ctx context.Context) error {
		err := f.client.Get(ctx, client.ObjectKey{Namespace: f.ns, Name: "permit"}, &v1alpha1.GovService{})
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("it is there: %w", err)
		}
		return nil
	})
}

// walkThroughACutJournal has a journal lose entries, which is told of twice: the second time the first Event is counted up.
func (f *fixture) walkThroughACutJournal(controller *uses, journal *cutJournal) {
	f.Helper()
	journal.holds(5)
	f.awaitUse(controller, privilege{"", v1alpha1.GroupName, "serviceproviders/status", "patch", f.ns})
	f.eventually("the head of the journal", func(ctx context.Context) error {
		f.clock.Step(time.Second)
		p := &v1alpha1.ServiceProvider{}
		if err := f.client.Get(ctx, client.ObjectKey{Name: f.ns}, p); err != nil {
			return err
		}
		if p.Status.Checkpoint == nil {
			return fmt.Errorf("status %+v", p.Status)
		}
		return nil
	})
	journal.holds(3)
	f.awaitUse(controller, privilege{"", "events.k8s.io", "events", "patch", ""})
}

// walkThroughRoutes goes over to a Gateway and back.
func (f *fixture) walkThroughRoutes() {
	f.Helper()
	f.installGatewayAPI()
	f.gateway = resources.Gateway{Namespace: "edge", Name: "public"}
	f.run()
	f.awaitRoutes(resources.HTTPRouteKind, resources.IngressKind)
	f.gateway = resources.Gateway{}
	f.run()
	f.awaitRoutes(resources.IngressKind, resources.HTTPRouteKind)
}

// walkThroughChangesOfThePlatform replaces the installation's key and alters an admission policy.
func (f *fixture) walkThroughChangesOfThePlatform(controller *uses) {
	f.Helper()
	secret := &corev1.Secret{}
	if err := f.client.Get(f.Context(), client.ObjectKey{Namespace: v1alpha1.SystemNamespace, Name: installation.SecretName}, secret); err != nil {
		f.Fatal(err)
	}
	pem, err := signature.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	former, err := signature.NewSigner(pem)
	if err != nil {
		f.Fatal(err)
	}
	secret.Data["retired"] = []byte(former.PublicKey())
	if err := f.client.Update(f.Context(), secret); err != nil {
		f.Fatal(err)
	}
	f.run()
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{}
	if err := f.client.Get(f.Context(), client.ObjectKey{Name: "okno-records"}, policy); err != nil {
		f.Fatal(err)
	}
	ignore := admissionregistrationv1.Ignore
	policy.Spec.FailurePolicy = &ignore
	if err := f.client.Update(f.Context(), policy); err != nil {
		f.Fatal(err)
	}
	f.awaitUse(controller, privilege{v1alpha1.SystemNamespace, "", "configmaps", "patch", "okno-admission"})
}
