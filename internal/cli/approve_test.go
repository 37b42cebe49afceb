// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

func TestParseEvidence(t *testing.T) {
	hash := strings.Repeat("a", 64)
	for name, tc := range map[string]struct {
		flag string
		want v1alpha1.Evidence
		err  string
	}{
		"all of it": {
			flag: "kind=SecurityAct,title=Act 12,uri=https://x.example/a?b=c,sha256=" + hash,
			want: v1alpha1.Evidence{Kind: "SecurityAct", Title: "Act 12", URI: "https://x.example/a?b=c", SHA256: hash},
		},
		"commas and equal signs in a title": {
			flag: "kind=Other,sha256=" + hash + ",title=Act 12, page 2, a=b",
			want: v1alpha1.Evidence{Kind: "Other", Title: "Act 12, page 2, a=b", SHA256: hash},
		},
		"no hash":             {flag: "kind=Other,title=x", err: "sha256= is missing"},
		"an unknown key":      {flag: "file=a.pdf,kind=Other", err: `"file=a.pdf" is not one of`},
		"twice the same":      {flag: "kind=Other,kind=CodeCheck", err: "kind is given twice"},
		"nothing":             {flag: "", err: "is not one of"},
		"a text without keys": {flag: "act.pdf", err: `"act.pdf" is not one of`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseEvidence([]string{tc.flag})
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("err = %v, want %q in it", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]v1alpha1.Evidence{tc.want}, got); diff != "" {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzParseEvidence holds that what is read says all that was written.
func FuzzParseEvidence(f *testing.F) {
	f.Add("kind=Other,title=a,b,sha256=c")
	f.Add("kind=,title==,uri=,sha256=")
	f.Fuzz(func(t *testing.T, flag string) {
		e, err := parseOneEvidence(flag)
		if err != nil {
			return
		}
		total := len("kind=,title=,sha256=") + len(e.Kind) + len(e.Title) + len(e.SHA256)
		if e.URI != "" || strings.Contains(flag, "uri=") && len(flag) > total {
			total += len(",uri=") + len(e.URI)
		}
		if len(flag) != total {
			t.Errorf("%q became %+v", flag, e)
		}
	})
}

// pending is a revision that waits at the gates security and ministry, with decisions.
func pending(approvals ...v1alpha1.Approval) *matter {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	hash := v1alpha1.Digest("sha256:" + strings.Repeat("0", 64))
	for i := range approvals {
		a := &approvals[i]
		a.Namespace, a.CreationTimestamp = "sfr", metav1.NewTime(noon.Add(time.Duration(i)*time.Minute))
		a.Spec.Subject = v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: "pension-0123456789", Digest: hash}
	}
	return &matter{
		namespace: "sfr", service: "pension", decisions: approvals, svc: &v1alpha1.GovService{}, revision: "pension-0123456789",
		input: gate.Input{
			Now: noon.Add(time.Hour),
			Revision: gate.Revision{
				Name: "pension-0123456789", Namespace: "sfr", Service: "pension", Digest: hash, Author: "agency-editor",
				Verified: metav1.ConditionTrue, ReportSHA256: strings.Repeat("a", 64),
			},
			Policies: []v1alpha1.PublicationPolicy{{
				ObjectMeta: metav1.ObjectMeta{Name: "default"},
				Spec: v1alpha1.PublicationPolicySpec{
					SeparationOfDuties: []v1alpha1.Separation{v1alpha1.AuthorNotApprover},
					Gates: []v1alpha1.Gate{
						{Name: "scenarios", Type: v1alpha1.GateScenarios},
						{Name: "security", Type: v1alpha1.GateHuman, Quorum: 2, Groups: []string{"okno:security"}, Requires: []string{"scenarios"}},
						{Name: "ministry", Type: v1alpha1.GateHuman, Groups: []string{"okno:ministry"}, Requires: []string{"security"}},
					},
				},
			}},
			Approvals:     approvals,
			PoliciesKnown: true, ApprovalsKnown: true, PublicationsKnown: true, AdmissionKnown: true,
		},
	}
}

func by(person, at string, decision v1alpha1.Decision) v1alpha1.Approval {
	return v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Name: at + "-" + person},
		Spec: v1alpha1.ApprovalSpec{
			Gate: at, Decision: decision, Approver: &v1alpha1.Person{Username: person}, SubmittedBy: person, Authority: v1alpha1.AuthorityCluster,
		},
	}
}

func TestApprovalNames(t *testing.T) {
	m := pending()
	spec := v1alpha1.ApprovalSpec{
		Subject: v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: m.revision, Digest: m.input.Revision.Digest},
		Gate:    "security", Decision: v1alpha1.DecisionApprove,
	}
	first := approvalName(m, spec, "officer")
	if !strings.HasPrefix(first, "pension-0123456789-security-") {
		t.Errorf("name %q", first)
	}
	if again := approvalName(m, spec, "officer"); again != first {
		t.Errorf("the same decision is called %q and %q", first, again)
	}
	if other := approvalName(m, spec, "colleague"); other == first {
		t.Errorf("two persons' decisions are both called %q", first)
	}
	if anew := approvalName(pending(by("officer", "security", v1alpha1.DecisionApprove)), spec, "officer"); anew == first {
		t.Errorf("a decision made anew is called %q like the first", anew)
	}
}
