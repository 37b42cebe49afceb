// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/installation"
	"github.com/okno-dev/okno/internal/resources"
)

// TestTwoControllersWriteOneRecord lets two controllers act at once, without any election, and ends one of them in the middle.
func TestTwoControllersWriteOneRecord(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	second := f.start()
	var revisions []*v1alpha1.ServiceRevision
	for i := range 4 {
		name := fmt.Sprintf("permit-%c", 'a'+i)
		f.apply(f.service(name))
		rev := f.revision(name)
		f.report(rev, 5, 0)
		revisions = append(revisions, rev)
	}
	for i, rev := range revisions {
		f.decide("head", "moderator", v1alpha1.DecisionApprove, rev)
		if i == 1 {
			second()
		}
	}
	for _, rev := range revisions {
		f.awaitServed(rev.Spec.Service, rev.Spec.Digest)
		f.awaitRecords(rev.Spec.Service, "1 Publish "+rev.Name)
	}
}

// TestAStandbyGoesOnWhenTheLeaderEnds lets two controllers elect one, under the rights that Okno grants.
func TestAStandbyGoesOnWhenTheLeaderEnds(t *testing.T) {
	f := newFixture(t, "scenarios")
	f.elect = true
	f.run()
	f.apply(f.service("permit"))
	first := f.publish("permit")
	standby := f.start()
	t.Cleanup(standby)
	f.stop()
	f.apply(f.service("permit", titled("Another title")))
	second := f.publish("permit")
	f.awaitRecords("permit", "1 Publish "+first.Name, "2 Publish "+second.Name)
}

// TestARestoredClusterGoesOnWhereItWas puts the records and the service of a backup into a namespace that has none of the
// objects' former identities, records first, as a restore may.
func TestARestoredClusterGoesOnWhereItWas(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	install, err := installation.Ensure(t.Context(), f.client)
	if err != nil {
		t.Fatal(err)
	}
	svc := f.service("permit")
	d := digestOf(f, svc)
	rev := &v1alpha1.ServiceRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: f.ns, Name: "permit-" + string(d)[7:17]},
		Spec: v1alpha1.ServiceRevisionSpec{
			Service: "permit", Digest: d, Definition: f.definition("permit"), Author: "agency-editor", RulePack: "an older pack",
		},
	}
	record := &v1alpha1.Publication{
		ObjectMeta: metav1.ObjectMeta{Namespace: f.ns, Name: "permit-000007"},
		Spec: v1alpha1.PublicationSpec{
			Installation: install.Name, Namespace: f.ns, Service: "permit", Seq: 7, Action: v1alpha1.ActionPublish, Code: f.ns + ".permit",
			Revision: rev.Name, Digest: d, DecidedAt: metav1.NewTime(f.clock.Now().Add(-time.Hour).Truncate(time.Second)),
		},
	}
	if err := install.Signer.SignPublication(&record.Spec); err != nil {
		t.Fatal(err)
	}
	restorer := f.as(v1alpha1.ControllerAccount)
	for _, o := range []client.Object{rev, record} {
		if err := restorer.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	f.run()
	f.deploy()
	// Before its service is there again, what is served stays.
	f.apply(f.service("other"))
	f.revision("other")
	f.awaitRecords("permit", "7 Publish "+rev.Name)

	f.apply(svc)
	f.report(rev, 5, 0) // proven anew, for statuses are in no backup
	after := f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if after.Status.Published.Seq != 7 || after.Status.LatestRevision != rev.Name {
		t.Errorf("published %+v, latest %q", after.Status.Published, after.Status.LatestRevision)
	}
	f.apply(f.service("permit", titled("Another title")))
	next := f.publish("permit", "moderator")
	after = f.awaitServed("permit", next.Spec.Digest)
	if after.Status.Published.Seq != 8 {
		t.Errorf("the next record is %d", after.Status.Published.Seq)
	}
}

func TestRevisionsOfADeletedServiceGoAfterItsGrace(t *testing.T) {
	f := newFixture(t, "scenarios")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	rev := f.publish("permit")
	if err := f.client.Delete(t.Context(), f.get("permit")); err != nil {
		t.Fatal(err)
	}
	f.awaitRecords("permit", "1 Publish "+rev.Name, "2 Withdraw "+rev.Name+" Deleted")
	if err := f.client.Get(t.Context(), client.ObjectKeyFromObject(rev), &v1alpha1.ServiceRevision{}); err != nil {
		t.Errorf("within the grace: %v", err)
	}
	f.clock.Step(2 * time.Hour)
	f.run() // its timer is an hour of real time
	f.eventually("the revision to go", func(ctx context.Context) error {
		err := f.client.Get(ctx, client.ObjectKeyFromObject(rev), &v1alpha1.ServiceRevision{})
		if err == nil {
			return fmt.Errorf("%s is still there", rev.Name)
		}
		return client.IgnoreNotFound(err)
	})
}

func TestNobodyDecidesWhileAdmissionIsNotAsShipped(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.keepTrace()
	f.shipped.Validating = append(f.shipped.Validating, admissionregistrationv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "okno-of-a-later-version"}})
	f.run()
	f.apply(f.service("permit"))
	rev := f.revision("permit")
	f.report(rev, 5, 0)
	f.decide("head", "moderator", v1alpha1.DecisionApprove, rev)
	svc := f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonAdmissionAltered)
	if svc.Status.Published != nil || !meta.IsStatusConditionTrue(svc.Status.Conditions, v1alpha1.ConditionStalled) {
		t.Errorf("published %v:%s", svc.Status.Published, conditions(svc))
	}
}

// keepTrace puts the trace of the admission policies back after a test that pretends they changed: decisions of the next tests would
// be too old.
func (f *fixture) keepTrace() {
	f.Helper()
	key := client.ObjectKey{Namespace: v1alpha1.SystemNamespace, Name: gate.TraceName}
	before := &corev1.ConfigMap{}
	missing := f.client.Get(f.Context(), key, before)
	if client.IgnoreNotFound(missing) != nil {
		f.Fatal(missing)
	}
	f.Cleanup(func() {
		f.stop()
		ctx := context.WithoutCancel(f.Context())
		now := &corev1.ConfigMap{}
		if err := f.client.Get(ctx, key, now); err != nil {
			f.Error(err)
			return
		}
		if missing != nil {
			if err := f.client.Delete(ctx, now); err != nil {
				f.Error(err)
			}
			return
		}
		now.Data = before.Data
		if err := f.client.Update(ctx, now); err != nil {
			f.Error(err)
		}
	})
}

func (f *fixture) awaitProvider(name, reason string) *v1alpha1.ServiceProvider {
	f.Helper()
	p := &v1alpha1.ServiceProvider{}
	f.eventually("provider "+name+": "+reason, func(ctx context.Context) error {
		if err := f.client.Get(ctx, client.ObjectKey{Name: name}, p); err != nil {
			return err
		}
		if c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady); c == nil || c.Reason != reason {
			return fmt.Errorf("conditions %+v", p.Status.Conditions)
		}
		return nil
	})
	return p
}

func TestAnAgencyGetsItsIntakeAndKeepsIt(t *testing.T) {
	f := newFixture(t)
	count := &writes{}
	f.transport = count.wrap
	f.run()
	p := f.awaitProvider(f.ns, v1alpha1.ReasonRollingOut)
	if want := "http://" + f.ns + ".localhost:8080"; p.Status.URL != want {
		t.Errorf("url %q, want %q", p.Status.URL, want)
	}
	f.deploy()
	key := client.ObjectKey{Namespace: f.ns, Name: resources.IntakeName}
	ingress := &networkingv1.Ingress{}
	if err := f.client.Get(t.Context(), key, ingress); err != nil {
		t.Fatal(err)
	}
	set := &appsv1.StatefulSet{}
	if err := f.client.Get(t.Context(), key, set); err != nil {
		t.Fatal(err)
	}

	// A status that somebody wiped is written anew at once.
	wipe := []byte(`[{"op":"replace","path":"/status","value":{"observedGeneration":-1}}]`)
	if err := f.as(v1alpha1.ControllerAccount).Status().Patch(t.Context(), p, client.RawPatch(types.JSONPatchType, wipe)); err != nil {
		t.Fatal(err)
	}
	f.awaitProvider(f.ns, v1alpha1.ReasonReady)

	// Looked at again, nothing is written; what somebody changed by hand is put right, and only that.
	count.taken()
	ingress.Spec.Rules[0].Host = "elsewhere.example"
	if err := f.client.Update(t.Context(), ingress); err != nil {
		t.Fatal(err)
	}
	f.run()
	f.eventually("the host to be put right", func(ctx context.Context) error {
		if err := f.client.Get(ctx, key, ingress); err != nil {
			return err
		}
		if got := ingress.Spec.Rules[0].Host; got != f.ns+".localhost" {
			return fmt.Errorf("host %q", got)
		}
		return nil
	})
	f.awaitProvider(f.ns, v1alpha1.ReasonReady)
	f.stop()
	if got := len(count.taken()); got != 1 {
		t.Errorf("%d writes, want the one that puts the Ingress right", got)
	}
}

func TestAProviderNeedsANamespaceOfItsOwn(t *testing.T) {
	f := newFixture(t)
	f.run()
	for name, tt := range map[string]struct{ namespace, reason string }{
		"homeless": {"no-such-namespace-" + f.ns, v1alpha1.ReasonNamespaceMissing},
		"late":     {f.ns, v1alpha1.ReasonNamespaceTaken},
	} {
		t.Run(name, func(t *testing.T) {
			p := &v1alpha1.ServiceProvider{
				ObjectMeta: metav1.ObjectMeta{Name: "z-" + name + "-" + f.ns},
				Spec:       v1alpha1.ServiceProviderSpec{Namespace: tt.namespace, DisplayName: v1alpha1.Text{"en": "Another"}},
			}
			f.create(p)
			t.Cleanup(func() { _ = f.client.Delete(context.WithoutCancel(t.Context()), p) })
			got := f.awaitProvider(p.Name, tt.reason)
			if diff := cmp.Diff("", got.Status.URL); diff != "" || !meta.IsStatusConditionTrue(got.Status.Conditions, v1alpha1.ConditionStalled) {
				t.Errorf("status %+v", got.Status)
			}
		})
	}
}
