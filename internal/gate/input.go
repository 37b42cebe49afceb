// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// AdmissionSettles is how long after their creation the admission policies may not yet be enforced everywhere: API servers read
// them with a delay. A decision made until then may carry what its sender wrote into it.
const AdmissionSettles = 5 * time.Second

// Input is everything that a verdict rests on. The caller gathers it; a Known flag tells "there is none" from "it could not be
// read". Without all of them nothing is decided.
type Input struct {
	// Now is the moment of judgement.
	Now time.Time
	// Revision is what is judged.
	Revision Revision

	// Policies are those that cover the revision's namespace; see Covering.
	Policies      []v1alpha1.PublicationPolicy
	PoliciesKnown bool

	// Approvals are the decisions of the namespace that may concern the revision. Those on another subject or digest are allowed;
	// they do not count, and the verdict says so.
	Approvals      []v1alpha1.Approval
	ApprovalsKnown bool

	// Publications are the service's newest records, at least back to the last one that published this digest, in any order.
	Publications      []v1alpha1.Publication
	PublicationsKnown bool

	// AdmissionAltered are the admission policies that are not in force as shipped; see AdmissionAltered.
	AdmissionAltered []string
	// AdmissionSince is when the youngest of them was created; see AdmissionSince.
	AdmissionSince time.Time
	// AdmissionAlteredUntil is when they were last seen to change, zero while they never did; see AdmissionTrace. A policy that was
	// altered and put back looks as if nothing had happened.
	AdmissionAlteredUntil time.Time
	AdmissionKnown        bool
}

// Revision is what a verdict needs to know of a ServiceRevision.
type Revision struct {
	Name, Namespace, Service string
	Digest                   v1alpha1.Digest
	// Author is who last changed the definition, as admission saw it; see AuthorKnown.
	Author string
	// Verified is the condition Verified, "" while there is none.
	Verified metav1.ConditionStatus
	// ReportSHA256 is the hash of the scenario report, "" while there is none.
	ReportSHA256 string
	// Created is when the revision was made, zero when that is not known.
	Created time.Time
}

// RevisionOf takes the facts from a ServiceRevision.
func RevisionOf(rev *v1alpha1.ServiceRevision) Revision {
	r := Revision{
		Name: rev.Name, Namespace: rev.Namespace, Service: rev.Spec.Service,
		Digest: rev.Spec.Digest, Author: rev.Spec.Author, Created: rev.CreationTimestamp.Time,
	}
	if c := meta.FindStatusCondition(rev.Status.Conditions, v1alpha1.ConditionVerified); c != nil {
		r.Verified = c.Status
	}
	if rev.Status.Report != nil {
		r.ReportSHA256 = rev.Status.Report.SHA256
	}
	return r
}

// AuthorKnown tells whether author names a person. Accounts of the cluster itself deliver what somebody else wrote: a GitOps
// controller is nobody's author.
func AuthorKnown(author string) bool {
	return author != "" && author != v1alpha1.UnknownAuthor && !isMachine(author)
}

// isMachine tells whether a user name is one that Kubernetes keeps for itself: a component's, a node's, a ServiceAccount's.
func isMachine(username string) bool { return strings.HasPrefix(username, "system:") }
