// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Envelope is the body of an application: its data and everything that comes with it, so that a missing document has a pointer too.
// Objects are map[string]any, lists []any; numbers are int64 when integral and float64 otherwise.
type Envelope struct {
	// Data is the application's data, shaped by data.schema.
	Data map[string]any `json:"data"`
	// Documents are the attached files.
	Documents []Attachment `json:"documents,omitempty"`
	// Applicant holds what is known of the person who applies, by claim name. All values are strings.
	Applicant map[string]any `json:"applicant,omitempty"`
	// Representative holds what is known of the person who files for the applicant. All values are strings.
	Representative map[string]any `json:"representative,omitempty"`
	// Channel is the centre that filed for a visitor; nil when the applicant filed alone.
	Channel *Channel `json:"channel,omitempty"`
	// Language is the BCP-47 tag in which the applicant files; "" means the service's first.
	Language string `json:"language,omitempty"`

	// owned tells that nobody else holds the maps and lists of Data, so that they may be changed.
	owned bool
}

// Attachment is one file that comes with an application.
type Attachment struct {
	// Document is the id of the document that the file is for.
	Document string `json:"document"`
	// ID is the upload's id.
	ID string `json:"id"`
	// Name is the file's name as the applicant gave it.
	Name string `json:"name,omitempty"`
	// Type is the media type that was found in the content.
	Type string `json:"type,omitempty"`
	// Size is in bytes.
	Size int64 `json:"size,omitempty"`
	// SHA256 is the content's hash in hex.
	SHA256 string `json:"sha256,omitempty"`
}

// Channel is the multifunctional centre (МФЦ) that filed an application for a visitor.
type Channel struct {
	// MFC is the centre's code, at most 20 characters.
	MFC string `json:"mfc"`
	// OKATO is the code of the centre's territory, 8 to 11 digits.
	OKATO string `json:"okato"`
}

// Filled is what the intake knows of a filed application and writes into its XML.
type Filled struct {
	// Number is the application's number.
	Number string
	// FiledAt is the moment of filing in the agency's time zone.
	FiledAt time.Time
	// UUID is made from the number.
	UUID string
}

// Violation is one thing wrong with an application.
type Violation struct {
	// Pointer is the place in the envelope, as RFC 6901 says: /data/applicant/surname, /documents/passport.
	Pointer string `json:"pointer"`
	// Code is one of the codes of this package, a rule's code or an eligibility's id.
	Code string `json:"code"`
	// Message tells the applicant what to do, in Russian and English at least.
	Message v1alpha1.Text `json:"message"`
}

// Codes of violations. Rules and eligibility conditions add their own.
const (
	CodeRequired    = "required"
	CodeType        = "type"
	CodeCharacters  = "characters" // a character that XML cannot hold
	CodeEnum        = "enum"
	CodeConst       = "const"
	CodeMinLength   = "minLength"
	CodeMaxLength   = "maxLength"
	CodePattern     = "pattern"
	CodeFormat      = "format"
	CodeMinimum     = "minimum"
	CodeMaximum     = "maximum"
	CodeMultipleOf  = "multipleOf"
	CodeMinItems    = "minItems"
	CodeMaxItems    = "maxItems"
	CodeUniqueItems = "uniqueItems"
	CodeUnknown     = "unknown"
	CodeTooLarge    = "tooLarge"
	CodeMediaType   = "mediaType"
)

// SyntaxError tells that a body is not JSON or XML of the declared shape at all. It answers 400.
type SyntaxError struct {
	// Line is the line of the body, from 1; 0 when unknown.
	Line int
	// Offset is the byte of the body, from 0.
	Offset int64
	// Text tells the sender what is wrong, in Russian and English.
	Text v1alpha1.Text
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, byte %d: %s", e.Line, e.Offset, e.Text.In("en"))
}
