// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the first version of the catalog.okno.dev API: a public service as one object,
// the records of who approved it, and the record of what is served.
//
// +kubebuilder:object:generate=true
// +groupName=catalog.okno.dev
package v1alpha1
