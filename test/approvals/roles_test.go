// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/test/env"
)

type role struct {
	kind, name string
	rules      []rbacv1.PolicyRule
}

func shippedRoles(t *testing.T) []role {
	t.Helper()
	objects, err := env.Objects(filepath.Join(root(t), "config/rbac"))
	if err != nil {
		t.Fatal(err)
	}
	var roles []role
	for _, object := range objects {
		var r struct {
			Rules []rbacv1.PolicyRule `json:"rules"`
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &r); err != nil {
			t.Fatal(err)
		}
		if object.GetKind() == "ClusterRole" || object.GetKind() == "Role" {
			if len(r.Rules) == 0 {
				t.Fatalf("%s %s grants nothing", object.GetKind(), object.GetName())
			}
			roles = append(roles, role{object.GetKind(), object.GetName(), r.Rules})
		}
	}
	if len(roles) < 10 {
		t.Fatalf("found %d roles", len(roles))
	}
	return roles
}

// TestRolesGrantNoMoreThanTheyName: no wildcards, nothing that becomes more, no Secrets and no workloads of the whole cluster.
func TestRolesGrantNoMoreThanTheyName(t *testing.T) {
	for _, r := range shippedRoles(t) {
		for _, rule := range r.rules {
			for _, list := range [][]string{rule.APIGroups, rule.Resources, rule.Verbs, rule.ResourceNames} {
				if slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, "*") }) {
					t.Errorf("%s %s has a wildcard: %v", r.kind, r.name, rule)
				}
			}
			for _, verb := range []string{"escalate", "impersonate"} {
				if slices.Contains(rule.Verbs, verb) {
					t.Errorf("%s %s grants %s", r.kind, r.name, verb)
				}
			}
			if slices.Contains(rule.Verbs, "bind") {
				if diff := cmp.Diff([]string{"okno-agency-controller", "okno-intake"}, rule.ResourceNames); diff != "" {
					t.Errorf("%s %s may bind other roles than the agency's:\n%s", r.kind, r.name, diff)
				}
			}
			if slices.Contains(rule.Verbs, v1alpha1.ApproveVerb) && (len(rule.ResourceNames) != 1 || "okno-approve-"+rule.ResourceNames[0] != r.name) {
				t.Errorf("%s %s grants approve at %q, want its one gate", r.kind, r.name, rule.ResourceNames)
			}
			everywhere := r.kind == "ClusterRole" && r.name != "okno-agency-controller"
			for _, forbidden := range []string{"secrets", "pods", "statefulsets", "deployments", "services", "ingresses", "configmaps"} {
				looks := slices.Contains(agencysOwn, r.name) && onlyReads(rule.Verbs) && forbidden != "secrets" && forbidden != "configmaps"
				if everywhere && !looks && slices.Contains(rule.Resources, forbidden) {
					t.Errorf("ClusterRole %s reaches %s of the whole cluster", r.name, forbidden)
				}
			}
		}
	}
}

// agencysOwn are bound in one agency's namespace, see TestAnAgencysRolesAreBoundInItsNamespace.
var agencysOwn = []string{"okno-agency-editor", "okno-agency-viewer"}

func onlyReads(verbs []string) bool {
	return !slices.ContainsFunc(verbs, func(v string) bool { return !slices.Contains([]string{"get", "list", "watch"}, v) })
}

// TestAnAgencyMaySeeWhatHappens: its people read the events of their services, and whether their intake runs.
func TestAnAgencyMaySeeWhatHappens(t *testing.T) {
	roles := shippedRoles(t)
	for _, name := range agencysOwn {
		i := slices.IndexFunc(roles, func(r role) bool { return r.name == name })
		if i < 0 {
			t.Fatalf("there is no role %s", name)
		}
		for _, at := range []struct{ group, resource string }{
			{"", "events"},
			{"events.k8s.io", "events"},
			{"", "pods"},
			{"apps", "statefulsets"},
			{"networking.k8s.io", "ingresses"},
			{"gateway.networking.k8s.io", "httproutes"},
		} {
			for _, verb := range []string{"get", "list", "watch"} {
				if !slices.ContainsFunc(roles[i].rules, func(rule rbacv1.PolicyRule) bool {
					return slices.Contains(rule.APIGroups, at.group) && slices.Contains(rule.Resources, at.resource) && slices.Contains(rule.Verbs, verb)
				}) {
					t.Errorf("%s may not %s %s of group %q", name, verb, at.resource, at.group)
				}
			}
		}
	}
}

// TestAnAgencysRolesAreBoundInItsNamespace: bound for the cluster they would show every agency's pods.
func TestAnAgencysRolesAreBoundInItsNamespace(t *testing.T) {
	for path, read := range map[string]func(string) ([]*unstructured.Unstructured, error){
		"config/rbac": env.Objects, "config/samples/people.yaml": env.ObjectsOf,
	} {
		objects, err := read(filepath.Join(root(t), path))
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			ref, _, err := unstructured.NestedString(object.Object, "roleRef", "name")
			if err != nil {
				t.Fatal(err)
			}
			if object.GetKind() == "ClusterRoleBinding" && slices.Contains(agencysOwn, ref) {
				t.Errorf("ClusterRoleBinding %s binds %s for every namespace", object.GetName(), ref)
			}
		}
	}
}

// TestEachGateOfTheDefaultPolicyHasItsRole: otherwise nobody could be allowed to open it.
func TestEachGateOfTheDefaultPolicyHasItsRole(t *testing.T) {
	roles := shippedRoles(t)
	for _, g := range readPolicy(t).Spec.Gates {
		has := slices.ContainsFunc(roles, func(r role) bool { return r.name == "okno-approve-"+g.Name })
		if human := g.Type == v1alpha1.GateHuman; has != human {
			t.Errorf("gate %s of type %s: role okno-approve-%s exists: %v", g.Name, g.Type, g.Name, has)
		}
		for _, group := range g.Groups {
			if group != groupOf[g.Name] {
				t.Errorf("gate %s names group %s, the sample binds %s", g.Name, group, groupOf[g.Name])
			}
		}
	}
}

// TestASelectorThatNobodyCanReadIsRefused: one such policy would keep every agency from publishing.
func TestASelectorThatNobodyCanReadIsRefused(t *testing.T) {
	c := clientOf(t, env.Start(t))
	for name, tc := range map[string]struct {
		expression metav1.LabelSelectorRequirement
		says       string
	}{
		"an operator in lower case":    {metav1.LabelSelectorRequirement{Key: "level", Operator: "in", Values: []string{"federal"}}, "an operator is In"},
		"an operator of another field": {metav1.LabelSelectorRequirement{Key: "level", Operator: "Gt", Values: []string{"1"}}, "an operator is In"},
		"In without values":            {metav1.LabelSelectorRequirement{Key: "level", Operator: "In"}, "In and NotIn take values"},
		"Exists with values":           {metav1.LabelSelectorRequirement{Key: "level", Operator: "Exists", Values: []string{"federal"}}, "In and NotIn take values"},
		"In with values":               {metav1.LabelSelectorRequirement{Key: "level", Operator: "In", Values: []string{"federal"}}, ""},
		"DoesNotExist":                 {metav1.LabelSelectorRequirement{Key: "level", Operator: "DoesNotExist"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := readPolicy(t)
			p.Name = "selector"
			p.Spec.NamespaceSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{tc.expression}}
			err := c.Create(t.Context(), &p, client.DryRunAll)
			if tc.says != "" {
				refused(t, err, tc.says)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNoAgencyLivesWhereKubernetesOrOknoDo: the controller gives itself and the intake rights in an agency's namespace.
func TestNoAgencyLivesWhereKubernetesOrOknoDo(t *testing.T) {
	c := clientOf(t, env.Start(t))
	for namespace, says := range map[string]string{
		"kube-system": "neither Okno's own", "kube-public": "neither Okno's own", "okno-system": "neither Okno's own", "sfr": "",
	} {
		p := &v1alpha1.ServiceProvider{
			ObjectMeta: metav1.ObjectMeta{Name: "agency"},
			Spec:       v1alpha1.ServiceProviderSpec{DisplayName: v1alpha1.Text{"ru": "Ведомство"}, Namespace: namespace},
		}
		err := c.Create(t.Context(), p, client.DryRunAll)
		if says != "" {
			refused(t, err, says)
		} else if err != nil {
			t.Errorf("%s: %v", namespace, err)
		}
	}
}

func TestTheDefaultPolicyIsValid(t *testing.T) {
	p := readPolicy(t)
	if err := clientOf(t, env.Start(t)).Create(t.Context(), &p, client.DryRunAll); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Error(err)
	}
}
