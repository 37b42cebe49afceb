// SPDX-License-Identifier: Apache-2.0

package v1alpha1

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
