// SPDX-License-Identifier: Apache-2.0

package signature

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// privateKeyBlock is the PEM type of a PKCS#8 private key.
const privateKeyBlock = "PRIVATE KEY"

// ErrUnknownKey tells that a signature names a key that is not trusted.
var ErrUnknownKey = errors.New("the signing key is not trusted")

// ErrInvalid tells that a signature does not fit what it stands under.
var ErrInvalid = errors.New("the signature does not verify")

// Signer signs with one private key. It is safe for concurrent use.
type Signer struct {
	private ed25519.PrivateKey
	public  string // PKIX, base64
	id      string
}

// GenerateKey makes a new private key from random (nil means the system's source) and returns it as PKCS#8 PEM, the form that
// NewSigner takes.
func GenerateKey(random io.Reader) ([]byte, error) {
	_, private, err := ed25519.GenerateKey(random)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: privateKeyBlock, Bytes: der}), nil
}

// NewSigner reads an Ed25519 private key from one PKCS#8 PEM block.
func NewSigner(pemPKCS8 []byte) (*Signer, error) {
	block, rest := pem.Decode(pemPKCS8)
	if block == nil || block.Type != privateKeyBlock {
		return nil, fmt.Errorf("private key: no PEM block of type %q", privateKeyBlock)
	}
	if next, _ := pem.Decode(rest); next != nil {
		return nil, errors.New("private key: more than one PEM block")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("private key: %T is not an Ed25519 key", parsed)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	return &Signer{private: private, public: base64.StdEncoding.EncodeToString(der), id: keyID(der)}, nil
}

// PublicKey is the public key's PKIX form in base64, as ParseKeys takes it.
func (s *Signer) PublicKey() string { return s.public }

// KeyID is the SHA-256 of the public key's PKIX form, in hex.
func (s *Signer) KeyID() string { return s.id }

func (s *Signer) sign(payloadType string, payload []byte) []byte {
	return ed25519.Sign(s.private, dsse.PAE(payloadType, payload))
}

// Keys are the public keys that are trusted, by id. The zero value trusts none.
type Keys struct {
	byID map[string]ed25519.PublicKey
}

// ParseKeys reads public keys in PKIX form in base64. It refuses an empty list: who trusts nobody has been set up wrongly.
func ParseKeys(base64PKIX ...string) (Keys, error) {
	if len(base64PKIX) == 0 {
		return Keys{}, errors.New("no trusted key given")
	}
	keys := Keys{byID: make(map[string]ed25519.PublicKey, len(base64PKIX))}
	for i, text := range base64PKIX {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return Keys{}, fmt.Errorf("trusted key %d: %w", i+1, err)
		}
		parsed, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			return Keys{}, fmt.Errorf("trusted key %d: %w", i+1, err)
		}
		public, ok := parsed.(ed25519.PublicKey)
		if !ok {
			return Keys{}, fmt.Errorf("trusted key %d: %T is not an Ed25519 key", i+1, parsed)
		}
		keys.byID[keyID(der)] = public
	}
	return keys, nil
}

// IDs are the ids of the trusted keys, sorted.
func (k Keys) IDs() []string {
	ids := make([]string, 0, len(k.byID))
	for id := range k.byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (k Keys) verify(id, payloadType string, payload, signature []byte) error {
	public, ok := k.byID[id]
	if !ok {
		return fmt.Errorf("%w: %.64q", ErrUnknownKey, id)
	}
	if !ed25519.Verify(public, dsse.PAE(payloadType, payload), signature) {
		return ErrInvalid
	}
	return nil
}

func keyID(pkix []byte) string {
	sum := sha256.Sum256(pkix)
	return hex.EncodeToString(sum[:])
}
