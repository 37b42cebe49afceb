// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"fmt"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

// judge asks for a verdict on each digest that matters: the newest, the one that is to be published, and the served one.
func (r *Reconciler) judge(_ context.Context, s *scope) error {
	s.target = s.revision
	if pin := s.pinned(); pin != "" {
		if s.target = revisionNamed(s.revisions, pin); s.target == nil {
			s.held = held{reason: v1alpha1.ReasonAwaitingRevision, message: fmt.Sprintf("spec.publication.revision names %q, which does not exist", pin)}
		}
	}
	s.verdicts = map[v1alpha1.Digest]gate.Verdict{}
	for _, facts := range []*gate.Revision{revisionFacts(s.revision), revisionFacts(s.target), s.servedFacts()} {
		if facts == nil {
			continue
		}
		if _, ok := s.verdicts[facts.Digest]; !ok {
			s.verdicts[facts.Digest] = gate.Judge(s.input(*facts, s.facts))
		}
	}
	return nil
}

func revisionFacts(rev *v1alpha1.ServiceRevision) *gate.Revision {
	if rev == nil {
		return nil
	}
	facts := gate.RevisionOf(rev)
	return &facts
}

// servedFacts are those of the served revision, or nil. The record stands in for a revision that somebody removed: what may
// no longer be served must be withdrawn all the same.
func (s *scope) servedFacts() *gate.Revision {
	record := s.ledger.Served()
	if record == nil {
		return nil
	}
	if rev := revisionNamed(s.revisions, record.Spec.Revision); rev != nil && rev.Spec.Digest == record.Spec.Digest {
		return revisionFacts(rev)
	}
	return &gate.Revision{
		Name: record.Spec.Revision, Namespace: s.svc.Namespace, Service: s.svc.Name,
		Digest: record.Spec.Digest, Author: v1alpha1.UnknownAuthor, ReportSHA256: record.Spec.Report,
	}
}

func (s *scope) input(rev gate.Revision, f facts) gate.Input {
	return gate.Input{
		Now: s.now, Revision: rev,
		Policies: f.policies, PoliciesKnown: f.policiesProblem == nil,
		Approvals: f.approvals[rev.Digest], ApprovalsKnown: true,
		Publications: s.ledger, PublicationsKnown: true,
		AdmissionAltered: f.admission.altered, AdmissionSince: f.admission.since, AdmissionAlteredUntil: f.admission.alteredUntil, AdmissionKnown: true,
	}
}

// pinnedDigest is the digest of the pinned revision, or "".
func (s *scope) pinnedDigest() v1alpha1.Digest {
	if rev := revisionNamed(s.revisions, s.pinned()); rev != nil {
		return rev.Spec.Digest
	}
	return ""
}

// pinned is the revision that the agency wants served instead of the newest, or "".
func (s *scope) pinned() string {
	if p := s.svc.Spec.Publication; p != nil {
		return p.Revision
	}
	return ""
}
