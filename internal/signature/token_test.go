// SPDX-License-Identifier: Apache-2.0

package signature_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/okno-dev/okno/internal/signature"
)

const audience = "sfr/okno-intake"

func TestVerifyToken(t *testing.T) {
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	s, other := signer(t), signer(t)
	fresh := s.Token(audience, now.Add(signature.TokenLife))
	for name, tc := range map[string]struct {
		token, audience string
		keys            signature.Keys
		want            error
	}{
		"a fresh token":                         {token: fresh},
		"within the skew of the clocks":         {token: s.Token(audience, now.Add(-30*time.Second))},
		"ended":                                 {token: s.Token(audience, now.Add(-signature.ClockSkew)), want: signature.ErrToken},
		"would live too long":                   {token: s.Token(audience, now.Add(signature.TokenLife+2*signature.ClockSkew)), want: signature.ErrToken},
		"for another agency's intake":           {token: s.Token("fns/okno-intake", now.Add(time.Minute)), want: signature.ErrToken},
		"asked for by an empty audience":        {token: fresh, audience: "-", want: signature.ErrToken},
		"signed by a stranger":                  {token: other.Token(audience, now.Add(time.Minute)), want: signature.ErrUnknownKey},
		"a stranger's signature under our id":   {token: cut(fresh, 0) + "." + cut(other.Token(audience, now.Add(time.Minute)), 1), want: signature.ErrInvalid},
		"our signature under another payload":   {token: cut(s.Token("fns/okno-intake", now.Add(time.Minute)), 0) + "." + cut(fresh, 1), want: signature.ErrInvalid},
		"no signature":                          {token: cut(fresh, 0), want: signature.ErrToken},
		"empty":                                 {token: "", want: signature.ErrToken},
		"too long":                              {token: strings.Repeat("a", 3000) + "." + cut(fresh, 1), want: signature.ErrToken},
		"trusting nobody":                       {token: fresh, keys: signature.Keys{}, want: signature.ErrUnknownKey},
		"an end that cannot be written as JSON": {token: s.Token(audience, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), want: signature.ErrToken},
	} {
		t.Run(name, func(t *testing.T) {
			keys, asked := trusting(t, s), audience
			if name == "trusting nobody" {
				keys = tc.keys
			}
			if tc.audience != "" {
				asked = strings.Trim(tc.audience, "-")
			}
			err := keys.VerifyToken(tc.token, asked, now)
			if (tc.want == nil) != (err == nil) || !errors.Is(err, tc.want) {
				t.Errorf("err = %v, want %v", err, tc.want)
			}
		})
	}
}

func cut(token string, part int) string { return strings.Split(token, ".")[part] }

func TestKeysThatAreRefused(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(ec.Public())
	if err != nil {
		t.Fatal(err)
	}
	good, err := signature.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"empty":       nil,
		"not PEM":     []byte("secret"),
		"ECDSA":       pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"wrong block": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}),
		"garbage":     pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"two keys":    append(append([]byte(nil), good...), good...),
	} {
		if _, err := signature.NewSigner(text); err == nil {
			t.Errorf("NewSigner took a private key that is %s", name)
		}
	}
	for name, list := range map[string][]string{
		"nothing":    {},
		"empty":      {""},
		"not base64": {"*"},
		"garbage":    {"eHl6"},
		"ECDSA":      {base64.StdEncoding.EncodeToString(pkix)},
	} {
		if _, err := signature.ParseKeys(list...); err == nil {
			t.Errorf("ParseKeys took %s", name)
		}
	}
}

func TestKeyIDs(t *testing.T) {
	first, second := signer(t), signer(t)
	ids := trusting(t, first, second, first).IDs()
	if len(ids) != 2 || ids[0] > ids[1] {
		t.Errorf("ids = %q, want both once, sorted", ids)
	}
	if !strings.Contains(strings.Join(ids, " "), first.KeyID()) || len(first.KeyID()) != 64 {
		t.Errorf("ids = %q lack %q", ids, first.KeyID())
	}
}

// FuzzVerifyToken holds that nothing but a token that was signed passes, whatever is sent.
func FuzzVerifyToken(f *testing.F) {
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	s := signer(f)
	keys := trusting(f, s)
	token := s.Token(audience, now.Add(time.Minute))
	f.Add(token)
	f.Add(cut(token, 0) + ".")
	f.Add("e30.e30")
	f.Fuzz(func(t *testing.T, sent string) {
		err := keys.VerifyToken(sent, audience, now)
		if err == nil && strings.NewReplacer("\r", "", "\n", "").Replace(sent) != token {
			t.Errorf("%q passed", sent)
		}
	})
}
