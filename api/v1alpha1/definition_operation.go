// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DataCategory is a category of personal data. Federal Law 152-ФЗ and Government Decree 1119 of 2012 define them.
// +kubebuilder:validation:Enum=Common;Special;Biometric;Public
type DataCategory string

// ProtectionLevel is the protection level of personal data, УЗ-1 the highest. Government Decree 1119 of 2012.
// +kubebuilder:validation:Enum=UZ1;UZ2;UZ3;UZ4
type ProtectionLevel string

// DataProtection declares the personal data that a service holds.
type DataProtection struct {
	// categories are the categories of data.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	Categories []DataCategory `json:"categories,omitempty"`
	// subjects says whether the data are of the agency's staff or of others, and of how many people.
	// +required
	// +kubebuilder:validation:Enum=Staff;Under100000;Over100000
	Subjects string `json:"subjects,omitempty"`
	// threatType is the type of present threats, 1 the gravest. Government Decree 1119 of 2012 item 6.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3
	ThreatType int32 `json:"threatType,omitempty"`
	// level is the protection level.
	// +required
	Level ProtectionLevel `json:"level,omitempty"`
	// legalGround says why the data may be held.
	// +required
	LegalGround Text `json:"legalGround,omitempty"`
	// retention is how long a closed case is kept.
	// +required
	Retention Duration `json:"retention,omitzero"`
}

// Accessibility is the standard that a service's pages meet.
type Accessibility struct {
	// standard is the standard.
	// +required
	// +kubebuilder:validation:Enum=WCAG22AA;GOSTR52872
	Standard string `json:"standard,omitempty"`
	// statement tells people what is and is not accessible.
	// +required
	Statement Text `json:"statement,omitempty"`
	// contact is whom to tell about a barrier.
	// +required
	Contact Contact `json:"contact,omitzero"`
}

// ChannelType is a way to apply.
// +kubebuilder:validation:Enum=Web;API;MFC;Post;Phone;InPerson
type ChannelType string

// Channel is a way to apply.
type Channel struct {
	// type is the kind of channel.
	// +required
	Type ChannelType `json:"type,omitempty"`
	// where is the place or address.
	// +optional
	Where Text `json:"where,omitempty"`
	// hours are when the channel is open.
	// +optional
	Hours Text `json:"hours,omitempty"`
	// note is what else people should know.
	// +optional
	Note Text `json:"note,omitempty"`
}

// Identity says how applicants sign in.
type Identity struct {
	// provider is OIDC, or None when anybody may file without signing in.
	// +required
	// +kubebuilder:validation:Enum=OIDC;None
	Provider string `json:"provider,omitempty"`
	// requiredClaims must be in the token.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	RequiredClaims []string `json:"requiredClaims,omitempty"`
	// minimumAssurance is the least level of assurance (acr) that is taken.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	MinimumAssurance string `json:"minimumAssurance,omitempty"`
}

// Support says where people get help.
type Support struct {
	// contacts are how to reach support.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Contacts []Contact `json:"contacts,omitempty"`
	// hours are when support answers.
	// +required
	Hours Text `json:"hours,omitempty"`
	// consultations says how to get a consultation.
	// +optional
	Consultations Text `json:"consultations,omitempty"`
}

// Complaints says who hears complaints. 210-ФЗ art. 11.1–11.3.
type Complaints struct {
	// authority is who hears them.
	// +required
	Authority Text `json:"authority,omitempty"`
	// deadline is the term of an answer.
	// +required
	Deadline Duration `json:"deadline,omitzero"`
	// shortDeadline is the term when the complaint is about a refusal to take documents or to mend an error.
	// +required
	ShortDeadline Duration `json:"shortDeadline,omitzero"`
	// channels are the ways to complain.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Channels []Channel `json:"channels,omitempty"`
}

// Guide is reference material or training.
//
// +kubebuilder:validation:XValidation:rule="has(self.body) != has(self.uri)",message="a guide has either a body or a uri"
type Guide struct {
	// audience is whom the guide is for.
	// +required
	// +kubebuilder:validation:Enum=Citizen;Staff
	Audience string `json:"audience,omitempty"`
	// title is the guide's title.
	// +required
	Title Text `json:"title,omitempty"`
	// body is the guide in Markdown without raw HTML.
	// +optional
	Body Text `json:"body,omitempty"`
	// uri is where the guide is.
	// +optional
	URI URI `json:"uri,omitempty"`
}

// Quality declares what the service is measured against.
type Quality struct {
	// targets are the figures to reach.
	// +required
	Targets QualityTargets `json:"targets,omitzero"`
	// survey asks applicants how it went.
	// +optional
	Survey *Survey `json:"survey,omitempty"`
}

// QualityTargets are figures to reach.
type QualityTargets struct {
	// processingP95 is the term within which 95 of 100 cases are decided.
	// +required
	ProcessingP95 Duration `json:"processingP95,omitzero"`
	// satisfactionPercent is the least share of satisfied answers.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	SatisfactionPercent int32 `json:"satisfactionPercent,omitempty"`
	// completionPercent is the least share of started applications that are sent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	CompletionPercent int32 `json:"completionPercent,omitempty"`
}

// Survey asks applicants how it went.
type Survey struct {
	// scale is the highest mark, the lowest being 1.
	// +required
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=10
	Scale int32 `json:"scale,omitempty"`
	// questions are asked in order.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Questions []Text `json:"questions,omitempty"`
}

// Limits bound when and how much a service takes.
type Limits struct {
	// opensAt is the first moment at which applications are taken.
	// +optional
	OpensAt *metav1.Time `json:"opensAt,omitempty"`
	// closesAt is the moment from which no more applications are taken.
	// +optional
	ClosesAt *metav1.Time `json:"closesAt,omitempty"`
	// maxApplications is how many applications are taken in all.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000
	MaxApplications int64 `json:"maxApplications,omitempty"`
	// perApplicant is how many applications one person may have open.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	PerApplicant int32 `json:"perApplicant,omitempty"`
}
