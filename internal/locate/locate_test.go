// SPDX-License-Identifier: Apache-2.0

package locate

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/okno-dev/okno/internal/prover"
	"github.com/okno-dev/okno/internal/resources"
)

func pod(namespace, name, app, ip string, ready corev1.ConditionStatus) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{resources.NameLabel: app}},
		Status:     corev1.PodStatus{PodIP: ip, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}},
	}
}

func TestReadyPodsAreFound(t *testing.T) {
	pods := NewPods(fake.NewClientBuilder().WithObjects(
		pod("fund", "okno-intake-0", resources.IntakeName, "10.0.0.1", corev1.ConditionTrue),
		pod("other", "okno-intake-0", resources.IntakeName, "10.0.0.2", corev1.ConditionFalse),
		pod("okno-system", "a", ProverName, "10.0.0.3", corev1.ConditionFalse),
		pod("okno-system", "b", ProverName, "fd00::4", corev1.ConditionTrue),
	).Build())
	if got, err := pods.Intake(t.Context(), "fund"); err != nil || got != "http://10.0.0.1:8081" {
		t.Errorf("intake = %q, %v", got, err)
	}
	if got, err := pods.Intake(t.Context(), "other"); err == nil {
		t.Errorf("a pod that is not ready was found at %q", got)
	}
	want := prover.Address{Public: "http://[fd00::4]:8080", Inner: "http://[fd00::4]:8081"}
	if got, err := pods.Prover(t.Context()); err != nil || got != want {
		t.Errorf("prover = %v, %v, want %v", got, err, want)
	}
}

func TestAPlaceIsRememberedUntilItIsForgotten(t *testing.T) {
	c := fake.NewClientBuilder().WithObjects(pod("fund", "okno-intake-0", resources.IntakeName, "10.0.0.1", corev1.ConditionTrue)).Build()
	pods := NewPods(c)
	if _, err := pods.Intake(t.Context(), "fund"); err != nil {
		t.Fatal(err)
	}
	moved := pod("fund", "okno-intake-0", resources.IntakeName, "10.0.0.9", corev1.ConditionTrue)
	if err := c.Status().Update(t.Context(), moved); err != nil {
		t.Fatal(err)
	}
	if got, _ := pods.Intake(t.Context(), "fund"); got != "http://10.0.0.1:8081" {
		t.Errorf("asked again: %q", got)
	}
	pods.Forget("fund", resources.IntakeName)
	if got, _ := pods.Intake(t.Context(), "fund"); got != "http://10.0.0.9:8081" {
		t.Errorf("after forgetting: %q", got)
	}
}

func TestAProverIsFoundByItsImage(t *testing.T) {
	of := func(name, image, ip string, ready corev1.ConditionStatus) *corev1.Pod {
		p := pod("okno-system", name, ProverName, ip, ready)
		p.Spec.Containers = []corev1.Container{{Name: "prover", Image: image}}
		return p
	}
	tests := map[string]struct {
		pods []*corev1.Pod
		want string
		err  string
	}{
		"beside one of the old image": {
			[]*corev1.Pod{of("a", "intake:1", "10.0.0.1", corev1.ConditionTrue), of("b", "intake:2", "10.0.0.2", corev1.ConditionTrue)},
			"http://10.0.0.2:8081", "",
		},
		"not before it is ready": {
			[]*corev1.Pod{of("a", "intake:1", "10.0.0.1", corev1.ConditionTrue), of("b", "intake:2", "10.0.0.2", corev1.ConditionFalse)},
			"", "no ready okno-prover runs it, but intake:1",
		},
		"nor while there is none": {nil, "", "no okno-prover is ready"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := fake.NewClientBuilder()
			for _, p := range tt.pods {
				b.WithObjects(p)
			}
			got, err := NewPods(b.Build()).ProverOf(t.Context(), "intake:2")
			if got.Inner != tt.want || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
				t.Errorf("prover = %v, %v", got, err)
			}
		})
	}
}
