// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

// admission compares the admission policies in force with those that were shipped, once for each state of them, and keeps the trace
// of their changes.
type admission struct {
	mu      sync.Mutex
	version string
	found   inForce
	trace   *gate.AdmissionTrace // nil before it was read
}

// inForce is what the comparison came to.
type inForce struct {
	altered      []string  // what is not as shipped
	since        time.Time // when the youngest was created
	alteredUntil time.Time // when they were last seen to change
}

// admissionOf tells how the admission policies, read through from, stand to those that were shipped.
func (r *Reconciler) admissionOf(ctx context.Context, from client.Reader) (inForce, error) {
	mutating := &admissionregistrationv1.MutatingAdmissionPolicyList{}
	mutatingBindings := &admissionregistrationv1.MutatingAdmissionPolicyBindingList{}
	validating := &admissionregistrationv1.ValidatingAdmissionPolicyList{}
	validatingBindings := &admissionregistrationv1.ValidatingAdmissionPolicyBindingList{}
	var reads []func() error
	for _, list := range []client.ObjectList{mutating, mutatingBindings, validating, validatingBindings} {
		reads = append(reads, func() error { return from.List(ctx, list, client.UnsafeDisableDeepCopy) })
	}
	if err := atOnce(reads...); err != nil {
		return inForce{}, fmt.Errorf("list admission policies: %w", err)
	}
	have := gate.Admission{
		Mutating: mutating.Items, MutatingBindings: mutatingBindings.Items,
		Validating: validating.Items, ValidatingBindings: validatingBindings.Items,
	}
	return r.compareAdmission(ctx, versionsOf(have), have)
}

// versionsOf tells which versions of which objects were seen, in one order: lists from the cache have none.
func versionsOf(a gate.Admission) string {
	var seen []string
	note := func(o client.Object) { seen = append(seen, string(o.GetUID())+"@"+o.GetResourceVersion()) }
	for i := range a.Mutating {
		note(&a.Mutating[i])
	}
	for i := range a.MutatingBindings {
		note(&a.MutatingBindings[i])
	}
	for i := range a.Validating {
		note(&a.Validating[i])
	}
	for i := range a.ValidatingBindings {
		note(&a.ValidatingBindings[i])
	}
	slices.Sort(seen)
	return strings.Join(seen, " ")
}

func (r *Reconciler) compareAdmission(ctx context.Context, version string, have gate.Admission) (inForce, error) {
	a := &r.admission
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.trace != nil && version == a.version {
		return a.found, nil
	}
	next, err := r.followAdmission(ctx, have)
	if err != nil {
		return inForce{}, err
	}
	a.trace, a.version = &next, version
	a.found = inForce{
		altered: gate.AdmissionAltered(r.Admission, have), since: gate.AdmissionSince(r.Admission, have), alteredUntil: next.AlteredUntil,
	}
	return a.found, nil
}

// followAdmission continues the trace that tells that policies were altered and put back, and writes it down before anything is
// judged by it. Nothing is written while nothing changed.
func (r *Reconciler) followAdmission(ctx context.Context, have gate.Admission) (gate.AdmissionTrace, error) {
	kept := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: v1alpha1.SystemNamespace, Name: gate.TraceName}}
	err := r.reader.Get(ctx, client.ObjectKeyFromObject(kept), kept)
	absent := apierrors.IsNotFound(err)
	if err != nil && !absent {
		return gate.AdmissionTrace{}, fmt.Errorf("read trace of admission policies: %w", err)
	}
	trace, err := gate.ParseTrace(kept.Data)
	if err != nil {
		return gate.AdmissionTrace{}, err
	}
	next := trace.Follow(r.Admission, have, r.clock.Now())
	if next.Seen == trace.Seen {
		return next, nil
	}
	before := kept.DeepCopy()
	kept.Data = next.Data()
	if absent {
		err = r.client.Create(ctx, kept, client.FieldOwner(v1alpha1.FieldManager))
	} else {
		err = r.client.Patch(ctx, kept, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(v1alpha1.FieldManager))
	}
	if err != nil {
		return gate.AdmissionTrace{}, fmt.Errorf("write trace of admission policies: %w", err)
	}
	return next, nil
}
