// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestWhy draws what people read; the golden files are under testdata/why.
func TestWhy(t *testing.T) {
	served := v1alpha1.Publication{Spec: v1alpha1.PublicationSpec{
		Service: "pension", Seq: 1, Action: v1alpha1.ActionPublish, Revision: "pension-fedcba9876", Digest: "sha256:old",
	}}
	for name, m := range map[string]*matter{
		"waits-for-two": pending(),
		"not-counted": pending(
			by("agency-editor", "security", v1alpha1.DecisionApprove),
			by("officer", "security", v1alpha1.DecisionApprove),
			by("clerk", "ministry", v1alpha1.DecisionApprove),
			by("stranger", "fire-brigade", v1alpha1.DecisionApprove),
		),
		"rejected": pending(
			by("officer", "security", v1alpha1.DecisionApprove),
			commented(by("second-officer", "security", v1alpha1.DecisionReject), "the act is of another system"),
		),
		"rejected-at-a-gate-that-went": pending(
			commented(by("inspector", "fire-brigade", v1alpha1.DecisionReject), "no way out of the building"),
		),
		"rejected-while-served": change(pending(
			by("officer", "security", v1alpha1.DecisionApprove),
			commented(by("second-officer", "security", v1alpha1.DecisionReject), "the act is of another system"),
		), recorded(v1alpha1.ActionPublish, "")),
		"withdrawn": change(pending(
			by("officer", "security", v1alpha1.DecisionApprove),
			commented(by("second-officer", "security", v1alpha1.DecisionWithdraw), "the form leaks passport numbers"),
		), recorded(v1alpha1.ActionPublish, ""), recorded(v1alpha1.ActionWithdraw, causeRevoked)),
		"withdrawn-and-not-recorded-yet": change(pending(
			commented(by("officer", "security", v1alpha1.DecisionWithdraw), "the form leaks passport numbers"),
		), recorded(v1alpha1.ActionPublish, "")),
		"withdrawn-by-a-revocation": change(pending(
			by("officer", "security", v1alpha1.DecisionApprove),
			revoking(commented(by("second-officer", "security", v1alpha1.DecisionRevoke), "the act has ended"), "security-officer"),
		), recorded(v1alpha1.ActionPublish, ""), recorded(v1alpha1.ActionWithdraw, causeRevoked)),
		"withdrawn-by-its-time":  change(pending(), recorded(v1alpha1.ActionPublish, ""), recorded(v1alpha1.ActionWithdraw, "Expired")),
		"withdrawn-with-service": change(pending(), recorded(v1alpha1.ActionPublish, ""), recorded(v1alpha1.ActionWithdraw, "Deleted")),
		"withdrawn-before-a-change": change(pending(), recorded(v1alpha1.ActionWithdraw, causeRevoked), func(m *matter) {
			w := commented(by("officer", "security", v1alpha1.DecisionWithdraw), "the form leaks passport numbers")
			w.Spec.Subject.Digest, w.CreationTimestamp = "sha256:old", metav1.NewTime(m.input.Now.Add(-time.Hour))
			m.decisions = append(m.decisions, w)
			m.input.Publications[0].Spec.Revision, m.input.Publications[0].Spec.Digest = "pension-fedcba9876", "sha256:old"
		}),
		"approved": pending(
			by("officer", "security", v1alpha1.DecisionApprove),
			by("second-officer", "security", v1alpha1.DecisionApprove),
			by("clerk", "ministry", v1alpha1.DecisionApprove),
		),
		"unknown-author": change(pending(), func(m *matter) { m.input.Revision.Author = "system:serviceaccount:argocd:controller" }),
		"unproven": change(pending(), func(m *matter) {
			m.input.Revision.Verified = metav1.ConditionFalse
			m.rev = &v1alpha1.ServiceRevision{Status: v1alpha1.ServiceRevisionStatus{Report: &v1alpha1.ScenarioReport{
				Scenarios: []v1alpha1.ScenarioResult{
					{Name: "for oneself", Result: "Passed"},
					{Name: "for a child", Result: "Failed", Message: "XML: accepted, expected rejected at /data/child"},
				},
			}}}
		}),
		"no-policy": change(pending(), func(m *matter) { m.input.Policies = nil }),
		"altered": change(pending(), func(m *matter) {
			m.input.AdmissionAltered = []string{"ValidatingAdmissionPolicy okno-records is missing"}
		}),
		"unread": change(pending(), func(m *matter) {
			m.input.PoliciesKnown, m.unread = false, []string{"PublicationPolicies: forbidden"}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			m.input.Publications = append(m.input.Publications, served)
			var b strings.Builder
			if err := report(m, gate.Judge(m.input)).writeText(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "why", name+".txt"), b.String())
		})
	}
}

// What is wrong with a definition comes before everything else, whether or not a revision of it exists.
func TestWhyOfAnInvalidDefinition(t *testing.T) {
	text := v1alpha1.Finding{Severity: "Error", Path: "spec.service.title", Rule: "text", Message: "found nothing; allowed: a text; write one"}
	law := v1alpha1.Finding{Severity: "Warning", Path: "spec.service.channels", Rule: "law-mfc", Message: "found no channel of type MFC", Article: "210-ФЗ art. 15"}
	var many []v1alpha1.Finding
	for i := range 12 {
		many = append(many, v1alpha1.Finding{Severity: "Error", Path: fmt.Sprintf("spec.service.fees[%d]", i), Rule: "fee", Message: "found a fee"})
	}
	for name, tc := range map[string]struct {
		reason, message string
		findings        []v1alpha1.Finding
		of              func(*matter) *whyReport
	}{
		"invalid":          {v1alpha1.ReasonInvalid, "1 error, the first at spec.service.title: found nothing", []v1alpha1.Finding{text, law}, unmade},
		"invalid-in-many":  {v1alpha1.ReasonInvalid, "12 errors, the first at spec.service.fees[0]: found a fee", many, unmade},
		"code-taken":       {v1alpha1.ReasonCodeTaken, "1 error, the first at spec.service.title: found nothing", []v1alpha1.Finding{text}, judged},
		"without-provider": {v1alpha1.ReasonNoProvider, "no ServiceProvider names this namespace", nil, judged},
	} {
		t.Run(name, func(t *testing.T) {
			m := pending()
			m.svc = &v1alpha1.GovService{
				ObjectMeta: metav1.ObjectMeta{Name: "pension", Namespace: "sfr", Generation: 2},
				Status: v1alpha1.GovServiceStatus{
					Conditions: []metav1.Condition{{
						Type: v1alpha1.ConditionValid, Status: metav1.ConditionFalse, ObservedGeneration: 2, Reason: tc.reason, Message: tc.message,
					}},
					Findings: tc.findings,
				},
			}
			var b strings.Builder
			if err := tc.of(m).writeText(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", "why", name+".txt"), b.String())
		})
	}
}

func judged(m *matter) *whyReport { return report(m, gate.Judge(m.input)) }

func commented(a v1alpha1.Approval, comment string) v1alpha1.Approval {
	a.Spec.Comment = comment
	return a
}

func revoking(a v1alpha1.Approval, approval string) v1alpha1.Approval {
	a.Spec.Revokes = approval
	return a
}

// recorded adds a record about the revision, made half an hour before now.
func recorded(action v1alpha1.PublicationAction, cause string) func(*matter) {
	return func(m *matter) {
		spec := v1alpha1.PublicationSpec{
			Service: m.service, Seq: int64(len(m.input.Publications)) + 2, Action: action, Cause: cause,
			Revision: m.revision, Digest: m.input.Revision.Digest, DecidedAt: metav1.NewTime(m.input.Now.Add(-30 * time.Minute)),
		}
		if action == v1alpha1.ActionPublish {
			spec.Decisions = []v1alpha1.DecisionRecord{{Gate: "security", Approval: "security-officer"}}
			spec.DecidedAt = metav1.NewTime(m.input.Now.Add(-59 * time.Minute))
		}
		m.input.Publications = append(m.input.Publications, v1alpha1.Publication{Spec: spec})
	}
}

func change(m *matter, mods ...func(*matter)) *matter {
	for _, mod := range mods {
		mod(m)
	}
	return m
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), -update writes it anew:\n%s", path, diff)
	}
}
