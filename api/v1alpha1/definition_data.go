// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

// Data is the application's data model.
type Data struct {
	// schema is a JSON Schema 2020-12 in Okno's closed profile: one type, bounds on everything, additionalProperties false,
	// ASCII property names, local $ref without cycles, x-okno-xml and x-okno-codeList. See docs/reference/schema-profile.md.
	// +required
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	Schema apiextensionsv1.JSON `json:"schema,omitzero"`
	// rules are what needs two fields or a control number.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=128
	Rules []Rule `json:"rules,omitempty"`
	// codeLists are the values that fields choose from.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=32
	CodeLists []CodeList `json:"codeLists,omitempty"`
	// xml says how the data is written as the agency's XML.
	// +optional
	XML *XML `json:"xml,omitempty"`
	// sensitive marks data of special categories.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=128
	Sensitive []Sensitive `json:"sensitive,omitempty"`
	// prefill takes values from the signed-in person's identity.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Prefill []Prefill `json:"prefill,omitempty"`
}

// Rule is a check over the whole application.
type Rule struct {
	// id names the rule.
	// +required
	ID ID `json:"id,omitempty"`
	// when says when the rule applies; absent means always.
	// +optional
	When Expression `json:"when,omitempty"`
	// assert must be true.
	// +required
	Assert Expression `json:"assert,omitempty"`
	// at is the field that the error is shown at.
	// +required
	At Pointer `json:"at,omitempty"`
	// code is the error's code in the API.
	// +required
	Code ID `json:"code,omitempty"`
	// message tells the applicant what is wrong and how to mend it.
	// +required
	Message Text `json:"message,omitempty"`
}

// ReferenceMode says how content outside the definition is bound.
// +kubebuilder:validation:Enum=Pinned;Live
type ReferenceMode string

// CodeList is a list of values, inline or in a ConfigMap.
//
// +kubebuilder:validation:XValidation:rule="has(self.items) != has(self.configMapRef)",message="a code list has either items or a configMapRef"
// +kubebuilder:validation:XValidation:rule="!has(self.configMapRef) || has(self.mode)",message="a configMapRef needs a mode: Pinned or Live"
type CodeList struct {
	// id names the list; fields refer to it by x-okno-codeList.
	// +required
	ID ID `json:"id,omitempty"`
	// items are the list's values.
	// +optional
	// +listType=map
	// +listMapKey=code
	// +kubebuilder:validation:MaxItems=2000
	Items []CodeListItem `json:"items,omitempty"`
	// configMapRef names a ConfigMap of the agency's namespace with the list.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ConfigMapRef string `json:"configMapRef,omitempty"`
	// mode says whether the content is pinned by its sha256 or lives on with versions of its own.
	// +optional
	Mode ReferenceMode `json:"mode,omitempty"`
	// sha256 is the content's hash when pinned.
	// +optional
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	SHA256 string `json:"sha256,omitempty"`
}

// CodeListItem is one value of a code list.
type CodeListItem struct {
	// code is what the data holds.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Code string `json:"code,omitempty"`
	// label is what people see.
	// +required
	Label Text `json:"label,omitempty"`
	// parent is the code above this one in a tree.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Parent string `json:"parent,omitempty"`
}

// Sensitive marks data of a special category.
type Sensitive struct {
	// path is the field.
	// +required
	Path Pointer `json:"path,omitempty"`
	// category is the category of personal data.
	// +required
	Category DataCategory `json:"category,omitempty"`
}

// Prefill takes a value from the signed-in person's identity.
type Prefill struct {
	// path is the field.
	// +required
	Path Pointer `json:"path,omitempty"`
	// from is where the value comes from.
	// +required
	// +kubebuilder:validation:Enum=Identity
	From string `json:"from,omitempty"`
	// attribute is the claim's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Attribute string `json:"attribute,omitempty"`
}
