// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

// state is the status in the making: the setters below each answer one question, from what the phases found.
type state struct {
	*scope
	status *v1alpha1.GovServiceStatus
}

// newStatus derives the whole status from the scope. It is pure; what it does not set stays as it was.
func (s *scope) newStatus(endpoints func(provider, service string) *v1alpha1.Endpoints) *v1alpha1.GovServiceStatus {
	st := state{s, s.before.DeepCopy()}
	st.status.ObservedGeneration = s.svc.Generation
	if st.validity.reason != v1alpha1.ReasonSchemaSkew {
		st.status.LatestDigest = string(s.digest)
	}
	st.status.Findings = s.validity.findings
	for _, set := range []func(){
		st.setRevisions, st.setValid, st.setDeployed, st.setVerified, st.setApproved, st.setPublished, st.setReady,
	} {
		set()
	}
	st.status.Endpoints = nil
	if s.provider != nil && s.ledger.Served() != nil {
		st.status.Endpoints = endpoints(s.provider.Name, s.svc.Name)
	}
	return st.status
}

func (st state) set(kind string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&st.status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: clip(message, 4096),
		ObservedGeneration: st.svc.Generation, LastTransitionTime: metav1.NewTime(st.now),
	})
}

func (st state) clear(kind string) { meta.RemoveStatusCondition(&st.status.Conditions, kind) }

// setRevisions tells what is newest, what is served and what waits.
func (st state) setRevisions() {
	st.status.LatestRevision, st.status.Published, st.status.Pending = "", nil, nil
	if st.revision != nil {
		st.status.LatestRevision = st.revision.Name
	}
	if served := st.ledger.Served(); served != nil {
		st.status.Published = &v1alpha1.PublishedStatus{
			Revision: served.Spec.Revision, Digest: string(served.Spec.Digest), Since: served.Spec.DecidedAt, Seq: served.Spec.Seq,
		}
	}
	if st.revision == nil || st.revision.Spec.Digest == st.ledger.ServedDigest() {
		return
	}
	verdict := st.verdicts[st.revision.Spec.Digest]
	pending := &v1alpha1.PendingStatus{Revision: st.revision.Name}
	if verdict.Total > 0 {
		pending.Gates = fmt.Sprintf("%d/%d", verdict.Open, verdict.Total)
	}
	for _, g := range verdict.Gates {
		if g.Reason == gate.GateAwaitingApproval && len(pending.WaitingFor) < 32 {
			pending.WaitingFor = append(pending.WaitingFor, clip(waitsFor(g), 256))
		}
	}
	st.status.Pending = pending
}

func waitsFor(g gate.GateVerdict) string {
	if len(g.WaitingForGroups) == 0 {
		return g.Name
	}
	return g.Name + ": " + strings.Join(g.WaitingForGroups, ", ")
}

func (st state) setValid() {
	st.set(v1alpha1.ConditionValid, st.validity.status, st.validity.reason, st.validity.message)
}

// setDeployed tells whether the agency's intake runs.
func (st state) setDeployed() {
	switch reason := deployed(st.provider); reason {
	case v1alpha1.ReasonDeployed:
		st.set(v1alpha1.ConditionDeployed, metav1.ConditionTrue, reason, "the agency's intake is running")
	case v1alpha1.ReasonIntakeFailed:
		st.set(v1alpha1.ConditionDeployed, metav1.ConditionFalse, reason, "the agency's intake cannot run; its ServiceProvider's status says why")
	default:
		st.set(v1alpha1.ConditionDeployed, metav1.ConditionFalse, v1alpha1.ReasonRollingOut, "the agency's intake is starting")
	}
}

// deployed is the reason of Deployed that a provider's status comes to.
func deployed(p *v1alpha1.ServiceProvider) string {
	if p == nil {
		return v1alpha1.ReasonIntakeFailed
	}
	c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case c != nil && c.Status == metav1.ConditionTrue:
		return v1alpha1.ReasonDeployed
	case c != nil && meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionStalled):
		return v1alpha1.ReasonIntakeFailed
	default:
		return v1alpha1.ReasonRollingOut
	}
}

func (st state) setVerified() {
	switch st.proof.reason {
	case v1alpha1.ReasonVerified:
		st.set(v1alpha1.ConditionVerified, metav1.ConditionTrue, st.proof.reason, st.proof.message)
	case v1alpha1.ReasonScenariosFailed:
		st.set(v1alpha1.ConditionVerified, metav1.ConditionFalse, st.proof.reason, st.proof.message)
	case "":
		st.set(v1alpha1.ConditionVerified, metav1.ConditionUnknown, v1alpha1.ReasonAwaitingRevision, "there is no revision of this definition to prove")
	default:
		st.set(v1alpha1.ConditionVerified, metav1.ConditionUnknown, st.proof.reason, st.proof.message)
	}
}

// setApproved speaks of the newest revision, whatever is served.
func (st state) setApproved() {
	if st.revision == nil {
		st.set(v1alpha1.ConditionApproved, metav1.ConditionUnknown, v1alpha1.ReasonAwaitingRevision, "there is no revision of this definition to approve")
		return
	}
	verdict := st.verdicts[st.revision.Spec.Digest]
	status := metav1.ConditionFalse
	switch {
	case !verdict.Decided:
		status = metav1.ConditionUnknown
	case verdict.Approved:
		status = metav1.ConditionTrue
	}
	if st.held.reason != "" && verdict.Approved {
		st.set(v1alpha1.ConditionApproved, status, st.held.reason, st.held.message)
		return
	}
	st.set(v1alpha1.ConditionApproved, status, verdict.Reason, verdict.Message)
}

// setPublished tells whether citizens are served, by the newest record.
func (st state) setPublished() {
	defer st.warnOfForgeries()
	last := st.ledger.Last()
	switch {
	case last == nil:
		st.set(v1alpha1.ConditionPublished, metav1.ConditionFalse, v1alpha1.ReasonNotPublished, "nothing was published yet")
	case last.Spec.Action == v1alpha1.ActionWithdraw:
		st.set(v1alpha1.ConditionPublished, metav1.ConditionFalse, v1alpha1.ReasonWithdrawn, fmt.Sprintf("withdrawn by record %d: %s", last.Spec.Seq, last.Spec.Cause))
	case last.Spec.Action == v1alpha1.ActionSuspend:
		st.set(v1alpha1.ConditionPublished, metav1.ConditionFalse, v1alpha1.ReasonSuspended, fmt.Sprintf("no new applications since record %d", last.Spec.Seq))
	default:
		st.set(v1alpha1.ConditionPublished, metav1.ConditionTrue, v1alpha1.ReasonPublished, fmt.Sprintf("%s is served by record %d", last.Spec.Revision, last.Spec.Seq))
	}
}

// warnOfForgeries adds that there are objects that look like records and are none.
func (st state) warnOfForgeries() {
	if len(st.untrusted) == 0 {
		return
	}
	c := meta.FindStatusCondition(st.status.Conditions, v1alpha1.ConditionPublished)
	st.set(c.Type, c.Status, c.Reason, fmt.Sprintf("%s; ignored, for no key of this installation signed it: %s", c.Message, clip(strings.Join(st.untrusted, ", "), 512)))
}
