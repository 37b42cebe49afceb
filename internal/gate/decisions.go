// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// objection tells why a decision does not stand, or "" when it does. The lists below are the specification: a decision stands when
// nothing objects, and the first objection is the one that people are told.
type objection func(*scope, *v1alpha1.Approval) string

// refusals hold for decisions of every kind: what they object to is no decision of a person on this digest.
var refusals = []objection{
	aboutAnotherSubject,
	aboutAnotherDigest,
	notStamped,
	byMachine,
}

// approveObjections hold for an Approve: what is not certain opens nothing.
var approveObjections = []objection{
	underAlteredAdmission,
	olderThanAdmission,
	atUnknownGate,
	atAutomaticGate,
	withoutAuthority,
}

// againstObjections hold for Reject, Revoke and Withdraw: no decision against a digest disappears because it became uncertain who made
// it, or because the policy that asked for it went.
var againstObjections = []objection{
	withoutAuthority,
}

func aboutAnotherSubject(s *scope, a *v1alpha1.Approval) string {
	if a.Spec.Subject.Kind == "ServiceRevision" && a.Spec.Subject.Name == s.in.Revision.Name && a.Namespace == s.in.Revision.Namespace {
		return ""
	}
	return fmt.Sprintf("it is about %s %q of namespace %q", a.Spec.Subject.Kind, a.Spec.Subject.Name, a.Namespace)
}

func aboutAnotherDigest(s *scope, a *v1alpha1.Approval) string {
	if a.Spec.Subject.Digest == s.in.Revision.Digest {
		return ""
	}
	return fmt.Sprintf("it is about other content, with digest %s", a.Spec.Subject.Digest)
}

// notStamped: admission writes who decided, who sent it, and by which right. In this version both are always the same person.
func notStamped(_ *scope, a *v1alpha1.Approval) string {
	switch {
	case a.Spec.Approver == nil || a.Spec.Approver.Username == "" || a.Spec.SubmittedBy == "":
		return "admission did not record who made it"
	case a.Spec.Approver.Username != a.Spec.SubmittedBy:
		return fmt.Sprintf("%q sent it in the name of %q", a.Spec.SubmittedBy, a.Spec.Approver.Username)
	default:
		return ""
	}
}

// byMachine: a role with wildcards, such as a GitOps controller's, holds the verb approve, and no person stands behind it.
func byMachine(_ *scope, a *v1alpha1.Approval) string {
	if !isMachine(person(a)) {
		return ""
	}
	return fmt.Sprintf("account %q made it, and only persons decide", person(a))
}

func underAlteredAdmission(s *scope, _ *v1alpha1.Approval) string {
	if len(s.in.AdmissionAltered) == 0 {
		return ""
	}
	return "the admission policies are not in force as shipped, so that who made it is not certain"
}

func olderThanAdmission(s *scope, a *v1alpha1.Approval) string {
	switch at := a.CreationTimestamp; {
	case !at.After(s.in.AdmissionSince.Add(AdmissionSettles)):
		return "it is older than the admission policies in force, so that who made it is not certain; decide again"
	case !s.in.AdmissionAlteredUntil.IsZero() && !at.After(s.in.AdmissionAlteredUntil.Add(AdmissionSettles)):
		return "it is older than the last change of the admission policies, so that who made it is not certain; decide again"
	default:
		return ""
	}
}

func atUnknownGate(s *scope, a *v1alpha1.Approval) string {
	if s.rules.byName[a.Spec.Gate] != nil {
		return ""
	}
	return fmt.Sprintf("no policy in force has a gate %q", a.Spec.Gate)
}

func atAutomaticGate(s *scope, a *v1alpha1.Approval) string {
	if s.rules.byName[a.Spec.Gate].human {
		return ""
	}
	return fmt.Sprintf("gate %q opens by itself when the scenarios pass; nobody decides there", a.Spec.Gate)
}

func withoutAuthority(s *scope, a *v1alpha1.Approval) string {
	// A gate that no policy has, or at which nobody decides, gives a say only to whom the platform gave it.
	needed := v1alpha1.AuthorityCluster
	if r := s.rules.byName[a.Spec.Gate]; r != nil && r.human {
		needed = r.authority
	}
	switch {
	case a.Spec.Authority == v1alpha1.AuthorityCluster:
		return ""
	case a.Spec.Authority == v1alpha1.AuthorityNamespace && needed == v1alpha1.AuthorityNamespace:
		return ""
	case a.Spec.Authority == v1alpha1.AuthorityNamespace:
		return fmt.Sprintf("the right to decide at gate %q was granted within the namespace only, and this gate counts what the platform grants for the cluster", a.Spec.Gate)
	default:
		return fmt.Sprintf("who made it had no right to decide at gate %q", a.Spec.Gate)
	}
}

// revocation tells why a standing Revoke takes nothing back, or "". An approval may be taken back whether it still counts or not:
// what is served may rest on it. Taking back a rejection permits something, and so it must be as certain as an Approve.
func (s *scope) revocation(revoke *v1alpha1.Approval) string {
	target := s.said[revoke.Spec.Revokes]
	switch {
	case target == nil:
		return fmt.Sprintf("it revokes %q, which is no decision on this digest", revoke.Spec.Revokes)
	case target.Spec.Decision != v1alpha1.DecisionApprove && target.Spec.Decision != v1alpha1.DecisionReject:
		return fmt.Sprintf("it revokes %q, and a %s is final", target.Name, target.Spec.Decision)
	case target.Spec.Gate != revoke.Spec.Gate:
		return fmt.Sprintf("it is made at gate %q and revokes %q, which is made at gate %q", revoke.Spec.Gate, target.Name, target.Spec.Gate)
	case target.Spec.Decision == v1alpha1.DecisionApprove:
		return ""
	case s.standing[target.Name] == nil:
		return fmt.Sprintf("it revokes %q, which does not count itself", target.Name)
	case person(target) != person(revoke):
		return fmt.Sprintf("only who made the rejection %q may revoke it", target.Name)
	default:
		return first(s, revoke, []objection{underAlteredAdmission, olderThanAdmission})
	}
}

// doubt tells why a standing Approve does not count, or "". It looks at the approvals before it in time: who decided at two
// gates decided at the first one.
type doubt func(*scope, *v1alpha1.Approval) string

var doubts = []doubt{
	takenBack,
	outdated,
	olderThanRevision,
	byUnknownAuthor,
	byAuthor,
	repeated,
	byPersonOfAnotherGate,
}

func takenBack(s *scope, a *v1alpha1.Approval) string {
	if by := s.revokedBy[a.Name]; by != nil {
		return fmt.Sprintf("%q revoked it", by.Name)
	}
	return ""
}

func outdated(s *scope, a *v1alpha1.Approval) string {
	if s.freshSince.IsZero() || a.CreationTimestamp.After(s.freshSince) {
		return ""
	}
	return s.freshWhy + "; decide again"
}

// olderThanRevision: a revision that was removed and made again by who brought its content back names the latter as its author. Who wrote
// it before is not known any more, and may be who approved it then. Approvals that a record rests on were judged when that was known.
func olderThanRevision(s *scope, a *v1alpha1.Approval) string {
	if !s.rules.authorNotApprover || !a.CreationTimestamp.Time.Before(s.in.Revision.Created) || s.recorded(a) {
		return ""
	}
	return "it is older than the revision, whose content somebody else may have written then; decide again"
}

func byUnknownAuthor(s *scope, _ *v1alpha1.Approval) string {
	if !s.rules.authorNotApprover || AuthorKnown(s.in.Revision.Author) {
		return ""
	}
	return "the policy lets no author decide, and who wrote this revision is not known: " + deliveredBy(s.in.Revision.Author)
}

func deliveredBy(author string) string {
	if author == "" || author == v1alpha1.UnknownAuthor {
		return "nobody is named as its author"
	}
	return fmt.Sprintf("account %q delivered it", author)
}

func byAuthor(s *scope, a *v1alpha1.Approval) string {
	if s.rules.authorNotApprover && person(a) == s.in.Revision.Author {
		return "its maker wrote this revision, and the policy lets no author decide"
	}
	return ""
}

func repeated(s *scope, a *v1alpha1.Approval) string {
	for _, other := range s.counted[a.Spec.Gate] {
		if person(other) == person(a) {
			return fmt.Sprintf("its maker approved at this gate already, by %q", other.Name)
		}
	}
	return ""
}

func byPersonOfAnotherGate(s *scope, a *v1alpha1.Approval) string {
	if !s.rules.onePersonOneGate {
		return ""
	}
	if other := s.gateOf[person(a)]; other != "" && other != a.Spec.Gate {
		return fmt.Sprintf("its maker approved at gate %q, and the policy lets one person open one gate", other)
	}
	return ""
}

func person(a *v1alpha1.Approval) string { return a.Spec.Approver.Username }

// refresh finds the moment from which approvals must be to count, and why earlier ones do not.
func (s *scope) refresh() {
	since := func(at time.Time, why string) {
		if at.After(s.freshSince) {
			s.freshSince, s.freshWhy = at, why
		}
	}
	for _, w := range s.withdrawals {
		since(w.CreationTimestamp.Time, fmt.Sprintf("%q withdrew this digest afterwards", w.Name))
	}
	if !s.history.before || s.history.serving != nil {
		return
	}
	if s.in.Now.After(s.history.until.Add(s.rules.republishWithin)) {
		since(s.history.until, "this digest was served before, and the time in which it may return on its old decisions is over")
	}
	for _, against := range s.against {
		if !against.CreationTimestamp.Time.Before(s.history.published.Truncate(time.Second)) {
			at := against.CreationTimestamp.Time
			if at.Before(s.history.until) {
				at = s.history.until
			}
			since(at, fmt.Sprintf("this digest was served before, and %q spoke against it since", against.Name))
		}
	}
}
