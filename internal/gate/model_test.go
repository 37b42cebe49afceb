// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

var (
	people = []string{author, "sonya", "misha", "pavel", "olga"}
	gates  = []string{"scenarios", "security", "ministry", "moderator"}
)

// drawInput makes an input that may hold anything that the API lets through, and more.
func drawInput(t *rapid.T) gate.Input {
	in := input(nil)
	in.Revision.Author = rapid.SampledFrom([]string{author, author, author, "unknown", "system:serviceaccount:argocd:c"}).Draw(t, "author")
	in.Revision.Verified = rapid.SampledFrom([]metav1.ConditionStatus{"True", "True", "True", "False", ""}).Draw(t, "verified")
	for i := range rapid.IntRange(0, 2).Draw(t, "policies") {
		in.Policies = append(in.Policies, drawPolicy(t, fmt.Sprintf("policy-%d", i)))
	}
	for i := range rapid.IntRange(0, 14).Draw(t, "approvals") {
		in.Approvals = append(in.Approvals, drawApproval(t, i))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "publications") {
		in.Publications = append(in.Publications, drawPublication(t, i, in.Approvals))
	}
	in.Now = minute(rapid.SampledFrom([]int{30, 40 * day}).Draw(t, "now"))
	return in
}

func drawPolicy(t *rapid.T, name string) v1alpha1.PublicationPolicy {
	p := policy(name, onRevoke(rapid.SampledFrom([]v1alpha1.ServedAction{"", "Keep", "Withdraw"}).Draw(t, "onRevoke")))
	p.Spec.SeparationOfDuties = rapid.SliceOfNDistinct(rapid.SampledFrom([]v1alpha1.Separation{v1alpha1.AuthorNotApprover, v1alpha1.OnePersonOneGate}), 0, 2, rapid.ID).Draw(t, "separation")
	for _, g := range rapid.SliceOfNDistinct(rapid.SampledFrom(gates), 1, 3, rapid.ID).Draw(t, "gates") {
		one := v1alpha1.Gate{Name: g, Type: v1alpha1.GateHuman}
		if g == "scenarios" {
			one.Type = v1alpha1.GateScenarios
		} else {
			one.Quorum = int32(rapid.IntRange(0, 2).Draw(t, "quorum"))
			one.Authority = rapid.SampledFrom([]v1alpha1.GateAuthority{"", "Cluster", "Namespace"}).Draw(t, "authority")
		}
		if before := slices.Index(gates, g); before > 0 {
			one.Requires = rapid.SliceOfNDistinct(rapid.SampledFrom(gates[:before]), 0, 1, rapid.ID).Draw(t, "requires")
		}
		p.Spec.Gates = append(p.Spec.Gates, one)
	}
	return p
}

func drawApproval(t *rapid.T, i int) v1alpha1.Approval {
	decision := rapid.SampledFrom([]v1alpha1.Decision{"Approve", "Approve", "Approve", "Approve", "Reject", "Revoke", "Withdraw"}).Draw(t, "decision")
	a := decided(decision, rapid.SampledFrom(people).Draw(t, "person"), rapid.SampledFrom(gates).Draw(t, "gate"),
		rapid.IntRange(1, 20).Draw(t, "minute"), named(fmt.Sprintf("a%d", i)),
		authority(rapid.SampledFrom([]v1alpha1.GateAuthority{"Cluster", "Cluster", "Cluster", "Namespace", "None", ""}).Draw(t, "authority")))
	if decision == v1alpha1.DecisionRevoke {
		a.Spec.Revokes = fmt.Sprintf("a%d", rapid.IntRange(0, 14).Draw(t, "revokes"))
	}
	switch rapid.IntRange(0, 20).Draw(t, "flaw") {
	case 0:
		a.Spec.Subject.Digest = otherDigest
	case 1:
		a.Spec.SubmittedBy = "somebody else"
	case 2:
		a.Spec.Approver = nil
	case 3:
		a.CreationTimestamp = metav1.NewTime(installed)
	case 4:
		a.Spec.Approver, a.Spec.SubmittedBy = &v1alpha1.Person{Username: "system:serviceaccount:argocd:c"}, "system:serviceaccount:argocd:c"
	}
	return a
}

func drawPublication(t *rapid.T, i int, approvals []v1alpha1.Approval) v1alpha1.Publication {
	p := publication(int64(i+1), rapid.SampledFrom([]v1alpha1.PublicationAction{publish, publish, stop, v1alpha1.ActionSuspend}).Draw(t, "action"),
		rapid.SampledFrom([]v1alpha1.Digest{thisDigest, otherDigest}).Draw(t, "digest"), 5+5*i)
	for _, a := range approvals {
		if rapid.Bool().Draw(t, "recorded") {
			p.Spec.Decisions = append(p.Spec.Decisions, v1alpha1.DecisionRecord{Gate: a.Spec.Gate, Approval: a.Name})
		}
	}
	return p
}

// TestModel holds what must be true of every verdict, found here from the input anew and without the package's own words.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		v := gate.Judge(in)
		if !v.Decided {
			t.Fatalf("undecided: %s", v.Message)
		}
		if v.Approved && !v.Serving {
			mustBeApprovable(t, in, v)
		}
		if v.Withdraw && (!v.Serving || v.Approved) {
			t.Fatalf("withdraws what is not served, or is approved: %s", tell(v))
		}
		if v.Republish && !v.Approved {
			t.Fatalf("republishes what is not approved: %s", tell(v))
		}
		everyDecisionIsAccountedFor(t, in, v)

		shuffled := in
		shuffled.Approvals = slices.Clone(in.Approvals)
		shuffled.Policies = slices.Clone(in.Policies)
		random := rand.New(rand.NewPCG(uint64(len(in.Approvals)), 7))
		random.Shuffle(len(shuffled.Approvals), func(i, j int) {
			shuffled.Approvals[i], shuffled.Approvals[j] = shuffled.Approvals[j], shuffled.Approvals[i]
		})
		slices.Reverse(shuffled.Policies)
		if diff := cmp.Diff(tell(v), tell(gate.Judge(shuffled))); diff != "" {
			t.Fatalf("the order of what was read changed the verdict (-as drawn +shuffled):\n%s", diff)
		}
		if len(in.Policies) > 0 {
			theRejectionBlocks(t, in, v)
		}
		nothingAgainstDisappears(t, in, v)
	})
}

// mustBeApprovable checks an approval against the definition of one: for every gate of every policy enough persons who may, who
// did not write it, who decided nowhere else, and nobody against it.
func mustBeApprovable(t *rapid.T, in gate.Input, v gate.Verdict) {
	t.Helper()
	if len(in.Policies) == 0 {
		t.Fatalf("approved without a policy")
	}
	for _, a := range in.Approvals {
		if a.Spec.Decision == v1alpha1.DecisionReject && isSaid(in, a) && a.Spec.Authority == v1alpha1.AuthorityCluster && !takenBackByItsMaker(in, a) {
			t.Fatalf("approved against %s: %s", a.Name, tell(v))
		}
	}
	where := map[string]string{}
	for _, p := range in.Policies {
		for _, g := range p.Spec.Gates {
			if g.Type == v1alpha1.GateScenarios {
				if in.Revision.Verified != metav1.ConditionTrue {
					t.Fatalf("approved unproven: %s", tell(v))
				}
				continue
			}
			var persons []string
			for _, a := range in.Approvals {
				if !stands(in, a, g) {
					continue
				}
				if a.Spec.Decision != v1alpha1.DecisionApprove || !recorded(v, a.Name) {
					continue
				}
				if slices.Contains(persons, a.Spec.Approver.Username) {
					t.Fatalf("counted a person twice: %s", tell(v))
				}
				persons = append(persons, a.Spec.Approver.Username)
			}
			if len(persons) < max(int(g.Quorum), 1) {
				t.Fatalf("gate %s of %s opened with %q: %s", g.Name, p.Name, persons, tell(v))
			}
			for _, person := range persons {
				if slices.Contains(p.Spec.SeparationOfDuties, v1alpha1.AuthorNotApprover) && (person == in.Revision.Author || in.Revision.Author != author) {
					t.Fatalf("approved by %s, written by %s: %s", person, in.Revision.Author, tell(v))
				}
				if other := where[person]; slices.Contains(p.Spec.SeparationOfDuties, v1alpha1.OnePersonOneGate) && other != "" && other != g.Name {
					t.Fatalf("%s opened both %s and %s: %s", person, other, g.Name, tell(v))
				}
				where[person] = g.Name
			}
		}
	}
}

func recorded(v gate.Verdict, approval string) bool {
	return slices.ContainsFunc(v.Decisions, func(d v1alpha1.DecisionRecord) bool { return d.Approval == approval })
}

// isSaid tells that a person decided on the digest, whenever that was.
func isSaid(in gate.Input, a v1alpha1.Approval) bool {
	return a.Spec.Subject.Digest == in.Revision.Digest && a.Spec.Approver != nil &&
		a.Spec.SubmittedBy == a.Spec.Approver.Username && !strings.HasPrefix(a.Spec.SubmittedBy, "system:")
}

func isCertain(a v1alpha1.Approval) bool {
	return a.CreationTimestamp.After(installed.Add(time.Minute))
}

func stands(in gate.Input, a v1alpha1.Approval, g v1alpha1.Gate) bool {
	return a.Spec.Gate == g.Name && isSaid(in, a) && isCertain(a) &&
		(a.Spec.Authority == v1alpha1.AuthorityCluster || (a.Spec.Authority == v1alpha1.AuthorityNamespace && everyPolicyLeavesItToTheNamespace(in, g.Name)))
}

func everyPolicyLeavesItToTheNamespace(in gate.Input, name string) bool {
	for _, p := range in.Policies {
		for _, g := range p.Spec.Gates {
			if g.Name == name && g.Authority != v1alpha1.AuthorityNamespace {
				return false
			}
		}
	}
	return true
}

// takenBackByItsMaker holds for what lifts a rejection: the same person says so, with certainty.
func takenBackByItsMaker(in gate.Input, rejection v1alpha1.Approval) bool {
	return slices.ContainsFunc(in.Approvals, func(a v1alpha1.Approval) bool {
		return a.Spec.Decision == v1alpha1.DecisionRevoke && a.Spec.Revokes == rejection.Name && a.Spec.Gate == rejection.Spec.Gate &&
			isSaid(in, a) && isCertain(a) && a.Spec.Approver.Username == rejection.Spec.Approver.Username
	})
}

// everyDecisionIsAccountedFor: no decision disappears. Each is counted, blocks, or is listed with its reason; a Revoke or Withdraw
// that is listed nowhere took effect.
func everyDecisionIsAccountedFor(t *rapid.T, in gate.Input, v gate.Verdict) {
	t.Helper()
	seen := map[string]int{}
	for _, o := range v.NotCounted {
		seen[o.Approval]++
	}
	for _, d := range v.Rejected {
		seen[d.Approval]++
	}
	for _, g := range v.Gates {
		for _, o := range g.NotCounted {
			seen[o.Approval]++
		}
		for _, d := range append(slices.Clone(g.Counted), g.Rejected...) {
			seen[d.Approval]++
		}
	}
	for _, a := range in.Approvals {
		final := a.Spec.Decision == v1alpha1.DecisionRevoke || a.Spec.Decision == v1alpha1.DecisionWithdraw
		if n := seen[a.Name]; n > 1 || (n == 0 && !final) {
			t.Fatalf("%s of %s is told %d times: %s", a.Spec.Decision, a.Name, n, tell(v))
		}
	}
}

// theRejectionBlocks adds a rejection by who may make it to the input: it blocks what is to be published, and takes nothing back from
// what is to be withdrawn.
func theRejectionBlocks(t *rapid.T, in gate.Input, before gate.Verdict) {
	t.Helper()
	i := slices.IndexFunc(before.Gates, func(g gate.GateVerdict) bool { return g.Human })
	if i < 0 {
		return
	}
	in.Approvals = append(slices.Clone(in.Approvals), reject("inspector", before.Gates[i].Name, 25))
	if before.Withdraw {
		if v := gate.Judge(in); !v.Withdraw {
			t.Fatalf("a rejection kept served what was to be withdrawn: %s", tell(v))
		}
		return
	}
	if v := gate.Judge(in); v.Approved || v.Reason == v1alpha1.ReasonApproved || v.Withdraw {
		t.Fatalf("a rejection did not block: %s", tell(v))
	}
}

// nothingAgainstDisappears: neither doubts about admission nor policies that go lift what was said against a digest by who may for the
// whole cluster.
func nothingAgainstDisappears(t *rapid.T, in gate.Input, before gate.Verdict) {
	t.Helper()
	for i := range in.Approvals {
		if in.Approvals[i].Spec.Authority == v1alpha1.AuthorityNamespace {
			return // a namespace's own gates go with their policy
		}
	}
	stopped := before.Withdraw && strings.HasPrefix(before.Message, "withdrawn")
	for name, later := range map[string]func(*gate.Input){
		"admission altered":    func(in *gate.Input) { in.AdmissionAltered = []string{"x is missing"} },
		"admission re-created": func(in *gate.Input) { in.AdmissionSince = in.Now },
		"no policy left":       func(in *gate.Input) { in.Policies = nil },
		"policies not read":    func(in *gate.Input) { in.Policies, in.PoliciesKnown = nil, false },
	} {
		now := in
		later(&now)
		v := gate.Judge(now)
		if stopped && !v.Withdraw {
			t.Fatalf("%s: it is served on: %s, was %s", name, tell(v), tell(before))
		}
		if before.Reason == v1alpha1.ReasonRejected && v.Decided && v.Approved {
			t.Fatalf("%s: the rejection is gone: %s, was %s", name, tell(v), tell(before))
		}
		if before.Approved && before.Serving && v.Withdraw {
			t.Fatalf("%s: nobody spoke against it, and it is withdrawn: %s, was %s", name, tell(v), tell(before))
		}
	}
}
