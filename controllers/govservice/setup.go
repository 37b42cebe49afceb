// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/installation"
	"github.com/okno-dev/okno/internal/lint"
	"github.com/okno-dev/okno/internal/signature"
)

// Options are what the reconciler of GovServices needs from the installation.
type Options struct {
	// Clock tells the time.
	Clock clock.PassiveClock
	// Installation signs.
	Installation *installation.Installation
	// Keys are the keys whose records hold.
	Keys signature.Keys
	// Admission are the admission policies as shipped.
	Admission gate.Admission
	// Prover runs scenarios.
	Prover Prover
	// Endpoints are the public addresses of a service of a provider.
	Endpoints func(provider, service string) *v1alpha1.Endpoints
	// Metrics are the newest known counts of a service with the digests that are served and were served before, or nil.
	Metrics func(service types.NamespacedName, published, previous v1alpha1.Digest) *v1alpha1.Metrics
	// Checkpoint is the newest known head of an agency's journal, or nil. It asks nobody.
	Checkpoint func(*v1alpha1.ServiceProvider) *v1alpha1.JournalCheckpoint
	// WithdrawGrace is how long a deleted service still takes applications.
	WithdrawGrace time.Duration
	// Workers is how many services are reconciled at once.
	Workers int
}

// Setup adds the reconciler to a manager.
func Setup(mgr ctrl.Manager, o Options) error {
	r := &Reconciler{
		Options: o, client: mgr.GetClient(), reader: mgr.GetAPIReader(), events: mgr.GetEventRecorder(v1alpha1.FieldManager),
		clock: o.Clock, rules: lint.BuiltinPack(), trust: trust{keys: o.Keys},
	}
	r.proofs = newProofs(o.Prover, r.client, r.reader, o.Clock)
	if err := mgr.Add(r.proofs); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("govservice").
		WithOptions(controller.Options{MaxConcurrentReconciles: o.Workers}).
		For(&v1alpha1.GovService{}, builder.WithPredicates(meaningful())).
		Watches(&v1alpha1.GovService{}, handler.EnqueueRequestsFromMapFunc(r.servicesOfSameCode), builder.WithPredicates(codeChanged())).
		Watches(&v1alpha1.ServiceRevision{}, handler.EnqueueRequestsFromMapFunc(serviceOfRevision)).
		Watches(&v1alpha1.Publication{}, handler.EnqueueRequestsFromMapFunc(serviceOfPublication)).
		Watches(&v1alpha1.Approval{}, handler.EnqueueRequestsFromMapFunc(serviceOfApproval)).
		Watches(&v1alpha1.ServiceProvider{}, handler.EnqueueRequestsFromMapFunc(r.servicesOfProvider), builder.WithPredicates(providerMatters())).
		Watches(&v1alpha1.PublicationPolicy{}, handler.EnqueueRequestsFromMapFunc(r.allServices)).
		WatchesMetadata(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(r.servicesOfNamespace), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		Watches(&admissionregistrationv1.MutatingAdmissionPolicy{}, handler.EnqueueRequestsFromMapFunc(r.allServices), builder.WithPredicates(shipped())).
		Watches(&admissionregistrationv1.MutatingAdmissionPolicyBinding{}, handler.EnqueueRequestsFromMapFunc(r.allServices), builder.WithPredicates(shipped())).
		Watches(&admissionregistrationv1.ValidatingAdmissionPolicy{}, handler.EnqueueRequestsFromMapFunc(r.allServices), builder.WithPredicates(shipped())).
		Watches(&admissionregistrationv1.ValidatingAdmissionPolicyBinding{}, handler.EnqueueRequestsFromMapFunc(r.allServices), builder.WithPredicates(shipped())).
		WatchesRawSource(source.Channel(r.proofs.wake, handler.TypedFuncs[types.NamespacedName, reconcile.Request]{GenericFunc: enqueue})).
		Complete(r)
}

func enqueue(_ context.Context, e event.TypedGenericEvent[types.NamespacedName], q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	q.Add(reconcile.Request{NamespacedName: e.Object})
}

// meaningful keeps out the echo of the reconciler's own status writes. A status that somebody else wrote or wiped is not an echo.
func meaningful() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, now := e.ObjectOld.(*v1alpha1.GovService), e.ObjectNew.(*v1alpha1.GovService)
		return before.ResourceVersion == now.ResourceVersion || // a resync
			before.Generation != now.Generation ||
			before.Spec.Service.Digest() != now.Spec.Service.Digest() ||
			before.DeletionTimestamp.IsZero() != now.DeletionTimestamp.IsZero() ||
			before.Annotations[v1alpha1.AuthorAnnotation] != now.Annotations[v1alpha1.AuthorAnnotation] ||
			len(before.Finalizers) != len(now.Finalizers) ||
			now.Status.ObservedGeneration < before.Status.ObservedGeneration ||
			len(now.Status.Conditions) < len(before.Status.Conditions)
	}}
}

// providerMatters keeps out what a provider's status says of its journal.
func providerMatters() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, now := e.ObjectOld.(*v1alpha1.ServiceProvider), e.ObjectNew.(*v1alpha1.ServiceProvider)
		return before.ResourceVersion == now.ResourceVersion || before.Generation != now.Generation ||
			deployed(before) != deployed(now)
	}}
}

func shipped() predicate.Predicate {
	return predicate.NewPredicateFuncs(func(o client.Object) bool { return strings.HasPrefix(o.GetName(), "okno") })
}

func serviceOfRevision(_ context.Context, o client.Object) []reconcile.Request {
	return []reconcile.Request{request(o.GetNamespace(), o.(*v1alpha1.ServiceRevision).Spec.Service)}
}

func serviceOfPublication(_ context.Context, o client.Object) []reconcile.Request {
	return []reconcile.Request{request(o.GetNamespace(), o.(*v1alpha1.Publication).Spec.Service)}
}

// serviceOfApproval takes the service from the revision's name: an approval may be there before its revision.
func serviceOfApproval(_ context.Context, o client.Object) []reconcile.Request {
	subject := o.(*v1alpha1.Approval).Spec.Subject.Name
	if i := strings.LastIndexByte(subject, '-'); i > 0 {
		return []reconcile.Request{request(o.GetNamespace(), subject[:i])}
	}
	return nil
}

func (r *Reconciler) servicesOfProvider(ctx context.Context, o client.Object) []reconcile.Request {
	return r.services(ctx, client.InNamespace(o.(*v1alpha1.ServiceProvider).Spec.Namespace))
}

func (r *Reconciler) servicesOfNamespace(ctx context.Context, o client.Object) []reconcile.Request {
	return r.services(ctx, client.InNamespace(o.GetName()))
}

// allServices are asked when the platform changes a rule: that is rare, and any service may wait for it.
func (r *Reconciler) allServices(ctx context.Context, _ client.Object) []reconcile.Request {
	return r.services(ctx)
}

func (r *Reconciler) services(ctx context.Context, where ...client.ListOption) []reconcile.Request {
	list := &v1alpha1.GovServiceList{}
	if err := r.client.List(ctx, list, append(where, client.UnsafeDisableDeepCopy)...); err != nil {
		return nil // only a cache that was never started fails, and then there is nothing to wake
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for _, svc := range list.Items {
		requests = append(requests, request(svc.Namespace, svc.Name))
	}
	return requests
}

func request(namespace, name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
}
