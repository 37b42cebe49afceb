// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Approval is one person's decision at one gate on one digest. It is a record: never edited, never deleted. Whether it counts is
// computed from the policy in force; kubectl okno why shows it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=appr,categories=okno
// +kubebuilder:selectablefield:JSONPath=`.spec.subject.digest`
// +kubebuilder:printcolumn:name="Subject",type=string,JSONPath=`.spec.subject.name`
// +kubebuilder:printcolumn:name="Gate",type=string,JSONPath=`.spec.gate`
// +kubebuilder:printcolumn:name="Decision",type=string,JSONPath=`.spec.decision`
// +kubebuilder:printcolumn:name="Approver",type=string,JSONPath=`.spec.approver.username`
// +kubebuilder:printcolumn:name="Authority",type=string,JSONPath=`.spec.authority`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Approval struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the decision.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="an Approval is a record: decide again with another Approval"
	Spec ApprovalSpec `json:"spec,omitzero"`
}

// Decision is what a person decided.
// +kubebuilder:validation:Enum=Approve;Reject;Revoke;Withdraw
type Decision string

// Decisions. Revoke takes back the Approval that it names; Withdraw asks that the digest be no longer served.
const (
	DecisionApprove  Decision = "Approve"
	DecisionReject   Decision = "Reject"
	DecisionRevoke   Decision = "Revoke"
	DecisionWithdraw Decision = "Withdraw"
)

// GateAuthority says whose grant of the verb approve counts at a gate.
// +kubebuilder:validation:Enum=Cluster;Namespace;None
type GateAuthority string

// Authorities. Cluster: the verb comes from a ClusterRoleBinding, so that a tenant's own Role never counts.
const (
	AuthorityCluster   GateAuthority = "Cluster"
	AuthorityNamespace GateAuthority = "Namespace"
	AuthorityNone      GateAuthority = "None"
)

// ApprovalSpec is a decision.
//
// +kubebuilder:validation:XValidation:rule="(self.decision == 'Revoke') == has(self.revokes)",message="a Revoke names in revokes the Approval that it takes back; other decisions name none"
type ApprovalSpec struct {
	// subject is what the decision is about.
	// +required
	Subject ApprovalSubject `json:"subject,omitzero"`
	// gate is the gate at which it is made.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Gate string `json:"gate,omitempty"`
	// decision is Approve, Reject, Revoke or Withdraw.
	// +required
	Decision Decision `json:"decision,omitempty"`
	// revokes is the name of the Approval that a Revoke takes back.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Revokes string `json:"revokes,omitempty"`
	// comment is for people to read.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Comment string `json:"comment,omitempty"`
	// evidence is what the decision rests on.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Evidence []Evidence `json:"evidence,omitempty"`
	// approver is who decided. Admission sets it to the requesting user; a value that a client sends is overwritten.
	// +optional
	Approver *Person `json:"approver,omitempty"`
	// submittedBy is who sent the object. Admission sets it.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	SubmittedBy string `json:"submittedBy,omitempty"`
	// authority is which grant of the verb held when the decision was made. Admission sets it.
	// +optional
	Authority GateAuthority `json:"authority,omitempty"`
}

// ApprovalSubject is what a decision is about.
type ApprovalSubject struct {
	// kind is ServiceRevision.
	// +required
	// +kubebuilder:validation:Enum=ServiceRevision
	Kind string `json:"kind,omitempty"`
	// name is the object's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// digest is the content that was decided on; the decision speaks of nothing else.
	// +required
	Digest Digest `json:"digest,omitempty"`
}

// Person is who decided.
type Person struct {
	// username is the user as the API server knows them.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Username string `json:"username,omitempty"`
}

// Evidence is a document that a decision rests on. It lies elsewhere; its hash stands here.
type Evidence struct {
	// kind is the kind of document.
	// +required
	// +kubebuilder:validation:Enum=TestReport;CodeCheck;SecurityAct;StaffTraining;LegalOpinion;Other
	Kind string `json:"kind,omitempty"`
	// title is what people call it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Title string `json:"title,omitempty"`
	// uri is where it lies.
	// +optional
	URI URI `json:"uri,omitempty"`
	// sha256 is its hash, in hex.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	SHA256 string `json:"sha256,omitempty"`
}

// ApprovalList is a list of Approvals.
//
// +kubebuilder:object:root=true
type ApprovalList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the approvals.
	Items []Approval `json:"items"`
}
