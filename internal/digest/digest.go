// SPDX-License-Identifier: Apache-2.0

package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gowebpki/jcs"

	"github.com/okno-dev/okno/api/v1alpha1"
)

const (
	// Domain separates digests of definitions from every other hash. Another meaning of the same bytes, such as another code
	// default, needs another domain.
	Domain = "okno.definition.v1\n"
	// MaxBytes bounds the canonical form of a definition.
	MaxBytes = 192 << 10
	// prefix begins every digest and names the hash.
	prefix = "sha256:"
	// nameDigits is how many hex digits of the digest stand in a revision's name.
	nameDigits = 10
)

// Of returns the digest of a definition's JSON. The error is a *FaultError when the bytes hold something that would make
// digests lie; see Faults.
func Of(raw []byte) (v1alpha1.Digest, error) {
	canonical, err := Canonical(raw)
	if err != nil {
		return "", err
	}
	return OfCanonical(canonical), nil
}

// Canonical returns the RFC 8785 form of a definition's JSON, with the same refusals as Of.
func Canonical(raw []byte) ([]byte, error) {
	canonical, faults := canonical(raw)
	if len(faults) > 0 {
		return nil, &FaultError{Faults: faults}
	}
	return canonical, nil
}

// RevisionName returns the name of the ServiceRevision of service with digest d: <service>-<first 10 hex digits>. A malformed
// digest gives a name without the missing digits, which no object has.
func RevisionName(service string, d v1alpha1.Digest) string {
	hexed := strings.TrimPrefix(string(d), prefix)
	return service + "-" + hexed[:min(nameDigits, len(hexed))]
}

// JSON returns the RFC 8785 form of v's JSON and its SHA-256 in hex, for policies, approvals and reports. Unlike a definition,
// v may hold null and be of any size; numbers that a float64 cannot hold are an error.
func JSON(v any) ([]byte, string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, "", fmt.Errorf("canonical form of %T: %w", v, err)
	}
	for _, f := range ScanJSON(raw) {
		if f.Kind != Null {
			return nil, "", fmt.Errorf("canonical form of %T: %w", v, &FaultError{Faults: []Fault{f}})
		}
	}
	out, err := jcs.Transform(raw)
	if err != nil {
		return nil, "", fmt.Errorf("canonical form of %T: %w", v, err)
	}
	hash := sha256.Sum256(out)
	return out, hex.EncodeToString(hash[:]), nil
}

// OfCanonical returns the digest of a definition's canonical form. Bytes in any other form get a hash that is no definition's
// digest, so that bytes which hash to a known digest are canonical.
func OfCanonical(canonical []byte) v1alpha1.Digest {
	h := sha256.New()
	h.Write([]byte(Domain))
	h.Write(canonical)
	return v1alpha1.Digest(prefix + hex.EncodeToString(h.Sum(nil)))
}
