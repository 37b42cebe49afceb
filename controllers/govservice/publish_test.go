// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/installation"
)

// TestARecordIsRefusedRatherThanCutShort: an API server with an older CRD drops fields that it does not know, signed ones too,
// unless it is asked to refuse them.
func TestARecordIsRefusedRatherThanCutShort(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	asked := ""
	c := interceptor.NewClient(fake.NewClientBuilder().WithScheme(scheme).Build(), interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			options := &client.CreateOptions{}
			asked = options.ApplyOptions(opts).FieldValidation
			return c.Create(ctx, o)
		},
	})
	r := &Reconciler{client: c, Options: Options{Installation: &installation.Installation{Signer: signer(t)}}}
	s := &scope{svc: &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Namespace: "fund", Name: "permit"}}}
	if _, err := r.createRecord(t.Context(), s, v1alpha1.PublicationSpec{Seq: 1, Digest: v1alpha1.Digest("sha256:" + strings.Repeat("0", 64))}); err != nil {
		t.Fatal(err)
	}
	if asked != metav1.FieldValidationStrict {
		t.Errorf("field validation %q", asked)
	}
}
