// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/config/admission"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/test/env"
)

// office is one agency with a service that waits for approvals, and the people around it.
type office struct {
	t         *testing.T
	config    *rest.Config
	admin     client.Client
	namespace string
	policy    v1alpha1.PublicationPolicy
	revision  *v1alpha1.ServiceRevision
}

// The groups of config/samples/people.yaml.
var groupOf = map[string]string{
	"integration": "okno:mfc-testers", "security": "okno:security", "ministry": "okno:ministry", "moderator": "okno:moderators",
}

const editors = "okno:agency-editors"

// open makes an agency whose editor "editor" has applied the sample service, and the revision that the controller makes of it.
func open(t *testing.T) *office {
	t.Helper()
	config := env.Start(t)
	o := &office{t: t, config: config, admin: clientOf(t, config), namespace: env.Namespace(t, config, nil)}
	o.settle()
	o.applyPeople()
	o.policy = readPolicy(t)
	svc := o.sample()
	if err := o.as("editor", editors).Create(t.Context(), svc); err != nil {
		t.Fatal(err)
	}
	o.snapshot(svc)
	return o
}

// sample is the sample service, in this agency's namespace.
func (o *office) sample() *v1alpha1.GovService {
	svc := &v1alpha1.GovService{}
	readYAML(o.t, "config/samples/pension-delivery/govservice.yaml", svc)
	svc.Namespace = o.namespace
	return svc
}

// snapshot makes what the controller makes of svc, under the controller's own account.
func (o *office) snapshot(svc *v1alpha1.GovService) {
	o.t.Helper()
	d, err := digest.Of(svc.Spec.Service.Raw())
	if err != nil {
		o.t.Fatal(err)
	}
	o.revision = &v1alpha1.ServiceRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: digest.RevisionName(svc.Name, d), Labels: map[string]string{v1alpha1.ServiceLabel: svc.Name}},
		Spec: v1alpha1.ServiceRevisionSpec{
			Service: svc.Name, Digest: d, Definition: v1alpha1.NewDefinition(svc.Spec.Service.Raw()),
			Author: svc.Annotations[v1alpha1.AuthorAnnotation], RulePack: "test",
		},
	}
	if err := o.controller().Create(o.t.Context(), o.revision); err != nil {
		o.t.Fatal(err)
	}
	proven := o.revision.DeepCopy()
	proven.Status = v1alpha1.ServiceRevisionStatus{
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionVerified, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonVerified, LastTransitionTime: metav1.Now(),
		}},
		Report: &v1alpha1.ScenarioReport{SHA256: strings.Repeat("a", 64), Image: "sha256:test", StartedAt: metav1.Now(), FinishedAt: metav1.Now()},
	}
	if err := o.controller().Status().Patch(o.t.Context(), proven, client.MergeFrom(o.revision)); err != nil {
		o.t.Fatal(err)
	}
	o.revision = proven
}

func (o *office) controller() client.Client {
	return o.as("system:serviceaccount:okno-system:okno-controller", "system:serviceaccounts", "system:serviceaccounts:okno-system")
}

func (o *office) as(user string, groups ...string) client.Client {
	o.t.Helper()
	return clientOf(o.t, env.As(o.config, user, groups...))
}

// approval is a decision by nobody yet; what the sender adds is the test's matter.
func (o *office) approval(name, at string, mods ...func(*v1alpha1.ApprovalSpec)) *v1alpha1.Approval {
	a := &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: name},
		Spec: v1alpha1.ApprovalSpec{
			Subject: v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: o.revision.Name, Digest: o.revision.Spec.Digest},
			Gate:    at, Decision: v1alpha1.DecisionApprove,
		},
	}
	for _, mod := range mods {
		mod(&a.Spec)
	}
	return a
}

// decide records a decision as a member of the gate's group.
func (o *office) decide(person, name, at string, mods ...func(*v1alpha1.ApprovalSpec)) *v1alpha1.Approval {
	o.t.Helper()
	a := o.approval(name, at, mods...)
	if err := o.as(person, groupOf[at]).Create(o.t.Context(), a); err != nil {
		o.t.Fatalf("%s decides at %s: %v", person, at, err)
	}
	return a
}

// judge is the verdict of the default policy on the revision, from what the API server holds.
func (o *office) judge() gate.Verdict {
	o.t.Helper()
	ctx := o.t.Context()
	var approvals v1alpha1.ApprovalList
	var publications v1alpha1.PublicationList
	for _, list := range []client.ObjectList{&approvals, &publications} {
		if err := o.controller().List(ctx, list, client.InNamespace(o.namespace)); err != nil {
			o.t.Fatal(err)
		}
	}
	shipped, inForce := o.admission()
	return gate.Judge(gate.Input{
		Now: time.Now(), Revision: gate.RevisionOf(o.revision),
		Policies: []v1alpha1.PublicationPolicy{o.policy}, PoliciesKnown: true,
		Approvals: approvals.Items, ApprovalsKnown: true,
		Publications: publications.Items, PublicationsKnown: true,
		AdmissionAltered: gate.AdmissionAltered(shipped, inForce), AdmissionSince: gate.AdmissionSince(shipped, inForce), AdmissionKnown: true,
	})
}

func (o *office) admission() (shipped, inForce gate.Admission) {
	o.t.Helper()
	shipped, err := admission.Shipped()
	if err != nil {
		o.t.Fatal(err)
	}
	var (
		mutating           admissionregistrationv1.MutatingAdmissionPolicyList
		mutatingBindings   admissionregistrationv1.MutatingAdmissionPolicyBindingList
		validating         admissionregistrationv1.ValidatingAdmissionPolicyList
		validatingBindings admissionregistrationv1.ValidatingAdmissionPolicyBindingList
	)
	for _, list := range []client.ObjectList{&mutating, &mutatingBindings, &validating, &validatingBindings} {
		if err := o.controller().List(o.t.Context(), list); err != nil {
			o.t.Fatal(err)
		}
	}
	return shipped, gate.Admission{
		Mutating: mutating.Items, MutatingBindings: mutatingBindings.Items,
		Validating: validating.Items, ValidatingBindings: validatingBindings.Items,
	}
}

// settle waits until decisions count: who made one just after admission was installed is not certain.
func (o *office) settle() {
	o.t.Helper()
	shipped, inForce := o.admission()
	until := gate.AdmissionSince(shipped, inForce).Add(gate.AdmissionSettles + time.Second)
	env.Eventually(o.t, "admission settles", func(context.Context) error {
		if now := time.Now(); now.Before(until) {
			return apierrors.NewTimeoutError("too early", 1)
		}
		return nil
	})
}

// applyPeople binds the shipped roles as the sample does: the approvers in the cluster, the editors in this agency's namespace.
func (o *office) applyPeople() {
	o.t.Helper()
	objects, err := env.ObjectsOf(filepath.Join(root(o.t), "config/samples/people.yaml"))
	if err != nil {
		o.t.Fatal(err)
	}
	for _, object := range objects {
		if object.GetNamespace() != "" {
			object.SetNamespace(o.namespace)
		}
		o.apply(o.admin, object)
	}
	env.Eventually(o.t, "the people's roles are in force", func(ctx context.Context) error {
		for at, group := range groupOf {
			review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Verb: v1alpha1.ApproveVerb, Group: v1alpha1.GroupName, Resource: v1alpha1.GatesResource, Name: at,
				},
			}}
			if err := o.as("anyone", group).Create(ctx, review); err != nil {
				return err
			}
			if !review.Status.Allowed {
				return apierrors.NewForbidden(v1alpha1.GroupVersion.WithResource("gates").GroupResource(), at, nil)
			}
			if err := o.as("anyone", group).List(ctx, &v1alpha1.ApprovalList{}); err != nil {
				return err
			}
		}
		return o.as("anyone", editors).List(ctx, &v1alpha1.GovServiceList{}, client.InNamespace(o.namespace))
	})
}

func (o *office) apply(as client.Client, object *unstructured.Unstructured) {
	o.t.Helper()
	if err := as.Apply(o.t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("okno-tests"), client.ForceOwnership); err != nil {
		o.t.Fatalf("apply %s %q: %v", object.GetKind(), object.GetName(), err)
	}
}

// grantInNamespace gives user a role of the agency's own.
func (o *office) grantInNamespace(user string, rules ...rbacv1.PolicyRule) {
	o.t.Helper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: user}, Rules: rules}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: user},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}
	for _, object := range []client.Object{role, binding} {
		if err := o.admin.Create(o.t.Context(), object); err != nil {
			o.t.Fatal(err)
		}
	}
	env.Eventually(o.t, "the role of "+user+" is in force", func(ctx context.Context) error {
		return o.as(user).List(ctx, &v1alpha1.ApprovalList{}, client.InNamespace(o.namespace))
	})
}

// everything is the role of a tenant's administrator.
var everything = rbacv1.PolicyRule{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		v1alpha1.AddToScheme, corev1.AddToScheme, rbacv1.AddToScheme, admissionregistrationv1.AddToScheme, authorizationv1.AddToScheme,
	} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	return s
}

// clientOf knows the kinds without asking: each test acts as many users.
func clientOf(t *testing.T, config *rest.Config) client.Client {
	t.Helper()
	c, err := client.New(config, client.Options{Scheme: scheme(), Mapper: kinds()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func kinds() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper(nil)
	for kind := range scheme().AllKnownTypes() {
		switch kind.Kind {
		case "GovService", "ServiceRevision", "Publication", "Approval", "Role", "RoleBinding":
			mapper.Add(kind, meta.RESTScopeNamespace)
		default:
			mapper.Add(kind, meta.RESTScopeRoot)
		}
	}
	return mapper
}

func readPolicy(t *testing.T) v1alpha1.PublicationPolicy {
	t.Helper()
	var p v1alpha1.PublicationPolicy
	readYAML(t, "config/policy/default.yaml", &p)
	return p
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), path))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// deleteNow deletes what a test made in the cluster; it is for clean-up, when the test's own context has ended.
func deleteNow(t *testing.T, c client.Client, object client.Object) {
	t.Helper()
	if err := c.Delete(context.Background(), object); err != nil {
		t.Error(err)
	}
}

// refused fails the test unless err is the API server's refusal with text in it.
func refused(t *testing.T, err error, text string) {
	t.Helper()
	if !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) {
		t.Fatalf("err = %v, want a refusal", err)
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("err = %v, want %q in it", err, text)
	}
}
