// SPDX-License-Identifier: Apache-2.0

package signature

import (
	"encoding/base64"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Payload is what is signed of a record.
var Payload = record

// SignPayload signs a record's payload as a later version would.
func (s *Signer) SignPayload(payload []byte) v1alpha1.Signature {
	return v1alpha1.Signature{KeyID: s.id, Value: base64.StdEncoding.EncodeToString(s.sign(PublicationType, payload))}
}
