// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ServiceProvider is a registered agency: its namespace, its intake, its store. The platform team writes it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=gprov,categories=okno
// +kubebuilder:printcolumn:name="Agency-Namespace",type=string,JSONPath=`.spec.namespace`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.url`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="a ServiceProvider's name is the first label of its host: at most 40 characters, a-z, 0-9 and -"
type ServiceProvider struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the agency as registered.
	// +required
	Spec ServiceProviderSpec `json:"spec,omitzero"`
	// status is what the controller sees.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status ServiceProviderStatus `json:"status,omitzero"`
}

// ServiceProviderSpec is an agency.
//
// +kubebuilder:validation:XValidation:rule="has(self.store) == has(oldSelf.store) && (!has(self.store) || self.store == oldSelf.store)",message="an agency's store cannot change here: its volume is not resized or moved by a field; move the data first"
type ServiceProviderSpec struct {
	// displayName is the agency's name for people.
	// +required
	DisplayName Text `json:"displayName,omitempty"`
	// namespace is the agency's namespace; it cannot change.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="an agency's namespace cannot change"
	// +kubebuilder:validation:XValidation:rule="self != 'okno-system' && !self.startsWith('kube-')",message="an agency's namespace is neither Okno's own nor one of Kubernetes"
	Namespace string `json:"namespace,omitempty"`
	// timeZone is the agency's IANA time zone; deadlines are counted in it. Absent means Europe/Moscow.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`
	// intake is the capacity of the agency's intake.
	// +optional
	Intake *IntakeCapacity `json:"intake,omitempty"`
	// store is where applications are kept.
	// +optional
	Store *StoreSpec `json:"store,omitempty"`
	// support is whom the agency's people ask.
	// +optional
	Support *Contact `json:"support,omitempty"`
}

// IntakeCapacity is what an intake may use.
type IntakeCapacity struct {
	// cpu is the request and limit of processor time; absent means 250m.
	// +optional
	CPU *resource.Quantity `json:"cpu,omitempty"`
	// memory is the request and limit of memory; absent means 128Mi.
	// +optional
	Memory *resource.Quantity `json:"memory,omitempty"`
}

// StoreSpec is where an agency's applications are kept.
type StoreSpec struct {
	// engine is the database; this version knows SQLite. Absent means SQLite.
	// +optional
	// +kubebuilder:validation:Enum=SQLite
	Engine string `json:"engine,omitempty"`
	// size is the volume's size; absent means 10Gi.
	// +optional
	Size *resource.Quantity `json:"size,omitempty"`
	// storageClassName is the volume's class; absent means the cluster's default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	StorageClassName string `json:"storageClassName,omitempty"`
}

// ServiceProviderStatus is what the controller sees.
type ServiceProviderStatus struct {
	// observedGeneration is the generation that the conditions speak of, -1 before the first look.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions are Ready and, while true, Reconciling and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// url is the agency's public address.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	URL string `json:"url,omitempty"`
	// checkpoint is the head of the agency's journal, kept outside its store so that a forked or cut journal is found.
	// +optional
	Checkpoint *JournalCheckpoint `json:"checkpoint,omitempty"`
}

// JournalCheckpoint is the head of a journal (a Merkle tree head, RFC 6962).
type JournalCheckpoint struct {
	// size is the number of entries.
	// +required
	// +kubebuilder:validation:Minimum=1
	Size int64 `json:"size,omitempty"`
	// rootHash is the tree's root in base64.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	RootHash string `json:"rootHash,omitempty"`
	// at is when it was read.
	// +required
	At metav1.Time `json:"at,omitzero"`
}

// ServiceProviderList is a list of ServiceProviders.
//
// +kubebuilder:object:root=true
type ServiceProviderList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the providers.
	Items []ServiceProvider `json:"items"`
}
