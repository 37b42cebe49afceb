// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// GovService is a public service: what an agency offers people on application. Only the spec says what should be; the
// controller never writes it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=gsvc,categories=okno
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Published",type=string,JSONPath=`.status.published.revision`
// +kubebuilder:printcolumn:name="Pending",type=string,JSONPath=`.status.pending.revision`
// +kubebuilder:printcolumn:name="Gates",type=string,JSONPath=`.status.pending.gates`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.endpoints.form`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="a GovService's name has at most 40 characters: a-z, 0-9 and -, beginning with a letter"
type GovService struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the service as the agency wants it.
	// +required
	Spec GovServiceSpec `json:"spec,omitzero"`
	// status is what the controller sees. Losing it loses nothing.
	// +optional
	// +kubebuilder:default:={"observedGeneration":-1}
	Status GovServiceStatus `json:"status,omitzero"`
}

// GovServiceSpec is the desired service.
type GovServiceSpec struct {
	// service is the definition: hashed, snapshotted, approved and published as a whole.
	// +required
	// +structType=atomic
	Service Definition `json:"service,omitzero"`
	// intake says how the service runs; a change makes no revision.
	// +optional
	Intake *IntakeSpec `json:"intake,omitempty"`
	// publication says what may change without approval.
	// +optional
	Publication *PublicationSpecOptions `json:"publication,omitempty"`
	// state Suspended stops new applications at once; drafts and cases are kept. Absent means Active.
	// +optional
	State ServiceState `json:"state,omitempty"`
	// revisionHistoryLimit is how many old revisions are kept whole beside the published and the pending one; absent means 3.
	// Older ones live on as Publications.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=50
	RevisionHistoryLimit *int32 `json:"revisionHistoryLimit,omitempty"`
}

// ServiceState is the emergency stop.
// +kubebuilder:validation:Enum=Active;Suspended
type ServiceState string

// States of a service.
const (
	StateActive    ServiceState = "Active"
	StateSuspended ServiceState = "Suspended"
)

// IntakeSpec says how a service runs.
type IntakeSpec struct {
	// placement is Shared, the agency's one intake, or Dedicated, one more for this service. Absent means Shared.
	// +optional
	// +kubebuilder:validation:Enum=Shared;Dedicated
	Placement string `json:"placement,omitempty"`
}

// PublicationSpecOptions says what may change about a publication without approval.
type PublicationSpecOptions struct {
	// activation is WhenApproved, or Manual to wait until revision names the approved one. Absent means WhenApproved.
	// +optional
	// +kubebuilder:validation:Enum=WhenApproved;Manual
	Activation string `json:"activation,omitempty"`
	// revision pins a former revision.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Revision string `json:"revision,omitempty"`
	// publishAt is the earliest moment of publication.
	// +optional
	PublishAt *metav1.Time `json:"publishAt,omitempty"`
	// withdrawAt is the moment from which the service is no longer offered.
	// +optional
	WithdrawAt *metav1.Time `json:"withdrawAt,omitempty"`
}

// GovServiceStatus is what the controller sees.
type GovServiceStatus struct {
	// observedGeneration is the generation that the conditions speak of, -1 before the first look.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions are Ready, Valid, Deployed, Verified, Approved, Published; Reconciling and Stalled only while true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// latestRevision is the revision made of the current definition.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	LatestRevision string `json:"latestRevision,omitempty"`
	// latestDigest is the digest of the definition that the conditions speak of.
	// +optional
	// +kubebuilder:validation:MaxLength=80
	LatestDigest string `json:"latestDigest,omitempty"`
	// published is what citizens are served, derived from the newest Publication.
	// +optional
	Published *PublishedStatus `json:"published,omitempty"`
	// pending is the revision that waits for its gates.
	// +optional
	Pending *PendingStatus `json:"pending,omitempty"`
	// endpoints are the addresses of the service.
	// +optional
	Endpoints *Endpoints `json:"endpoints,omitempty"`
	// findings are what validation found, the gravest first, at most 50; kubectl okno lint shows all.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Findings []Finding `json:"findings,omitempty"`
	// metrics are exact counts, folded from the agency's journal.
	// +optional
	Metrics *Metrics `json:"metrics,omitempty"`
}

// Finding is one result of validation.
type Finding struct {
	// path is the place, from spec.service.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Path string `json:"path,omitempty"`
	// severity is Error or Warning.
	// +required
	// +kubebuilder:validation:Enum=Error;Warning
	Severity string `json:"severity,omitempty"`
	// rule is the id of the rule.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=80
	Rule string `json:"rule,omitempty"`
	// message says what was found, what is allowed and what to do.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
	// article is the law's article, when the rule comes from law.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Article string `json:"article,omitempty"`
}

// PublishedStatus is what citizens are served.
type PublishedStatus struct {
	// revision is the ServiceRevision's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Revision string `json:"revision,omitempty"`
	// digest is the definition's digest.
	// +required
	// +kubebuilder:validation:MinLength=71
	// +kubebuilder:validation:MaxLength=71
	Digest string `json:"digest,omitempty"`
	// since is when the Publication was written.
	// +required
	Since metav1.Time `json:"since,omitzero"`
	// seq is the Publication's number.
	// +required
	// +kubebuilder:validation:Minimum=1
	Seq int64 `json:"seq,omitempty"`
}

// PendingStatus is the revision that waits.
type PendingStatus struct {
	// revision is the ServiceRevision's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Revision string `json:"revision,omitempty"`
	// gates tells how many gates are open, such as 2/5.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	Gates string `json:"gates,omitempty"`
	// waitingFor names the gates, and the groups that may decide there, never persons.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=256
	WaitingFor []string `json:"waitingFor,omitempty"`
}

// Endpoints are the addresses of a service.
type Endpoints struct {
	// form is the start page for people.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Form string `json:"form,omitempty"`
	// api takes applications as JSON and XML.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	API string `json:"api,omitempty"`
	// openapi is the API's description.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	OpenAPI string `json:"openapi,omitempty"`
	// schema is the JSON Schema of an application.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Schema string `json:"schema,omitempty"`
	// xsd is the XML Schema of an application.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	XSD string `json:"xsd,omitempty"`
}

// Metrics tell how a service serves people.
type Metrics struct {
	// asOf is the moment that the counts speak of.
	// +required
	AsOf metav1.Time `json:"asOf,omitzero"`
	// total counts over all revisions.
	// +required
	Total Counts `json:"total,omitzero"`
	// published counts the published revision.
	// +optional
	Published *Counts `json:"published,omitempty"`
	// previous counts the revision that was published before.
	// +optional
	Previous *Counts `json:"previous,omitempty"`
}

// Counts are exact numbers of applications.
type Counts struct {
	// started is how many were begun (first accepted POST).
	// +optional
	// +kubebuilder:validation:Minimum=0
	Started int64 `json:"started,omitempty"`
	// submitted is how many were filed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Submitted int64 `json:"submitted,omitempty"`
	// rejectedByValidation is how many submissions were sent back with errors.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RejectedByValidation int64 `json:"rejectedByValidation,omitempty"`
	// inProgress is how many wait for a decision.
	// +optional
	// +kubebuilder:validation:Minimum=0
	InProgress int64 `json:"inProgress,omitempty"`
	// overdue is how many wait beyond their deadline.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Overdue int64 `json:"overdue,omitempty"`
	// completionPercent is submitted of started, rounded down.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	CompletionPercent int32 `json:"completionPercent,omitempty"`
}

// GovServiceList is a list of GovServices.
//
// +kubebuilder:object:root=true
type GovServiceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the services.
	Items []GovService `json:"items"`
}
