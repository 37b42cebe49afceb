// SPDX-License-Identifier: Apache-2.0

// Package installation keeps what makes one Okno installation itself: its name and the key that signs its Publications.
package installation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/signature"
)

// SecretName is the Secret in the system namespace that holds the key. Keep a copy of it where the backups of the agencies are:
// who loses it cannot continue the signed records, and who holds it can forge them.
const SecretName = "okno-installation-key"

// PublicName is the ConfigMap that tells the portal and the prover whom to believe. Their pods start once it is there.
const PublicName = "okno-installation"

// Keys of the Secret's data.
const (
	dataKey     = "key"          // PKCS#8 PEM
	dataName    = "installation" // the installation's name
	dataRetired = "retired"      // public keys that signed earlier, base64 of PKIX, one a line
	dataTrusted = "trustedKeys"  // of PublicName: the public keys, the newest first, with commas between them
)

// Installation is who signs.
type Installation struct {
	// Name stands in every record.
	Name string
	// Signer signs records and tokens.
	Signer *signature.Signer
	// TrustedKeys are the public keys whose records hold, the signer's first.
	TrustedKeys []string
}

// Ensure reads the installation's key, and makes one at the very first start. Of two controllers that start together one makes
// the key and both use it. c reads past any cache.
func Ensure(ctx context.Context, c client.Client) (*Installation, error) {
	key := client.ObjectKey{Namespace: v1alpha1.SystemNamespace, Name: SecretName}
	secret := &corev1.Secret{}
	err := c.Get(ctx, key, secret)
	if apierrors.IsNotFound(err) {
		if secret, err = makeSecret(key); err != nil {
			return nil, err
		}
		if err = c.Create(ctx, secret, client.FieldOwner(v1alpha1.FieldManager)); apierrors.IsAlreadyExists(err) {
			err = c.Get(ctx, key, secret)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("installation key: %w", err)
	}
	i, err := read(secret)
	if err != nil {
		return nil, err
	}
	return i, i.tell(ctx, c)
}

// tell writes the public side of the installation where it is not written yet.
func (i *Installation) tell(ctx context.Context, c client.Client) error {
	want := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.SystemNamespace, Name: PublicName},
		Data:       map[string]string{dataName: i.Name, dataTrusted: strings.Join(i.TrustedKeys, ",")},
	}
	have := &corev1.ConfigMap{}
	err := c.Get(ctx, client.ObjectKeyFromObject(want), have)
	switch {
	case apierrors.IsNotFound(err):
		err = client.IgnoreAlreadyExists(c.Create(ctx, want, client.FieldOwner(v1alpha1.FieldManager)))
	case err == nil && !maps.Equal(have.Data, want.Data):
		told := have.DeepCopy()
		told.Data = want.Data
		err = c.Patch(ctx, told, client.MergeFrom(have), client.FieldOwner(v1alpha1.FieldManager))
	}
	if err != nil {
		return fmt.Errorf("tell the installation's public keys: %w", err)
	}
	return nil
}

func makeSecret(key client.ObjectKey) (*corev1.Secret, error) {
	pem, err := signature.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("make installation key: %w", err)
	}
	signer, err := signature.NewSigner(pem)
	if err != nil {
		return nil, fmt.Errorf("make installation key: %w", err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name},
		Type:       corev1.SecretTypeOpaque,
		Data:       map[string][]byte{dataKey: pem, dataName: []byte("okno-" + signer.KeyID()[:12])},
	}, nil
}

func read(secret *corev1.Secret) (*Installation, error) {
	signer, err := signature.NewSigner(secret.Data[dataKey])
	if err != nil {
		return nil, fmt.Errorf("installation key in secret %q: %w", secret.Name, err)
	}
	i := &Installation{Name: string(secret.Data[dataName]), Signer: signer, TrustedKeys: []string{signer.PublicKey()}}
	if i.Name == "" {
		return nil, fmt.Errorf("secret %q names no %s", secret.Name, dataName)
	}
	i.TrustedKeys = append(i.TrustedKeys, strings.Fields(string(secret.Data[dataRetired]))...)
	if _, err := signature.ParseKeys(i.TrustedKeys...); err != nil {
		return nil, errors.Join(fmt.Errorf("retired keys in secret %q", secret.Name), err)
	}
	return i, nil
}
