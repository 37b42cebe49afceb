// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/controllers"
	"github.com/okno-dev/okno/internal/resources"
	"github.com/okno-dev/okno/test/env"
)

// shipped are the objects of a kind in config/manager.
func shipped[T any](t *testing.T, kind string) []T {
	t.Helper()
	objects, err := env.Objects("../config/manager")
	if err != nil {
		t.Fatal(err)
	}
	var list []T
	for _, object := range objects {
		if object.GetKind() != kind {
			continue
		}
		var o T
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &o); err != nil {
			t.Fatal(err)
		}
		list = append(list, o)
	}
	if len(list) == 0 {
		t.Fatalf("%s holds no %s", filepath.Join("config", "manager"), kind)
	}
	return list
}

// everyPod are the pods that Okno runs, by name: its own programs and an agency's intake.
func everyPod(t *testing.T) map[string]corev1.PodTemplateSpec {
	t.Helper()
	pods := map[string]corev1.PodTemplateSpec{}
	for _, d := range shipped[appsv1.Deployment](t, "Deployment") {
		pods[d.Name] = d.Spec.Template
	}
	p := &v1alpha1.ServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: "sfr"}, Spec: v1alpha1.ServiceProviderSpec{Namespace: "fund"}}
	intake := resources.MakeStatefulSet(p, resources.Settings{IntakeImage: "i"}).Spec.Template
	intake.Spec.Volumes = append(intake.Spec.Volumes, corev1.Volume{Name: "data"}) // of the claim, which Kubernetes adds
	pods[resources.IntakeName] = intake
	if len(pods) != 4 {
		t.Fatalf("pods %q: the test knows of four", slices.Collect(maps.Keys(pods)))
	}
	return pods
}

// TestPodsMeetTheRestrictedStandard asks the API server, which enforces the standard in a namespace that says so.
func TestPodsMeetTheRestrictedStandard(t *testing.T) {
	config := env.Start(t)
	ns := env.Namespace(t, config, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	c, err := client.New(config, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	create := func(t *testing.T, name string, template corev1.PodTemplateSpec) error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}, Spec: template.Spec}
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: template.Spec.ServiceAccountName}}
		if err := c.Create(t.Context(), account); client.IgnoreAlreadyExists(err) != nil {
			t.Fatal(err)
		}
		return c.Create(t.Context(), pod, client.DryRunAll)
	}
	for name, template := range everyPod(t) {
		t.Run(name, func(t *testing.T) {
			if err := create(t, name, template); err != nil {
				t.Error(err)
			}
			for _, c := range template.Spec.Containers {
				if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
					t.Errorf("container %s can write its root", c.Name)
				}
				if c.Resources.Limits.Memory().IsZero() {
					t.Errorf("container %s may take any memory", c.Name)
				}
			}
			if template.Spec.ServiceAccountName == "" || template.Spec.EnableServiceLinks == nil || *template.Spec.EnableServiceLinks {
				t.Error("it runs under the namespace's account, or is told of its neighbours")
			}

			// The standard is in force: the same pod with one more right is refused.
			loose := *template.DeepCopy()
			loose.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = new(true)
			if err := create(t, name+"-loose", loose); !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "restricted") {
				t.Errorf("a looser pod: %v", err)
			}
		})
	}
}

// TestNothingGoesInOrOutUnlessAPolicySaysSo: in Okno's own namespace all is denied and each program has its exceptions; an intake has
// a policy of its own for both directions.
func TestNothingGoesInOrOutUnlessAPolicySaysSo(t *testing.T) {
	both := []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	policies := shipped[networkingv1.NetworkPolicy](t, "NetworkPolicy")
	denied := slices.ContainsFunc(policies, func(p networkingv1.NetworkPolicy) bool {
		return len(p.Spec.PodSelector.MatchLabels) == 0 && len(p.Spec.PodSelector.MatchExpressions) == 0 &&
			len(p.Spec.Ingress) == 0 && len(p.Spec.Egress) == 0 && slices.Equal(p.Spec.PolicyTypes, both)
	})
	if !denied {
		t.Error("no policy denies everything by default")
	}
	provider := &v1alpha1.ServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: "sfr"}, Spec: v1alpha1.ServiceProviderSpec{Namespace: "fund"}}
	policies = append(policies, *resources.MakeNetworkPolicy(provider))
	for name, template := range everyPod(t) {
		own := 0
		for _, p := range policies {
			if want := p.Spec.PodSelector.MatchLabels[resources.NameLabel]; want != "" && want == template.Labels[resources.NameLabel] {
				own++
				if !slices.Equal(p.Spec.PolicyTypes, both) {
					t.Errorf("the policy of %s is about %v", name, p.Spec.PolicyTypes)
				}
			}
		}
		if own != 1 {
			t.Errorf("%s has %d policies", name, own)
		}
	}
	namespace := shipped[corev1.Namespace](t, "Namespace")[0]
	if got := namespace.Labels["pod-security.kubernetes.io/enforce"]; got != "restricted" {
		t.Errorf("namespace %s enforces %q", namespace.Name, got)
	}
}
