// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

func (f *fixture) awaitRecords(name string, want ...string) {
	f.Helper()
	f.eventually("the records of "+name, func(context.Context) error {
		if diff := cmp.Diff(want, f.records(name)); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
}

func TestTheEmergencyStopStopsAndResumes(t *testing.T) {
	f := newFixture(t, "scenarios")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	rev := f.publish("permit")

	f.patchSpec("permit", `{"state":"Suspended"}`)
	svc := f.await("permit", v1alpha1.ConditionPublished, v1alpha1.ReasonSuspended)
	if !meta.IsStatusConditionTrue(svc.Status.Conditions, v1alpha1.ConditionReady) {
		t.Errorf("that it is suspended is what is wanted:%s", conditions(svc))
	}
	f.patchSpec("permit", `{"state":"Active"}`)
	f.await("permit", v1alpha1.ConditionPublished, v1alpha1.ReasonPublished)
	f.awaitRecords("permit", "1 Publish "+rev.Name, "2 Suspend "+rev.Name+" Suspended", "3 Resume "+rev.Name)
}

func TestADeletedServiceIsWithdrawnAfterAGraceAndComesBackWithoutAGap(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	rev := f.publish("permit", "moderator")

	if err := f.client.Delete(t.Context(), f.get("permit")); err != nil {
		t.Fatal(err)
	}
	f.awaitRecords("permit", "1 Publish "+rev.Name, "2 Withdraw "+rev.Name+" Deleted")
	record := &v1alpha1.Publication{}
	if err := f.client.Get(t.Context(), client.ObjectKey{Namespace: f.ns, Name: "permit-000002"}, record); err != nil {
		t.Fatal(err)
	}
	if at := record.Spec.EffectiveAt; at == nil || at.Sub(f.clock.Now()) < 59*time.Minute {
		t.Errorf("effective at %v: the grace is an hour", at)
	}
	f.eventually("the service to go", func(ctx context.Context) error {
		err := f.client.Get(ctx, client.ObjectKey{Namespace: f.ns, Name: "permit"}, &v1alpha1.GovService{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("it is still there"), err)
	})

	f.apply(f.service("permit"))
	f.awaitRecords("permit", "1 Publish "+rev.Name, "2 Withdraw "+rev.Name+" Deleted", "3 Publish "+rev.Name+" Reverted")
}

func TestANamespaceThatGoesIsNotHeldUp(t *testing.T) {
	f := newFixture(t, "scenarios")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	rev := f.publish("permit")
	// Nobody empties namespaces here: it stays for as long as the test looks.
	if err := f.client.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: f.ns}}); err != nil {
		t.Fatal(err)
	}
	f.awaitProvider(f.ns, v1alpha1.ReasonNamespaceMissing)
	if err := f.client.Delete(t.Context(), f.get("permit")); err != nil {
		t.Fatal(err)
	}
	f.eventually("the service to go", func(ctx context.Context) error {
		err := f.client.Get(ctx, client.ObjectKey{Namespace: f.ns, Name: "permit"}, &v1alpha1.GovService{})
		if err == nil {
			return errors.New("it is still there")
		}
		return client.IgnoreNotFound(err)
	})
	f.awaitRecords("permit", "1 Publish "+rev.Name)
}

func TestARevokedApprovalWithdrawsWhatIsServed(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	rev := f.revision("permit")
	f.report(rev, 5, 0)
	approval := f.decide("head", "moderator", v1alpha1.DecisionApprove, rev)
	f.awaitServed("permit", rev.Spec.Digest)

	// Another definition waits meanwhile: what is served is judged all the same.
	f.apply(f.service("permit", titled("Another title")))
	f.revision("permit")
	f.decide("head", "moderator", v1alpha1.DecisionRevoke, rev, func(a *v1alpha1.Approval) { a.Spec.Revokes = approval })
	f.awaitRecords("permit", "1 Publish "+rev.Name, "2 Withdraw "+rev.Name+" Revoked")
	f.await("permit", v1alpha1.ConditionPublished, v1alpha1.ReasonWithdrawn)
}

func TestARejectedRevisionStalls(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	f.apply(f.service("permit"))
	rev := f.revision("permit")
	f.report(rev, 5, 0)
	f.decide("head", "moderator", v1alpha1.DecisionReject, rev)
	svc := f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonRejected)
	if !meta.IsStatusConditionTrue(svc.Status.Conditions, v1alpha1.ConditionStalled) {
		t.Errorf("a person must act:%s", conditions(svc))
	}
}

func TestAgencyDecidesWhenWhatIsApprovedIsServed(t *testing.T) {
	f := newFixture(t, "scenarios")
	f.run()
	f.deploy()
	svc := f.service("permit")
	at := metav1.NewTime(f.clock.Now().Add(24 * time.Hour).Truncate(time.Second))
	svc.Spec.Publication = &v1alpha1.PublicationSpecOptions{PublishAt: &at}
	f.apply(svc)
	first := f.revision("permit")
	f.report(first, 5, 0)
	f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonAwaitingActivation)
	f.clock.SetTime(at.Time)
	f.nudge("permit")
	f.awaitServed("permit", first.Spec.Digest)

	f.patchSpec("permit", `{"publication":{"publishAt":null,"activation":"Manual"}}`)
	manual := f.service("permit", titled("Another title"))
	manual.Spec.Publication = &v1alpha1.PublicationSpecOptions{Activation: "Manual"}
	f.apply(manual)
	second := f.revision("permit")
	f.report(second, 5, 0)
	f.await("permit", v1alpha1.ConditionApproved, v1alpha1.ReasonAwaitingActivation)
	f.patchSpec("permit", `{"publication":{"revision":"`+second.Name+`"}}`)
	f.awaitServed("permit", second.Spec.Digest)
	f.patchSpec("permit", `{"publication":{"revision":"`+first.Name+`"}}`)
	f.awaitServed("permit", first.Spec.Digest)

	f.patchSpec("permit", `{"publication":{"withdrawAt":"`+f.clock.Now().Add(-time.Second).UTC().Format(time.RFC3339)+`"}}`)
	f.await("permit", v1alpha1.ConditionPublished, v1alpha1.ReasonWithdrawn)
	f.awaitRecords("permit", "1 Publish "+first.Name, "2 Publish "+second.Name, "3 Publish "+first.Name+" Reverted", "4 Withdraw "+first.Name+" Expired")
}

// nudge makes the controller look at a service, as a timer would.
func (f *fixture) nudge(name string) {
	f.Helper()
	f.patchSpec(name, `{"revisionHistoryLimit":9}`)
}

func TestTwoServicesCannotPublishUnderOneCode(t *testing.T) {
	f := newFixture(t, "scenarios")
	f.run()
	f.deploy()
	sameCode := func(def map[string]any) { def["code"] = f.ns + ".one" }
	f.apply(f.service("first", sameCode))
	f.publish("first")
	f.apply(f.service("second", sameCode))
	f.report(f.revision("second"), 5, 0)
	svc := f.await("second", v1alpha1.ConditionValid, v1alpha1.ReasonCodeTaken)
	if svc.Status.Published != nil || !strings.Contains(meta.FindStatusCondition(svc.Status.Conditions, v1alpha1.ConditionValid).Message, `service "first"`) {
		t.Errorf("published %v:%s", svc.Status.Published, conditions(svc))
	}
}

func TestDraftsOfOneCodeAreWarnedUntilOneChangesIt(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	f.deploy()
	sameCode := func(def map[string]any) { def["code"] = f.ns + ".one" }
	f.apply(f.service("first", sameCode))
	f.await("first", v1alpha1.ConditionValid, v1alpha1.ReasonValid)
	f.apply(f.service("second", sameCode))
	f.awaitShared("first", `service "second"`)
	f.awaitShared("second", `service "first"`)

	// Each service is told of its own accord, and again by a controller that remembers nothing; nothing is written for it.
	count := &writes{}
	f.transport = count.wrap
	f.run()
	f.apply(f.service("third"))
	f.await("third", v1alpha1.ConditionReady, v1alpha1.ReasonProverAway)
	for _, write := range count.taken() {
		if strings.Contains(write, "/first") || strings.Contains(write, "/second") {
			t.Errorf("written though nothing changed: %s", write)
		}
	}

	f.apply(f.service("second"))
	f.awaitShared("first", "")
	f.awaitShared("second", "")

	// And when one goes.
	f.apply(f.service("second", sameCode))
	f.awaitShared("first", `service "second"`)
	if err := f.client.Delete(t.Context(), f.get("second")); err != nil {
		t.Fatal(err)
	}
	f.awaitShared("first", "")
}

// awaitShared waits until a service is warned that somebody asks for its code too, or, with "", until it is not.
func (f *fixture) awaitShared(name, who string) {
	f.Helper()
	f.eventually(fmt.Sprintf("%s shares its code with %q", name, who), func(context.Context) error {
		svc := f.get(name)
		told := ""
		for _, finding := range svc.Status.Findings {
			if finding.Rule == "code-shared" {
				told = finding.Message
			}
		}
		valid := meta.FindStatusCondition(svc.Status.Conditions, v1alpha1.ConditionValid)
		if (told == "") != (who == "") || !strings.Contains(told, who) || !strings.Contains(valid.Message, who) || valid.Status != metav1.ConditionTrue {
			return fmt.Errorf("told %q:%s", told, conditions(svc))
		}
		return nil
	})
}

func TestNothingIsPublishedWithoutAPolicy(t *testing.T) {
	f := newFixture(t)
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	f.report(f.revision("permit"), 5, 0)
	f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonNoPolicy)
	f.create(f.policy("scenarios")) // and its arrival is noticed
	f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
}

func TestAServiceOfAnUnregisteredAgencyIsNotValid(t *testing.T) {
	f := newFixture(t, "scenarios")
	provider := &v1alpha1.ServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: f.ns}}
	if err := f.client.Delete(t.Context(), provider); err != nil {
		t.Fatal(err)
	}
	f.run()
	f.apply(f.service("permit"))
	f.await("permit", v1alpha1.ConditionValid, v1alpha1.ReasonNoProvider)
}

func TestOldRevisionsGoAndWhatIsUsedStays(t *testing.T) {
	f := newFixture(t, "scenarios")
	f.run()
	f.deploy()
	limited := func(svc *v1alpha1.GovService) *v1alpha1.GovService {
		svc.Spec.RevisionHistoryLimit = new(int32(1))
		return svc
	}
	f.apply(limited(f.service("permit")))
	served := f.publish("permit")
	var names []string
	for i := range 4 { // none of them is ever proven
		f.apply(limited(f.service("permit", titled(fmt.Sprintf("Title %d", i)))))
		names = append(names, f.revision("permit").Name)
	}
	want := []string{served.Name, names[2], names[3]}
	slices.Sort(want)
	f.eventually("old revisions to go", func(ctx context.Context) error {
		list := &v1alpha1.ServiceRevisionList{}
		if err := f.client.List(ctx, list, client.InNamespace(f.ns)); err != nil {
			return err
		}
		var got []string
		for _, rev := range list.Items {
			got = append(got, rev.Name)
		}
		slices.Sort(got)
		// Two of one second may be kept in either order; what is served and what is wanted stay in any case.
		if len(got) != 3 || !slices.Contains(got, served.Name) || !slices.Contains(got, names[3]) {
			return fmt.Errorf("%q, want about %q", got, want)
		}
		return nil
	})
}

func TestAWipedOrForgedStatusChangesNothingThatIsServed(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	rev := f.publish("permit", "moderator")
	before := f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonReady)

	forged := `{"status":{"published":{"revision":"x","digest":"` + string(rev.Spec.Digest) + `","since":"2026-01-01T00:00:00Z","seq":9}}}`
	err := f.as("agency-editor").Status().Patch(t.Context(), before.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(forged)))
	if !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) {
		t.Errorf("a person wrote a status: %v", err)
	}

	f.stop()
	account := f.as(v1alpha1.ControllerAccount)
	wipe := []byte(`[{"op":"replace","path":"/status","value":{"observedGeneration":-1}}]`)
	if err := account.Status().Patch(t.Context(), before.DeepCopy(), client.RawPatch(types.JSONPatchType, wipe)); err != nil {
		t.Fatal(err)
	}
	f.run()
	after := f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	if diff := cmp.Diff(before.Status.Published, after.Status.Published); diff != "" {
		t.Errorf("published (-before +after):\n%s", diff)
	}
	f.awaitRecords("permit", "1 Publish "+rev.Name)
}
