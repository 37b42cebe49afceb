// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/internal/gate"
)

// admission compares the admission policies in force with those that were shipped, once for each state of them.
type admission struct {
	mu      sync.Mutex
	version string
	altered []string
	since   time.Time
}

// admissionOf tells which of the shipped policies are not in force as shipped, read through from, and since when those that are in
// force are.
func (r *Reconciler) admissionOf(ctx context.Context, from client.Reader) (altered []string, since time.Time, err error) {
	mutating := &admissionregistrationv1.MutatingAdmissionPolicyList{}
	mutatingBindings := &admissionregistrationv1.MutatingAdmissionPolicyBindingList{}
	validating := &admissionregistrationv1.ValidatingAdmissionPolicyList{}
	validatingBindings := &admissionregistrationv1.ValidatingAdmissionPolicyBindingList{}
	var version strings.Builder
	for _, list := range []client.ObjectList{mutating, mutatingBindings, validating, validatingBindings} {
		if err := from.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return nil, time.Time{}, fmt.Errorf("list admission policies: %w", err)
		}
	}
	for _, o := range mutating.Items {
		note(&version, &o)
	}
	for _, o := range mutatingBindings.Items {
		note(&version, &o)
	}
	for _, o := range validating.Items {
		note(&version, &o)
	}
	for _, o := range validatingBindings.Items {
		note(&version, &o)
	}
	altered, since = r.admission.compare(version.String(), r.Admission, func() gate.Admission {
		return gate.Admission{
			Mutating: mutating.Items, MutatingBindings: mutatingBindings.Items,
			Validating: validating.Items, ValidatingBindings: validatingBindings.Items,
		}
	})
	return altered, since, nil
}

// note writes down which version of an object was seen. Lists from the cache have no order, so order is left to the names: a
// different order only compares once more.
func note(b *strings.Builder, o client.Object) {
	b.WriteString(string(o.GetUID()))
	b.WriteByte('@')
	b.WriteString(o.GetResourceVersion())
	b.WriteByte(' ')
}

func (a *admission) compare(version string, shipped gate.Admission, inForce func() gate.Admission) ([]string, time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if version == "" || version != a.version {
		have := inForce()
		a.version, a.altered, a.since = version, gate.AdmissionAltered(shipped, have), gate.AdmissionSince(shipped, have)
	}
	return a.altered, a.since
}
