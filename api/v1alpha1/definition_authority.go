// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Authority is the agency that provides a service.
type Authority struct {
	// name is the agency's official name.
	// +required
	Name Text `json:"name,omitempty"`
	// identifiers are the agency's numbers in public registers, such as INN and OGRN.
	// +optional
	// +listType=map
	// +listMapKey=scheme
	// +kubebuilder:validation:MaxItems=8
	Identifiers []Identifier `json:"identifiers,omitempty"`
	// territory is where the agency acts.
	// +required
	Territory Text `json:"territory,omitempty"`
	// homepage is the agency's site.
	// +optional
	Homepage URI `json:"homepage,omitempty"`
	// contacts are how to reach the agency.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Contacts []Contact `json:"contacts,omitempty"`
	// participants are other bodies that take part in the service.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Participants []Participant `json:"participants,omitempty"`
}

// Identifier is a number in a public register.
type Identifier struct {
	// scheme is the register, such as INN or OGRN.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Scheme string `json:"scheme,omitempty"`
	// value is the number.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Value string `json:"value,omitempty"`
}

// Contact is one way to reach somebody; at least one of phone, email and page is set.
//
// +kubebuilder:validation:XValidation:rule="has(self.phone) || has(self.email) || has(self.page)",message="a contact needs a phone, an email or a page"
type Contact struct {
	// phone is a number as people dial it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Phone string `json:"phone,omitempty"`
	// email is a mail address.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	Email string `json:"email,omitempty"`
	// page is a web page.
	// +optional
	Page URI `json:"page,omitempty"`
	// hours are when somebody answers.
	// +optional
	Hours Text `json:"hours,omitempty"`
}

// Participant is another body that takes part in a service.
type Participant struct {
	// name is the body's name.
	// +required
	Name Text `json:"name,omitempty"`
	// role says what it does in the service.
	// +required
	Role Text `json:"role,omitempty"`
}

// ActKind is the kind of a legal act.
// +kubebuilder:validation:Enum=Law;Regulation;AdministrativeRegulation
type ActKind string

// LegalAct is an act that a service rests on.
type LegalAct struct {
	// title is the act's title.
	// +required
	Title Text `json:"title,omitempty"`
	// kind is the kind of act.
	// +required
	Kind ActKind `json:"kind,omitempty"`
	// number is the act's number.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Number string `json:"number,omitempty"`
	// date is the day of the act.
	// +required
	Date Date `json:"date,omitempty"`
	// article is the article or item that applies.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Article string `json:"article,omitempty"`
	// uri is where the act is published.
	// +optional
	URI URI `json:"uri,omitempty"`
}
