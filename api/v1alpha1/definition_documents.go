// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// DocumentSource says who obtains a document.
// +kubebuilder:validation:Enum=Applicant;Interagency;Either
type DocumentSource string

// Sources of documents. What an agency can obtain from another agency it must not ask of the applicant (210-ФЗ art. 7).
const (
	SourceApplicant   DocumentSource = "Applicant"
	SourceInteragency DocumentSource = "Interagency"
	SourceEither      DocumentSource = "Either"
)

// Document is a document that a decision needs.
type Document struct {
	// id names the document; uploads carry it.
	// +required
	ID ID `json:"id,omitempty"`
	// name is what people call the document.
	// +required
	Name Text `json:"name,omitempty"`
	// source says who obtains it.
	// +required
	Source DocumentSource `json:"source,omitempty"`
	// requiredWhen says when an applicant must attach it; absent means never required.
	// +optional
	RequiredWhen Expression `json:"requiredWhen,omitempty"`
	// formats are the media types that are taken, such as application/pdf. The content decides, not the name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=3
	// +kubebuilder:validation:items:MaxLength=127
	Formats []string `json:"formats,omitempty"`
	// maxSizeBytes bounds one file, at most 50 MiB.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=52428800
	MaxSizeBytes int64 `json:"maxSizeBytes,omitempty"`
	// minFiles is how many files must be attached when the document is required.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	MinFiles int32 `json:"minFiles,omitempty"`
	// maxFiles is how many files may be attached.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	MaxFiles int32 `json:"maxFiles,omitempty"`
	// validFor says how long the document stays valid, for people to read.
	// +optional
	ValidFor Text `json:"validFor,omitempty"`
	// howToObtain says where people get the document.
	// +optional
	HowToObtain *HowToObtain `json:"howToObtain,omitempty"`
}

// HowToObtain says where people get a document.
type HowToObtain struct {
	// issuer is who issues it.
	// +required
	Issuer Text `json:"issuer,omitempty"`
	// where is where to go for it.
	// +optional
	Where Text `json:"where,omitempty"`
	// fee is what it costs.
	// +optional
	Fee Text `json:"fee,omitempty"`
	// term is how long it takes.
	// +optional
	Term Text `json:"term,omitempty"`
}
