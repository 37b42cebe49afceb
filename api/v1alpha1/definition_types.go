// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ID names a part of a definition: a stage, a document, a page. It appears in URLs, reports and journal entries.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=40
// +kubebuilder:validation:Pattern=`^[A-Za-z][A-Za-z0-9-]*$`
type ID string

// Expression is a CEL expression over app (the application's data), applicant and now. Its types come from data.schema.
// Selecting an absent value is an error in CEL: guard with has() or .?field.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=2048
type Expression string

// Pointer is a JSON Pointer (RFC 6901) into the application's data, such as /applicant/surname; "" is the whole. In a repeating
// group a * stands for every item: /children/*/name.
//
// +kubebuilder:validation:MaxLength=256
// +kubebuilder:validation:Pattern=`^(/[^/]*)*$`
type Pointer string

// Date is a calendar date, YYYY-MM-DD.
//
// +kubebuilder:validation:MinLength=10
// +kubebuilder:validation:MaxLength=10
// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
type Date string

// URI is an absolute http or https address.
//
// +kubebuilder:validation:MinLength=8
// +kubebuilder:validation:MaxLength=2048
// +kubebuilder:validation:Pattern=`^https?://[^\s]+$`
type URI string

// ServiceDefinition is everything that a citizen or an inspector can see of a service. It is hashed, snapshotted and approved as
// a whole. It carries no defaults: what is absent is absent in the digest too.
type ServiceDefinition struct {
	// code is the service's primary code, unique in the cluster. Origin: CPSV-AP identifier.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[0-9A-Za-z][0-9A-Za-z.-]*$`
	Code string `json:"code,omitempty"`
	// registryCodes are the service's codes in other systems: the portal, the federal registry of services.
	// +optional
	// +listType=map
	// +listMapKey=system
	// +kubebuilder:validation:MaxItems=16
	RegistryCodes []RegistryCode `json:"registryCodes,omitempty"`
	// languages are the BCP-47 tags in which every text must exist, the first being the main one.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=2
	// +kubebuilder:validation:items:MaxLength=12
	Languages []string `json:"languages,omitempty"`
	// title is the full official name. 210-ФЗ art. 14 part 1 item 1.
	// +required
	Title Text `json:"title,omitempty"`
	// shortTitle is what people call the service; headings and lists show it.
	// +required
	ShortTitle Text `json:"shortTitle,omitempty"`
	// purpose says what the service is for.
	// +required
	Purpose Text `json:"purpose,omitempty"`
	// summary is one or two sentences for the catalogue.
	// +required
	Summary Text `json:"summary,omitempty"`
	// description is the full description; Markdown without raw HTML.
	// +optional
	Description Text `json:"description,omitempty"`
	// expectedResult says what the applicant has in the end. 210-ФЗ art. 14 part 1 item 3.
	// +required
	ExpectedResult Text `json:"expectedResult,omitempty"`
	// whatHappensNext is shown on the receipt.
	// +required
	WhatHappensNext Text `json:"whatHappensNext,omitempty"`
	// classification places the service in the catalogue.
	// +required
	Classification Classification `json:"classification,omitzero"`
	// authority is the agency that provides the service. 210-ФЗ art. 14 part 1 item 2.
	// +required
	Authority Authority `json:"authority,omitzero"`
	// legalBasis lists the acts that the service rests on. 210-ФЗ art. 14 part 1 item 5.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	LegalBasis []LegalAct `json:"legalBasis,omitempty"`
	// audience says who may apply.
	// +required
	Audience Audience `json:"audience,omitzero"`
	// documents are what the applicant must bring or the agency obtains itself. 210-ФЗ art. 14 part 1 item 6.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=64
	Documents []Document `json:"documents,omitempty"`
	// data is the application's data model: the only source of truth for form, JSON and XML.
	// +required
	Data Data `json:"data,omitzero"`
	// form lays the data out on pages.
	// +required
	Form Form `json:"form,omitzero"`
	// dataProtection declares the personal data and the protection level.
	// +required
	DataProtection DataProtection `json:"dataProtection,omitzero"`
	// accessibility is the standard that the service's pages meet, and whom to tell when they do not.
	// +required
	Accessibility Accessibility `json:"accessibility,omitzero"`
	// channels are the ways to apply. 210-ФЗ art. 14 part 1 item 14.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Channels []Channel `json:"channels,omitempty"`
	// fees are what the applicant pays; empty means that the service is free. 210-ФЗ art. 14 part 1 item 9.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=16
	Fees []Fee `json:"fees,omitempty"`
	// process is the way of an application through the agency and its terms. 210-ФЗ art. 14 part 1 items 4 and 11.
	// +required
	Process Process `json:"process,omitzero"`
	// refusal lists the grounds of every negative decision. 210-ФЗ art. 14 part 1 items 7 and 8.
	// +required
	Refusal Refusal `json:"refusal,omitzero"`
	// outputs are the documents that the service produces.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=16
	Outputs []Output `json:"outputs,omitempty"`
	// routing sends applications to units and queues inside the agency.
	// +required
	Routing Routing `json:"routing,omitzero"`
	// integrations are exchanges with outside systems.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=32
	Integrations []Integration `json:"integrations,omitempty"`
	// notifications tell applicants and officers what happened.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Notifications []Notification `json:"notifications,omitempty"`
	// identity says how applicants sign in.
	// +required
	Identity Identity `json:"identity,omitzero"`
	// support says where people get help with the service.
	// +required
	Support Support `json:"support,omitzero"`
	// complaints says who hears complaints and within what term.
	// +required
	Complaints Complaints `json:"complaints,omitzero"`
	// guides are reference materials for citizens and training for staff.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Guides []Guide `json:"guides,omitempty"`
	// quality declares the targets that the service is measured against. 210-ФЗ art. 14 part 1 item 13.
	// +required
	Quality Quality `json:"quality,omitzero"`
	// limits bound when and how much the service takes.
	// +optional
	Limits *Limits `json:"limits,omitempty"`
	// scenarios are the acceptance tests that run on the very revision before anyone may approve it.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=200
	Scenarios []Scenario `json:"scenarios,omitempty"`
}

// RegistryCode is the service's code in another system.
type RegistryCode struct {
	// system is the registry, such as EPGU, FRGU or IPDC.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	System string `json:"system,omitempty"`
	// code is the service's code there.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Code string `json:"code,omitempty"`
}

// Level is the level of government that answers for a service.
// +kubebuilder:validation:Enum=Federal;Regional;Municipal
type Level string

// Levels of government.
const (
	LevelFederal   Level = "Federal"
	LevelRegional  Level = "Regional"
	LevelMunicipal Level = "Municipal"
)

// Classification places a service in the catalogue.
type Classification struct {
	// level is the level of government.
	// +required
	Level Level `json:"level,omitempty"`
	// sector is the branch of public life, such as social-protection.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Sector string `json:"sector,omitempty"`
	// keywords help people find the service.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	Keywords []string `json:"keywords,omitempty"`
	// lifeEvents are events in a person's life that the service belongs to, such as retirement.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	LifeEvents []string `json:"lifeEvents,omitempty"`
	// businessEvents are events in a business's life that the service belongs to.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	BusinessEvents []string `json:"businessEvents,omitempty"`
}

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
