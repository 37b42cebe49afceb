// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of all of Okno's objects.
const GroupName = "catalog.okno.dev"

var (
	// GroupVersion is the group and version of the objects in this package.
	GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

	// SchemeBuilder collects the functions that register this package's types.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme registers this package's types in a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&GovService{}, &GovServiceList{},
		&ServiceRevision{}, &ServiceRevisionList{},
		&Approval{}, &ApprovalList{},
		&Publication{}, &PublicationList{},
		&PublicationPolicy{}, &PublicationPolicyList{},
		&ServiceProvider{}, &ServiceProviderList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
