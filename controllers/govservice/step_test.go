// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/ledger"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// Digests of the definitions that these tests speak of.
const (
	oldDigest v1alpha1.Digest = "sha256:old"
	newDigest v1alpha1.Digest = "sha256:new"
)

func revisionOf(name string, d v1alpha1.Digest) *v1alpha1.ServiceRevision {
	return &v1alpha1.ServiceRevision{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ServiceRevisionSpec{Service: "permit", Digest: d}}
}

func recordOf(seq int64, action v1alpha1.PublicationAction, revision string, d v1alpha1.Digest) v1alpha1.Publication {
	return v1alpha1.Publication{Spec: v1alpha1.PublicationSpec{
		Service: "permit", Seq: seq, Action: action, Revision: revision, Digest: d, DecidedAt: metav1.NewTime(noon.Add(-time.Hour)),
	}}
}

var (
	yes      = gate.Verdict{Decided: true, Approved: true, Reason: v1alpha1.ReasonApproved, Open: 2, Total: 2}
	again    = gate.Verdict{Decided: true, Approved: true, Republish: true, Reason: v1alpha1.ReasonApproved, Open: 2, Total: 2}
	no       = gate.Verdict{Decided: true, Reason: v1alpha1.ReasonAwaitingApproval, Open: 1, Total: 2}
	withdraw = gate.Verdict{Decided: true, Withdraw: true, Reason: v1alpha1.ReasonRevoked}
	unknown  = gate.Verdict{Approved: true}
)

// scopeOf is a valid service whose newest revision is new, with verdicts and edits.
func scopeOf(l ledger.Ledger, verdicts map[v1alpha1.Digest]gate.Verdict, edits ...func(*scope)) *scope {
	rev := revisionOf("permit-new", newDigest)
	s := &scope{
		svc: &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Name: "permit", Namespace: "fund", Generation: 2}}, now: noon, digest: newDigest,
		ledger: l, revision: rev, target: rev, verdicts: verdicts,
		validity: validity{status: metav1.ConditionTrue, reason: v1alpha1.ReasonValid},
		proof:    proof{reason: v1alpha1.ReasonVerified},
		provider: &v1alpha1.ServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: "sfr"}},
	}
	for _, edit := range edits {
		edit(s)
	}
	return s
}

func publication(o v1alpha1.PublicationSpecOptions) func(*scope) {
	return func(s *scope) { s.svc.Spec.Publication = &o }
}

func suspendedByAgency(s *scope) { s.svc.Spec.State = v1alpha1.StateSuspended }

func TestTheNextRecord(t *testing.T) {
	serving := ledger.Ledger{recordOf(1, v1alpha1.ActionPublish, "permit-old", oldDigest)}
	servingNew := ledger.Ledger{recordOf(1, v1alpha1.ActionPublish, "permit-new", newDigest)}
	stopped := append(serving[:1:1], recordOf(2, v1alpha1.ActionSuspend, "permit-old", oldDigest))
	withdrawn := append(serving[:1:1], recordOf(2, v1alpha1.ActionWithdraw, "permit-old", oldDigest))
	publishNew := step{action: v1alpha1.ActionPublish, revision: "permit-new", digest: newDigest}
	onOld := func(a v1alpha1.PublicationAction, cause string) step {
		return step{action: a, revision: "permit-old", digest: oldDigest, cause: cause}
	}
	type verdicts = map[v1alpha1.Digest]gate.Verdict
	later, earlier := metav1.NewTime(noon.Add(time.Hour)), metav1.NewTime(noon.Add(-time.Minute))
	tests := map[string]struct {
		scope *scope
		want  step
		held  string
	}{
		"an approved revision is published":                   {scopeOf(nil, verdicts{newDigest: yes}), publishNew, ""},
		"one that waits is not":                               {scopeOf(nil, verdicts{newDigest: no}), step{}, ""},
		"what could not be decided is not approved":           {scopeOf(nil, verdicts{newDigest: unknown}), step{}, ""},
		"what is served is not published again":               {scopeOf(servingNew, verdicts{newDigest: yes}), step{}, ""},
		"an approved revision replaces the served one":        {scopeOf(serving, verdicts{newDigest: yes, oldDigest: yes}), publishNew, ""},
		"a revert says so":                                    {scopeOf(serving, verdicts{newDigest: again, oldDigest: yes}), step{v1alpha1.ActionPublish, "permit-new", newDigest, causeReverted}, ""},
		"what is revoked goes first":                          {scopeOf(serving, verdicts{newDigest: yes, oldDigest: withdraw}), onOld(v1alpha1.ActionWithdraw, causeRevoked), ""},
		"what is revoked goes although the agency suspended":  {scopeOf(serving, verdicts{newDigest: no, oldDigest: withdraw}, suspendedByAgency), onOld(v1alpha1.ActionWithdraw, causeRevoked), ""},
		"the emergency stop stops what is served":             {scopeOf(serving, verdicts{newDigest: yes, oldDigest: yes}, suspendedByAgency), onOld(v1alpha1.ActionSuspend, causeSuspended), ""},
		"it stops it once":                                    {scopeOf(stopped, verdicts{newDigest: yes, oldDigest: yes}, suspendedByAgency), step{}, ""},
		"a suspended service starts with nothing":             {scopeOf(nil, verdicts{newDigest: yes}, suspendedByAgency), step{}, ""},
		"after the stop what is served is resumed":            {scopeOf(stopped, verdicts{newDigest: no, oldDigest: yes}), onOld(v1alpha1.ActionResume, ""), ""},
		"or replaced by what was approved meanwhile":          {scopeOf(stopped, verdicts{newDigest: yes, oldDigest: yes}), publishNew, ""},
		"a withdrawn service is published anew when approved": {scopeOf(withdrawn, verdicts{newDigest: yes}), publishNew, ""},
		"an invalid definition publishes nothing":             {scopeOf(nil, verdicts{newDigest: yes}, func(s *scope) { s.validity.status = metav1.ConditionFalse }), step{}, ""},
		"before publishAt it waits": {
			scopeOf(nil, verdicts{newDigest: yes}, publication(v1alpha1.PublicationSpecOptions{PublishAt: &later})), step{}, v1alpha1.ReasonAwaitingActivation,
		},
		"from publishAt on it is published": {
			scopeOf(nil, verdicts{newDigest: yes}, publication(v1alpha1.PublicationSpecOptions{PublishAt: &earlier})), publishNew, "",
		},
		"by hand it waits for its name": {
			scopeOf(nil, verdicts{newDigest: yes}, publication(v1alpha1.PublicationSpecOptions{Activation: "Manual"})), step{}, v1alpha1.ReasonAwaitingActivation,
		},
		"by hand it is published when named": {
			scopeOf(nil, verdicts{newDigest: yes}, publication(v1alpha1.PublicationSpecOptions{Activation: "Manual", Revision: "permit-new"})), publishNew, "",
		},
		"at withdrawAt it is withdrawn": {
			scopeOf(serving, verdicts{newDigest: yes, oldDigest: yes}, publication(v1alpha1.PublicationSpecOptions{WithdrawAt: &earlier})), onOld(v1alpha1.ActionWithdraw, causeExpired), "",
		},
		"and stays withdrawn": {
			scopeOf(withdrawn, verdicts{newDigest: yes}, publication(v1alpha1.PublicationSpecOptions{WithdrawAt: &earlier})), step{}, v1alpha1.ReasonAwaitingActivation,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := tt.scope.nextStep()
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(step{})); diff != "" || ok != (tt.want != step{}) {
				t.Errorf("step (-want +got):\n%s", diff)
			}
			if tt.scope.held.reason != tt.held {
				t.Errorf("held by %q, want %q", tt.scope.held.reason, tt.held)
			}
		})
	}
}

func TestMomentsToComeAreWaitedFor(t *testing.T) {
	at := func(d time.Duration) *metav1.Time { return new(metav1.NewTime(noon.Add(d))) }
	s := scopeOf(nil, map[v1alpha1.Digest]gate.Verdict{newDigest: yes},
		publication(v1alpha1.PublicationSpecOptions{PublishAt: at(time.Hour), WithdrawAt: at(3 * time.Hour)}))
	s.nextStep()
	if s.requeue != time.Hour {
		t.Errorf("looks again after %s, want 1h", s.requeue)
	}
}

func TestOnlyAPublicationNeedsAFreshPermission(t *testing.T) {
	if (step{action: v1alpha1.ActionPublish}).confirms(no) || (step{action: v1alpha1.ActionPublish}).confirms(unknown) {
		t.Error("a publication was confirmed by a verdict that does not approve")
	}
	if !(step{action: v1alpha1.ActionPublish}).confirms(yes) || !(step{action: v1alpha1.ActionSuspend}).confirms(no) {
		t.Error("a step was not confirmed")
	}
}

func TestGarbage(t *testing.T) {
	list := []v1alpha1.ServiceRevision{
		*revisionOf("e", "sha256:e"), *revisionOf("d", "sha256:d"), *revisionOf("c", "sha256:c"), *revisionOf("b", "sha256:b"), *revisionOf("a", "sha256:a"),
	}
	going := *revisionOf("z", "sha256:z")
	going.DeletionTimestamp = &metav1.Time{Time: noon}
	tests := map[string]struct {
		limit int
		keep  []v1alpha1.Digest
		want  []string
	}{
		"the newest are kept":                      {2, []v1alpha1.Digest{"sha256:e"}, []string{"b", "a"}},
		"what is served is kept however old":       {1, []v1alpha1.Digest{"sha256:e", "sha256:a"}, []string{"c", "b"}},
		"none beside what is used":                 {0, []v1alpha1.Digest{"sha256:e", "sha256:c"}, []string{"d", "b", "a"}},
		"nothing goes while there is room":         {9, nil, nil},
		"what is used does not count to the limit": {3, []v1alpha1.Digest{"sha256:e", "sha256:d"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, rev := range garbage(append([]v1alpha1.ServiceRevision{going}, list...), tt.limit, tt.keep...) {
				got = append(got, rev.Name)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
