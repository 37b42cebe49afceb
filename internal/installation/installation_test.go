// SPDX-License-Identifier: Apache-2.0

package installation

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/signature"
)

func TestTheKeyIsMadeOnceAndKept(t *testing.T) {
	c := fake.NewClientBuilder().Build()
	first, err := Ensure(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Ensure(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if first.Signer.KeyID() != second.Signer.KeyID() || first.Name != second.Name || first.Name == "" {
		t.Errorf("first %q with key %s, second %q with key %s", first.Name, first.Signer.KeyID(), second.Name, second.Signer.KeyID())
	}
}

func TestOfTwoStartsOneMakesTheKey(t *testing.T) {
	winner := fake.NewClientBuilder().Build()
	other, err := Ensure(t.Context(), winner)
	if err != nil {
		t.Fatal(err)
	}
	looked := false
	loser := interceptor.NewClient(winner, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if !looked { // it looked before the winner wrote
				looked = true
				return fake.NewClientBuilder().Build().Get(ctx, key, o, opts...)
			}
			return c.Get(ctx, key, o, opts...)
		},
	})
	got, err := Ensure(t.Context(), loser)
	if err != nil {
		t.Fatal(err)
	}
	if got.Signer.KeyID() != other.Signer.KeyID() {
		t.Error("two keys were made")
	}
}

func TestARetiredKeyIsTrustedAfterTheNewOne(t *testing.T) {
	c := fake.NewClientBuilder().Build()
	if _, err := Ensure(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	pem, err := signature.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	old, err := signature.NewSigner(pem)
	if err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: v1alpha1.SystemNamespace, Name: SecretName}, secret); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		retired string
		bad     bool
	}{
		"a key a line":         {old.PublicKey() + "\n", false},
		"what is no key stops": {"not a key", true},
	} {
		t.Run(name, func(t *testing.T) {
			secret.Data[dataRetired] = []byte(tt.retired)
			if err := c.Update(t.Context(), secret); err != nil {
				t.Fatal(err)
			}
			got, err := Ensure(t.Context(), c)
			if (err != nil) != tt.bad {
				t.Fatalf("err = %v", err)
			}
			public := &corev1.ConfigMap{}
			if err := c.Get(t.Context(), client.ObjectKey{Namespace: v1alpha1.SystemNamespace, Name: PublicName}, public); err != nil {
				t.Fatal(err)
			}
			if err == nil && public.Data[dataTrusted] != strings.Join(got.TrustedKeys, ",") {
				t.Errorf("told %q", public.Data)
			}
			if err == nil && (len(got.TrustedKeys) != 2 || got.TrustedKeys[1] != old.PublicKey()) {
				t.Errorf("trusted = %q", got.TrustedKeys)
			}
		})
	}
}
