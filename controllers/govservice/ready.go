// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// readiness is what Ready, Reconciling and Stalled come to.
type readiness struct {
	status  metav1.ConditionStatus
	reason  string
	message string
	// progress tells who acts next: the controller (Reconciling), a person who has to mend something (Stalled), or neither, as
	// while decisions are awaited, which is the usual way of things.
	progress string
}

// setReady tells whether the desired generation stands well. The conditions before it have been set; the first question that has
// an answer decides, and the list is the specification.
func (st state) setReady() {
	ready := readiness{status: metav1.ConditionTrue, reason: v1alpha1.ReasonReady, message: "what is wanted is served"}
	for _, question := range []func() *readiness{
		st.invalid, st.unproven, st.refused, st.onTheWay, st.suspended, st.awaited, st.notDeployed,
	} {
		if answer := question(); answer != nil {
			ready = *answer
			break
		}
	}
	st.set(v1alpha1.ConditionReady, ready.status, ready.reason, ready.message)
	for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if ready.progress == kind {
			st.set(kind, metav1.ConditionTrue, ready.reason, ready.message)
		} else {
			st.clear(kind)
		}
	}
}

func (st state) invalid() *readiness {
	if st.isValid() {
		return nil
	}
	return &readiness{st.validity.status, st.validity.reason, st.validity.message, v1alpha1.ConditionStalled}
}

func (st state) unproven() *readiness {
	switch st.proof.reason {
	case v1alpha1.ReasonScenariosFailed:
		return &readiness{metav1.ConditionFalse, st.proof.reason, st.proof.message, v1alpha1.ConditionStalled}
	case v1alpha1.ReasonProving:
		return &readiness{metav1.ConditionUnknown, st.proof.reason, st.proof.message, v1alpha1.ConditionReconciling}
	case v1alpha1.ReasonProverAway:
		return &readiness{metav1.ConditionFalse, st.proof.reason, st.proof.message, v1alpha1.ConditionReconciling}
	default:
		return nil
	}
}

// refused: the newest revision will not be published unless a person does something about it.
func (st state) refused() *readiness {
	if st.revision == nil {
		return nil
	}
	verdict := st.verdicts[st.revision.Spec.Digest]
	switch verdict.Reason {
	case v1alpha1.ReasonRejected, v1alpha1.ReasonRevoked, v1alpha1.ReasonNoPolicy, v1alpha1.ReasonPoliciesTooLarge, v1alpha1.ReasonAdmissionAltered:
		return &readiness{metav1.ConditionFalse, verdict.Reason, verdict.Message, v1alpha1.ConditionStalled}
	default:
		return nil
	}
}

// onTheWay: nothing is in the way of the wanted revision but the controller's own next step.
func (st state) onTheWay() *readiness {
	if st.ledger.Suspended() && st.svc.Spec.State != v1alpha1.StateSuspended {
		return &readiness{metav1.ConditionFalse, v1alpha1.ReasonSuspended, "about to be resumed", v1alpha1.ConditionReconciling}
	}
	if st.target == nil || st.isServed() || st.held.reason != "" || st.svc.Spec.State == v1alpha1.StateSuspended || !st.approves(st.target.Spec.Digest) {
		return nil
	}
	return &readiness{metav1.ConditionFalse, v1alpha1.ReasonNotPublished, st.target.Name + " is approved and about to be published", v1alpha1.ConditionReconciling}
}

// suspended: that nobody may apply is what is wanted.
func (st state) suspended() *readiness {
	if st.svc.Spec.State != v1alpha1.StateSuspended {
		return nil
	}
	return &readiness{metav1.ConditionTrue, v1alpha1.ReasonSuspended, "suspended by spec.state", ""}
}

// awaited: people decide. Whether that is well depends on whether citizens are served meanwhile.
func (st state) awaited() *readiness {
	if st.isServed() || st.revision == nil {
		return nil
	}
	reason, message := v1alpha1.ReasonAwaitingApproval, st.verdicts[st.revision.Spec.Digest].Message
	if st.held.reason != "" {
		reason, message = st.held.reason, st.held.message
	}
	if served := st.ledger.Served(); served != nil && !st.ledger.Suspended() && deployed(st.provider) == v1alpha1.ReasonDeployed {
		return &readiness{metav1.ConditionTrue, v1alpha1.ReasonReady, fmt.Sprintf("%s is served; %s waits: %s", served.Spec.Revision, st.revision.Name, message), ""}
	}
	if st.ledger.Served() != nil {
		return st.notDeployed()
	}
	return &readiness{metav1.ConditionFalse, reason, message, ""}
}

func (st state) notDeployed() *readiness {
	switch reason := deployed(st.provider); reason {
	case v1alpha1.ReasonDeployed:
		return nil
	case v1alpha1.ReasonIntakeFailed:
		return &readiness{metav1.ConditionFalse, reason, "the agency's intake cannot run", v1alpha1.ConditionStalled}
	default:
		return &readiness{metav1.ConditionFalse, reason, "the agency's intake is starting", v1alpha1.ConditionReconciling}
	}
}
