// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/ledger"
)

// scope is what one reconcile knows. Each field says which phase sets it; a phase reads only what earlier phases set.
type scope struct {
	svc    *v1alpha1.GovService
	before v1alpha1.GovServiceStatus
	now    time.Time

	// gather
	digest    v1alpha1.Digest            // of the definition as cached; "" when it cannot be hashed
	provider  *v1alpha1.ServiceProvider  // nil: nobody registered the agency
	ledger    ledger.Ledger              // records that verify
	untrusted []string                   // names of records that do not
	revisions []v1alpha1.ServiceRevision // of the service, the newest first
	facts     facts

	// validate, snapshot
	body *v1alpha1.GovService // the service with its definition, read past the cache; nil while nobody asked for it

	// validate
	validity validity

	// snapshot
	revision *v1alpha1.ServiceRevision // of the definition; nil while there is none

	// prove
	proof proof

	// judge
	target   *v1alpha1.ServiceRevision // what the agency wants served: the newest, or the one it pins
	verdicts map[v1alpha1.Digest]gate.Verdict

	// judge, publish
	held held // why an approved revision is not published

	// any phase
	requeue time.Duration // the nearest moment to look again; 0 is none
	quick   bool          // what is to tell will be another thing in a moment: it is not worth a write
}

// facts are what every judgement of the service rests on, whichever digest it is about.
type facts struct {
	namespace       *metav1.PartialObjectMetadata
	policies        []v1alpha1.PublicationPolicy
	policiesProblem error // why policies are not known; nil when they are
	approvals       map[v1alpha1.Digest][]v1alpha1.Approval
	admission       inForce
}

// validity is what validation came to.
type validity struct {
	status   metav1.ConditionStatus
	reason   string
	message  string
	findings []v1alpha1.Finding
}

// proof is how far the scenarios are.
type proof struct {
	reason  string // one of the reasons of Verified; "" before there is a revision
	message string
}

// held is why an approved revision is not published.
type held struct {
	reason  string // one of the reasons of Approved; "" when nothing holds it
	message string
}

func (s *scope) key() types.NamespacedName {
	return types.NamespacedName{Namespace: s.svc.Namespace, Name: s.svc.Name}
}

// wake asks to look again after d, unless something nearer was asked for.
func (s *scope) wake(d time.Duration) {
	if d > 0 && (s.requeue == 0 || d < s.requeue) {
		s.requeue = d
	}
}

// isValid tells whether the definition may be snapshotted.
func (s *scope) isValid() bool { return s.validity.status == metav1.ConditionTrue }

// isServed tells whether citizens are served what the agency wants served.
func (s *scope) isServed() bool {
	return s.target != nil && s.ledger.ServedDigest() == s.target.Spec.Digest
}
