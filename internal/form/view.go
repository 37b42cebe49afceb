// SPDX-License-Identifier: Apache-2.0

package form

import "github.com/okno-dev/okno/api/v1alpha1"

// PageView is a page as one applicant sees it, in one language.
type PageView struct {
	// ID stands in the page's URL.
	ID string
	// Title is the heading.
	Title string
	// Fields are the questions, in order, without hidden ones.
	Fields []FieldView
	// Documents are the files that are asked for here.
	Documents []DocumentView
}

// FieldView is a question as one applicant sees it.
type FieldView struct {
	// ID is the HTML id, unique on the page.
	ID string
	// Pointer is the answer's place in the envelope: /data/applicant/surname.
	Pointer string
	// Name is the name of the HTML input; of a date the inputs are Name.day, Name.month and Name.year.
	Name string
	// Label is the question.
	Label string
	// Hint helps to answer; "" when there is none.
	Hint string
	// Widget is how it is asked; never "".
	Widget v1alpha1.Widget
	// Options are the choices of Radios, Select and Checkbox. A single Checkbox has one option.
	Options []Option
	// Value is the answer as typed; of a date YYYY-MM-DD as far as it was given.
	Value string
	// Day, Month and Year are the parts of a date as typed.
	Day, Month, Year string
	// Values are the answers of a list.
	Values []string
	// Required tells that an answer must be given whenever the group around it is answered.
	Required bool
	// MaxLength is in characters, of a number about its longest; 0 when it does not apply.
	MaxLength int
	// Autocomplete is the HTML autocomplete token that suits the answer; "" when none does.
	Autocomplete string
	// InputMode is the HTML inputmode: numeric, decimal, tel, email or "".
	InputMode string
	// Items are the entries of a repeating group, or the one entry of a Group over an object.
	Items []GroupItem
	// Repeats tells that the Group is a list; AddAction is then the value of the button that adds an entry, "" when the list is full.
	Repeats   bool
	AddAction string
}

// GroupItem is one entry of a group.
type GroupItem struct {
	// Pointer is the entry's place in the envelope: /data/children/0.
	Pointer string
	// RemoveAction is the value of the button that removes the entry, "" when it cannot be removed.
	RemoveAction string
	// Fields are the entry's questions.
	Fields []FieldView
}

// Option is one choice.
type Option struct {
	Value, Label string
	Selected     bool
	// Group is the heading that the choice stands under in a tree of codes; "" at the top.
	Group string
}

// DocumentView is a document as one applicant is asked for it.
type DocumentView struct {
	// ID names the document; its input is "document.<ID>".
	ID string
	// Pointer is its place in the envelope: /documents/passport.
	Pointer string
	// Name is what people call it.
	Name v1alpha1.Text
	// Page is the id of the page that asks for it.
	Page string
	// Required tells that it must be attached, by what is answered so far.
	Required bool
	// Formats are the media types that are taken; empty means DefaultFormats.
	Formats []string
	// MaxSizeBytes bounds one file.
	MaxSizeBytes int64
	// MinFiles and MaxFiles bound the number of files when any are attached.
	MinFiles, MaxFiles int
	// HowToObtain says where people get it; nil when nothing is said.
	HowToObtain *v1alpha1.HowToObtain
	// ValidFor says how long it stays valid.
	ValidFor v1alpha1.Text
}

// SummarySection is a page's answers, for reading.
type SummarySection struct {
	// Page is the id of the page to change the answers on.
	Page string
	// Title is the page's heading.
	Title string
	// Rows are the answers that were given.
	Rows []SummaryRow
}

// SummaryRow is one answer, for reading.
type SummaryRow struct {
	// Pointer is its place in the envelope.
	Pointer string
	// Entry names the entry of a list that it is about, with those around it: "Premises 2, Cash register 1"; "" outside lists.
	Entry string
	// Label is the question.
	Label string
	// Value is the answer in words: labels of codes, dates as people write them. "" when nothing was answered.
	Value string
}
