// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ServiceRevision is an immutable snapshot of a definition, named by its digest. Only the controller writes it, once.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=srev,categories=okno
// +kubebuilder:printcolumn:name="Service",type=string,JSONPath=`.spec.service`
// +kubebuilder:printcolumn:name="Digest",type=string,JSONPath=`.spec.digest`
// +kubebuilder:printcolumn:name="Verified",type=string,JSONPath=`.status.conditions[?(@.type=="Verified")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ServiceRevision struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the snapshot.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a revision is immutable"
	Spec ServiceRevisionSpec `json:"spec,omitzero"`
	// status is the report of the scenarios, written once, and what later intake images made of them.
	// +optional
	Status ServiceRevisionStatus `json:"status,omitzero"`
}

// ServiceRevisionSpec is a snapshot of a definition.
type ServiceRevisionSpec struct {
	// service is the GovService's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Service string `json:"service,omitempty"`
	// digest is the definition's digest. What does not hash to it is never served.
	// +required
	Digest Digest `json:"digest,omitempty"`
	// definition is the definition as stored.
	// +required
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Definition Definition `json:"definition,omitzero"`
	// author is who last changed the definition, as admission saw it, or unknown.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Author string `json:"author,omitempty"`
	// rulePack is the version of the rules of law that judged the definition.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	RulePack string `json:"rulePack,omitempty"`
}

// Digest is the content hash of a definition.
//
// +kubebuilder:validation:MinLength=71
// +kubebuilder:validation:MaxLength=71
// +kubebuilder:validation:Pattern=`^sha256:[0-9a-f]{64}$`
type Digest string

// ServiceRevisionStatus is the report of the scenarios.
type ServiceRevisionStatus struct {
	// conditions hold Verified.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// report tells what was run and what came of it.
	// +optional
	Report *ScenarioReport `json:"report,omitempty"`
	// laterImages tell how the scenarios of a served revision came out against intake images that came after the report's, the
	// newest first; the three newest are kept.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=3
	LaterImages []ImageProof `json:"laterImages,omitempty"`
}

// Results of scenarios.
const (
	ResultPassed = "Passed"
	ResultFailed = "Failed"
)

// ImageProof tells how a revision's scenarios came out against a later intake image.
type ImageProof struct {
	// image is the digest of the intake that the scenarios were run against, as in a report.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Image string `json:"image,omitempty"`
	// result is Passed when every scenario came out as expected in all three ways, else Failed.
	// +required
	// +kubebuilder:validation:Enum=Passed;Failed
	Result string `json:"result,omitempty"`
	// sha256 is the hash of the full report, in hex.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256,omitempty"`
	// finishedAt is when the run ended.
	// +required
	FinishedAt metav1.Time `json:"finishedAt,omitzero"`
	// message names the first scenario that failed, and how.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// On tells how the scenarios came out against an image, by the revision's own report or later; nil when they were never run against
// it. No scenarios prove nothing.
func (s *ServiceRevisionStatus) On(image string) *ImageProof {
	if r := s.Report; r != nil && r.Image == image {
		proof := ImageProof{Image: r.Image, Result: ResultFailed, SHA256: r.SHA256, FinishedAt: r.FinishedAt}
		if r.Failed == 0 && r.Passed > 0 {
			proof.Result = ResultPassed
		}
		return &proof
	}
	for i := range s.LaterImages {
		if s.LaterImages[i].Image == image {
			return &s.LaterImages[i]
		}
	}
	return nil
}

// ScenarioReport tells what was run against which image.
type ScenarioReport struct {
	// sha256 is the hash of the full report, in hex; approvals and Publications refer to it.
	// +required
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256,omitempty"`
	// image is the digest of the intake that the scenarios were run against.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Image string `json:"image,omitempty"`
	// startedAt is when the run began.
	// +required
	StartedAt metav1.Time `json:"startedAt,omitzero"`
	// finishedAt is when it ended.
	// +required
	FinishedAt metav1.Time `json:"finishedAt,omitzero"`
	// passed is how many scenarios came out as expected in all three ways.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Passed int32 `json:"passed,omitempty"`
	// failed is how many did not.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Failed int32 `json:"failed,omitempty"`
	// scenarios are the results, in the definition's order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	Scenarios []ScenarioResult `json:"scenarios,omitempty"`
}

// ScenarioResult is what came of one scenario.
type ScenarioResult struct {
	// name is the scenario's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=120
	Name string `json:"name,omitempty"`
	// result is Passed or Failed.
	// +required
	// +kubebuilder:validation:Enum=Passed;Failed
	Result string `json:"result,omitempty"`
	// ways are the ways in which it was filed: Form, JSON, XML.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:items:Enum=Form;JSON;XML
	Ways []string `json:"ways,omitempty"`
	// message says how what came differs from what was expected.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// ServiceRevisionList is a list of ServiceRevisions.
//
// +kubebuilder:object:root=true
type ServiceRevisionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the revisions.
	Items []ServiceRevision `json:"items"`
}
