// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Roles that Okno ships and the controller may bind, by these names and no others.
const (
	// AgencyControllerRole lets the controller manage the intake of the namespace in which it is bound.
	AgencyControllerRole = "okno-agency-controller"
	// IntakeRole lets an intake read the revisions and Publications of its namespace.
	IntakeRole = "okno-intake"
)

// MakeServiceAccount builds the identity of the agency's intake.
func MakeServiceAccount(p *v1alpha1.ServiceProvider) *corev1.ServiceAccount {
	return &corev1.ServiceAccount{
		TypeMeta:                     metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"},
		ObjectMeta:                   metav1.ObjectMeta{Name: IntakeName, Namespace: p.Spec.Namespace, Labels: labels()},
		AutomountServiceAccountToken: new(false), // the pod says itself that it wants one
	}
}

// MakeControllerBinding builds the grant by which the controller manages this agency's intake: it has no right on workloads
// anywhere else.
func MakeControllerBinding(p *v1alpha1.ServiceProvider) *rbacv1.RoleBinding {
	return makeBinding(p, AgencyControllerRole, rbacv1.Subject{
		Kind: rbacv1.ServiceAccountKind, Name: v1alpha1.FieldManager, Namespace: v1alpha1.SystemNamespace,
	})
}

// MakeIntakeBinding builds the grant by which the intake reads what it serves.
func MakeIntakeBinding(p *v1alpha1.ServiceProvider) *rbacv1.RoleBinding {
	return makeBinding(p, IntakeRole, rbacv1.Subject{
		Kind: rbacv1.ServiceAccountKind, Name: IntakeName, Namespace: p.Spec.Namespace,
	})
}

func makeBinding(p *v1alpha1.ServiceProvider, role string, subject rbacv1.Subject) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "RoleBinding"},
		ObjectMeta: metav1.ObjectMeta{Name: role, Namespace: p.Spec.Namespace, Labels: labels()},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{subject},
	}
}
