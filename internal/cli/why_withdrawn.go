// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

// whyWithdrawn is how the service came to serve nothing.
type whyWithdrawn struct {
	Revision string `json:"revision"`
	At       string `json:"at"`
	// EffectiveAt is from when nothing is served, when that is later than At.
	EffectiveAt string `json:"effectiveAt,omitempty"`
	// Cause is the record's: Revoked for a person's decision, or Deleted or Expired.
	Cause string `json:"cause"`
	// Person decided it, by Approval at Gate; empty when no decision that could be read explains the record.
	Person   string `json:"person,omitempty"`
	Gate     string `json:"gate,omitempty"`
	Approval string `json:"approval,omitempty"`
	// Revokes is the approval that was taken back; empty when what is served was withdrawn.
	Revokes string `json:"revokes,omitempty"`
	Comment string `json:"comment,omitempty"`
}

// withdrawal tells who stopped what the service served, or nil while nobody has. Until the controller has written the record, the
// decision alone tells it.
func withdrawal(m *matter, v gate.Verdict) *whyWithdrawn {
	newest := newestRecord(m.input.Publications)
	switch {
	case newest == nil:
		return nil
	case newest.Action == v1alpha1.ActionWithdraw:
		w := &whyWithdrawn{Revision: newest.Revision, At: said(newest.DecidedAt.Time), Cause: newest.Cause}
		if newest.EffectiveAt != nil && newest.EffectiveAt.After(newest.DecidedAt.Time) {
			w.EffectiveAt = said(newest.EffectiveAt.Time)
		}
		if newest.Cause == causeRevoked {
			w.decidedBy(stop(m.decisions, newest.Digest, newest.DecidedAt.Time))
		}
		return w
	case v.Withdraw:
		w := &whyWithdrawn{Revision: newest.Revision, Cause: causeRevoked}
		w.decidedBy(stop(m.decisions, newest.Digest, m.input.Now))
		return w
	default:
		return nil
	}
}

// causeRevoked is the cause of records that follow a person's decision.
const causeRevoked = "Revoked"

func (w *whyWithdrawn) decidedBy(a *v1alpha1.Approval) {
	if a == nil {
		return
	}
	w.Person, w.Gate, w.Approval = a.Spec.Approver.Username, a.Spec.Gate, a.Name
	w.Revokes, w.Comment, w.At = a.Spec.Revokes, a.Spec.Comment, said(a.CreationTimestamp.Time)
}

// stop is the decision by which a digest was stopped at a time: the newest Withdraw, or Revoke of an approval, that is not younger. A
// clock that goes after the API server's makes it younger by a little: then it is the oldest.
func stop(decisions []v1alpha1.Approval, digest v1alpha1.Digest, at time.Time) *v1alpha1.Approval {
	approvals := map[string]bool{}
	for _, a := range decisions {
		approvals[a.Name] = a.Spec.Decision == v1alpha1.DecisionApprove
	}
	var stops []v1alpha1.Approval
	for _, a := range decisions {
		withdraws := a.Spec.Decision == v1alpha1.DecisionWithdraw || a.Spec.Decision == v1alpha1.DecisionRevoke && approvals[a.Spec.Revokes]
		if withdraws && a.Spec.Subject.Digest == digest && a.Spec.Approver != nil && a.Spec.Authority != "" {
			stops = append(stops, a)
		}
	}
	slices.SortFunc(stops, func(a, b v1alpha1.Approval) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	for _, a := range slices.Backward(stops) {
		if !a.CreationTimestamp.After(at) {
			return &a
		}
	}
	if len(stops) > 0 {
		return &stops[0]
	}
	return nil
}

func said(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// text says it after the revision's name or in its place.
func (w *whyWithdrawn) text() string {
	switch {
	case w.Person != "" && w.Revokes != "":
		return fmt.Sprintf("withdrawn: %s revoked %s at %s: %s", w.Person, w.Revokes, w.At, w.Comment)
	case w.Person != "":
		return fmt.Sprintf("withdrawn by %s at %s: %s", w.Person, w.At, w.Comment)
	case w.Cause == "Expired":
		return fmt.Sprintf("withdrawn at %s: the time in spec.publication.withdrawAt has come", w.At)
	case w.Cause == "Deleted":
		return fmt.Sprintf("withdrawn at %s: the service was deleted", w.At)
	default:
		return fmt.Sprintf("withdrawn at %s (%s)", w.At, w.Cause)
	}
}

// next is what the agency may do about the withdrawal of its present definition; the gates' commands, if any, follow.
func (w *whyWithdrawn) next(m *matter, atGates []whyNext) []whyNext {
	who := "the agency, after changing what it was withdrawn for"
	switch w.Cause {
	case "Expired":
		who = "the agency, after setting a later spec.publication.withdrawAt"
	case "Deleted":
		who = "the agency, to offer the service again"
	}
	commands := []whyNext{{Who: who, Command: "kubectl apply -f FILE -n " + m.namespace}}
	for _, n := range atGates {
		if n.Who != "" && w.Cause == causeRevoked {
			n.Who += ", to serve the same content again (every gate decides anew)"
		}
		commands = append(commands, n)
	}
	return commands
}
