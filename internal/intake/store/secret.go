// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"strings"
)

// secretBytes is how much of the HMAC a receipt shows: 160 bits, 32 letters.
const secretBytes = 20

var base32NoPadding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Secret returns the receipt secret of a number: 32 letters and digits, derived
// from the store's own key, so that a replay answers the same receipt and the
// database holds no secret of any receipt.
func (s *Store) Secret(number string) string {
	mac := hmac.New(sha256.New, s.secretKey)
	mac.Write([]byte(number))
	return base32NoPadding.EncodeToString(mac.Sum(nil)[:secretBytes])
}

// CheckSecret tells in constant time whether secret belongs to number. Letter
// case, spaces and hyphens do not matter: people type it from paper.
func (s *Store) CheckSecret(number, secret string) bool {
	typed := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(secret))
	return subtle.ConstantTimeCompare([]byte(typed), []byte(s.Secret(number))) == 1
}

// newID returns a random id of 160 bits: holding it is the right to use what it names.
func newID() string {
	var raw [20]byte
	rand.Read(raw[:]) // never fails: crypto/rand ends the process instead
	return strings.ToLower(base32NoPadding.EncodeToString(raw[:]))
}

// idHash stands for a secret id wherever the id itself must not be read.
func idHash(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:16]
}

// openSubject is how the journal's open part names a secret id.
func openSubject(id string) string { return hex.EncodeToString(idHash(id)) }
