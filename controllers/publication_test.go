// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/installation"
	"github.com/okno-dev/okno/internal/signature"
)

func digestOf(f *fixture, svc *v1alpha1.GovService) v1alpha1.Digest {
	f.Helper()
	d, err := digest.Of(svc.Spec.Service.Raw())
	if err != nil {
		f.Fatal(err)
	}
	return d
}

func TestAServiceIsPublishedWhenTheRightPeopleHaveApproved(t *testing.T) {
	f := newFixture(t, "scenarios", "security", "moderator")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))

	rev := f.revision("permit")
	f.await("permit", v1alpha1.ConditionVerified, v1alpha1.ReasonProverAway)
	f.report(rev, 5, 0)
	svc := f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonAwaitingApproval)
	want := &v1alpha1.PendingStatus{Revision: rev.Name, Gates: "1/3", WaitingFor: []string{"security: okno:security", "moderator: okno:moderator"}}
	if diff := cmp.Diff(want, svc.Status.Pending); diff != "" {
		t.Errorf("pending (-want +got):\n%s", diff)
	}
	if meta.IsStatusConditionTrue(svc.Status.Conditions, v1alpha1.ConditionStalled) {
		t.Error("waiting for people is not being stalled")
	}

	f.decide("guard", "security", v1alpha1.DecisionApprove, rev)
	f.decide("head", "moderator", v1alpha1.DecisionApprove, rev)
	svc = f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if svc.Status.Published == nil || svc.Status.Published.Revision != rev.Name || svc.Status.Published.Seq != 1 || svc.Status.Pending != nil {
		t.Errorf("published %v, pending %v", svc.Status.Published, svc.Status.Pending)
	}
	if got, want := svc.Status.Endpoints.Form, "http://"+f.ns+".localhost:8080/s/permit"; got != want {
		t.Errorf("form at %q, want %q", got, want)
	}
	checkRecord(f, rev)
}

// checkRecord checks that the first record says who decided, is signed, and verifies with the key that the Secret holds.
func checkRecord(f *fixture, rev *v1alpha1.ServiceRevision) {
	f.Helper()
	record := &v1alpha1.Publication{}
	if err := f.client.Get(f.Context(), client.ObjectKey{Namespace: f.ns, Name: "permit-000001"}, record); err != nil {
		f.Fatal(err)
	}
	install, err := installation.Ensure(f.Context(), f.client)
	if err != nil {
		f.Fatal(err)
	}
	keys, err := signature.ParseKeys(install.TrustedKeys...)
	if err != nil {
		f.Fatal(err)
	}
	if err := keys.VerifyPublication(record.Spec, f.ns); err != nil {
		f.Error(err)
	}
	var people []string
	for _, d := range record.Spec.Decisions {
		people = append(people, d.Gate+":"+d.Person)
	}
	if diff := cmp.Diff([]string{"scenarios:", "security:guard", "moderator:head"}, people); diff != "" {
		f.Errorf("decisions (-want +got):\n%s", diff)
	}
	if record.Spec.Digest != rev.Spec.Digest || record.Spec.Report == "" || len(record.Spec.Policies) != 1 || record.Spec.Code != f.ns+".permit" {
		f.Errorf("record: %+v", record.Spec)
	}
}

func TestAChangedDefinitionWaitsWhileTheOldOneServes(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	first := f.publish("permit", "moderator")

	f.apply(f.service("permit", titled("Another title")))
	second := f.revision("permit")
	f.report(second, 5, 0)
	svc := f.await("permit", v1alpha1.ConditionVerified, v1alpha1.ReasonVerified)
	if svc.Status.Published.Revision != first.Name || svc.Status.Pending.Revision != second.Name {
		t.Errorf("published %v, pending %v", svc.Status.Published, svc.Status.Pending)
	}
	if !meta.IsStatusConditionTrue(svc.Status.Conditions, v1alpha1.ConditionReady) || !meta.IsStatusConditionTrue(svc.Status.Conditions, v1alpha1.ConditionPublished) {
		t.Errorf("an approved revision serves while another waits:%s", conditions(svc))
	}

	// A newer revision supersedes the one that waits; nobody needs to decide on that any more.
	f.apply(f.service("permit", titled("A third title")))
	third := f.publish("permit", "moderator")
	if diff := cmp.Diff([]string{"1 Publish " + first.Name, "2 Publish " + third.Name}, f.records("permit")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}

	// What was published before is served again at once.
	f.apply(f.service("permit"))
	f.awaitServed("permit", first.Spec.Digest)
	if got := f.records("permit"); len(got) != 3 || got[2] != "3 Publish "+first.Name+" Reverted" {
		t.Errorf("records: %q", got)
	}
}

func TestAnInvalidDefinitionChangesNothingThatIsServed(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	first := f.publish("permit", "moderator")

	f.apply(f.service("permit", func(def map[string]any) {
		def["form"].(map[string]any)["pages"].([]any)[0].(map[string]any)["fields"].([]any)[0].(map[string]any)["path"] = "/nobody"
	}))
	svc := f.await("permit", v1alpha1.ConditionValid, v1alpha1.ReasonInvalid)
	if !meta.IsStatusConditionTrue(svc.Status.Conditions, v1alpha1.ConditionStalled) || !meta.IsStatusConditionFalse(svc.Status.Conditions, v1alpha1.ConditionReady) {
		t.Errorf("an invalid definition stalls:%s", conditions(svc))
	}
	if len(svc.Status.Findings) == 0 || svc.Status.Published.Revision != first.Name || svc.Status.LatestRevision != "" {
		t.Errorf("findings %v, published %v, latest %q", svc.Status.Findings, svc.Status.Published, svc.Status.LatestRevision)
	}
}

func TestScenariosThatFailKeepARevisionBack(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	f.apply(f.service("permit"))
	rev := f.revision("permit")
	f.report(rev, 4, 1)
	f.decide("head", "moderator", v1alpha1.DecisionApprove, rev)
	svc := f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonScenariosFailed)
	if svc.Status.Published != nil || !meta.IsStatusConditionTrue(svc.Status.Conditions, v1alpha1.ConditionStalled) {
		t.Errorf("published %v:%s", svc.Status.Published, conditions(svc))
	}
}
