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
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Times of looking again.
const (
	whileRolling = 2 * time.Second
	whileRunning = 2 * time.Minute // for what somebody changed by hand
	whenRefused  = 30 * time.Second
	whileProving = 10 * time.Second // for a prover that comes; proofs that end wake by themselves
	whenBehind   = time.Second      // what the cache has not seen may be a checkpoint or a label, which wake nobody
	// patience is how long a running intake may be away before its agency, and every service of it, is said not to stand: a
	// restart is nobody's business.
	patience = time.Minute
)

// Intake keeps an agency's intake and tells how it does.
type Intake func(context.Context, *v1alpha1.ServiceProvider) (IntakeState, error)

// IntakeState is how an agency's intake does.
type IntakeState struct {
	// Running tells whether it runs.
	Running bool
	// Refused is what the API server refuses, Proving why a new image is not taken yet, and Unproven why it is not taken until a person
	// acts; each "" when there is no such thing.
	Refused, Proving, Unproven string
}

// Options are what the reconciler needs from the installation.
type Options struct {
	// Clock tells the time.
	Clock clock.PassiveClock
	// Intake keeps intakes.
	Intake Intake
	// Wake brings providers, by name, that are worth another look.
	Wake <-chan event.TypedGenericEvent[types.NamespacedName]
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
		WatchesRawSource(source.Channel(o.Wake, handler.TypedFuncs[types.NamespacedName, reconcile.Request]{GenericFunc: enqueue})).
		Complete(r)
}

func enqueue(_ context.Context, e event.TypedGenericEvent[types.NamespacedName], q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	q.Add(reconcile.Request{NamespacedName: e.Object})
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
	progress   progress
	lookAgain  time.Duration
	withoutURL bool
}

// progress is who acts next: a person when Stalled, the controller when Reconciling, and nobody when it has no condition. It may say
// something else than Ready, as when an intake runs well and a new image for it does not.
type progress struct{ condition, reason, message string }

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
	switch err := r.report(ctx, p, out); {
	case apierrors.IsConflict(err):
		return ctrl.Result{RequeueAfter: whenBehind}, nil
	case err != nil:
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
			status: metav1.ConditionFalse, reason: v1alpha1.ReasonNamespaceMissing, withoutURL: true,
			message: fmt.Sprintf("namespace %q does not exist: the platform team makes it", p.Spec.Namespace),
		}.stalled(), nil
	case err != nil:
		return outcome{}, fmt.Errorf("read namespace: %w", err)
	}
	holder, err := r.holder(ctx, p.Spec.Namespace)
	if err != nil {
		return outcome{}, err
	}
	if holder != p.Name {
		return outcome{
			status: metav1.ConditionFalse, reason: v1alpha1.ReasonNamespaceTaken, withoutURL: true, lookAgain: whileRunning,
			message: fmt.Sprintf("namespace %q belongs to ServiceProvider %q: one namespace is one agency", p.Spec.Namespace, holder),
		}.stalled(), nil
	}
	state, err := r.Intake(ctx, p)
	if err != nil {
		return outcome{}, err
	}
	return r.judge(p, state.Running).with(state), nil
}

// stalled says that what keeps the agency from being ready waits for a person.
func (o outcome) stalled() outcome {
	o.progress = progress{v1alpha1.ConditionStalled, o.reason, o.message}
	return o
}

// with adds what the API server refuses and how a new image does to how the intake runs. The first of them that there is to tell is
// told.
func (o outcome) with(state IntakeState) outcome {
	switch {
	case state.Refused != "":
		o.lookAgain = whenRefused
		o.progress = progress{v1alpha1.ConditionStalled, v1alpha1.ReasonIntakeFailed, "the intake is not as its ServiceProvider wants it: " + clip(state.Refused)}
		if !state.Running {
			o.reason, o.message = o.progress.reason, o.progress.message
		}
	case state.Unproven != "":
		o.lookAgain = min(o.lookAgain, whenRefused)
		o.progress = progress{v1alpha1.ConditionStalled, v1alpha1.ReasonImageNotProven, clip(state.Unproven)}
	case o.status == metav1.ConditionTrue && state.Proving != "":
		o.lookAgain = min(o.lookAgain, whileProving)
		o.progress = progress{v1alpha1.ConditionReconciling, v1alpha1.ReasonProvingImage, clip(state.Proving)}
	case o.status != metav1.ConditionTrue:
		o.progress = progress{v1alpha1.ConditionReconciling, o.reason, o.message}
	}
	return o
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
	for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if out.progress.condition == kind {
			set(kind, metav1.ConditionTrue, out.progress.reason, out.progress.message)
		} else {
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
