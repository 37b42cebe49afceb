// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Scenario is an acceptance test: what an applicant gives and what must come of it. It is filed as a form, as JSON and as XML.
type Scenario struct {
	// name tells what is tried; it stands in the report.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=120
	Name string `json:"name,omitempty"`
	// now is the moment at which the scenario takes place.
	// +required
	Now metav1.Time `json:"now,omitzero"`
	// applicant is who files.
	// +optional
	Applicant *ScenarioApplicant `json:"applicant,omitempty"`
	// language is the language in which the applicant files; absent means the service's first.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=12
	Language string `json:"language,omitempty"`
	// given is the application's data.
	// +required
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Given apiextensionsv1.JSON `json:"given,omitzero"`
	// attachments are the files that come with it.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	Attachments []ScenarioAttachment `json:"attachments,omitempty"`
	// integrations are recorded answers of outside systems, by the integrations' ids.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Integrations *apiextensionsv1.JSON `json:"integrations,omitempty"`
	// expect is what must come of it.
	// +required
	Expect Expectation `json:"expect,omitzero"`
}

// ScenarioApplicant is who files in a scenario.
type ScenarioApplicant struct {
	// claims are the claims of the person's token.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	Claims map[string]ClaimValue `json:"claims,omitempty"`
}

// ClaimValue is a claim's value.
// +kubebuilder:validation:MaxLength=512
type ClaimValue string

// ScenarioAttachment is a file in a scenario.
//
// +kubebuilder:validation:XValidation:rule="has(self.text) != has(self.bytes)",message="an attachment has either text or bytes (base64)"
type ScenarioAttachment struct {
	// document is the id of the document that the file is for.
	// +required
	Document ID `json:"document,omitempty"`
	// name is the file's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`
	// type is the media type that the sender claims.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=127
	Type string `json:"type,omitempty"`
	// text is the content of a text file.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=8192
	Text string `json:"text,omitempty"`

	// Schemaless, since beside a rule the API server reads the format "byte" in the URL alphabet and refuses / and +.

	// bytes is the content in base64 with + and /.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16384
	// +kubebuilder:validation:Pattern=`^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$`
	Bytes []byte `json:"bytes,omitempty"`
}

// Outcome is what comes of an application.
// +kubebuilder:validation:Enum=Accepted;Rejected
type Outcome string

// Outcomes.
const (
	OutcomeAccepted Outcome = "Accepted"
	OutcomeRejected Outcome = "Rejected"
)

// Expectation is what must come of a scenario.
//
// +kubebuilder:validation:XValidation:rule="(self.outcome == 'Rejected') == has(self.errors)",message="a rejected scenario lists its errors, an accepted one has none"
type Expectation struct {
	// outcome is what comes of it.
	// +required
	Outcome Outcome `json:"outcome,omitempty"`
	// errors are all errors, as a set.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Errors []ExpectedError `json:"errors,omitempty"`
	// unit is where routing must send it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Unit string `json:"unit,omitempty"`
	// deadline is the day by which it must be decided.
	// +optional
	Deadline Date `json:"deadline,omitempty"`
	// fees are the ids of the fees that the applicant owes, all of them in the definition's order; [] means none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Fees []ID `json:"fees,omitempty"`
}

// ExpectedError is an error at a place.
type ExpectedError struct {
	// pointer is the place in the envelope, such as /data/applicant/surname or /documents/passport.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Pointer string `json:"pointer,omitempty"`
	// code is the error's code, such as required, pattern, or a rule's.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Code string `json:"code,omitempty"`
}
