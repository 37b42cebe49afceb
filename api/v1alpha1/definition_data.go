// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

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

// XML says how an application is written as XML. The names of elements stand in the schema's properties (x-okno-xml).
type XML struct {
	// namespaces maps prefixes to URIs; the empty prefix is written as "default".
	// +required
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	Namespaces map[string]NamespaceURI `json:"namespaces,omitempty"`
	// root is the root element, as prefix:name or name.
	// +required
	Root XMLName `json:"root,omitempty"`
	// wrap are elements between the root and the data, outermost first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Wrap []XMLName `json:"wrap,omitempty"`
	// constants are elements with a fixed value. In at, names are those of the XML.
	// +optional
	// +listType=map
	// +listMapKey=at
	// +kubebuilder:validation:MaxItems=64
	Constants []XMLConstant `json:"constants,omitempty"`
	// filled are elements that the intake fills.
	// +optional
	// +listType=map
	// +listMapKey=at
	// +kubebuilder:validation:MaxItems=32
	Filled []XMLFilled `json:"filled,omitempty"`
}

// NamespaceURI names an XML namespace.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
type NamespaceURI string

// XMLName is an element's name, with a prefix of namespaces or without.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
type XMLName string

// XMLPath is a path of element names from the root, /-separated, such as /ЭДПФР/ЗДП/af:GUID.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
type XMLPath string

// XMLConstant is an element with a fixed value, written when its parent is.
type XMLConstant struct {
	// at is the element's path.
	// +required
	At XMLPath `json:"at,omitempty"`
	// value is its text.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Value string `json:"value,omitempty"`
	// order places the element among its siblings, as in x-okno-xml.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	Order int32 `json:"order,omitempty"`
}

// FilledFrom is what the intake fills an element with.
// +kubebuilder:validation:Enum=Number;FiledOn;FiledAt;UUID
type FilledFrom string

// XMLFilled is an element that the intake fills.
type XMLFilled struct {
	// at is the element's path.
	// +required
	At XMLPath `json:"at,omitempty"`
	// from is the value: the application's number, the day or the moment it was filed, or a UUID made from the number.
	// +required
	From FilledFrom `json:"from,omitempty"`
	// order places the element among its siblings, as in x-okno-xml.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	Order int32 `json:"order,omitempty"`
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

// Form lays the data out.
type Form struct {
	// pages are shown in order.
	// +required
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Pages []Page `json:"pages,omitempty"`
	// declaration is agreed to before sending.
	// +required
	Declaration Text `json:"declaration,omitempty"`
	// privacyNotice says what is done with the data; shown before sending.
	// +required
	PrivacyNotice Text `json:"privacyNotice,omitempty"`
	// saveAndReturn keeps unfinished applications.
	// +optional
	SaveAndReturn *SaveAndReturn `json:"saveAndReturn,omitempty"`
}

// SaveAndReturn says how long an unfinished application is kept.
type SaveAndReturn struct {
	// keepFor is how long after the last change.
	// +required
	KeepFor Duration `json:"keepFor,omitzero"`
}

// Page is one page of a form: a few questions that belong together.
type Page struct {
	// id stands in the page's URL.
	// +required
	ID ID `json:"id,omitempty"`
	// title is the page's heading.
	// +required
	Title Text `json:"title,omitempty"`
	// showWhen looks at earlier pages only. Answers on hidden pages are dropped in all three ways in.
	// +optional
	ShowWhen Expression `json:"showWhen,omitempty"`
	// fields are the page's questions.
	// +optional
	// +listType=map
	// +listMapKey=path
	// +kubebuilder:validation:MaxItems=64
	Fields []Field `json:"fields,omitempty"`
	// documents are asked for on this page, by their ids; documents that no page names are asked for on a page of their own.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	Documents []ID `json:"documents,omitempty"`
}

// Widget is how a field is asked.
// +kubebuilder:validation:Enum=Text;TextArea;Date;Radios;Select;Checkbox;Number;Phone;Email;Group
type Widget string

// Field is one question.
type Field struct {
	// path is the field in the data.
	// +required
	Path Pointer `json:"path,omitempty"`
	// label is the question; absent means the schema's title.
	// +optional
	Label Text `json:"label,omitempty"`
	// hint helps to answer.
	// +optional
	Hint Text `json:"hint,omitempty"`
	// widget is how it is asked; absent means what suits the type.
	// +optional
	Widget Widget `json:"widget,omitempty"`
	// showWhen looks at earlier pages and at earlier fields of this page.
	// +optional
	ShowWhen Expression `json:"showWhen,omitempty"`
	// errors replaces the texts of errors, by code.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	Errors map[string]Text `json:"errors,omitempty"`
}
