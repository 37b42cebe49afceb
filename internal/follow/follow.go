// SPDX-License-Identifier: Apache-2.0

// Package follow follows the Publications of a namespace, or of all, and hands on what they make of each service: verified by
// signature, newest first, with the definition that they name, re-hashed. It needs an API server only to learn of news: while there
// is none, whoever listens goes on with what it has.
//
// It keeps one number for each service and no objects.
package follow

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Verifier checks that a record was signed by a trusted key for its namespace; signature.Keys does.
type Verifier interface {
	VerifyPublication(spec v1alpha1.PublicationSpec, namespace string) error
}

// Change is what a Publication makes of a service.
type Change struct {
	Publication v1alpha1.PublicationSpec
	// Definition is the canonical JSON that hashes to the Publication's digest. It is nil when the action is a Withdraw that has taken
	// effect, or whose revision is gone, and when Options.Knows said that it is not needed.
	Definition []byte
}

// Options say what to follow and whom to tell.
type Options struct {
	Config *rest.Config
	// Namespace is the agency's; "" means all.
	Namespace string
	Keys      Verifier
	Log       *slog.Logger
	// Deliver is told each service's newest record, at least once. It is called by several goroutines, but never twice at once
	// for one service. After an error it is told again, later.
	Deliver func(context.Context, Change) error
	// Knows tells whether the listener has the definition of a digest already; nil means that it never has.
	Knows func(ctx context.Context, digest string) bool
}

const (
	workers  = 4
	firstTry = 50 * time.Millisecond
	lastTry  = 30 * time.Second
	// timeout bounds one request for a definition.
	timeout = 10 * time.Second
)

// Run follows until ctx ends, whatever happens meanwhile. Its error is about the options only.
func Run(ctx context.Context, o Options) error {
	client, err := NewClient(o.Config)
	if err != nil {
		return fmt.Errorf("follow publications: %w", err)
	}
	f := &follower{
		Options: o, client: client, services: map[service]*progress{},
		queue: workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[service](firstTry, lastTry)),
	}
	var group sync.WaitGroup
	for range workers {
		group.Go(func() { f.work(ctx) })
	}
	// The reflector lists, watches, resumes, and lists again when it lost its place, with back-off and for ever.
	list := cache.NewListWatchFromClient(client, "publications", o.Namespace, fields.Everything())
	reflector := cache.NewReflectorWithOptions(list, &v1alpha1.Publication{}, f, cache.ReflectorOptions{Name: "publications"})
	reflector.RunWithContext(ctx)
	f.queue.ShutDown()
	group.Wait()
	return nil
}

type service struct{ namespace, name string }

// progress is how far a service was followed.
type progress struct {
	delivered int64
	newest    *v1alpha1.PublicationSpec // verified, not delivered yet; nil when all is delivered
}

// highest is the newest number that is known.
func (p *progress) highest() int64 {
	if p.newest != nil {
		return max(p.delivered, p.newest.Seq)
	}
	return p.delivered
}

type follower struct {
	Options
	client rest.Interface
	queue  workqueue.TypedRateLimitingInterface[service]

	mu       sync.Mutex
	services map[service]*progress
}

// Add, Update, Delete, Replace and Resync make the follower the reflector's store. What was delivered is never taken back. Records
// are deleted only with their namespace; one that is made anew begins again at the first number.

// Add implements cache.ReflectorStore.
func (f *follower) Add(obj any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.offer(obj)
	return nil
}

// Update implements cache.ReflectorStore.
func (f *follower) Update(obj any) error { return f.Add(obj) }

// Delete implements cache.ReflectorStore.
func (f *follower) Delete(obj any) error {
	p, ok := obj.(*v1alpha1.Publication)
	if !ok {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	key := service{p.Namespace, p.Spec.Service}
	if known := f.services[key]; known != nil && p.Spec.Seq >= known.highest() {
		delete(f.services, key)
	}
	return nil
}

// Replace implements cache.ReflectorStore.
func (f *follower) Replace(list []any, _ string) error {
	// The newest first: older ones are then passed over without a look at their signatures.
	slices.SortFunc(list, func(a, b any) int {
		x, y := a.(*v1alpha1.Publication), b.(*v1alpha1.Publication)
		return cmp.Compare(y.Spec.Seq, x.Spec.Seq)
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	listed := make(map[service]bool, len(f.services))
	for _, obj := range list {
		p := obj.(*v1alpha1.Publication)
		listed[service{p.Namespace, p.Spec.Service}] = true
	}
	for key := range f.services {
		if !listed[key] {
			delete(f.services, key)
		}
	}
	for _, obj := range list {
		f.offer(obj)
	}
	return nil
}

// Resync implements cache.ReflectorStore.
func (f *follower) Resync() error { return nil }

// offer takes a record that is newer than what is known of its service and rightly signed. The caller holds mu.
func (f *follower) offer(obj any) {
	p, ok := obj.(*v1alpha1.Publication)
	if !ok {
		return
	}
	key := service{p.Namespace, p.Spec.Service}
	known := f.services[key]
	if known != nil && p.Spec.Seq <= known.highest() {
		return
	}
	if err := f.Keys.VerifyPublication(p.Spec, p.Namespace); err != nil {
		f.Log.Error("a publication is not believed", "namespace", p.Namespace, "publication", p.Name, "err", err)
		return
	}
	if known == nil {
		known = &progress{}
		f.services[key] = known
	}
	known.newest = p.Spec.DeepCopy()
	f.queue.Add(key)
}

func (f *follower) work(ctx context.Context) {
	for {
		key, stop := f.queue.Get()
		if stop {
			return
		}
		err := f.deliver(ctx, key)
		switch {
		case err == nil:
			f.queue.Forget(key)
		case ctx.Err() == nil:
			f.Log.Warn("cannot follow a publication yet", "namespace", key.namespace, "service", key.name, "err", err)
			f.queue.AddRateLimited(key)
		}
		f.queue.Done(key)
	}
}

// deliver hands on the newest record of a service. A newer one that comes meanwhile is in the queue again.
func (f *follower) deliver(ctx context.Context, key service) error {
	f.mu.Lock()
	p := f.services[key]
	var spec *v1alpha1.PublicationSpec
	if p != nil {
		spec = p.newest
	}
	f.mu.Unlock()
	if spec == nil {
		return nil
	}
	change := Change{Publication: *spec}
	ends := spec.Action == v1alpha1.ActionWithdraw
	served := !ends || spec.EffectiveAt != nil && time.Now().Before(spec.EffectiveAt.Time)
	if served && (f.Knows == nil || !f.Knows(ctx, string(spec.Digest))) {
		body, err := f.definition(ctx, key.namespace, spec)
		if err != nil && (!ends || !apierrors.IsNotFound(err)) {
			return err
		}
		change.Definition = body
	}
	if err := f.Deliver(ctx, change); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p.delivered = spec.Seq
	if p.newest == spec {
		p.newest = nil
	}
	return nil
}
