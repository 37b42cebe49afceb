// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"context"
	"errors"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/test/env"
)

// TestAnotherMutationCannotChangeWhoDecided puts a policy in force that writes another approver and author over the stamps. Order
// among mutations is not ours to choose; validation comes after all of them.
func TestAnotherMutationCannotChangeWhoDecided(t *testing.T) {
	o := open(t)
	o.mutate("approvals", `[JSONPatch{op: "add", path: "/spec/approver", value: Object.spec.approver{username: "minister"}},
		JSONPatch{op: "add", path: "/metadata/annotations", value: {"hostile": "yes"}}]`)
	o.mutate("govservices", `[JSONPatch{op: "add", path: "/metadata/annotations", value: {"catalog.okno.dev/author": "minister", "hostile": "yes"}}]`)

	env.Eventually(t, "the hostile policy meets an approval", func(ctx context.Context) error {
		a := o.approval("", "security")
		a.GenerateName = "decision-"
		err := o.as("officer", groupOf["security"]).Create(ctx, a)
		if apierrors.IsForbidden(err) {
			return nil
		}
		if err == nil && a.Annotations["hostile"] == "yes" && a.Spec.Approver.Username == "officer" {
			return nil
		}
		if err == nil && a.Spec.Approver.Username != "officer" {
			t.Fatalf("approver %q was stored", a.Spec.Approver.Username)
		}
		return errors.Join(err, errors.New("the hostile policy is not in force yet"))
	})
	env.Eventually(t, "the hostile policy meets a service", func(ctx context.Context) error {
		svc := o.sample()
		svc.Name, svc.GenerateName = "", "hostile-"
		err := o.as("editor", editors).Create(ctx, svc)
		if apierrors.IsForbidden(err) {
			return nil
		}
		if err == nil && svc.Annotations["hostile"] == "yes" && svc.Annotations[v1alpha1.AuthorAnnotation] == "editor" {
			return nil
		}
		if err == nil && svc.Annotations[v1alpha1.AuthorAnnotation] != "editor" {
			t.Fatalf("author %q was stored", svc.Annotations[v1alpha1.AuthorAnnotation])
		}
		return errors.Join(err, errors.New("the hostile policy is not in force yet"))
	})
}

// mutate puts a mutation of a resource in force in this agency's namespace.
func (o *office) mutate(resource, patch string) {
	o.t.Helper()
	fail := admissionregistrationv1.Fail
	name := "zz-" + o.namespace + "-" + resource
	policy := &admissionregistrationv1.MutatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionregistrationv1.MutatingAdmissionPolicySpec{
			FailurePolicy: &fail, ReinvocationPolicy: admissionregistrationv1.NeverReinvocationPolicy,
			MatchConstraints: &admissionregistrationv1.MatchResources{
				NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": o.namespace}},
				ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
					Operations: []admissionregistrationv1.OperationType{"CREATE", "UPDATE"},
					Rule:       admissionregistrationv1.Rule{APIGroups: []string{v1alpha1.GroupName}, APIVersions: []string{"*"}, Resources: []string{resource}},
				}}},
			},
			Mutations: []admissionregistrationv1.Mutation{{
				PatchType: admissionregistrationv1.PatchTypeJSONPatch, JSONPatch: &admissionregistrationv1.JSONPatch{Expression: patch},
			}},
		},
	}
	binding := &admissionregistrationv1.MutatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       admissionregistrationv1.MutatingAdmissionPolicyBindingSpec{PolicyName: name},
	}
	if err := o.admin.Create(o.t.Context(), policy); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { deleteNow(o.t, o.admin, policy) })
	if err := o.admin.Create(o.t.Context(), binding); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { deleteNow(o.t, o.admin, binding) })
}
