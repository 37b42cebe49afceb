// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/resources"
	"github.com/okno-dev/okno/internal/signature"
)

// silent is a prover that takes connections and never answers.
type silent struct{ Prover }

func (silent) Image(ctx context.Context) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// TestAProverThatNeverAnswersHoldsNobodyUp: one worker looks after all agencies.
func TestAProverThatNeverAnswersHoldsNobodyUp(t *testing.T) {
	pem, err := signature.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signature.NewSigner(pem)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signature.ParseKeys(signer.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	served := record("permit", 1, v1alpha1.ActionPublish, "sha256:"+strings.Repeat("a", 64))
	served.Namespace, served.Name, served.Spec.Namespace = "fund", "permit-000001", "fund"
	if err := signer.SignPublication(&served.Spec); err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, appsv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	p := &v1alpha1.ServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: "sfr"}, Spec: v1alpha1.ServiceProviderSpec{Namespace: "fund"}}
	former := resources.MakeStatefulSet(p, resources.Settings{IntakeImage: "old"})
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects([]client.Object{former, &served}...).Build()
	clock := clocktesting.NewFakePassiveClock(noon)
	k := NewKeeper(Options{
		Client: c, Reader: c, Clock: clock, Settings: resources.Settings{IntakeImage: "new"}, Keys: keys, Trials: NewTrials(silent{}, c, c, clock),
	})
	synctest.Test(t, func(t *testing.T) {
		off, err := k.hold(t.Context(), p)
		if err != nil || !strings.Contains(off.proving, context.DeadlineExceeded.Error()) {
			t.Errorf("held off %+v, %v", off, err)
		}
	})
}
