// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

func spec(change func(*v1alpha1.ApprovalSpec)) func(*v1alpha1.Approval) {
	return func(a *v1alpha1.Approval) { change(&a.Spec) }
}

// TestDecisionsThatDoNotCount: each of these is the only approval at the only gate, and does not open it.
func TestDecisionsThatDoNotCount(t *testing.T) {
	for name, tc := range map[string]struct {
		approval v1alpha1.Approval
		policies []v1alpha1.PublicationPolicy
		change   func(*gate.Input)
		want     string
	}{
		"about another revision": {
			approval: approve("sonya", "security", 1, spec(func(s *v1alpha1.ApprovalSpec) { s.Subject.Name = "pension-ffffffffff" })),
			want:     `it is about ServiceRevision "pension-ffffffffff" of namespace "sfr"`,
		},
		"about another kind of object": {
			approval: approve("sonya", "security", 1, spec(func(s *v1alpha1.ApprovalSpec) { s.Subject.Kind = "ServiceProvider" })),
			want:     `it is about ServiceProvider "pension-0123456789" of namespace "sfr"`,
		},
		"in another namespace": {
			approval: approve("sonya", "security", 1, func(a *v1alpha1.Approval) { a.Namespace = "fns" }),
			want:     `it is about ServiceRevision "pension-0123456789" of namespace "fns"`,
		},
		"about other content under the same name": {
			approval: approve("sonya", "security", 1, spec(func(s *v1alpha1.ApprovalSpec) { s.Subject.Digest = otherDigest })),
			want:     "it is about other content, with digest " + string(otherDigest),
		},
		"without an approver": {
			approval: approve("sonya", "security", 1, spec(func(s *v1alpha1.ApprovalSpec) { s.Approver = nil })),
			want:     "admission did not record who made it",
		},
		"with a nameless approver": {
			approval: approve("sonya", "security", 1, spec(func(s *v1alpha1.ApprovalSpec) { s.Approver.Username = "" })),
			want:     "admission did not record who made it",
		},
		"without a sender": {
			approval: approve("sonya", "security", 1, spec(func(s *v1alpha1.ApprovalSpec) { s.SubmittedBy = "" })),
			want:     "admission did not record who made it",
		},
		"sent by somebody else": {
			approval: approve("sonya", "security", 1, spec(func(s *v1alpha1.ApprovalSpec) { s.SubmittedBy = "deliverer" })),
			want:     `"deliverer" sent it in the name of "sonya"`,
		},
		"by the account of a GitOps controller that holds every verb": {
			approval: approve("system:serviceaccount:argocd:controller", "security", 1),
			want:     `account "system:serviceaccount:argocd:controller" made it, and only persons decide`,
		},
		"without the right": {
			approval: approve("sonya", "security", 1, authority(v1alpha1.AuthorityNone)),
			want:     `who made it had no right to decide at gate "security"`,
		},
		"with the right not recorded": {
			approval: approve("sonya", "security", 1, authority("")),
			want:     `who made it had no right to decide at gate "security"`,
		},
		"by the right of the tenant's own role": {
			approval: approve("tenant", "security", 1, authority(v1alpha1.AuthorityNamespace)),
			want:     `the right to decide at gate "security" was granted within the namespace only, and this gate counts what the platform grants for the cluster`,
		},
		"made before admission was installed": {
			approval: approve("sonya", "security", 1),
			change:   func(in *gate.Input) { in.AdmissionSince = minute(2) },
			want:     "it is older than the admission policies in force, so that who made it is not certain; decide again",
		},
		"made while admission was settling": {
			approval: approve("sonya", "security", 1),
			change:   func(in *gate.Input) { in.AdmissionSince = minute(1).Add(-gate.AdmissionSettles) },
			want:     "it is older than the admission policies in force, so that who made it is not certain; decide again",
		},
		"made before admission was altered and put back": {
			approval: approve("sonya", "security", 1),
			change:   func(in *gate.Input) { in.AdmissionAlteredUntil = minute(2) },
			want:     "it is older than the last change of the admission policies, so that who made it is not certain; decide again",
		},
		"made while admission settled again": {
			approval: approve("sonya", "security", 1),
			change:   func(in *gate.Input) { in.AdmissionAlteredUntil = minute(1).Add(-gate.AdmissionSettles) },
			want:     "it is older than the last change of the admission policies, so that who made it is not certain; decide again",
		},
		"at a gate that no policy has": {
			approval: approve("sonya", "fire-brigade", 1),
			want:     `no policy in force has a gate "fire-brigade"`,
		},
		"at a gate that opens by itself": {
			approval: approve("sonya", "scenarios", 1),
			policies: policies(policy("p", scenarios)),
			change:   func(in *gate.Input) { in.Revision.Verified = metav1.ConditionFalse },
			want:     `gate "scenarios" opens by itself when the scenarios pass; nobody decides there`,
		},
		"by the author": {
			approval: approve(author, "security", 1), policies: one(separate),
			want: "its maker wrote this revision, and the policy lets no author decide",
		},
		"when nobody knows the author": {
			approval: approve("sonya", "security", 1), policies: one(separate), change: writtenBy(v1alpha1.UnknownAuthor),
			want: "the policy lets no author decide, and who wrote this revision is not known: nobody is named as its author",
		},
		"when a GitOps controller delivered the definition": {
			approval: approve("sonya", "security", 1), policies: one(separate), change: writtenBy("system:serviceaccount:argocd:controller"),
			want: `the policy lets no author decide, and who wrote this revision is not known: account "system:serviceaccount:argocd:controller" delivered it`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			rules := tc.policies
			if rules == nil {
				rules = one()
			}
			in := input(rules, tc.approval)
			if tc.change != nil {
				tc.change(&in)
			}
			v := gate.Judge(in)
			if v.Approved || !v.Decided {
				t.Fatalf("verdict: %s", tell(v))
			}
			objections := v.NotCounted
			for _, g := range v.Gates {
				objections = append(objections, g.NotCounted...)
			}
			if len(objections) != 1 || objections[0].Why != tc.want || objections[0].Approval != tc.approval.Name {
				t.Errorf("objections %+v, want one of %q: %s", objections, tc.approval.Name, tc.want)
			}
		})
	}
}

func TestUnknownAuthorIsSaidAtTheGate(t *testing.T) {
	v := gate.Judge(with(input(one(separate)), writtenBy("")))
	if g := v.Gates[0]; g.Reason != gate.GateAuthorUnknown || g.WaitingForGroups != nil || !strings.Contains(v.Message, "nobody can decide") {
		t.Errorf("verdict: %s", tell(v))
	}
}

func TestDecisionsAmongEachOther(t *testing.T) {
	two := policies(policy("two", separate, human("security"), human("ministry")))
	for name, tc := range map[string]struct {
		in   gate.Input
		want string
	}{
		"one person at two gates counts at the first": {
			in: input(two, approve("sonya", "ministry", 1), approve("sonya", "security", 2)),
			want: `AwaitingApproval 1/2: 1 of 2 gates are open; security: waits for okno:security
gate security: AwaitingApproval
  not sonya@security: its maker approved at gate "ministry", and the policy lets one person open one gate
gate ministry: Open +sonya
`,
		},
		"one person at two gates in the same second counts at the first by name": {
			in: input(two, approve("sonya", "security", 1), approve("sonya", "ministry", 1)),
			want: `AwaitingApproval 1/2: 1 of 2 gates are open; security: waits for okno:security
gate security: AwaitingApproval
  not sonya@security: its maker approved at gate "ministry", and the policy lets one person open one gate
gate ministry: Open +sonya
`,
		},
		"who revoked the first may decide at the second": {
			in: input(two, approve("sonya", "ministry", 1), revoke("sonya", "ministry", 2, "sonya@ministry"), approve("sonya", "security", 3)),
			want: `AwaitingApproval 1/2: 1 of 2 gates are open; ministry: waits for okno:ministry
gate security: Open +sonya
gate ministry: AwaitingApproval
  not sonya@ministry: "revocation of sonya@ministry" revoked it
`,
		},
		"one person at two gates where the policy allows it": {
			in: input(policies(policy("p", human("security"), human("ministry"))), approve("sonya", "ministry", 1), approve("sonya", "security", 2)),
			want: `Approved 2/2 approved: all 2 gates are open
gate security: Open +sonya
gate ministry: Open +sonya
`,
		},
		"a rejection outweighs approvals": {
			in: input(one(), approve("sonya", "security", 1), reject("pavel", "security", 2)),
			want: `Rejected 0/1: rejected at gate "security" by Approval "rejection of pavel": change the definition, or ask who rejected to revoke it
gate security: Rejected +sonya -pavel
`,
		},
		"a rejection at a gate that waits for another blocks at once": {
			in: with(input(chain(), reject("misha", "ministry", 2)), func(in *gate.Input) { in.Revision.Verified = "" }),
			want: `Rejected 0/3: rejected at gate "ministry" by Approval "rejection of misha": change the definition, or ask who rejected to revoke it
gate scenarios: AwaitingScenarios
gate security: AwaitingGates
gate ministry: Rejected -misha
`,
		},
		"the author may reject their own": {
			in: input(one(separate), reject(author, "security", 2)),
			want: `Rejected 0/1: rejected at gate "security" by Approval "rejection of editor": change the definition, or ask who rejected to revoke it
gate security: Rejected -editor
`,
		},
		"a rejection without the right blocks nothing": {
			in: input(one(), approve("sonya", "security", 1), reject("tenant", "security", 2, authority(v1alpha1.AuthorityNamespace))),
			want: `Approved 1/1 approved: all 1 gates are open
gate security: Open +sonya
  not rejection of tenant: the right to decide at gate "security" was granted within the namespace only, and this gate counts what the platform grants for the cluster
`,
		},
		"who rejected takes it back": {
			in: input(one(), approve("sonya", "security", 1), reject("pavel", "security", 2), revoke("pavel", "security", 3, "rejection of pavel")),
			want: `Approved 1/1 approved: all 1 gates are open
gate security: Open +sonya
  not rejection of pavel: "revocation of rejection of pavel" revoked it
`,
		},
		"nobody takes back another's rejection": {
			in: input(one(), approve("sonya", "security", 1), reject("pavel", "security", 2), revoke("sonya", "security", 3, "rejection of pavel")),
			want: `Rejected 0/1: rejected at gate "security" by Approval "rejection of pavel": change the definition, or ask who rejected to revoke it
gate security: Rejected +sonya -pavel
  not revocation of rejection of pavel: only who made the rejection "rejection of pavel" may revoke it
`,
		},
		"a colleague revokes an approval": {
			in: input(one(), approve("sonya", "security", 1), revoke("pavel", "security", 2, "sonya@security")),
			want: `AwaitingApproval 0/1: 0 of 1 gates are open; security: waits for okno:security
gate security: AwaitingApproval
  not sonya@security: "revocation of sonya@security" revoked it
`,
		},
		"who revoked approves anew": {
			in: input(one(), approve("sonya", "security", 1), revoke("sonya", "security", 2, "sonya@security"), approve("sonya", "security", 3, named("anew"))),
			want: `Approved 1/1 approved: all 1 gates are open
gate security: Open +sonya
  not sonya@security: "revocation of sonya@security" revoked it
`,
		},
		"a revocation from another gate takes back nothing": {
			in: input(policies(policy("p", human("security"), human("ministry"))), approve("sonya", "security", 1), revoke("misha", "ministry", 2, "sonya@security")),
			want: `AwaitingApproval 1/2: 1 of 2 gates are open; ministry: waits for okno:ministry
gate security: Open +sonya
gate ministry: AwaitingApproval
  not revocation of sonya@security: it is made at gate "ministry" and revokes "sonya@security", which is made at gate "security"
`,
		},
		"a revocation without the right takes back nothing": {
			in: input(one(), approve("sonya", "security", 1), revoke("tenant", "security", 2, "sonya@security", authority(v1alpha1.AuthorityNone))),
			want: `Approved 1/1 approved: all 1 gates are open
gate security: Open +sonya
  not revocation of sonya@security: who made it had no right to decide at gate "security"
`,
		},
		"a revocation is final": {
			in: input(one(), approve("sonya", "security", 1), revoke("sonya", "security", 2, "sonya@security"),
				revoke("sonya", "security", 3, "revocation of sonya@security")),
			want: `AwaitingApproval 0/1: 0 of 1 gates are open; security: waits for okno:security
gate security: AwaitingApproval
  not revocation of revocation of sonya@security: it revokes "revocation of sonya@security", and a Revoke is final
  not sonya@security: "revocation of sonya@security" revoked it
`,
		},
		"a revocation of what does not stand": {
			in: input(one(), approve("sonya", "security", 1), revoke("sonya", "security", 2, "a letter")),
			want: `Approved 1/1 approved: all 1 gates are open
gate security: Open +sonya
  not revocation of a letter: it revokes "a letter", which is no decision on this digest
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tell(gate.Judge(tc.in))); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAuthorKnown(t *testing.T) {
	for name, want := range map[string]bool{
		"anna": true, "anna@agency.example": true, "oidc:system:anna": true,
		"": false, v1alpha1.UnknownAuthor: false, "system:serviceaccount:argocd:controller": false, "system:admin": false,
	} {
		if got := gate.AuthorKnown(name); got != want {
			t.Errorf("AuthorKnown(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestSettlingEnds(t *testing.T) {
	in := input(one(), approve("sonya", "security", 1))
	in.AdmissionSince = minute(1).Add(-gate.AdmissionSettles - time.Second)
	if v := gate.Judge(in); !v.Approved {
		t.Errorf("a decision after admission settled does not count: %s", tell(v))
	}
}
