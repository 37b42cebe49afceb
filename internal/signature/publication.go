// SPDX-License-Identifier: Apache-2.0

package signature

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
)

// PublicationType is the DSSE payload type of a Publication's record.
const PublicationType = "application/vnd.okno.publication.v1+json"

// ErrMoved tells that a record was made for another namespace.
var ErrMoved = errors.New("the record belongs to another namespace")

// SignPublication sets spec's signature over everything else in it. Times are signed as they are stored, to the second.
func (s *Signer) SignPublication(spec *v1alpha1.PublicationSpec) error {
	payload, err := record(*spec)
	if err != nil {
		return err
	}
	spec.Signature = v1alpha1.Signature{
		KeyID: s.id,
		Value: base64.StdEncoding.EncodeToString(s.sign(PublicationType, payload)),
	}
	return nil
}

// VerifyPublication checks that a trusted key signed spec as it stands and that it was made for namespace, the one it was found
// in. Its errors are ErrUnknownKey, ErrInvalid or ErrMoved with context.
func (k Keys) VerifyPublication(spec v1alpha1.PublicationSpec, namespace string) error {
	where := fmt.Sprintf("publication %d of %q", spec.Seq, spec.Service)
	if spec.Namespace != namespace {
		return fmt.Errorf("%s: %w: made for %q, found in %q", where, ErrMoved, spec.Namespace, namespace)
	}
	signature, err := base64.StdEncoding.DecodeString(spec.Signature.Value)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", where, ErrInvalid, err)
	}
	// One signature has one spelling, so that RecordHash has one value: decoding skips line breaks and spare bits.
	if base64.StdEncoding.EncodeToString(signature) != spec.Signature.Value {
		return fmt.Errorf("%s: %w: it is not in plain base64", where, ErrInvalid)
	}
	payload, err := record(spec)
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	if err := k.verify(spec.Signature.KeyID, PublicationType, payload, signature); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	return nil
}

// RecordHash is what the service's next record carries as previous: the SHA-256 in hex of spec's RFC 8785 form, signature
// included.
func RecordHash(spec v1alpha1.PublicationSpec) (string, error) {
	_, hash, err := digest.JSON(spec)
	return hash, err
}

// record is what is signed: the RFC 8785 form of spec without its signature, fields of later versions included.
func record(spec v1alpha1.PublicationSpec) ([]byte, error) {
	if !spec.HasNewerFields() {
		spec.Signature = v1alpha1.Signature{}
		payload, _, err := digest.JSON(spec)
		return payload, err
	}
	whole, _, err := digest.JSON(spec) // refuses keys that stand twice
	if err != nil {
		return nil, err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(whole, &fields); err != nil {
		return nil, fmt.Errorf("read publication: %w", err)
	}
	delete(fields, "signature")
	payload, _, err := digest.JSON(fields)
	return payload, err
}
