// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
)

// Judge tells whether the revision may be served, and why not. While a fact is unknown it decides nothing, but that what somebody
// withdrew is served no more.
func Judge(in Input) Verdict {
	if unread := unread(in); unread != "" {
		if v, ok := stopped(in); ok {
			return v
		}
		return undecided("nothing was decided: " + unread)
	}
	sum, err := addUp(in.Policies)
	if err != nil {
		return undecided("nothing was decided: " + err.Error())
	}
	s := &scope{in: in, rules: sum, history: historyOf(in.Revision.Digest, in.Publications)}
	for _, step := range []func(){s.hear, s.refresh, s.count, s.openGates} {
		step()
	}
	v := s.describe()
	for _, outcome := range outcomes {
		if outcome(s, &v) {
			break
		}
	}
	if v.Approved {
		if v.Decisions, err = s.decisions(); err != nil {
			return undecided("nothing was decided: " + err.Error())
		}
	}
	return v
}

func unread(in Input) string {
	var missing []string
	for _, fact := range []struct {
		known bool
		name  string
	}{
		{in.PoliciesKnown, "policies"},
		{in.ApprovalsKnown, "approvals"},
		{in.PublicationsKnown, "publications"},
		{in.AdmissionKnown, "admission policies"},
	} {
		if !fact.known {
			missing = append(missing, fact.name)
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return strings.Join(missing, ", ") + " could not be read"
}

// stopped judges withdrawals alone. A policy that cannot be read must not keep served what its people stop.
func stopped(in Input) (Verdict, bool) {
	if !in.ApprovalsKnown || !in.PublicationsKnown {
		return Verdict{}, false
	}
	s := &scope{in: in, rules: &rules{}, history: historyOf(in.Revision.Digest, in.Publications)}
	s.hear()
	v := Verdict{Decided: true, Serving: s.history.serving != nil}
	return v, withdrawnWhileServed(s, &v)
}

func undecided(message string) Verdict {
	return Verdict{Reason: v1alpha1.ReasonAwaitingApproval, Message: message}
}

// outcome sets the verdict and returns true when its case is the one at hand. The first that holds decides; the list is the
// specification.
type outcome func(*scope, *Verdict) bool

var outcomes = []outcome{
	withdrawnWhileServed,
	revokedWhileServed, // before a rejection: that stops nothing that is served, and must not hide what does
	rejected,
	servedAlready, // under the policy of the day it was published: a newer policy judges the next revision
	withoutPolicy,
	beyondARecord,
	admissionAltered,
	waiting,
	approved,
}

func withdrawnWhileServed(s *scope, v *Verdict) bool {
	if !v.Serving {
		return false
	}
	w := s.servedAgainst()
	if w == nil {
		return false
	}
	v.Withdraw = true
	v.Reason = v1alpha1.ReasonRevoked
	v.Message = fmt.Sprintf("withdrawn at gate %q by Approval %q", w.Spec.Gate, w.Name)
	return true
}

func revokedWhileServed(s *scope, v *Verdict) bool {
	if !v.Serving {
		return false
	}
	gate, by := s.revokedGate()
	if by == nil {
		return false
	}
	v.Withdraw = s.rules.onRevoke == v1alpha1.ServedWithdraw
	v.Reason = v1alpha1.ReasonRevoked
	v.Message = fmt.Sprintf("an approval at gate %q was revoked by Approval %q", gate, by.Name)
	return true
}

func rejected(s *scope, v *Verdict) bool {
	for _, r := range s.rules.gates {
		if against := s.rejections[r.name]; len(against) > 0 {
			return rejectedAt(v, r.name, against[0].Name)
		}
	}
	if len(v.Rejected) > 0 {
		return rejectedAt(v, v.Rejected[0].Gate, v.Rejected[0].Approval)
	}
	return false
}

func rejectedAt(v *Verdict, gate, approval string) bool {
	v.Reason = v1alpha1.ReasonRejected
	v.Message = fmt.Sprintf("rejected at gate %q by Approval %q: change the definition, or ask who rejected to revoke it", gate, approval)
	return true
}

func servedAlready(s *scope, v *Verdict) bool {
	if !v.Serving {
		return false
	}
	v.Approved = true
	v.Reason = v1alpha1.ReasonApproved
	v.Message = fmt.Sprintf("published by record %d, under the policy then in force", s.history.serving.Seq)
	return true
}

func withoutPolicy(s *scope, v *Verdict) bool {
	if len(s.in.Policies) > 0 {
		return false
	}
	v.Reason = v1alpha1.ReasonNoPolicy
	v.Message = "no PublicationPolicy covers this namespace, and what no policy allows is not published"
	return true
}

func beyondARecord(s *scope, v *Verdict) bool {
	if len(s.in.Policies) <= maxPolicies && s.rules.decisions <= maxDecisions {
		return false
	}
	v.Reason = v1alpha1.ReasonPoliciesTooLarge
	v.Message = fmt.Sprintf("%d policies ask for %d decisions together; a Publication records at most %d policies and %d decisions: ask the platform team for fewer",
		len(s.in.Policies), s.rules.decisions, maxPolicies, maxDecisions)
	return true
}

func admissionAltered(s *scope, v *Verdict) bool {
	if len(s.in.AdmissionAltered) == 0 {
		return false
	}
	v.Reason = v1alpha1.ReasonAdmissionAltered
	v.Message = "who decided is not certain while these are not in force as shipped: " + strings.Join(s.in.AdmissionAltered, ", ")
	return true
}

func waiting(_ *scope, v *Verdict) bool {
	if v.Open == v.Total {
		return false
	}
	v.Reason = v1alpha1.ReasonAwaitingApproval
	v.Message = fmt.Sprintf("%d of %d gates are open%s", v.Open, v.Total, blockages(v.Gates))
	return true
}

// blockages says what keeps gates closed, once for gates that wait for the same; those that wait for another gate say nothing.
func blockages(gates []GateVerdict) string {
	var messages []string
	at := map[string][]string{}
	for _, g := range gates {
		if g.Open || g.Reason == GateAwaitingGates {
			continue
		}
		if len(at[g.Message]) == 0 {
			messages = append(messages, g.Message)
		}
		at[g.Message] = append(at[g.Message], g.Name)
	}
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "; %s: %s", strings.Join(at[m], ", "), m)
	}
	return b.String()
}

func approved(s *scope, v *Verdict) bool {
	v.Approved = true
	v.Reason = v1alpha1.ReasonApproved
	v.Message = fmt.Sprintf("all %d gates are open", v.Total)
	v.Republish = s.history.before
	return true
}

// decisions are the records of who opened the gates: of each gate the first approvals that made its quorum.
func (s *scope) decisions() ([]v1alpha1.DecisionRecord, error) {
	if s.history.serving != nil {
		return slices.Clone(s.history.serving.Decisions), nil
	}
	var records []v1alpha1.DecisionRecord
	for _, r := range s.rules.gates {
		if !r.human {
			records = append(records, v1alpha1.DecisionRecord{Gate: r.name})
			continue
		}
		for _, a := range s.counted[r.name][:r.quorum] {
			_, hash, err := digest.JSON(a.Spec)
			if err != nil {
				return nil, fmt.Errorf("hash of Approval %q: %w", a.Name, err)
			}
			records = append(records, v1alpha1.DecisionRecord{Gate: r.name, Approval: a.Name, Person: person(a), SHA256: hash})
		}
	}
	return records, nil
}
