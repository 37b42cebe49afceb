// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Verdict is what a judgement comes to.
type Verdict struct {
	// Decided is false when a fact could not be read: nothing may be concluded, not even that the revision is not approved.
	Decided bool
	// Approved tells that the revision may be served: it is served already, or every gate is open.
	Approved bool
	// Reason is a reason of the condition Approved.
	Reason string
	// Message is one line for people, without persons and times.
	Message string
	// Gates are the gates of the policies in force, in their order.
	Gates []GateVerdict
	// Open of Total gates are open.
	Open, Total int
	// Rejected are the rejections that block at gates that no policy in force has, by gate, then by time; those at other gates are
	// in Gates.
	Rejected []Decision
	// NotCounted are decisions that belong to no gate of the policies in force, or to another digest.
	NotCounted []Objection
	// Serving tells that this digest is what the newest Publication serves.
	Serving bool
	// Withdraw tells that the digest is served and must no longer be.
	Withdraw bool
	// Republish tells that the digest was served before and is served again on its old decisions.
	Republish bool
	// Decisions are those that opened the gates, for the Publication; set when Approved.
	Decisions []v1alpha1.DecisionRecord
	// Policies are the policies in force with their hashes, for the Publication.
	Policies []v1alpha1.PolicyReference
}

// Reasons of a gate.
const (
	GateOpen              = "Open"
	GateAwaitingScenarios = "AwaitingScenarios"
	GateScenariosFailed   = "ScenariosFailed"
	GateAwaitingGates     = "AwaitingGates"
	GateAwaitingApproval  = "AwaitingApproval"
	GateRejected          = "Rejected"
	GateAuthorUnknown     = "AuthorUnknown" // separation of duties fails closed
	GateNeverOpens        = "NeverOpens"    // the policies in force contradict themselves
)

// GateVerdict is the state of one gate.
type GateVerdict struct { //nolint:revive // Verdict is the whole; this is one gate's
	Name  string
	Title v1alpha1.Text
	// Human tells that persons decide here, Scenarios that the revision's scenarios do. Policies that add up may ask for both.
	Human, Scenarios bool
	Quorum           int
	Authority        v1alpha1.GateAuthority
	Groups           []string

	Open            bool
	Reason, Message string
	// WaitingForGroups are the groups that can act now; nil while the gate is open or waits for another.
	WaitingForGroups []string
	// Counted are the approvals that count, the oldest first.
	Counted []Decision
	// Rejected are the rejections that block.
	Rejected []Decision
	// NotCounted are the decisions at this gate that do not count, each with its reason. Decisions that did their work, such as
	// a Revoke that took effect, are not among them.
	NotCounted []Objection
}

// Decision is a person's decision.
type Decision struct {
	Approval string
	Gate     string
	Person   string
	Decision v1alpha1.Decision
	At       time.Time
	Comment  string
}

// Objection is a decision that does not count.
type Objection struct {
	Decision
	// Why is a clause that follows "does not count:".
	Why string
	// Early tells that the approval will count by itself once the gates that its gate requires are open.
	Early bool
}

func decisionOf(a *v1alpha1.Approval) Decision {
	d := Decision{Approval: a.Name, Gate: a.Spec.Gate, Decision: a.Spec.Decision, At: a.CreationTimestamp.Time, Comment: a.Spec.Comment}
	if a.Spec.Approver != nil {
		d.Person = a.Spec.Approver.Username
	}
	return d
}
