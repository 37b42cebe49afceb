// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ParseEntry reads a leaf. It accepts exactly what Leaf writes: every other
// spelling of the same values is an error, since it would hash differently.
func ParseEntry(leaf []byte) (Entry, error) {
	var wire struct {
		Act        Act    `json:"act"`
		Actor      Actor  `json:"actor"`
		At         string `json:"at"`
		Commitment string `json:"commitment"`
		Digest     string `json:"digest"`
		Preview    bool   `json:"preview"`
		Service    string `json:"service"`
		Starts     bool   `json:"starts"`
		Subject    string `json:"subject"`
	}
	if err := json.Unmarshal(leaf, &wire); err != nil {
		return Entry{}, fmt.Errorf("entry: %w", err)
	}
	at, err := time.Parse(timeForm, wire.At)
	if err != nil {
		return Entry{}, fmt.Errorf("entry: %w", err)
	}
	e := Entry{
		At: at, Actor: wire.Actor, Act: wire.Act, Subject: wire.Subject,
		Service: wire.Service, Digest: wire.Digest, Preview: wire.Preview, Starts: wire.Starts,
	}
	if e.Commitment, err = parseHash(wire.Commitment); err != nil {
		return Entry{}, fmt.Errorf("entry: commitment: %w", err)
	}
	if !bytes.Equal(e.Leaf(), leaf) {
		return Entry{}, errors.New("entry: not in canonical form")
	}
	return e, nil
}

var commitmentMember = []byte(`"commitment":"`)

// commitmentIn returns the commitment of a canonical leaf without parsing the
// rest: verification reads millions. The member's opening cannot occur inside
// a text, where a quotation mark is always escaped.
func commitmentIn(leaf []byte) (Hash, error) {
	_, rest, found := bytes.Cut(leaf, commitmentMember)
	end := bytes.IndexByte(rest, '"')
	if !found || end < 0 {
		return Hash{}, errors.New("entry has no commitment")
	}
	return parseHash(string(rest[:end]))
}

func parseHash(text string) (Hash, error) {
	var h Hash
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return h, err
	}
	if len(raw) != HashSize {
		return h, fmt.Errorf("hash has %d bytes, want %d", len(raw), HashSize)
	}
	copy(h[:], raw)
	return h, nil
}
