// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// lifetime of certificates: the authority is made once per data folder, all
// others at each start.
const (
	authorityLifetime   = 10 * 365 * 24 * time.Hour
	certificateLifetime = 365 * 24 * time.Hour
)

// authority signs certificates. Its key never leaves the data folder.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	// PEM is the authority's certificate, for those who must trust it.
	PEM []byte
}

// keyPair is a certificate with its key, both as PEM.
type keyPair struct{ Certificate, Key []byte }

// loadAuthority reads the authority kept in dir under name, and makes it when
// there is none.
func loadAuthority(dir, name string) (*authority, error) {
	certFile, keyFile := filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	key, err := loadKey(keyFile)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(certFile)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = selfSign(name, key)
		if err == nil {
			err = writeFile(certFile, text)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("certificate of %q: %w", name, err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%q holds no PEM block", certFile)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate of %q: %w", name, err)
	}
	return &authority{certificate: certificate, key: key, PEM: text}, nil
}

func selfSign(name string, key crypto.Signer) ([]byte, error) {
	template := template(pkix.Name{CommonName: name}, authorityLifetime)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// client issues a certificate that authenticates a user of groups.
func (a *authority) client(user string, groups ...string) (keyPair, error) {
	t := template(pkix.Name{CommonName: user, Organization: groups}, certificateLifetime)
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.issue(t)
}

// server issues a certificate for a server on loopback with further names.
func (a *authority) server(name string, dnsNames ...string) (keyPair, error) {
	t := template(pkix.Name{CommonName: name}, certificateLifetime)
	// etcd's gateway calls itself with the server's certificate.
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	t.DNSNames = append([]string{"localhost"}, dnsNames...)
	t.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(serviceAddress)}
	return a.issue(t)
}

func (a *authority) issue(t *x509.Certificate) (keyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keyPair{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.certificate, key.Public(), a.key)
	if err != nil {
		return keyPair{}, fmt.Errorf("issue certificate of %q: %w", t.Subject.CommonName, err)
	}
	keyText, err := encodeKey(key)
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), Key: keyText}, nil
}

func template(subject pkix.Name, lifetime time.Duration) *x509.Certificate {
	now := time.Now()
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // rand.Reader never fails
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    now.Add(-time.Hour), // a clock that is set back must not stop the cluster
		NotAfter:     now.Add(lifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

// loadKey reads a private key, and makes it when there is none.
func loadKey(path string) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		text, err := encodeKey(key)
		if err != nil {
			return nil, err
		}
		return key, writeFile(path, text)
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%q holds no PEM block", path)
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse key %q: %w", path, err)
	}
	return key, nil
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// publicKey is the public half of a key as PEM.
func publicKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// writeFile replaces a file of the data folder that only its owner may read.
func writeFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft := path + ".new"
	if err := os.WriteFile(draft, text, 0o600); err != nil {
		return err
	}
	return os.Rename(draft, path)
}
