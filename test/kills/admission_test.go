// SPDX-License-Identifier: Apache-2.0

package kills

import (
	"context"
	"errors"
	"fmt"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// author names the admission policies that stamp authors and hold services, and their bindings.
const author = "okno-author"

// TestApprovalsFromBeforeAnAlterationOfAdmissionPublishNothing: the bindings of shipped policies are taken away and put back while a
// controller watches, and once more while none does. Each time what people approved before must be approved anew.
func TestApprovalsFromBeforeAnAlterationOfAdmissionPublishNothing(t *testing.T) {
	p := newPlane(t)
	p.agency("altered")
	p.start()
	l := p.life(t, "altered", "permit")
	first := l.publish("First title")
	second := l.apply("Second title")
	l.awaitRevision(second)
	l.decide(gates[0], v1alpha1.DecisionApprove, second)
	l.awaitGates("2/3")

	bindings := p.unbind()
	l.awaitCondition(v1alpha1.ConditionApproved, v1alpha1.ReasonAdmissionAltered)
	l.decide(gates[1], v1alpha1.DecisionApprove, second)
	p.bind(bindings)
	l.awaitGates("1/3")
	p.settle()
	for _, gate := range gates {
		l.steps += 10 // other names
		l.decide(gate, v1alpha1.DecisionApprove, second)
	}
	l.steps = 1
	l.awaitRecord(v1alpha1.ActionPublish, second)

	third := l.apply("Third title")
	l.awaitRevision(third)
	l.decide(gates[0], v1alpha1.DecisionApprove, third)
	l.awaitGates("2/3")
	p.kill()
	p.bind(p.unbind())
	l.decide(gates[1], v1alpha1.DecisionApprove, third) // within the time in which policies may not be enforced yet
	p.start()
	l.awaitGates("1/3")
	if records := l.records(l.key); len(records) != 2 || records[0].Spec.Digest != first {
		t.Errorf("%d records, want no more than what was approved under the shipped policies", len(records))
	}
}

// TestAServiceWithoutTheFinalizerGetsIt: one that is older than the admission policies has none. The controller sets it before the
// first record.
func TestAServiceWithoutTheFinalizerGetsIt(t *testing.T) {
	p := newPlane(t)
	p.agency("older")
	bindings := p.unbind()
	l := p.life(t, "older", "permit")
	p.eventually("a service that nobody holds", func(ctx context.Context) error {
		l.apply("First title") // API servers notice with a delay
		svc := &v1alpha1.GovService{}
		if err := p.admin.Get(ctx, l.key, svc); err != nil {
			return err
		}
		if len(svc.Finalizers) == 0 {
			return nil
		}
		if err := p.admin.Delete(ctx, svc); err != nil {
			return err
		}
		// While the policy is still enforced somewhere: anew.
		return errors.Join(errors.New("it has finalizers"), p.admin.Patch(ctx, svc, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
	})
	p.bind(bindings)
	p.settle()
	p.start()
	l.publish("First title")
	svc := &v1alpha1.GovService{}
	if err := p.admin.Get(t.Context(), l.key, svc); err != nil {
		t.Fatal(err)
	}
	if len(svc.Finalizers) != 1 || svc.Finalizers[0] != v1alpha1.WithdrawFinalizer {
		t.Errorf("finalizers %q", svc.Finalizers)
	}
}

// unbind takes the bindings of the author's policies away.
func (p *plane) unbind() []client.Object {
	p.Helper()
	bindings := []client.Object{&admissionregistrationv1.MutatingAdmissionPolicyBinding{}, &admissionregistrationv1.ValidatingAdmissionPolicyBinding{}}
	for _, binding := range bindings {
		if err := p.admin.Get(p.Context(), client.ObjectKey{Name: author}, binding); err != nil {
			p.Fatal(err)
		}
		if err := p.admin.Delete(p.Context(), binding); err != nil {
			p.Fatal(err)
		}
	}
	return bindings
}

// bind puts them back.
func (p *plane) bind(bindings []client.Object) {
	p.Helper()
	for _, binding := range bindings {
		binding.SetUID("")
		binding.SetResourceVersion("")
		if err := p.admin.Create(p.Context(), binding); err != nil {
			p.Fatal(err)
		}
	}
}

// awaitGates waits until so many gates of the waiting revision are open, with the shipped admission policies in force.
func (l *life) awaitGates(open string) {
	l.Helper()
	l.eventually(l.key.String()+": gates "+open, func(ctx context.Context) error {
		svc := &v1alpha1.GovService{}
		if err := l.admin.Get(ctx, l.key, svc); err != nil {
			return err
		}
		c := meta.FindStatusCondition(svc.Status.Conditions, v1alpha1.ConditionApproved)
		if svc.Status.Pending == nil || svc.Status.Pending.Gates != open || c == nil || c.Reason == v1alpha1.ReasonAdmissionAltered ||
			svc.Status.ObservedGeneration != svc.Generation {
			return fmt.Errorf("pending %+v:%s", svc.Status.Pending, l.conditions())
		}
		return nil
	})
}
