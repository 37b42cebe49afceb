// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/ledger"
)

func endpoints(provider, service string) *v1alpha1.Endpoints {
	return &v1alpha1.Endpoints{Form: "http://" + provider + "/s/" + service}
}

func intakeRuns(s *scope) {
	s.provider.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
}

func intakeFailed(s *scope) {
	s.provider.Status.Conditions = []metav1.Condition{
		{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse}, {Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue},
	}
}

func proven(reason string) func(*scope) { return func(s *scope) { s.proof.reason = reason } }

// answers are what a person, kubectl wait and a GitOps tool read first.
type answers struct {
	Ready, Reason   string
	Progress        string // Reconciling, Stalled or neither
	Published       string
	Pending, KStats string
}

func read(t *testing.T, s *scope) answers {
	t.Helper()
	st := s.newStatus(endpoints)
	ready := meta.FindStatusCondition(st.Conditions, v1alpha1.ConditionReady)
	a := answers{Ready: string(ready.Status), Reason: ready.Reason, Published: reasonOf(st, v1alpha1.ConditionPublished)}
	for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if meta.FindStatusCondition(st.Conditions, kind) != nil {
			a.Progress += kind
		}
	}
	if st.Pending != nil {
		a.Pending = st.Pending.Revision + " " + st.Pending.Gates
	}
	svc := s.svc.DeepCopy()
	svc.Status = *st
	svc.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("GovService"))
	raw, err := json.Marshal(svc)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	result, err := status.Compute(u)
	if err != nil {
		t.Fatal(err)
	}
	a.KStats = string(result.Status)
	return a
}

func TestWhatTheStatusSays(t *testing.T) {
	serving := ledger.Ledger{recordOf(1, v1alpha1.ActionPublish, "permit-old", oldDigest)}
	servingNew := ledger.Ledger{recordOf(1, v1alpha1.ActionPublish, "permit-new", newDigest)}
	type verdicts = map[v1alpha1.Digest]gate.Verdict
	rejected := gate.Verdict{Decided: true, Reason: v1alpha1.ReasonRejected, Open: 1, Total: 2}
	tests := map[string]struct {
		scope *scope
		want  answers
	}{
		"what is wanted is served": {
			scopeOf(servingNew, verdicts{newDigest: yes}, intakeRuns), answers{"True", "Ready", "", "Published", "", "Current"},
		},
		"the first revision waits for people": {
			scopeOf(nil, verdicts{newDigest: no}, intakeRuns), answers{"False", "AwaitingApproval", "", "NotPublished", "permit-new 1/2", "InProgress"},
		},
		"another waits behind a serving one": {
			scopeOf(serving, verdicts{newDigest: no, oldDigest: yes}, intakeRuns), answers{"True", "Ready", "", "Published", "permit-new 1/2", "Current"},
		},
		"it is proven behind a serving one": {
			scopeOf(serving, verdicts{newDigest: no, oldDigest: yes}, intakeRuns, proven(v1alpha1.ReasonProving)),
			answers{"Unknown", "Proving", "Reconciling", "Published", "permit-new 1/2", "InProgress"},
		},
		"nobody can prove it": {
			scopeOf(nil, verdicts{newDigest: no}, intakeRuns, proven(v1alpha1.ReasonProverAway)),
			answers{"False", "ProverUnavailable", "Reconciling", "NotPublished", "permit-new 1/2", "InProgress"},
		},
		"its scenarios failed": {
			scopeOf(serving, verdicts{newDigest: no, oldDigest: yes}, intakeRuns, proven(v1alpha1.ReasonScenariosFailed)),
			answers{"False", "ScenariosFailed", "Stalled", "Published", "permit-new 1/2", "Failed"},
		},
		"it was rejected while the old one serves": {
			scopeOf(serving, verdicts{newDigest: rejected, oldDigest: yes}, intakeRuns), answers{"False", "Rejected", "Stalled", "Published", "permit-new 1/2", "Failed"},
		},
		"policies ask for more than a record can hold": {
			scopeOf(serving, verdicts{newDigest: {Decided: true, Reason: v1alpha1.ReasonPoliciesTooLarge, Total: 40}, oldDigest: yes}, intakeRuns),
			answers{"False", "PoliciesTooLarge", "Stalled", "Published", "permit-new 0/40", "Failed"},
		},
		"it is invalid while the old one serves": {
			scopeOf(serving, verdicts{oldDigest: yes}, intakeRuns, func(s *scope) {
				s.validity = validity{status: metav1.ConditionFalse, reason: v1alpha1.ReasonInvalid, message: "1 error"}
				s.revision, s.target, s.proof = nil, nil, proof{}
			}),
			answers{"False", "Invalid", "Stalled", "Published", "", "Failed"},
		},
		"the intake is starting": {
			scopeOf(servingNew, verdicts{newDigest: yes}), answers{"False", "RollingOut", "Reconciling", "Published", "", "InProgress"},
		},
		"the intake cannot run": {
			scopeOf(servingNew, verdicts{newDigest: yes}, intakeFailed), answers{"False", "IntakeFailed", "Stalled", "Published", "", "Failed"},
		},
		"the agency stopped it": {
			scopeOf(append(servingNew[:1:1], recordOf(2, v1alpha1.ActionSuspend, "permit-new", newDigest)), verdicts{newDigest: yes}, intakeRuns, suspendedByAgency),
			answers{"True", "Suspended", "", "Suspended", "", "Current"},
		},
		"it was withdrawn and waits": {
			scopeOf(append(serving[:1:1], recordOf(2, v1alpha1.ActionWithdraw, "permit-old", oldDigest)), verdicts{newDigest: no}, intakeRuns),
			answers{"False", "AwaitingApproval", "", "Withdrawn", "permit-new 1/2", "InProgress"},
		},
		"it is approved and the agency keeps it back": {
			scopeOf(nil, verdicts{newDigest: yes}, intakeRuns, func(s *scope) { s.held = held{v1alpha1.ReasonAwaitingActivation, "approved"} }),
			answers{"False", "AwaitingActivation", "", "NotPublished", "permit-new 2/2", "InProgress"},
		},
		"the agency pins the old one while another waits": {
			scopeOf(serving, verdicts{newDigest: no, oldDigest: yes}, intakeRuns, func(s *scope) { s.target = revisionOf("permit-old", oldDigest) }),
			answers{"True", "Ready", "", "Published", "permit-new 1/2", "Current"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, read(t, tt.scope)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheSameFindingsGiveTheSameStatus(t *testing.T) {
	s := scopeOf(ledger.Ledger{recordOf(1, v1alpha1.ActionPublish, "permit-new", newDigest)}, map[v1alpha1.Digest]gate.Verdict{newDigest: yes}, intakeRuns)
	s.before = *s.newStatus(endpoints)
	s.now = s.now.Add(time.Hour)
	if again := s.newStatus(endpoints); !equality.Semantic.DeepEqual(s.before, *again) {
		t.Errorf("a later look says something else:\n%s", cmp.Diff(s.before, *again))
	}
	s.before.Metrics = &v1alpha1.Metrics{AsOf: metav1.NewTime(noon)}
	if s.newStatus(endpoints).Metrics == nil {
		t.Error("the counts were lost")
	}
}

func TestALongMessageStillFitsTheStatus(t *testing.T) {
	s := scopeOf(nil, nil, func(s *scope) {
		s.validity = validity{status: metav1.ConditionFalse, reason: v1alpha1.ReasonInvalid, message: strings.Repeat("ошибка ", 8000)}
	})
	for _, c := range s.newStatus(endpoints).Conditions {
		if len(c.Message) > 32768 || !utf8.ValidString(c.Message) {
			t.Errorf("%s has a message of %d bytes", c.Type, len(c.Message))
		}
	}
}

func TestEventsTellOfWhatHappenedOnce(t *testing.T) {
	waiting := scopeOf(nil, map[v1alpha1.Digest]gate.Verdict{newDigest: no}, intakeRuns).newStatus(endpoints)
	served := scopeOf(ledger.Ledger{recordOf(1, v1alpha1.ActionPublish, "permit-new", newDigest)}, map[v1alpha1.Digest]gate.Verdict{newDigest: yes}, intakeRuns).newStatus(endpoints)
	invalid := scopeOf(nil, nil, func(s *scope) {
		s.validity = validity{status: metav1.ConditionFalse, reason: v1alpha1.ReasonInvalid, message: "1 error"}
	}).newStatus(endpoints)
	reasons := func(before, now *v1alpha1.GovServiceStatus) (list []string) {
		for _, tr := range transitions(before, now) {
			list = append(list, tr.kind+" "+tr.reason)
		}
		return list
	}
	tests := map[string]struct {
		before, now *v1alpha1.GovServiceStatus
		want        []string
	}{
		"waiting is no event":        {&v1alpha1.GovServiceStatus{}, waiting, nil},
		"a publication is":           {waiting, served, []string{"Normal Published"}},
		"that it goes on is not":     {served, served, nil},
		"an invalid definition is":   {waiting, invalid, []string{"Warning Invalid"}},
		"that it stays so is not":    {invalid, invalid, nil},
		"a loss of the status is so": {&v1alpha1.GovServiceStatus{}, served, []string{"Normal Published"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, reasons(tt.before, tt.now)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAStatusIsBoundToWhatWasSeen(t *testing.T) {
	before := &v1alpha1.GovServiceStatus{ObservedGeneration: 1, LatestRevision: "a"}
	now := &v1alpha1.GovServiceStatus{ObservedGeneration: 2}
	patch, err := statusPatch(before, now, "77")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"metadata":{"resourceVersion":"77"},"status":{"latestRevision":null,"observedGeneration":2}}`
	if string(patch) != want {
		t.Errorf("patch = %s, want %s", patch, want)
	}
}

func TestADigestThatChangesByItselfIsSkew(t *testing.T) {
	tests := map[string]struct {
		generation, observed int64
		latest               string
		digest               v1alpha1.Digest
		want                 bool
	}{
		"an edit":                       {2, 1, "sha256:old", "sha256:new", false},
		"nothing":                       {2, 2, "sha256:new", "sha256:new", false},
		"another reading of the same":   {2, 2, "sha256:old", "sha256:new", true},
		"a status that was never there": {2, -1, "", "sha256:new", false},
		"a status that was wiped":       {2, 2, "", "sha256:new", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &scope{svc: &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Generation: tt.generation}}, digest: tt.digest}
			s.before = v1alpha1.GovServiceStatus{ObservedGeneration: tt.observed, LatestDigest: tt.latest}
			if got := s.isSkewed(); got != tt.want {
				t.Errorf("isSkewed = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestNoScenariosProveNothing(t *testing.T) {
	tests := map[string]struct {
		report v1alpha1.ScenarioReport
		want   string
	}{
		"all passed": {v1alpha1.ScenarioReport{Passed: 3}, "True ScenariosPassed 3 scenarios passed"},
		"none ran":   {v1alpha1.ScenarioReport{}, "False ScenariosFailed the definition has no scenarios, so nothing is proven"},
		"one failed": {
			v1alpha1.ScenarioReport{Passed: 2, Failed: 1, Scenarios: []v1alpha1.ScenarioResult{{Name: "x", Result: "Failed", Message: "refused"}}},
			`False ScenariosFailed 1 of 3 scenarios failed, the first is "x": refused`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := verified(&tt.report, 1, noon)
			if got := string(c.Status) + " " + c.Reason + " " + c.Message; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEchoesAreWaitedForAndGivenUp(t *testing.T) {
	var e echoes
	seen := func(version string, seq int64, revisions ...string) *scope {
		s := &scope{svc: &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Name: "permit", ResourceVersion: version}}}
		for n := range seq {
			s.ledger = append(s.ledger, recordOf(n+1, v1alpha1.ActionPublish, "x", newDigest))
		}
		for _, name := range revisions {
			s.revisions = append(s.revisions, *revisionOf(name, newDigest))
		}
		return s
	}
	if e.missing(seen("1", 0)) {
		t.Error("nothing was written and something is missing")
	}
	note := func() {
		e.note(seen("", 0).key(), func(w *written) { w.version, w.seq, w.revision = 10, 2, "permit-new" })
	}
	note()
	for name, s := range map[string]*scope{
		"an older service": seen("9", 2, "permit-new"), "a record less": seen("10", 1, "permit-new"), "no revision": seen("10", 2),
	} {
		if !e.missing(s) {
			t.Errorf("%s: nothing is missing", name)
		}
	}
	if e.missing(seen("11", 3, "permit-new")) {
		t.Error("all is there and something is missing")
	}
	note()
	for range maxMisses {
		e.missing(seen("9", 0))
	}
	if e.missing(seen("9", 0)) {
		t.Error("what never comes is waited for for ever")
	}
}
