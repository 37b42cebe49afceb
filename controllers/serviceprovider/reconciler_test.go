// SPDX-License-Identifier: Apache-2.0

package serviceprovider

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// TestAStatusThatCollidesIsWrittenSoon: the write that came between may be one that wakes nobody, as the journal's checkpoint does.
func TestAStatusThatCollidesIsWrittenSoon(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	provider := &v1alpha1.ServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: "sfr"}, Spec: v1alpha1.ServiceProviderSpec{Namespace: "fund"}}
	for name, objects := range map[string][]client.Object{
		"an intake that runs":      {provider, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "fund"}}},
		"a namespace that is gone": {provider},
	} {
		t.Run(name, func(t *testing.T) {
			collides := interceptor.Funcs{
				SubResourcePatch: func(context.Context, client.Client, string, client.Object, client.Patch, ...client.SubResourcePatchOption) error {
					return apierrors.NewConflict(schema.GroupResource{Resource: "serviceproviders"}, "sfr", nil)
				},
			}
			c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithInterceptorFuncs(collides).
				WithIndex(&v1alpha1.ServiceProvider{}, "spec.namespace", func(o client.Object) []string {
					return []string{o.(*v1alpha1.ServiceProvider).Spec.Namespace}
				}).Build()
			r := &Reconciler{client: c, away: map[types.NamespacedName]time.Time{}, Options: Options{
				Clock: clocktesting.NewFakePassiveClock(time.Now()),
				Intake: func(context.Context, *v1alpha1.ServiceProvider) (IntakeState, error) {
					return IntakeState{Running: true}, nil
				},
				BaseURL: func(string) string { return "http://sfr.localhost" },
			}}
			result, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(provider)})
			if err != nil || result.RequeueAfter != whenBehind {
				t.Errorf("looks again after %s, %v; want %s", result.RequeueAfter, err, whenBehind)
			}
		})
	}
}
