// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PublicationPolicy says which gates stand before a publication, and who may open them. Policies that cover a namespace add up;
// where none does, nothing is published.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,shortName=pubpol,categories=okno
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type PublicationPolicy struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the policy.
	// +required
	Spec PublicationPolicySpec `json:"spec,omitzero"`
}

// PublicationPolicySpec is a policy.
type PublicationPolicySpec struct {
	// namespaceSelector picks the agencies by their namespaces' labels; absent means all. An author's text never picks a policy.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.matchExpressions) || self.matchExpressions.all(e, e.operator in ['In', 'NotIn', 'Exists', 'DoesNotExist'])",message="an operator is In, NotIn, Exists or DoesNotExist"
	// +kubebuilder:validation:XValidation:rule="!has(self.matchExpressions) || self.matchExpressions.all(e, (e.operator in ['In', 'NotIn']) == (has(e.values) && e.values.size() > 0))",message="In and NotIn take values, Exists and DoesNotExist take none"
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`
	// gates are what must hold before a publication.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Gates []Gate `json:"gates,omitempty"`
	// separationOfDuties are the rules on who may not decide; absent means none. AuthorNotApprover: who wrote the definition opens
	// no gate. OnePersonOneGate: who opened one gate opens no other.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=2
	SeparationOfDuties []Separation `json:"separationOfDuties,omitempty"`
	// republishWithinDays is how long after it last served a digest may be served again without new decisions; absent means 30.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3650
	RepublishWithinDays *int32 `json:"republishWithinDays,omitempty"`
	// onRevoke says what becomes of a published revision whose approval is revoked; absent means Withdraw.
	// +optional
	OnRevoke ServedAction `json:"onRevoke,omitempty"`
	// support is whom people ask when a gate does not open.
	// +optional
	Support *Contact `json:"support,omitempty"`
}

// ServedAction says what becomes of what is served.
// +kubebuilder:validation:Enum=Keep;Withdraw
type ServedAction string

// Actions on what is served.
const (
	ServedKeep     ServedAction = "Keep"
	ServedWithdraw ServedAction = "Withdraw"
)

// Separation is a rule on who may not decide.
// +kubebuilder:validation:Enum=AuthorNotApprover;OnePersonOneGate
type Separation string

// Rules of separation of duties. They count persons, and fail closed when the author is unknown.
const (
	AuthorNotApprover Separation = "AuthorNotApprover"
	OnePersonOneGate  Separation = "OnePersonOneGate"
)

// GateType says who opens a gate.
// +kubebuilder:validation:Enum=Scenarios;Human
type GateType string

// Types of gates. Scenarios opens by itself when the revision's scenarios passed.
const (
	GateScenarios GateType = "Scenarios"
	GateHuman     GateType = "Human"
)

// Gate is one thing that must hold before a publication.
//
// +kubebuilder:validation:XValidation:rule="self.type == 'Human' || (!has(self.authority) && !has(self.groups))",message="a gate of type Scenarios opens by itself: it takes no authority and no groups"
// +kubebuilder:validation:XValidation:rule="!has(self.authority) || self.authority != 'None'",message="a gate's authority is Cluster or Namespace"
type Gate struct {
	// name is the gate's name; the verb approve is checked on gates/<name>.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`
	// type says who opens it.
	// +required
	Type GateType `json:"type,omitempty"`
	// title tells people what is decided here.
	// +optional
	Title Text `json:"title,omitempty"`
	// requires are gates that must be open before a decision here counts.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=31
	// +kubebuilder:validation:items:MaxLength=63
	Requires []string `json:"requires,omitempty"`
	// quorum is how many persons must approve; absent means 1.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	Quorum int32 `json:"quorum,omitempty"`
	// authority says whose grant of the verb counts, Cluster or Namespace; absent means Cluster.
	// +optional
	Authority GateAuthority `json:"authority,omitempty"`
	// groups tells people who decides here. It grants nothing: RBAC does.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=253
	Groups []string `json:"groups,omitempty"`
}

// PublicationPolicyList is a list of PublicationPolicies.
//
// +kubebuilder:object:root=true
type PublicationPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the policies.
	Items []PublicationPolicy `json:"items"`
}
