// SPDX-License-Identifier: Apache-2.0

package signature

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// TokenType is the DSSE payload type of a token.
	TokenType = "application/vnd.okno.token.v1+json"
	// TokenLife is how long a token lives; one that ends later than TokenLife and ClockSkew from now is refused.
	TokenLife = 2 * time.Minute
	// ClockSkew is how far the clocks of the two sides may differ.
	ClockSkew = time.Minute
	// maxToken bounds what is read of a token, in bytes.
	maxToken = 2048
)

// ErrToken tells that a bearer token is not one, is for somebody else, or has ended.
var ErrToken = errors.New("token refused")

// claims are what a token says. The payload is not canonical JSON: the bytes that were signed travel with it.
type claims struct {
	Audience string    `json:"aud"`
	Expires  time.Time `json:"exp"`
	KeyID    string    `json:"kid"`
}

// Token returns a bearer token for audience that ends at expires: base64url(payload) "." base64url(signature).
func (s *Signer) Token(audience string, expires time.Time) string {
	payload, err := json.Marshal(claims{Audience: audience, Expires: expires.UTC().Truncate(time.Second), KeyID: s.id})
	if err != nil {
		// Only a year beyond 9999 cannot be written; such a token would be refused anyway.
		return ""
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode(payload) + "." + encode(s.sign(TokenType, payload))
}

// VerifyToken checks that token was signed by a trusted key, is bound to audience, and has not ended at now. Its error wraps
// ErrToken, or ErrUnknownKey or ErrInvalid, and says enough for an operator to see two clocks that disagree.
func (k Keys) VerifyToken(token, audience string, now time.Time) error {
	payload, signature, err := splitToken(token)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrToken, err)
	}
	// The key's id is read before the signature is checked; nothing else is believed before.
	var c claims
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return fmt.Errorf("%w: %w", ErrToken, err)
	}
	if err := k.verify(c.KeyID, TokenType, payload, signature); err != nil {
		return fmt.Errorf("%w: %w", ErrToken, err)
	}
	switch {
	case c.Audience != audience:
		return fmt.Errorf("%w: it is for %q, not for %q", ErrToken, c.Audience, audience)
	case !now.Before(c.Expires.Add(ClockSkew)):
		return fmt.Errorf("%w: it ended at %s and the clock here says %s", ErrToken, c.Expires.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case c.Expires.After(now.Add(TokenLife + ClockSkew)):
		return fmt.Errorf("%w: it ends at %s, too far from the clock here, %s", ErrToken, c.Expires.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

func splitToken(token string) (payload, signature []byte, err error) {
	if len(token) > maxToken {
		return nil, nil, fmt.Errorf("it is longer than %d bytes", maxToken)
	}
	first, second, ok := strings.Cut(token, ".")
	if !ok {
		return nil, nil, errors.New("it has no signature")
	}
	decode := base64.RawURLEncoding.Strict().DecodeString
	if payload, err = decode(first); err != nil {
		return nil, nil, err
	}
	signature, err = decode(second)
	return payload, signature, err
}
