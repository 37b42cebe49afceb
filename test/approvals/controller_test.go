// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"context"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/test/env"
)

const controllerGroup = "system:masters" // RBAC must not be what stops it: the policy is tried alone

func (o *office) binding(namespace, role string, subject rbacv1.Subject) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "by-the-controller", Namespace: namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{subject},
	}
}

// TestWhatWhoTakesOverTheControllerCannotBind: with a role that makes workloads, in a namespace whose workloads are the cluster's.
func TestWhatWhoTakesOverTheControllerCannotBind(t *testing.T) {
	o := &office{t: t, config: env.Start(t)}
	o.admin, o.namespace = clientOf(t, o.config), env.Namespace(t, o.config, nil)
	itself := o.as("system:serviceaccount:okno-system:okno-controller", controllerGroup)
	account := func(namespace, name string) rbacv1.Subject {
		return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}
	}
	own, intake := account("okno-system", "okno-controller"), account(o.namespace, "okno-intake")
	for name, tc := range map[string]struct {
		binding *rbacv1.RoleBinding
		says    string // "" when it may
	}{
		"itself in an agency":                   {o.binding(o.namespace, "okno-agency-controller", own), ""},
		"the intake in its agency":              {o.binding(o.namespace, "okno-intake", intake), ""},
		"itself in kube-system":                 {o.binding("kube-system", "okno-agency-controller", own), "in agencies' namespaces only"},
		"itself in its own namespace":           {o.binding("okno-system", "okno-agency-controller", own), "in agencies' namespaces only"},
		"somebody else":                         {o.binding(o.namespace, "okno-agency-controller", rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: "mallory"}), "and nothing else"},
		"an account of its name elsewhere":      {o.binding(o.namespace, "okno-agency-controller", account(o.namespace, "okno-controller")), "and nothing else"},
		"the intake with the controller's role": {o.binding(o.namespace, "okno-agency-controller", intake), "and nothing else"},
		"an intake of another agency":           {o.binding(o.namespace, "okno-intake", account("fns", "okno-intake")), "and nothing else"},
		"another role":                          {o.binding(o.namespace, "cluster-admin", own), "and nothing else"},
		"another role of Okno's":                {o.binding(o.namespace, "okno-approve-security", own), "and nothing else"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := itself.Create(t.Context(), tc.binding, client.DryRunAll); tc.says != "" {
				refused(t, err, tc.says)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("others bind as they did", func(t *testing.T) {
		if err := o.admin.Create(t.Context(), o.binding("kube-system", "view", rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: "anna"}), client.DryRunAll); err != nil {
			t.Error(err)
		}
	})
}

// TestTheControllerWritesNoDefinition: it sets a finalizer, and its patches reach nothing else.
func TestTheControllerWritesNoDefinition(t *testing.T) {
	o := open(t)
	patch := func(body string) error {
		svc := &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: o.revision.Spec.Service}}
		return o.controller().Patch(t.Context(), svc, client.RawPatch(types.MergePatchType, []byte(body)), client.DryRunAll)
	}
	for name, body := range map[string]string{
		"the definition":     `{"spec":{"service":{"title":{"en":"Another title"}}}}`,
		"the state":          `{"spec":{"state":"Suspended"}}`,
		"a label":            `{"metadata":{"labels":{"a":"b"}}}`,
		"an annotation":      `{"metadata":{"annotations":{"a":"b"}}}`,
		"an owner":           `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"0d1f4f6c-0000-4000-8000-000000000000"}]}}`,
		"both at one stroke": `{"metadata":{"finalizers":["catalog.okno.dev/withdraw"]},"spec":{"state":"Suspended"}}`,
	} {
		t.Run(name, func(t *testing.T) { refused(t, patch(body), "changes the finalizers of a GovService and nothing else") })
	}
	if err := patch(`{"metadata":{"finalizers":["catalog.okno.dev/withdraw"]}}`); err != nil {
		t.Errorf("the finalizer: %v", err)
	}
}

// TestServersReadNoMoreThanTheyUse: what follows Publications asks for revisions by name.
func TestServersReadNoMoreThanTheyUse(t *testing.T) {
	o := open(t)
	for _, role := range []string{"okno-intake", "okno-portal"} {
		t.Run(role, func(t *testing.T) {
			user := role + "-tester-" + o.namespace
			binding := o.binding(o.namespace, role, rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: user})
			binding.Name = role + "-tester"
			if err := o.admin.Create(t.Context(), binding); err != nil {
				t.Fatal(err)
			}
			as := o.as(user)
			in := client.InNamespace(o.namespace)
			env.Eventually(t, "the role is in force", func(ctx context.Context) error {
				return as.List(ctx, &v1alpha1.PublicationList{}, in)
			})
			if err := as.Get(t.Context(), client.ObjectKeyFromObject(o.revision), &v1alpha1.ServiceRevision{}); err != nil {
				t.Error(err)
			}
			for what, err := range map[string]error{
				"revisions": as.List(t.Context(), &v1alpha1.ServiceRevisionList{}, in),
				"approvals": as.List(t.Context(), &v1alpha1.ApprovalList{}, in),
				"services":  as.List(t.Context(), &v1alpha1.GovServiceList{}, in),
			} {
				if !apierrors.IsForbidden(err) {
					t.Errorf("lists %s: %v", what, err)
				}
			}
		})
	}
}
