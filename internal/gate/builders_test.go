// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

// The tests' calendar: admission was installed at the start of the year, decisions are made at minutes of noon.
var (
	installed = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	noon      = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

const (
	revision = "pension-0123456789"
	author   = "editor"
)

var (
	thisDigest  = v1alpha1.Digest("sha256:" + strings.Repeat("0", 64))
	otherDigest = v1alpha1.Digest("sha256:" + strings.Repeat("1", 64))
)

func minute(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

// input is a proven revision by a known author under policies, with decisions.
func input(policies []v1alpha1.PublicationPolicy, approvals ...v1alpha1.Approval) gate.Input {
	return gate.Input{
		Now: minute(60),
		Revision: gate.Revision{
			Name: revision, Namespace: "sfr", Service: "pension", Digest: thisDigest,
			Author: author, Verified: metav1.ConditionTrue, ReportSHA256: strings.Repeat("a", 64),
		},
		Policies: policies, PoliciesKnown: true,
		Approvals: approvals, ApprovalsKnown: true,
		PublicationsKnown: true,
		AdmissionSince:    installed, AdmissionKnown: true,
	}
}

func policy(name string, mods ...func(*v1alpha1.PublicationPolicySpec)) v1alpha1.PublicationPolicy {
	p := v1alpha1.PublicationPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for _, mod := range mods {
		mod(&p.Spec)
	}
	return p
}

func human(name string, requires ...string) func(*v1alpha1.PublicationPolicySpec) {
	return func(s *v1alpha1.PublicationPolicySpec) {
		s.Gates = append(s.Gates, v1alpha1.Gate{
			Name: name, Type: v1alpha1.GateHuman, Requires: requires, Groups: []string{"okno:" + name},
		})
	}
}

func scenarios(s *v1alpha1.PublicationPolicySpec) {
	s.Gates = append(s.Gates, v1alpha1.Gate{Name: "scenarios", Type: v1alpha1.GateScenarios})
}

// last changes the gate that was added last.
func last(change func(*v1alpha1.Gate)) func(*v1alpha1.PublicationPolicySpec) {
	return func(s *v1alpha1.PublicationPolicySpec) { change(&s.Gates[len(s.Gates)-1]) }
}

func quorum(n int32) func(*v1alpha1.PublicationPolicySpec) {
	return last(func(g *v1alpha1.Gate) { g.Quorum = n })
}

func ofNamespace() func(*v1alpha1.PublicationPolicySpec) {
	return last(func(g *v1alpha1.Gate) { g.Authority = v1alpha1.AuthorityNamespace })
}

func separate(s *v1alpha1.PublicationPolicySpec) {
	s.SeparationOfDuties = []v1alpha1.Separation{v1alpha1.AuthorNotApprover, v1alpha1.OnePersonOneGate}
}

func republishDays(n int32) func(*v1alpha1.PublicationPolicySpec) {
	return func(s *v1alpha1.PublicationPolicySpec) { s.RepublishWithinDays = &n }
}

func onRevoke(a v1alpha1.ServedAction) func(*v1alpha1.PublicationPolicySpec) {
	return func(s *v1alpha1.PublicationPolicySpec) { s.OnRevoke = a }
}

func policies(list ...v1alpha1.PublicationPolicy) []v1alpha1.PublicationPolicy { return list }

// decided is a decision as admission lets it through: name "person@gate" unless a mod says otherwise.
func decided(decision v1alpha1.Decision, person, at string, when int, mods ...func(*v1alpha1.Approval)) v1alpha1.Approval {
	a := v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{
			Name: person + "@" + at, Namespace: "sfr", CreationTimestamp: metav1.NewTime(minute(when)),
		},
		Spec: v1alpha1.ApprovalSpec{
			Subject:     v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: revision, Digest: thisDigest},
			Gate:        at,
			Decision:    decision,
			Approver:    &v1alpha1.Person{Username: person},
			SubmittedBy: person,
			Authority:   v1alpha1.AuthorityCluster,
		},
	}
	for _, mod := range mods {
		mod(&a)
	}
	return a
}

func approve(person, at string, when int, mods ...func(*v1alpha1.Approval)) v1alpha1.Approval {
	return decided(v1alpha1.DecisionApprove, person, at, when, mods...)
}

func reject(person, at string, when int, mods ...func(*v1alpha1.Approval)) v1alpha1.Approval {
	return decided(v1alpha1.DecisionReject, person, at, when, append([]func(*v1alpha1.Approval){named("rejection of " + person)}, mods...)...)
}

func revoke(person, at string, when int, target string, mods ...func(*v1alpha1.Approval)) v1alpha1.Approval {
	return decided(v1alpha1.DecisionRevoke, person, at, when, append([]func(*v1alpha1.Approval){
		named("revocation of " + target), func(a *v1alpha1.Approval) { a.Spec.Revokes = target },
	}, mods...)...)
}

func withdraw(person, at string, when int) v1alpha1.Approval {
	return decided(v1alpha1.DecisionWithdraw, person, at, when, named("withdrawal by "+person))
}

func named(name string) func(*v1alpha1.Approval) { return func(a *v1alpha1.Approval) { a.Name = name } }

func authority(by v1alpha1.GateAuthority) func(*v1alpha1.Approval) {
	return func(a *v1alpha1.Approval) { a.Spec.Authority = by }
}

// publication is a record; of a Publish, decisions name the approvals that it rests on as "person@gate".
func publication(seq int64, action v1alpha1.PublicationAction, d v1alpha1.Digest, when int, decisions ...string) v1alpha1.Publication {
	p := v1alpha1.Publication{Spec: v1alpha1.PublicationSpec{
		Service: "pension", Seq: seq, Action: action, Digest: d, DecidedAt: metav1.NewTime(minute(when)),
	}}
	for _, name := range decisions {
		_, at, _ := strings.Cut(name, "@")
		p.Spec.Decisions = append(p.Spec.Decisions, v1alpha1.DecisionRecord{Gate: at, Approval: name})
	}
	return p
}

// tell draws a verdict as text: the outcome, a line for each gate, a line for each decision that does not count.
func tell(v gate.Verdict) string {
	var b strings.Builder
	flags := ""
	for _, flag := range []struct {
		name string
		set  bool
	}{{"undecided", !v.Decided}, {"approved", v.Approved}, {"serving", v.Serving}, {"withdraw", v.Withdraw}, {"republish", v.Republish}} {
		if flag.set {
			flags += " " + flag.name
		}
	}
	fmt.Fprintf(&b, "%s %d/%d%s: %s\n", v.Reason, v.Open, v.Total, flags, v.Message)
	for _, g := range v.Gates {
		fmt.Fprintf(&b, "gate %s: %s", g.Name, g.Reason)
		for _, d := range g.Counted {
			fmt.Fprintf(&b, " +%s", d.Person)
		}
		for _, d := range g.Rejected {
			fmt.Fprintf(&b, " -%s", d.Person)
		}
		b.WriteString("\n")
		for _, o := range g.NotCounted {
			fmt.Fprintf(&b, "  not %s: %s\n", o.Approval, o.Why)
		}
	}
	for _, d := range v.Rejected {
		fmt.Fprintf(&b, "rejected at %s -%s\n", d.Gate, d.Person)
	}
	for _, o := range v.NotCounted {
		fmt.Fprintf(&b, "not %s: %s\n", o.Approval, o.Why)
	}
	return b.String()
}
