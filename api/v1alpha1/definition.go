// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Definition is a service's definition as the bytes that the API server stores. The digest is taken from these bytes and
// never from Go structs, so that a new optional field leaves every digest as it was (knative/serving#6077).
//
// In caches the bytes are dropped after hashing; see Strip.
type Definition struct {
	// ServiceDefinition is nil until Decode; it gives the CRD its schema.
	*ServiceDefinition `json:",inline"`

	raw    []byte `json:"-"`
	digest string `json:"-"`
	code   string `json:"-"`
}

// ErrStripped tells that a definition was read from a cache that keeps only its digest.
var ErrStripped = errors.New("the definition's body was dropped from the cache: read it from the API server")

// NewDefinition holds raw, the JSON of a definition.
func NewDefinition(raw []byte) Definition { return Definition{raw: append([]byte(nil), raw...)} }

// Raw returns the definition's JSON as stored, or nil when it was stripped. The caller must not change it.
func (d *Definition) Raw() []byte { return d.raw }

// Digest returns the digest that Strip recorded, or "" when the body is still here: hash Raw then.
func (d *Definition) Digest() string { return d.digest }

// Strip drops the body and keeps its digest. It is for cache transforms.
func (d *Definition) Strip(digest string) {
	d.ServiceDefinition, d.raw, d.digest = nil, nil, digest
}

// Code returns the service's code that KeepCode recorded, or "".
func (d *Definition) Code() string { return d.code }

// KeepCode records the code that the body declares, for when the body is gone. It is for cache transforms.
func (d *Definition) KeepCode(code string) { d.code = code }

// Decode reads the body into typed fields, once, and returns them. Unknown fields are ignored here; strict reading is package
// definition's. Its error names what did not fit.
func (d *Definition) Decode() (*ServiceDefinition, error) {
	if d.ServiceDefinition != nil {
		return d.ServiceDefinition, nil
	}
	if d.raw == nil {
		return nil, ErrStripped
	}
	var def ServiceDefinition
	if err := json.Unmarshal(d.raw, &def); err != nil {
		return nil, fmt.Errorf("decode definition: %w", err)
	}
	d.ServiceDefinition = &def
	return d.ServiceDefinition, nil
}

// UnmarshalJSON keeps the bytes and decodes nothing.
func (d *Definition) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		*d = Definition{}
		return nil
	}
	*d = NewDefinition(data)
	return nil
}

// MarshalJSON writes the bytes as they came, or the typed fields when there are none. A stripped definition is null: two
// stripped objects differ in nothing, so a merge patch between them leaves the definition alone, and the API server refuses an
// Update with it.
func (d Definition) MarshalJSON() ([]byte, error) {
	switch {
	case d.raw != nil:
		return d.raw, nil
	case d.ServiceDefinition != nil:
		return json.Marshal(d.ServiceDefinition)
	default:
		return []byte("null"), nil
	}
}

// Text is a text in each language of the service, by BCP-47 tag: {"ru": "…", "en": "…"}.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:MaxProperties=8
// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$'))",message="a text is a map of language tags such as ru or en to strings"
type Text map[string]LocalizedString

// LocalizedString is a text in one language. Markdown is allowed where a field says so; raw HTML never is.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=8192
type LocalizedString string

// In returns the text in the first of the languages that it has, else in any language (the smallest tag), else "".
func (t Text) In(languages ...string) string {
	for _, l := range languages {
		if s, ok := t[l]; ok {
			return string(s)
		}
	}
	first := ""
	for l := range t {
		if first == "" || l < first {
			first = l
		}
	}
	return string(t[first])
}
