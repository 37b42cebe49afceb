// SPDX-License-Identifier: Apache-2.0

// Package serviceprovider sees that a registered agency has what it needs to serve: its namespace and a running intake.
package serviceprovider

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Times of looking again.
const (
	whileRolling = 2 * time.Second
	whileRunning = 2 * time.Minute // for what somebody changed by hand
	whenRefused  = 30 * time.Second
	// patience is how long a running intake may be away before its agency, and every service of it, is said not to stand: a
	// restart is nobody's business.
	patience = time.Minute
)

// Intake keeps an agency's intake. It tells whether that runs, and what the API server refuses, if anything.
type Intake func(context.Context, *v1alpha1.ServiceProvider) (running bool, refused string, err error)

// Options are what the reconciler needs from the installation.
type Options struct {
	// Clock tells the time.
	Clock clock.PassiveClock
	// Intake keeps intakes.
	Intake Intake
	// BaseURL is the public address of a provider.
	BaseURL func(provider string) string
}

// Reconciler reconciles ServiceProviders.
type Reconciler struct {
	Options
	client client.Client

	mu   sync.Mutex
	away map[types.NamespacedName]time.Time // since when a running intake is away
}

// Setup adds the reconciler to a manager.
func Setup(mgr ctrl.Manager, o Options) error {
	r := &Reconciler{Options: o, client: mgr.GetClient(), away: map[types.NamespacedName]time.Time{}}
	return ctrl.NewControllerManagedBy(mgr).
		Named("serviceprovider").
		For(&v1alpha1.ServiceProvider{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, statusChanged()))).
		WatchesMetadata(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(r.providersOf)).
		Complete(r)
}

// statusChanged lets through what anybody did to the status, but for the journal's checkpoint: one that was wiped is written anew at
// once, since every service of the agency rests on it.
func statusChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, now := e.ObjectOld.(*v1alpha1.ServiceProvider).Status, e.ObjectNew.(*v1alpha1.ServiceProvider).Status
		before.Checkpoint, now.Checkpoint = nil, nil
		return !equality.Semantic.DeepEqual(before, now)
	}}
}

func (r *Reconciler) providersOf(ctx context.Context, o client.Object) []reconcile.Request {
	list := &v1alpha1.ServiceProviderList{}
	if err := r.client.List(ctx, list, client.MatchingFields{"spec.namespace": o.GetName()}); err != nil {
		return nil // only a cache that was never started fails
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for _, p := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&p)})
	}
	return requests
}

// outcome is what a look at an agency came to.
type outcome struct {
	status     metav1.ConditionStatus
	reason     string
	message    string
	stalled    bool
	refused    string // what stalls it, when that is not why it is not ready
	lookAgain  time.Duration
	withoutURL bool
}

// Reconcile makes one agency's intake run and tells how it does.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	p := &v1alpha1.ServiceProvider{}
	if err := r.client.Get(ctx, req.NamespacedName, p); err != nil {
		r.back(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !p.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil // the intake and its store stay: removing applications is a decision of its own
	}
	out, err := r.look(ctx, p)
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.report(ctx, p, out); err != nil && !apierrors.IsConflict(err) {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: out.lookAgain}, nil
}

func (r *Reconciler) look(ctx context.Context, p *v1alpha1.ServiceProvider) (outcome, error) {
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	err := r.client.Get(ctx, client.ObjectKey{Name: p.Spec.Namespace}, ns)
	switch {
	case apierrors.IsNotFound(err) || (err == nil && !ns.DeletionTimestamp.IsZero()):
		return outcome{
			status: metav1.ConditionFalse, reason: v1alpha1.ReasonNamespaceMissing, stalled: true, withoutURL: true,
			message: fmt.Sprintf("namespace %q does not exist: the platform team makes it", p.Spec.Namespace),
		}, nil
	case err != nil:
		return outcome{}, fmt.Errorf("read namespace: %w", err)
	}
	holder, err := r.holder(ctx, p.Spec.Namespace)
	if err != nil {
		return outcome{}, err
	}
	if holder != p.Name {
		return outcome{
			status: metav1.ConditionFalse, reason: v1alpha1.ReasonNamespaceTaken, stalled: true, withoutURL: true, lookAgain: whileRunning,
			message: fmt.Sprintf("namespace %q belongs to ServiceProvider %q: one namespace is one agency", p.Spec.Namespace, holder),
		}, nil
	}
	running, refused, err := r.Intake(ctx, p)
	if err != nil {
		return outcome{}, err
	}
	out := r.judge(p, running)
	if refused != "" {
		out.stalled, out.lookAgain = true, whenRefused
		out.refused = "the intake is not as its ServiceProvider wants it: " + clip(refused)
		if !running {
			out.reason, out.message = v1alpha1.ReasonIntakeFailed, out.refused
		}
	}
	return out, nil
}

// holder is the oldest provider that names a namespace.
func (r *Reconciler) holder(ctx context.Context, namespace string) (string, error) {
	list := &v1alpha1.ServiceProviderList{}
	if err := r.client.List(ctx, list, client.MatchingFields{"spec.namespace": namespace}); err != nil {
		return "", fmt.Errorf("list providers: %w", err)
	}
	oldest := slices.MinFunc(list.Items, func(a, b v1alpha1.ServiceProvider) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return oldest.Name, nil
}

// judge tells how an agency stands by its intake. One that was running and is away is given a while.
func (r *Reconciler) judge(p *v1alpha1.ServiceProvider, running bool) outcome {
	key := client.ObjectKeyFromObject(p)
	if running {
		r.back(key)
		return outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonReady, message: "the intake is running", lookAgain: whileRunning}
	}
	ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Status == metav1.ConditionTrue && r.awaySince(key, r.Clock.Now()) < patience {
		return outcome{status: metav1.ConditionTrue, reason: ready.Reason, message: ready.Message, lookAgain: whileRolling}
	}
	return outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonRollingOut, message: "the intake is starting", lookAgain: whileRolling}
}

// clip bounds what the API server says, so that the status can be written.
func clip(s string) string {
	const limit = 2048
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// awaySince tells how long a running intake has been away.
func (r *Reconciler) awaySince(key types.NamespacedName, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	since, ok := r.away[key]
	if !ok {
		r.away[key] = now
		return 0
	}
	return now.Sub(since)
}

func (r *Reconciler) back(key types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.away, key)
}

// report writes the status when it says something new. The journal's checkpoint is somebody else's and is left alone.
func (r *Reconciler) report(ctx context.Context, p *v1alpha1.ServiceProvider, out outcome) error {
	now := p.Status.DeepCopy()
	now.ObservedGeneration = p.Generation
	now.URL = r.BaseURL(p.Name)
	if out.withoutURL {
		now.URL = ""
	}
	set := func(kind string, status metav1.ConditionStatus, reason, message string) {
		meta.SetStatusCondition(&now.Conditions, metav1.Condition{
			Type: kind, Status: status, Reason: reason, Message: message,
			ObservedGeneration: p.Generation, LastTransitionTime: metav1.NewTime(r.Clock.Now()),
		})
	}
	set(v1alpha1.ConditionReady, out.status, out.reason, out.message)
	// What is true already keeps its time: only what is not is removed.
	progress := ""
	switch {
	case out.refused != "":
		progress = v1alpha1.ConditionStalled
		set(progress, metav1.ConditionTrue, v1alpha1.ReasonIntakeFailed, out.refused)
	case out.stalled:
		progress = v1alpha1.ConditionStalled
		set(progress, metav1.ConditionTrue, out.reason, out.message)
	case out.status != metav1.ConditionTrue:
		progress = v1alpha1.ConditionReconciling
		set(progress, metav1.ConditionTrue, out.reason, out.message)
	}
	for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if kind != progress {
			meta.RemoveStatusCondition(&now.Conditions, kind)
		}
	}
	if equality.Semantic.DeepEqual(p.Status, *now) {
		return nil
	}
	return r.write(ctx, p, now)
}

func (r *Reconciler) write(ctx context.Context, p *v1alpha1.ServiceProvider, now *v1alpha1.ServiceProviderStatus) error {
	was, err := json.Marshal(map[string]any{"status": p.Status})
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	is, err := json.Marshal(map[string]any{"status": now, "metadata": map[string]string{"resourceVersion": p.ResourceVersion}})
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	patch, err := jsonpatch.CreateMergePatch(was, is)
	if err != nil {
		return fmt.Errorf("compare statuses: %w", err)
	}
	target := &v1alpha1.ServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: p.Name}}
	return r.client.Status().Patch(ctx, target, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(v1alpha1.FieldManager))
}
