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
