// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"fmt"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

// Causes of records that no approval explains.
const (
	causeDeleted   = "Deleted"
	causeExpired   = "Expired" // spec.publication.withdrawAt has come
	causeRevoked   = "Revoked"
	causeReverted  = "Reverted"
	causeSuspended = "Suspended"
)

// step is the record that is to be written next.
type step struct {
	action   v1alpha1.PublicationAction
	revision string
	digest   v1alpha1.Digest
	cause    string
}

// nextStep decides what is written next, if anything, and what keeps an approved revision back. It is pure; the order of the
// cases is the order of their gravity: what must no longer be served goes first.
func (s *scope) nextStep() (step, bool) {
	served := s.ledger.Served()
	switch {
	case served != nil && s.verdicts[served.Spec.Digest].Withdraw:
		return s.stepOnServed(v1alpha1.ActionWithdraw, causeRevoked), true
	case s.isPast(s.withdrawAt()):
		if served == nil {
			s.held = held{reason: v1alpha1.ReasonAwaitingActivation, message: "spec.publication.withdrawAt has passed"}
			return step{}, false
		}
		return s.stepOnServed(v1alpha1.ActionWithdraw, causeExpired), true
	case s.svc.Spec.State == v1alpha1.StateSuspended:
		if served == nil || s.ledger.Suspended() {
			return step{}, false
		}
		return s.stepOnServed(v1alpha1.ActionSuspend, causeSuspended), true
	}
	if s.mayPublish() {
		v := s.verdicts[s.target.Spec.Digest]
		next := step{action: v1alpha1.ActionPublish, revision: s.target.Name, digest: s.target.Spec.Digest}
		if v.Republish {
			next.cause = causeReverted
		}
		return next, true
	}
	if s.ledger.Suspended() && !s.tooManyRecords() {
		return s.stepOnServed(v1alpha1.ActionResume, ""), true
	}
	return step{}, false
}

// recordsAnHour bounds the records that an agency can cause without anybody's decision, by stopping and resuming or by going back
// and forth. Records cannot be deleted. What stops a service is never held up: each stop follows a start.
const recordsAnHour = 12

// tooManyRecords tells whether the service has had its share of the hour, and then waits for it to pass.
func (s *scope) tooManyRecords() bool {
	if len(s.ledger) < recordsAnHour {
		return false
	}
	left := s.ledger[len(s.ledger)-recordsAnHour].Spec.DecidedAt.Add(time.Hour).Sub(s.now)
	if left <= 0 {
		return false
	}
	s.wake(left)
	s.held = held{reason: v1alpha1.ReasonAwaitingActivation, message: fmt.Sprintf("%d records within an hour; the next one waits until the hour has passed", recordsAnHour)}
	return true
}

func (s *scope) stepOnServed(action v1alpha1.PublicationAction, cause string) step {
	served := s.ledger.Served().Spec
	return step{action: action, revision: served.Revision, digest: served.Digest, cause: cause}
}

// mayPublish tells whether the wanted revision is approved and nothing keeps it back.
func (s *scope) mayPublish() bool {
	if s.target == nil || s.target.Spec.Digest == s.ledger.ServedDigest() || !s.approves(s.target.Spec.Digest) {
		return false
	}
	// What is wrong with the newest definition is no reason against a former one that the agency wants back.
	if (s.target.Spec.Digest == s.digest && !s.isValid()) || s.provider == nil {
		return false
	}
	p := s.svc.Spec.Publication
	switch {
	case s.verdicts[s.target.Spec.Digest].Republish && s.tooManyRecords():
		return false
	case p == nil:
		return true
	case p.Activation == "Manual" && p.Revision == "":
		s.held = held{reason: v1alpha1.ReasonAwaitingActivation, message: "approved; name the revision in spec.publication.revision to publish it"}
		return false
	case p.PublishAt != nil && s.now.Before(p.PublishAt.Time):
		s.held = held{reason: v1alpha1.ReasonAwaitingActivation, message: "approved; waits for spec.publication.publishAt"}
		s.wake(p.PublishAt.Sub(s.now))
		return false
	default:
		return true
	}
}

func (s *scope) approves(d v1alpha1.Digest) bool {
	v := s.verdicts[d]
	return v.Decided && v.Approved
}

func (s *scope) withdrawAt() time.Time {
	if p := s.svc.Spec.Publication; p != nil && p.WithdrawAt != nil {
		return p.WithdrawAt.Time
	}
	return time.Time{}
}

// isPast tells whether a moment is set and has come; one that is to come is waited for.
func (s *scope) isPast(at time.Time) bool {
	if at.IsZero() {
		return false
	}
	s.wake(at.Sub(s.now))
	return !s.now.Before(at)
}

// confirms tells whether a fresh verdict still carries a step. Steps that stop something need no permission.
func (n step) confirms(v gate.Verdict) bool {
	return n.action != v1alpha1.ActionPublish || (v.Decided && v.Approved)
}
