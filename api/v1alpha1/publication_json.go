// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"reflect"

	"sigs.k8s.io/json"
)

// plainPublication is a record as its fields say, without what later versions add.
type plainPublication PublicationSpec

// UnmarshalJSON reads a record. The bytes of one with fields that this program does not know are kept, since its signature is over
// them too: an older intake beside a newer controller must still obey a stop (ADR 12).
func (s *PublicationSpec) UnmarshalJSON(data []byte) error {
	plain := plainPublication{}
	unknown, err := json.UnmarshalStrict(data, &plain)
	if err != nil {
		return fmt.Errorf("decode publication: %w", err)
	}
	if len(unknown) > 0 {
		plain.newer = bytes.Clone(data)
	}
	*s = PublicationSpec(plain)
	return nil
}

// MarshalJSON writes a record with the fields that this program does not know, as it came. Who changes a field gets a record of the
// known fields alone, which no signature fits any more.
func (s PublicationSpec) MarshalJSON() ([]byte, error) {
	if s.HasNewerFields() {
		return s.newer, nil
	}
	return stdjson.Marshal(plainPublication(s))
}

// HasNewerFields tells whether the record is as it was read and holds fields that this program does not know.
func (s PublicationSpec) HasNewerFields() bool {
	if s.newer == nil {
		return false
	}
	was := plainPublication{}
	if _, err := json.UnmarshalStrict(s.newer, &was); err != nil {
		return false
	}
	was.newer = s.newer
	return reflect.DeepEqual(was, plainPublication(s))
}
