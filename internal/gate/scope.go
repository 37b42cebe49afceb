// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// scope is one judgement in the making. Each field says which step sets it.
type scope struct {
	in      Input
	rules   *rules  // Judge
	history history // Judge

	said        map[string]*v1alpha1.Approval   // hear: decisions of persons on this digest, by name, whether they stand or not
	standing    map[string]*v1alpha1.Approval   // hear: those of them to which nothing objects
	objections  []Objection                     // hear, count
	revokedBy   map[string]*v1alpha1.Approval   // hear: the Revoke that took back a decision
	rejections  map[string][]*v1alpha1.Approval // hear: those that block, by gate
	withdrawals []*v1alpha1.Approval            // hear
	against     []*v1alpha1.Approval            // hear: every decision against the digest, revoked or not

	freshSince time.Time // refresh
	freshWhy   string    // refresh

	counted map[string][]*v1alpha1.Approval // count: approvals by gate, the oldest first
	gateOf  map[string]string               // count: where a person was first counted
	open    map[string]bool                 // openGates
}

// hear sorts the decisions into those that stand and those that do not, and carries out the revocations.
func (s *scope) hear() {
	s.said, s.standing = map[string]*v1alpha1.Approval{}, map[string]*v1alpha1.Approval{}
	s.revokedBy = map[string]*v1alpha1.Approval{}
	s.rejections = map[string][]*v1alpha1.Approval{}
	ordered := s.ordered()
	for _, a := range ordered {
		s.listen(a)
	}
	for _, a := range ordered {
		if s.standing[a.Name] == a && a.Spec.Decision == v1alpha1.DecisionRevoke {
			s.takeBack(a)
		}
	}
	for _, a := range ordered {
		if s.standing[a.Name] == a {
			s.oppose(a)
		}
	}
}

// listen notes a decision as said and as standing, or why it is not.
func (s *scope) listen(a *v1alpha1.Approval) {
	if why := first(s, a, refusals); why != "" {
		s.object(a, why)
		return
	}
	s.said[a.Name] = a
	list := againstObjections
	if a.Spec.Decision == v1alpha1.DecisionApprove {
		list = approveObjections
	}
	if why := first(s, a, list); why != "" {
		s.object(a, why)
		return
	}
	s.standing[a.Name] = a
}

// takeBack carries out a Revoke.
func (s *scope) takeBack(revoke *v1alpha1.Approval) {
	if why := s.revocation(revoke); why != "" {
		s.object(revoke, why)
		return
	}
	target := s.said[revoke.Spec.Revokes]
	s.revokedBy[target.Name] = revoke
	if target.Spec.Decision == v1alpha1.DecisionApprove {
		s.against = append(s.against, revoke)
	}
}

// oppose notes a standing Reject or Withdraw.
func (s *scope) oppose(a *v1alpha1.Approval) {
	switch a.Spec.Decision {
	case v1alpha1.DecisionReject:
		s.against = append(s.against, a)
		if by := s.revokedBy[a.Name]; by != nil {
			s.object(a, fmt.Sprintf("%q revoked it", by.Name))
			return
		}
		s.rejections[a.Spec.Gate] = append(s.rejections[a.Spec.Gate], a)
	case v1alpha1.DecisionWithdraw:
		s.against = append(s.against, a)
		s.withdrawals = append(s.withdrawals, a)
	}
}

func first(s *scope, a *v1alpha1.Approval, list []objection) string {
	for _, object := range list {
		if why := object(s, a); why != "" {
			return why
		}
	}
	return ""
}

// ordered returns the decisions in the order of their making. The API server's times are whole seconds; names break ties, so
// that every reader comes to the same verdict.
func (s *scope) ordered() []*v1alpha1.Approval {
	ordered := make([]*v1alpha1.Approval, 0, len(s.in.Approvals))
	for i := range s.in.Approvals {
		ordered = append(ordered, &s.in.Approvals[i])
	}
	slices.SortFunc(ordered, func(a, b *v1alpha1.Approval) int {
		if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
			return c
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return ordered
}

// count finds the approvals that count, gate by gate.
func (s *scope) count() { s.countOf(s.standing) }

// countOf finds which of the approvals that eligible names count.
func (s *scope) countOf(eligible map[string]*v1alpha1.Approval) {
	s.counted = map[string][]*v1alpha1.Approval{}
	s.gateOf = map[string]string{}
	for _, a := range s.ordered() {
		if eligible[a.Name] != a || a.Spec.Decision != v1alpha1.DecisionApprove {
			continue
		}
		why := ""
		for _, doubt := range doubts {
			if why = doubt(s, a); why != "" {
				break
			}
		}
		if why != "" {
			s.object(a, why)
			continue
		}
		s.counted[a.Spec.Gate] = append(s.counted[a.Spec.Gate], a)
		if s.gateOf[person(a)] == "" {
			s.gateOf[person(a)] = a.Spec.Gate
		}
	}
}

// openGates opens what can be opened until nothing changes. Gates that require each other stay closed.
func (s *scope) openGates() {
	s.open = map[string]bool{}
	for changed := true; changed; {
		changed = false
		for _, r := range s.rules.gates {
			if !s.open[r.name] && s.requirementsOpen(r) && s.proven(r) && s.quorate(r) && len(s.rejections[r.name]) == 0 {
				s.open[r.name], changed = true, true
			}
		}
	}
}

func (s *scope) requirementsOpen(r *rule) bool {
	return !slices.ContainsFunc(r.requires, func(name string) bool { return !s.open[name] })
}

func (s *scope) proven(r *rule) bool {
	return !r.scenarios || (s.in.Revision.Verified == metav1.ConditionTrue && s.in.Revision.ReportSHA256 != "")
}

func (s *scope) quorate(r *rule) bool { return !r.human || len(s.counted[r.name]) >= r.quorum }

func (s *scope) object(a *v1alpha1.Approval, why string) {
	s.objections = append(s.objections, Objection{Decision: decisionOf(a), Why: why})
}

// servedAgainst returns a withdrawal that the record which serves this digest did not know, or nil.
func (s *scope) servedAgainst() *v1alpha1.Approval {
	for _, w := range s.withdrawals {
		if !s.knew(w) {
			return w
		}
	}
	return nil
}

// knew tells whether the serving record was made after a withdrawal: then all the decisions that it rests on are younger. Whether they
// would count today is another matter: who changes a policy withdraws nothing by it.
func (s *scope) knew(w *v1alpha1.Approval) bool {
	decisions := 0
	for _, d := range s.history.serving.Decisions {
		if d.Approval == "" {
			continue
		}
		a := s.said[d.Approval]
		if a == nil || !a.CreationTimestamp.After(w.CreationTimestamp.Time) {
			return false
		}
		decisions++
	}
	return decisions > 0
}

// revokedGate returns a gate at which an approval that the serving record rests on was revoked and not replaced, with the Revoke.
func (s *scope) revokedGate() (string, *v1alpha1.Approval) {
	for _, d := range s.history.serving.Decisions {
		if by := s.revokedBy[d.Approval]; by != nil && !s.keeps(d.Gate) {
			return d.Gate, by
		}
	}
	return "", nil
}

// keeps tells whether what is served still has the approvals that it needs at a gate. Approvals of which it became uncertain who made
// them open nothing any more, but until somebody speaks against it they keep what they opened.
func (s *scope) keeps(gate string) bool {
	quorum := 0
	if r := s.rules.byName[gate]; r != nil && r.human {
		quorum = r.quorum
	} else {
		for _, d := range s.history.serving.Decisions {
			if d.Gate == gate && d.Approval != "" {
				quorum++
			}
		}
	}
	eligible := map[string]*v1alpha1.Approval{}
	for name, a := range s.said {
		if withoutAuthority(s, a) == "" {
			eligible[name] = a
		}
	}
	lenient := *s
	lenient.objections = nil
	lenient.countOf(eligible)
	return len(lenient.counted[gate]) >= quorum
}

// recorded tells whether the digest was once published on an approval, under the very policies in force.
func (s *scope) recorded(a *v1alpha1.Approval) bool {
	return slices.ContainsFunc(s.in.Publications, func(p v1alpha1.Publication) bool {
		return p.Spec.Action == v1alpha1.ActionPublish && p.Spec.Digest == s.in.Revision.Digest && slices.Equal(p.Spec.Policies, s.rules.references) &&
			slices.ContainsFunc(p.Spec.Decisions, func(d v1alpha1.DecisionRecord) bool { return d.Approval == a.Name })
	})
}
