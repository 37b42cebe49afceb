// SPDX-License-Identifier: Apache-2.0

// Package intake keeps the intake of each agency as package resources builds it, and tells how it does. It looks by itself and
// watches nothing: the controller has no right on workloads but in the namespaces of agencies.
package intake

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/resources"
	"github.com/okno-dev/okno/internal/signature"
)

// HashAnnotation holds the hash of what was applied last, so that a field that is built no more is noticed too.
const HashAnnotation = v1alpha1.GroupName + "/applied"

// State is how an agency's intake does.
type State struct {
	// Running tells that the wanted pod is ready.
	Running bool
	// Refused is why the intake is not as it should be, when the API server refuses what it needs; "" when it does not.
	Refused string
	// Proving is why a new image is not taken yet; "" when none waits. The intake is left as it is meanwhile.
	Proving string
	// Unproven is why a new image is not taken until a person acts; "" when none is kept off.
	Unproven string
}

// newRight is how long the API server may need to see a right that was just granted.
const newRight = 15 * time.Second

// Options are what a Keeper needs from the installation.
type Options struct {
	// Client writes, and reads the cache.
	Client client.Client
	// Reader reads past any cache.
	Reader client.Reader
	// Clock tells the time.
	Clock clock.PassiveClock
	// Settings are what every intake is built with.
	Settings resources.Settings
	// Keys are the keys whose records say what is served.
	Keys signature.Keys
	// Trials prove what is served on a new image.
	Trials *Trials
}

// Keeper keeps the intakes of agencies.
type Keeper struct {
	Options
	routed sync.Map // providers, by name, of whom no former route is left
}

// NewKeeper returns a keeper.
func NewKeeper(o Options) *Keeper { return &Keeper{Options: o} }

// Keep applies what differs from what should be, and nothing else. What is refused keeps nothing else back, and whether the intake
// runs is seen for itself. While a new image is kept off, the StatefulSet stays as it is altogether: what a newer controller would
// tell its intake, an older intake may not know.
func (k *Keeper) Keep(ctx context.Context, p *v1alpha1.ServiceProvider) (State, error) {
	var (
		refused []string
		off     held
	)
	for _, want := range k.objects(p) {
		err := k.keepUnlessHeld(ctx, p, want, &off)
		switch {
		case meta.IsNoMatchError(err):
			refused = append(refused, fmt.Sprintf("the cluster does not know %s: install the Gateway API, or take --gateway from Okno's controller", want.GetObjectKind().GroupVersionKind().Kind))
		case apierrors.IsForbidden(err) && k.isNew(ctx, p):
			return State{}, nil
		case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsForbidden(err):
			refused = append(refused, err.Error())
		case err != nil:
			return State{}, err
		}
	}
	if len(refused) == 0 { // not before the new one is there
		switch err := k.removeFormerRoute(ctx, p); {
		case apierrors.IsForbidden(err):
			refused = append(refused, err.Error())
		case err != nil:
			return State{}, err
		}
	}
	running, err := k.runs(ctx, p)
	if err != nil && !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) {
		return State{}, err
	}
	return State{Running: running, Refused: strings.Join(refused, "; "), Proving: off.proving, Unproven: off.refused}, nil
}

func (k *Keeper) keepUnlessHeld(ctx context.Context, p *v1alpha1.ServiceProvider, want client.Object, off *held) (err error) {
	if _, ok := want.(*appsv1.StatefulSet); ok {
		if *off, err = k.hold(ctx, p); err != nil || off.back() {
			return err
		}
	}
	return k.keep(ctx, want)
}

// isNew tells whether the controller's right in the agency's namespace was granted just now.
func (k *Keeper) isNew(ctx context.Context, p *v1alpha1.ServiceProvider) bool {
	binding := &rbacv1.RoleBinding{}
	err := k.Reader.Get(ctx, client.ObjectKeyFromObject(resources.MakeControllerBinding(p)), binding)
	return err == nil && k.Clock.Since(binding.CreationTimestamp.Time) < newRight
}

// objects are in the order in which each needs those before it: the controller's own right comes first.
func (k *Keeper) objects(p *v1alpha1.ServiceProvider) []client.Object {
	return []client.Object{
		resources.MakeControllerBinding(p),
		resources.MakeServiceAccount(p),
		resources.MakeIntakeBinding(p),
		resources.MakeNetworkPolicy(p),
		resources.MakeService(p),
		resources.MakeStatefulSet(p, k.Settings),
		resources.MakePodDisruptionBudget(p),
		k.route(p),
	}
}

func (k *Keeper) keep(ctx context.Context, object client.Object) error {
	want, err := desired(object)
	if err != nil {
		return err
	}
	have := &unstructured.Unstructured{}
	have.SetGroupVersionKind(want.GroupVersionKind())
	err = k.Reader.Get(ctx, client.ObjectKeyFromObject(want), have)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read %s %q: %w", want.GetKind(), want.GetName(), err)
	}
	if err == nil && covers(have.Object, want.Object) {
		return nil
	}
	err = k.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(want), client.FieldOwner(v1alpha1.FieldManager), client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("apply %s %q: %w", want.GetKind(), want.GetName(), err)
	}
	return nil
}

// desired is an object as it is applied: without what only the API server fills in, and with the hash of itself.
func desired(object client.Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("convert %T: %w", object, err)
	}
	prune(content)
	_, hash, err := digest.JSON(content)
	if err != nil {
		return nil, fmt.Errorf("hash %T: %w", object, err)
	}
	want := &unstructured.Unstructured{Object: content}
	want.SetAnnotations(map[string]string{HashAnnotation: hash[:16]})
	return want, nil
}

// prune drops, at every depth, statuses, creation times that were never set, and empty maps that only say that nothing is set. An
// emptyDir is what it is by being there.
func prune(content map[string]any) {
	for key, value := range content {
		switch v := value.(type) {
		case nil:
			delete(content, key)
		case map[string]any:
			prune(v)
			if key == "status" || (len(v) == 0 && key != "emptyDir") {
				delete(content, key)
			}
		case []any:
			for _, item := range v {
				if m, ok := item.(map[string]any); ok {
					prune(m)
				}
			}
		}
	}
}

// covers tells whether have says everything that want says. What else it says are defaults and other managers' fields.
func covers(have, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok {
			return false
		}
		for key, value := range w {
			if !covers(h[key], value) {
				return false
			}
		}
		return true
	case []any:
		h, ok := have.([]any)
		if !ok || len(h) != len(w) {
			return false
		}
		for i := range w {
			if !covers(h[i], w[i]) {
				return false
			}
		}
		return true
	default:
		return fmt.Sprint(have) == fmt.Sprint(want) // numbers come as int64 or float64
	}
}

func (k *Keeper) runs(ctx context.Context, p *v1alpha1.ServiceProvider) (bool, error) {
	set := &appsv1.StatefulSet{}
	if err := k.Reader.Get(ctx, client.ObjectKey{Namespace: p.Spec.Namespace, Name: resources.IntakeName}, set); err != nil {
		return false, fmt.Errorf("read intake: %w", err)
	}
	return isReady(set), nil
}

// isReady tells whether the one pod that is wanted is there and ready.
func isReady(set *appsv1.StatefulSet) bool {
	s := set.Status
	return s.ObservedGeneration >= set.Generation && s.UpdatedReplicas >= 1 && s.ReadyReplicas >= 1 && (s.UpdateRevision == "" || s.CurrentRevision == s.UpdateRevision)
}
