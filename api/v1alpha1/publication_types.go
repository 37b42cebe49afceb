// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Publication is the signed record that a revision is served from now on, and why it may be. It is the truth about what is
// served: intakes and the portal follow it and nothing else. Only the controller writes it, once. It holds names, hashes and
// times and no content: about 2 KiB at five gates, 32 KiB at the bounds of the schema.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=gpub,categories=okno
// +kubebuilder:selectablefield:JSONPath=`.spec.service`
// +kubebuilder:printcolumn:name="Service",type=string,JSONPath=`.spec.service`
// +kubebuilder:printcolumn:name="Seq",type=integer,JSONPath=`.spec.seq`
// +kubebuilder:printcolumn:name="Action",type=string,JSONPath=`.spec.action`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.spec.revision`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Publication struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the record.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a Publication is a record and immutable"
	Spec PublicationSpec `json:"spec,omitzero"`
}

// PublicationAction is what a Publication does.
// +kubebuilder:validation:Enum=Publish;Withdraw;Suspend;Resume
type PublicationAction string

// Actions. Suspend and Resume are the emergency stop: the revision stays, new applications wait.
const (
	ActionPublish  PublicationAction = "Publish"
	ActionWithdraw PublicationAction = "Withdraw"
	ActionSuspend  PublicationAction = "Suspend"
	ActionResume   PublicationAction = "Resume"
)

// PublicationSpec is the record. The signature is over the RFC 8785 form of the record without it, in DSSE's encoding.
type PublicationSpec struct {
	// installation names the Okno installation that wrote the record.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Installation string `json:"installation,omitempty"`
	// namespace is the agency's namespace; a record moved elsewhere is not valid there.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// service is the GovService's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Service string `json:"service,omitempty"`
	// seq numbers the service's records from 1; a lower one than was seen is ignored.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=999999
	Seq int64 `json:"seq,omitempty"`
	// action is Publish, Withdraw, Suspend or Resume.
	// +required
	Action PublicationAction `json:"action,omitempty"`
	// code is the service's code at that time.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Code string `json:"code,omitempty"`
	// revision is the ServiceRevision's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Revision string `json:"revision,omitempty"`
	// digest is the definition's digest.
	// +required
	Digest Digest `json:"digest,omitempty"`
	// policies are the policies under which it was decided.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Policies []PolicyReference `json:"policies,omitempty"`
	// decisions are the decisions that opened the gates.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Decisions []DecisionRecord `json:"decisions,omitempty"`
	// report is the sha256 of the scenario report, in hex.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Report string `json:"report,omitempty"`
	// checkpoint is the head of the agency's journal when the record was made, as far as it was known: a journal that was cut or
	// forked later contradicts a signed record. Absent while the journal is empty or not known.
	// +optional
	Checkpoint *JournalCheckpoint `json:"checkpoint,omitempty"`
	// cause says why, when the cause is not a decision: Deleted, Reverted, Suspended, Expired, Revoked.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Cause string `json:"cause,omitempty"`
	// previous is the sha256 of the service's previous record's RFC 8785 form, in hex; empty in the first.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Previous string `json:"previous,omitempty"`
	// decidedAt is when the record was made.
	// +required
	DecidedAt metav1.Time `json:"decidedAt,omitzero"`
	// effectiveAt is from when it holds; absent means from decidedAt.
	// +optional
	EffectiveAt *metav1.Time `json:"effectiveAt,omitempty"`
	// endsAt is until when it holds; absent means until another record.
	// +optional
	EndsAt *metav1.Time `json:"endsAt,omitempty"`
	// signature is the installation's DSSE signature.
	// +required
	Signature Signature `json:"signature,omitzero"`

	// newer is the whole record as it was read, when it has fields that this program does not know; else nil.
	newer []byte `json:"-"`
}

// PolicyReference names a policy and the content that was in force.
type PolicyReference struct {
	// name is the PublicationPolicy's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
	// sha256 is the hash of its spec's RFC 8785 form, in hex.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256,omitempty"`
}

// DecisionRecord is a decision that opened a gate.
type DecisionRecord struct {
	// gate is the gate.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Gate string `json:"gate,omitempty"`
	// approval is the Approval's name; empty for an automatic gate.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Approval string `json:"approval,omitempty"`
	// person is who decided; empty for an automatic gate.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Person string `json:"person,omitempty"`
	// sha256 is the hash of the Approval's spec in RFC 8785 form, in hex.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256,omitempty"`
}

// Signature is a DSSE signature.
type Signature struct {
	// keyID is the sha256 of the public key's PKIX form, in hex.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	KeyID string `json:"keyID,omitempty"`
	// value is the signature in base64.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Value string `json:"value,omitempty"`
}

// PublicationList is a list of Publications.
//
// +kubebuilder:object:root=true
type PublicationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the publications.
	Items []Publication `json:"items"`
}
