// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

// recreated puts the admission policies' creation at a minute.
func recreated(at int) func(*gate.Input) {
	return func(in *gate.Input) { in.AdmissionSince = minute(at) }
}

func unreadPolicies(in *gate.Input) { in.Policies, in.PoliciesKnown = nil, false }

// TestNoDecisionAgainstDisappears: what somebody with the right said against a digest holds, whatever becomes of the admission policies
// and of the policy that asked for it.
func TestNoDecisionAgainstDisappears(t *testing.T) {
	served := records(publication(1, publish, thisDigest, 2, "sonya@security"))
	sonya, again := approve("sonya", "security", 1), approve("sonya", "security", 12, named("again"))
	const old = "it is older than the admission policies in force, so that who made it is not certain; decide again"
	for name, tc := range map[string]struct {
		in   gate.Input
		want string
	}{
		"a rejection that is older than the admission policies blocks": {
			in: with(input(one(), reject("pavel", "security", 2), again), recreated(10)),
			want: `Rejected 0/1: rejected at gate "security" by Approval "rejection of pavel": change the definition, or ask who rejected to revoke it
gate security: Rejected +sonya -pavel
`,
		},
		"and only a revocation that is certain lifts it": {
			in: with(input(one(), reject("pavel", "security", 2), revoke("pavel", "security", 3, "rejection of pavel"), again), recreated(10)),
			want: `Rejected 0/1: rejected at gate "security" by Approval "rejection of pavel": change the definition, or ask who rejected to revoke it
gate security: Rejected +sonya -pavel
  not revocation of rejection of pavel: ` + old + `
`,
		},
		"which its maker can send": {
			in: with(input(one(), reject("pavel", "security", 2), revoke("pavel", "security", 11, "rejection of pavel"), again), recreated(10)),
			want: `Approved 1/1 approved: all 1 gates are open
gate security: Open +sonya
  not rejection of pavel: "revocation of rejection of pavel" revoked it
`,
		},
		"a rejection at a gate that vanished blocks": {
			in: input(one(), reject("misha", "ministry", 2), again),
			want: `Rejected 1/1: rejected at gate "ministry" by Approval "rejection of misha": change the definition, or ask who rejected to revoke it
gate security: Open +sonya
rejected at ministry -misha
`,
		},
		"and its maker lifts it": {
			in: input(one(), reject("misha", "ministry", 2), revoke("misha", "ministry", 3, "rejection of misha"), again),
			want: `Approved 1/1 approved: all 1 gates are open
gate security: Open +sonya
not rejection of misha: "revocation of rejection of misha" revoked it
`,
		},
		"a rejection at a gate that vanished, by the namespace's own right, does not": {
			in: input(one(), reject("tenant", "ministry", 2, authority(v1alpha1.AuthorityNamespace)), again),
			want: `Approved 1/1 approved: all 1 gates are open
gate security: Open +sonya
not rejection of tenant: the right to decide at gate "ministry" was granted within the namespace only, and this gate counts what the platform grants for the cluster
`,
		},
		"a withdrawal that is older than the admission policies withdraws": {
			in: with(input(one(), sonya, withdraw("pavel", "security", 3)), served, recreated(10)),
			want: `Revoked 0/1 serving withdraw: withdrawn at gate "security" by Approval "withdrawal by pavel"
gate security: AwaitingApproval
  not sonya@security: ` + old + `
`,
		},
		"a withdrawal withdraws where no policy is left": {
			in: with(input(nil, sonya, withdraw("pavel", "security", 3)), served),
			want: `Revoked 0/0 serving withdraw: withdrawn at gate "security" by Approval "withdrawal by pavel"
not sonya@security: no policy in force has a gate "security"
`,
		},
		"a withdrawal withdraws while the policies cannot be read": {
			in: with(input(nil, sonya, withdraw("pavel", "security", 3)), served, unreadPolicies),
			want: `Revoked 0/0 serving withdraw: withdrawn at gate "security" by Approval "withdrawal by pavel"
`,
		},
		"nothing else is decided then": {
			in:   with(input(nil, sonya, revoke("pavel", "security", 3, "sonya@security")), served, unreadPolicies),
			want: "AwaitingApproval 0/0 undecided: nothing was decided: policies could not be read\n",
		},
		"a revocation withdraws what rests on an approval that is older than the admission policies": {
			in: with(input(one(), sonya, revoke("pavel", "security", 11, "sonya@security")), served, recreated(10)),
			want: `Revoked 0/1 serving withdraw: an approval at gate "security" was revoked by Approval "revocation of sonya@security"
gate security: AwaitingApproval
  not sonya@security: ` + old + `
`,
		},
		"a revocation withdraws where no policy is left": {
			in: with(input(nil, sonya, revoke("pavel", "security", 3, "sonya@security")), served),
			want: `Revoked 0/0 serving withdraw: an approval at gate "security" was revoked by Approval "revocation of sonya@security"
not sonya@security: no policy in force has a gate "security"
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

// TestWhatIsServedRightlyStaysServed: nobody spoke against it since its record; that rules or admission change withdraws nothing.
func TestWhatIsServedRightlyStaysServed(t *testing.T) {
	renamed := policies(policy("renamed", human("security"), human("state-ministry")))
	two := policies(policy("two", human("security"), human("ministry")))
	// Withdrawn, approved anew at both gates, published again.
	anew := []v1alpha1.Approval{
		withdraw("pavel", "security", 3),
		approve("sonya", "security", 5), approve("misha", "ministry", 6, authority(v1alpha1.AuthorityNamespace)),
	}
	again := records(publication(1, publish, thisDigest, 2, "old@security"), publication(2, stop, thisDigest, 4),
		publication(3, publish, thisDigest, 7, "sonya@security", "misha@ministry"))
	// One of two approvals was revoked, the other is enough.
	replaced := []v1alpha1.Approval{
		approve("sonya", "security", 1), approve("pavel", "security", 1), revoke("sonya", "security", 3, "sonya@security"),
	}
	first := records(publication(1, publish, thisDigest, 2, "sonya@security"))
	for name, in := range map[string]gate.Input{
		"a gate was removed":                      with(input(one(), anew...), again),
		"a gate was renamed":                      with(input(renamed, anew...), again),
		"a gate counts the cluster's grants only": with(input(two, anew...), again),
		"a gate opens by itself": with(input(policies(policy("p", human("security"), func(s *v1alpha1.PublicationPolicySpec) {
			s.Gates = append(s.Gates, v1alpha1.Gate{Name: "ministry", Type: v1alpha1.GateScenarios})
		})), anew...), again),
		"no policy is left":                             with(input(nil, anew...), again),
		"the policies cannot be read":                   with(input(nil, anew...), again, unreadPolicies),
		"admission was created again":                   with(input(two, anew...), again, recreated(20)),
		"an approval was replaced":                      with(input(one(), replaced...), first),
		"one was replaced, and admission created again": with(input(one(), replaced...), first, recreated(20)),
		"one was replaced, and its gate renamed":        with(input(policies(policy("p", human("safety"))), replaced...), first),
		"one was replaced, and its gate left to the scenarios now": with(input(policies(policy("p", func(s *v1alpha1.PublicationPolicySpec) {
			s.Gates = append(s.Gates, v1alpha1.Gate{Name: "security", Type: v1alpha1.GateScenarios})
		})), replaced...), first),
	} {
		t.Run(name, func(t *testing.T) {
			if v := gate.Judge(in); v.Withdraw || (v.Decided && !v.Approved) {
				t.Errorf("verdict: %s", tell(v))
			}
		})
	}
}
