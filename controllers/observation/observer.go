// SPDX-License-Identifier: Apache-2.0

// Package observation asks each agency's intake what it has taken in, and writes the counts into the services' statuses and the
// journal's head into the providers'. All of these writes of a cluster, whatever its size, share a budget of one a second; what
// was not written the longest goes first.
package observation

import (
	"context"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/inner"
)

// Times.
const (
	// between is the time between two writes: the budget.
	between = time.Second
	// round is how often intakes are asked.
	round = 10 * time.Second
	// anchor is how often a journal's head is written at most.
	anchor = time.Minute
	// atOnce is how many intakes are asked at a time.
	atOnce = 8
	// patience bounds one question.
	patience = 5 * time.Second
)

// Finder finds an agency's intake.
type Finder interface {
	Intake(ctx context.Context, namespace string) (string, error)
	Forget(namespace, name string)
}

// Options are what the observer needs.
type Options struct {
	// Client reads the cache and writes statuses.
	Client client.Client
	// Events tells of journals that cannot be what they were.
	Events recorder.EventRecorder
	// Clock tells the time and ticks.
	Clock clock.WithTicker
	// HTTP asks intakes.
	HTTP *http.Client
	// Find finds intakes.
	Find Finder
	// Token makes a token for the intake of a namespace.
	Token func(namespace string) string
}

// Observer observes. It is a Runnable of the leader: followers observe nothing.
type Observer struct {
	Options

	mu     sync.Mutex
	states map[string]*look   // by namespace
	due    map[item]time.Time // what is to be written, and from when on
}

// look is what an intake last told.
type look struct {
	counts     map[string][]inner.Counts // by service
	checkpoint *inner.Checkpoint
	at         time.Time
}

// item is one status that may have to be written: a service's, or a provider's when it has no namespace.
type item = types.NamespacedName

// New returns an observer that has seen nothing.
func New(o Options) *Observer {
	return &Observer{Options: o, states: map[string]*look{}, due: map[item]time.Time{}}
}

// Start observes until ctx ends.
func (o *Observer) Start(ctx context.Context) error {
	ticker := o.Clock.NewTicker(between)
	defer ticker.Stop()
	var asked time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
		}
		if now := o.Clock.Now(); now.Sub(asked) >= round {
			asked = now
			o.ask(ctx)
		}
		o.write(ctx)
	}
}

// ask asks every agency's intake.
func (o *Observer) ask(ctx context.Context) {
	providers := &v1alpha1.ServiceProviderList{}
	if err := o.Client.List(ctx, providers); err != nil {
		log.FromContext(ctx).Error(err, "list providers")
		return
	}
	slots := make(chan struct{}, atOnce)
	var asking sync.WaitGroup
	for i := range providers.Items {
		slots <- struct{}{}
		asking.Go(func() {
			defer func() { <-slots }()
			o.askOne(ctx, &providers.Items[i])
		})
	}
	asking.Wait()
	o.drop(providers.Items)
}

func (o *Observer) askOne(ctx context.Context, p *v1alpha1.ServiceProvider) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	base, err := o.Find.Intake(ctx, p.Spec.Namespace)
	if err != nil {
		log.FromContext(ctx).V(1).Info("intake was not found", "provider", p.Name, "because", err.Error())
		return
	}
	c := inner.Client{HTTP: o.HTTP, Base: base, Token: func() string { return o.Token(p.Spec.Namespace) }}
	state, err := c.State(ctx)
	if err != nil {
		o.Find.Forget(p.Spec.Namespace, intakeName)
		log.FromContext(ctx).V(1).Info("intake did not answer", "provider", p.Name, "because", err.Error())
		return
	}
	o.remember(p, state)
}

// remember keeps what an intake told and marks what changed by it. The first answer marks everything: whether it differs from
// what was written in another life is seen when it is due.
func (o *Observer) remember(p *v1alpha1.ServiceProvider, state *inner.State) {
	seen := &look{counts: byService(state.Counts), checkpoint: wellFormed(state.Checkpoint), at: o.Clock.Now()}
	services := changed(o.seen(p.Spec.Namespace), seen)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states[p.Spec.Namespace] = seen
	for _, service := range services {
		o.demand(item{Namespace: p.Spec.Namespace, Name: service})
	}
	if seen.checkpoint != nil {
		o.demand(item{Name: p.Name})
	}
}

// demand asks for an item to be written, without taking back that it was put off.
func (o *Observer) demand(i item) {
	if _, ok := o.due[i]; !ok {
		o.due[i] = time.Time{}
	}
}

// drop forgets agencies that are gone.
func (o *Observer) drop(providers []v1alpha1.ServiceProvider) {
	there := map[string]bool{}
	for _, p := range providers {
		there[p.Spec.Namespace] = true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for namespace := range o.states {
		if !there[namespace] {
			delete(o.states, namespace)
		}
	}
}

// Metrics are the newest known counts of a service, for a status that is about to be written for another reason; nil while none
// are known.
func (o *Observer) Metrics(service types.NamespacedName, published, previous v1alpha1.Digest) *v1alpha1.Metrics {
	seen := o.seen(service.Namespace)
	if seen == nil {
		return nil
	}
	return metrics(published, previous, seen.counts[service.Name], seen.at)
}

// Checkpoint is the newest known head of an agency's journal, for a record that is about to be signed; nil while none is known. A
// journal that does not continue the one whose head was written is not believed: the record then carries the head that was.
func (o *Observer) Checkpoint(p *v1alpha1.ServiceProvider) *v1alpha1.JournalCheckpoint {
	if seen := o.seen(p.Spec.Namespace); seen != nil && compare(p.Status.Checkpoint, seen.checkpoint) == grown {
		return checkpoint(seen.checkpoint, seen.at)
	}
	return p.Status.Checkpoint.DeepCopy()
}
