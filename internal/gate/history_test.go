// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

const (
	publish = v1alpha1.ActionPublish
	stop    = v1alpha1.ActionWithdraw
)

// days after noon, in the minutes that the builders count.
const day = 24 * 60

func after(days int) func(*gate.Input) {
	return func(in *gate.Input) { in.Now = noon.Add(time.Duration(days) * 24 * time.Hour) }
}

func records(list ...v1alpha1.Publication) func(*gate.Input) {
	return func(in *gate.Input) { in.Publications = list }
}

func TestWhatIsServed(t *testing.T) {
	served := records(publication(1, publish, thisDigest, 2, "sonya@security"))
	for name, tc := range map[string]struct {
		in   gate.Input
		want string
	}{
		"stays approved": {
			in:   with(input(one(), approve("sonya", "security", 1)), served),
			want: "Approved 1/1 approved serving: published by record 1, under the policy then in force\ngate security: Open +sonya\n",
		},
		"stays approved under a policy that asks for more": {
			in: with(input(chain(), approve("sonya", "security", 1)), served),
			want: `Approved 2/3 approved serving: published by record 1, under the policy then in force
gate scenarios: Open
gate security: Open +sonya
gate ministry: AwaitingApproval
`,
		},
		"stays approved when no policy is left": {
			in:   with(input(nil), served),
			want: "Approved 0/0 approved serving: published by record 1, under the policy then in force\n",
		},
		"is withdrawn also while admission is altered": {
			in: with(input(one(), approve("sonya", "security", 1), withdraw("sonya", "security", 3)), served,
				func(in *gate.Input) { in.AdmissionAltered = []string{"x is missing"} }),
			want: `Revoked 0/1 serving withdraw: withdrawn at gate "security" by Approval "withdrawal by sonya"
gate security: AwaitingApproval
  not sonya@security: the admission policies are not in force as shipped, so that who made it is not certain
`,
		},
		"stays approved while admission is altered and nobody speaks against it": {
			in: with(input(one(), approve("sonya", "security", 1)), served, func(in *gate.Input) { in.AdmissionAltered = []string{"x is missing"} }),
			want: `Approved 0/1 approved serving: published by record 1, under the policy then in force
gate security: AwaitingApproval
  not sonya@security: the admission policies are not in force as shipped, so that who made it is not certain
`,
		},
		"is still served while suspended": {
			in: with(input(one(), approve("sonya", "security", 1)), records(
				publication(2, v1alpha1.ActionSuspend, thisDigest, 5), publication(1, publish, thisDigest, 2, "sonya@security"))),
			want: "Approved 1/1 approved serving: published by record 1, under the policy then in force\ngate security: Open +sonya\n",
		},
		"is withdrawn by who may decide": {
			in: with(input(one(), approve("sonya", "security", 1), withdraw("pavel", "security", 3)), served),
			want: `Revoked 0/1 serving withdraw: withdrawn at gate "security" by Approval "withdrawal by pavel"
gate security: AwaitingApproval
  not sonya@security: "withdrawal by pavel" withdrew this digest afterwards; decide again
`,
		},
		"is withdrawn by a decision of the same second as the publication": {
			in: with(input(one(), approve("sonya", "security", 2), withdraw("pavel", "security", 2)), served),
			want: `Revoked 0/1 serving withdraw: withdrawn at gate "security" by Approval "withdrawal by pavel"
gate security: AwaitingApproval
  not sonya@security: "withdrawal by pavel" withdrew this digest afterwards; decide again
`,
		},
		"is withdrawn when the approval it rests on is revoked": {
			in: with(input(one(), approve("sonya", "security", 1), revoke("sonya", "security", 3, "sonya@security")), served),
			want: `Revoked 0/1 serving withdraw: an approval at gate "security" was revoked by Approval "revocation of sonya@security"
gate security: AwaitingApproval
  not sonya@security: "revocation of sonya@security" revoked it
`,
		},
		"is kept when the policy says so, and no longer approved": {
			in: with(input(one(onRevoke(v1alpha1.ServedKeep)), approve("sonya", "security", 1), revoke("sonya", "security", 3, "sonya@security")), served),
			want: `Revoked 0/1 serving: an approval at gate "security" was revoked by Approval "revocation of sonya@security"
gate security: AwaitingApproval
  not sonya@security: "revocation of sonya@security" revoked it
`,
		},
		"is kept when somebody else approved in time": {
			in: with(input(one(), approve("sonya", "security", 1), approve("pavel", "security", 2), revoke("sonya", "security", 3, "sonya@security")), served),
			want: `Approved 1/1 approved serving: published by record 1, under the policy then in force
gate security: Open +pavel
  not sonya@security: "revocation of sonya@security" revoked it
`,
		},
		"is kept when an approval is revoked that it does not rest on": {
			in: with(input(chain(), approve("sonya", "security", 1), approve("misha", "ministry", 5), revoke("misha", "ministry", 6, "misha@ministry")), served),
			want: `Approved 2/3 approved serving: published by record 1, under the policy then in force
gate scenarios: Open
gate security: Open +sonya
gate ministry: AwaitingApproval
  not misha@ministry: "revocation of misha@ministry" revoked it
`,
		},
		"is served on when somebody rejects it": {
			in: with(input(one(), approve("sonya", "security", 1), reject("pavel", "security", 3)), served),
			want: `Rejected 0/1 serving: rejected at gate "security" by Approval "rejection of pavel": change the definition, or ask who rejected to revoke it
gate security: Rejected +sonya -pavel
`,
		},
		"is withdrawn when an approval is revoked after somebody rejected it": {
			in: with(input(chain(), approve("sonya", "security", 1), reject("pavel", "ministry", 3), revoke("sonya", "security", 4, "sonya@security")), served),
			want: `Revoked 1/3 serving withdraw: an approval at gate "security" was revoked by Approval "revocation of sonya@security"
gate scenarios: Open
gate security: AwaitingApproval
  not sonya@security: "revocation of sonya@security" revoked it
gate ministry: Rejected -pavel
`,
		},
		"is not withdrawn a second time after it was approved anew": {
			in: with(input(one(), approve("sonya", "security", 1), withdraw("pavel", "security", 3), approve("sonya", "security", 5, named("anew@security"))),
				records(publication(1, publish, thisDigest, 2, "sonya@security"), publication(2, stop, thisDigest, 4), publication(3, publish, thisDigest, 6, "anew@security"))),
			want: `Approved 1/1 approved serving: published by record 3, under the policy then in force
gate security: Open +sonya
  not sonya@security: "withdrawal by pavel" withdrew this digest afterwards; decide again
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

func TestGoingBackToWhatWasServed(t *testing.T) {
	// This digest was served from day 0 to day 10; another is served since.
	past := records(publication(1, publish, thisDigest, 2, "sonya@security"), publication(2, publish, otherDigest, 10*day))
	sonya := approve("sonya", "security", 1)
	for name, tc := range map[string]struct {
		in   gate.Input
		want string
	}{
		"at once within the time of the policy": {
			in:   with(input(one(), sonya), past, after(39)),
			want: "Approved 1/1 approved republish: all 1 gates are open\ngate security: Open +sonya\n",
		},
		"no more after it": {
			in: with(input(one(), sonya), past, after(41)),
			want: `AwaitingApproval 0/1: 0 of 1 gates are open; security: waits for okno:security
gate security: AwaitingApproval
  not sonya@security: this digest was served before, and the time in which it may return on its old decisions is over; decide again
`,
		},
		"with new decisions after it": {
			in: with(input(one(), sonya, approve("sonya", "security", 40*day, named("anew"))), past, after(41)),
			want: `Approved 1/1 approved republish: all 1 gates are open
gate security: Open +sonya
  not sonya@security: this digest was served before, and the time in which it may return on its old decisions is over; decide again
`,
		},
		"never where the policy gives no time": {
			in: with(input(one(republishDays(0)), sonya), past, after(11)),
			want: `AwaitingApproval 0/1: 0 of 1 gates are open; security: waits for okno:security
gate security: AwaitingApproval
  not sonya@security: this digest was served before, and the time in which it may return on its old decisions is over; decide again
`,
		},
		"not without the gates that were added since": {
			in: with(input(chain(), sonya), past, after(12)),
			want: `AwaitingApproval 2/3: 2 of 3 gates are open; ministry: waits for okno:ministry
gate scenarios: Open
gate security: Open +sonya
gate ministry: AwaitingApproval
`,
		},
		"not after somebody withdrew it": {
			in: with(input(one(), sonya, withdraw("pavel", "security", 11*day)), past, after(12)),
			want: `AwaitingApproval 0/1: 0 of 1 gates are open; security: waits for okno:security
gate security: AwaitingApproval
  not sonya@security: "withdrawal by pavel" withdrew this digest afterwards; decide again
`,
		},
		"not after a rejection, though it was taken back": {
			in: with(input(one(), sonya, reject("pavel", "security", 11*day), revoke("pavel", "security", 11*day+1, "rejection of pavel")), past, after(12)),
			want: `AwaitingApproval 0/1: 0 of 1 gates are open; security: waits for okno:security
gate security: AwaitingApproval
  not rejection of pavel: "revocation of rejection of pavel" revoked it
  not sonya@security: this digest was served before, and "rejection of pavel" spoke against it since; decide again
`,
		},
		"at once though it had been rejected before it was first published": {
			in: with(input(one(), sonya, reject("pavel", "security", 0), revoke("pavel", "security", 1, "rejection of pavel")), past, after(12)),
			want: `Approved 1/1 approved republish: all 1 gates are open
gate security: Open +sonya
  not rejection of pavel: "revocation of rejection of pavel" revoked it
`,
		},
		"not after one of two approvals was revoked, though the other would do": {
			in: with(input(one(), sonya, approve("pavel", "security", 1), revoke("sonya", "security", 5*day, "sonya@security")), past, after(12)),
			want: `AwaitingApproval 0/1: 0 of 1 gates are open; security: waits for okno:security
gate security: AwaitingApproval
  not pavel@security: this digest was served before, and "revocation of sonya@security" spoke against it since; decide again
  not sonya@security: "revocation of sonya@security" revoked it
`,
		},
		"at once after the service was deleted and applied again": {
			in:   with(input(one(), sonya), records(publication(1, publish, thisDigest, 2, "sonya@security"), publication(2, stop, thisDigest, 10*day)), after(11)),
			want: "Approved 1/1 approved republish: all 1 gates are open\ngate security: Open +sonya\n",
		},
		"counted from when a withdrawal took effect": {
			in: with(input(one(republishDays(1)), sonya), func(in *gate.Input) {
				last := publication(2, stop, thisDigest, 10*day)
				effective := metav1.NewTime(minute(12 * day))
				last.Spec.EffectiveAt = &effective
				in.Publications = []v1alpha1.Publication{last, publication(1, publish, thisDigest, 2, "sonya@security")}
			}, after(12)),
			want: "Approved 1/1 approved republish: all 1 gates are open\ngate security: Open +sonya\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tell(gate.Judge(tc.in))); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

// TestARevisionThatWasMadeAgain: the author wrote it and approved it; it was removed, and another person brought the content back.
func TestARevisionThatWasMadeAgain(t *testing.T) {
	again := func(in *gate.Input) { in.Revision.Author, in.Revision.Created = "colleague", minute(10) }
	own := approve(author, "security", 1)
	const waits = `AwaitingApproval 0/1: 0 of 1 gates are open; security: waits for okno:security
gate security: AwaitingApproval
  not editor@security: it is older than the revision, whose content somebody else may have written then; decide again
`
	published := func(policies ...v1alpha1.PolicyReference) func(*gate.Input) {
		first := publication(1, publish, thisDigest, 2, "editor@security")
		first.Spec.Policies = policies
		return records(first, publication(2, publish, otherDigest, 5))
	}
	same := gate.Judge(input(one(separate))).Policies
	for name, tc := range map[string]struct {
		in   gate.Input
		want string
	}{
		"the former author's approval does not come alive": {with(input(one(separate), own), again), waits},
		"a new decision counts": {
			with(input(one(separate), own, approve("sonya", "security", 11)), again),
			`Approved 1/1 approved: all 1 gates are open
gate security: Open +sonya
  not editor@security: it is older than the revision, whose content somebody else may have written then; decide again
`,
		},
		"a decision of the second in which the revision was made counts": {
			with(input(one(separate), approve("sonya", "security", 10)), again),
			"Approved 1/1 approved: all 1 gates are open\ngate security: Open +sonya\n",
		},
		"what was published on it under the same policy returns": {
			with(input(one(separate), own), again, published(same...)),
			"Approved 1/1 approved republish: all 1 gates are open\ngate security: Open +editor\n",
		},
		"what was published on it under another policy waits": {
			with(input(one(separate), own), again, published(v1alpha1.PolicyReference{Name: "one", SHA256: "lax"})), waits,
		},
		"where authors may decide it counts": {
			with(input(one(), own), again), "Approved 1/1 approved: all 1 gates are open\ngate security: Open +editor\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tell(gate.Judge(tc.in))); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}
