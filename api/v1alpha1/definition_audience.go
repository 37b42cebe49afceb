// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ApplicantType is a kind of applicant.
// +kubebuilder:validation:Enum=Person;Entrepreneur;Organisation;Official
type ApplicantType string

// Representation says whether somebody may file for another.
// +kubebuilder:validation:Enum=Forbidden;Allowed
type Representation string

// Audience says who may apply.
type Audience struct {
	// applicants are the kinds of applicants.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	Applicants []ApplicantType `json:"applicants,omitempty"`
	// representation says whether somebody may file for another.
	// +required
	Representation Representation `json:"representation,omitempty"`
	// eligibility are the conditions of getting the service, asked before the form.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=32
	Eligibility []Eligibility `json:"eligibility,omitempty"`
	// variants are profiles of applicants: every applicant meets exactly one.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Variants []Variant `json:"variants,omitempty"`
}

// Eligibility is one condition of getting a service.
type Eligibility struct {
	// id names the condition; it is also the error's code.
	// +required
	ID ID `json:"id,omitempty"`
	// when must be true for an applicant to get the service.
	// +required
	When Expression `json:"when,omitempty"`
	// message tells who does not meet the condition what to do instead.
	// +required
	Message Text `json:"message,omitempty"`
}

// Variant is a profile of applicants.
type Variant struct {
	// name names the profile.
	// +required
	Name ID `json:"name,omitempty"`
	// when is true for the applicants of this profile.
	// +required
	When Expression `json:"when,omitempty"`
	// title tells people whom the profile is for.
	// +optional
	Title Text `json:"title,omitempty"`
}
