// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// TestAForgedRecordIsNotBuiltUpon puts an object that looks like a record where the next record belongs, as somebody could who got
// past admission.
func TestAForgedRecordIsNotBuiltUpon(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	rev := f.revision("permit")
	f.report(rev, 5, 0)
	forged := &v1alpha1.Publication{
		ObjectMeta: metav1.ObjectMeta{Namespace: f.ns, Name: "permit-000001"},
		Spec: v1alpha1.PublicationSpec{
			Installation: "okno", Namespace: f.ns, Service: "permit", Seq: 1, Action: v1alpha1.ActionPublish, Code: "1", Revision: rev.Name, Digest: rev.Spec.Digest,
			DecidedAt: metav1.Now(), Signature: v1alpha1.Signature{KeyID: strings.Repeat("0", 64), Value: "bm9uZQ=="},
		},
	}
	if err := f.as(v1alpha1.ControllerAccount).Create(t.Context(), forged); err != nil {
		t.Fatal(err)
	}
	f.eventually("the forgery to be told of", func(context.Context) error {
		c := meta.FindStatusCondition(f.get("permit").Status.Conditions, v1alpha1.ConditionPublished)
		if c == nil || c.Reason != v1alpha1.ReasonNotPublished || !strings.Contains(c.Message, forged.Name) {
			return fmt.Errorf("condition %+v", c)
		}
		return nil
	})
	// To stop what is not served would put a signature under it.
	f.patchSpec("permit", `{"state":"Suspended"}`)
	f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonSuspended)
	f.awaitRecords("permit", "1 Publish "+rev.Name)
	f.patchSpec("permit", `{"state":"Active"}`)

	f.decide("head", "moderator", v1alpha1.DecisionApprove, rev)
	svc := f.awaitServed("permit", rev.Spec.Digest)
	if svc.Status.Published.Seq != 2 {
		t.Errorf("published by record %d, want the first free number", svc.Status.Published.Seq)
	}
}

// vanish deletes a service and takes its finalizer away, as nobody can while it lives.
func (f *fixture) vanish(name string) {
	f.Helper()
	svc := f.get(name)
	if err := f.client.Delete(f.Context(), svc); err != nil {
		f.Fatal(err)
	}
	patch := []byte(`[{"op":"remove","path":"/metadata/finalizers"}]`)
	if err := f.client.Patch(f.Context(), svc, client.RawPatch(types.JSONPatchType, patch)); err != nil {
		f.Fatal(err)
	}
}

// deaf loses what the controller writes, once it is told to, so that a service goes before its withdrawal is on record.
type deaf struct {
	lose atomic.Bool
	next http.RoundTripper
}

func (d *deaf) wrap(next http.RoundTripper) http.RoundTripper {
	d.next = next
	return d
}

func (d *deaf) RoundTrip(req *http.Request) (*http.Response, error) {
	if d.lose.Load() && isWrite(req) {
		return nil, errDead
	}
	return d.next.RoundTrip(req)
}

func TestAServiceThatWentWithoutItsFinalizerIsWithdrawn(t *testing.T) {
	f := newFixture(t, "scenarios")
	ear := &deaf{}
	f.transport = ear.wrap
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	rev := f.publish("permit")
	ear.lose.Store(true)
	f.vanish("permit")
	f.awaitRecords("permit", "1 Publish "+rev.Name)
	ear.lose.Store(false)
	f.awaitRecords("permit", "1 Publish "+rev.Name, "2 Withdraw "+rev.Name+" Deleted")
}

func TestDecisionsAgainstWhatAVanishedServiceServesHold(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	rev := f.publish("permit", "moderator")
	f.stop() // nobody looks while it goes, as when a backup is restored in part
	f.vanish("permit")
	f.run()
	f.apply(f.service("other")) // seen through, so that the vanished one has been looked at
	f.revision("other")
	f.awaitRecords("permit", "1 Publish "+rev.Name)
	f.decide("head", "moderator", v1alpha1.DecisionWithdraw, rev)
	f.awaitRecords("permit", "1 Publish "+rev.Name, "2 Withdraw "+rev.Name+" Revoked")
}

func TestAFormerRevisionIsServedWhileTheNewestIsInvalid(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	first := f.publish("permit", "moderator")
	f.apply(f.service("permit", titled("Another title")))
	f.publish("permit", "moderator")

	broken := f.service("permit", func(def map[string]any) { def["languages"] = []any{"ru", "en", "de"} })
	broken.Spec.Publication = &v1alpha1.PublicationSpecOptions{Revision: first.Name}
	f.apply(broken)
	svc := f.awaitServed("permit", first.Spec.Digest)
	if !meta.IsStatusConditionFalse(svc.Status.Conditions, v1alpha1.ConditionValid) {
		t.Errorf("the newest is invalid all the same:%s", conditions(svc))
	}
}

// quota lets nothing of a kind be made in the agency's namespace, in the place of the quota's own controller.
func (f *fixture) quota(resourceName string) *corev1.ResourceQuota {
	f.Helper()
	none := corev1.ResourceList{corev1.ResourceName(resourceName): resource.MustParse("0")}
	q := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: f.ns, Name: "tight"}, Spec: corev1.ResourceQuotaSpec{Hard: none}}
	f.create(q)
	q.Status = corev1.ResourceQuotaStatus{Hard: none, Used: none}
	if err := f.client.Status().Update(f.Context(), q); err != nil {
		f.Fatal(err)
	}
	return q
}

func TestWhatTheServerRefusesIsTold(t *testing.T) {
	f := newFixture(t, "scenarios")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	rev := f.revision("permit")
	quota := f.quota("count/publications." + v1alpha1.GroupName)
	f.report(rev, 5, 0)
	svc := f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonRefused)
	c := meta.FindStatusCondition(svc.Status.Conditions, v1alpha1.ConditionStalled)
	if c == nil || !strings.Contains(c.Message, "quota") {
		t.Errorf("stalled: %+v", c)
	}
	if err := f.client.Delete(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
}

func TestAnIntakeThatIsRefusedSaysWhy(t *testing.T) {
	f := newFixture(t)
	quota := f.quota("services")
	f.clock.Step(time.Hour) // the right is not new any more
	f.run()
	p := f.awaitProvider(f.ns, v1alpha1.ReasonIntakeFailed)
	c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionStalled)
	if c == nil || !strings.Contains(c.Message, "quota") {
		t.Errorf("stalled: %+v", c)
	}
	if err := f.client.Delete(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	f.run()
	f.deploy()
	f.awaitProvider(f.ns, v1alpha1.ReasonReady)
}
