// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/resources"
)

// Prover runs the scenarios of a revision whose body is at hand, with terms counted in a time zone. An error tells that they could
// not be run; scenarios that ran and failed are in the report.
type Prover interface {
	Prove(ctx context.Context, rev *v1alpha1.ServiceRevision, timeZone string) (*v1alpha1.ScenarioReport, error)
}

// Bounds of proving.
const (
	proofsAtOnce    = 4 // in the cluster: a run keeps a processor busy
	proofsOfAgency  = 2 // of them, of one agency: none can keep the others waiting
	proofTime       = 10 * time.Minute
	firstProofRetry = time.Second // doubled up to lastProofRetry
	lastProofRetry  = time.Minute
)

var errNoProvider = errors.New("no ServiceProvider names the namespace")

// proofs runs scenarios outside of reconciles: one revision of a service at a time, the newest; a few at once, and of those that
// wait the first of the agency that has the fewest under way. It forgets everything when the process ends: the status of a revision
// alone tells that it was proven.
type proofs struct {
	prover Prover
	client client.Client
	reader client.Reader
	clock  clock.PassiveClock
	wake   chan event.TypedGenericEvent[types.NamespacedName]

	mu      sync.Mutex
	ctx     context.Context // nil before Start
	ended   bool
	running sync.WaitGroup
	runs    map[types.NamespacedName]*run // by service
	waiting []*run                        // the oldest first
	busy    map[string]int                // runs under way, by namespace
}

// run is the proof of a service's newest revision: waiting, under way, or failed.
type run struct {
	service, revision types.NamespacedName
	startedAt         time.Time
	failed            error
	failures          int
	retryAt           time.Time
	cancel            context.CancelFunc // set while it is under way
}

func newProofs(prover Prover, c client.Client, reader client.Reader, clock clock.PassiveClock) *proofs {
	return &proofs{
		prover: prover, client: c, reader: reader, clock: clock, wake: make(chan event.TypedGenericEvent[types.NamespacedName], 64),
		runs: map[types.NamespacedName]*run{}, busy: map[string]int{},
	}
}

// Start lets proofs run until ctx ends, and then waits for those under way.
func (p *proofs) Start(ctx context.Context) error {
	p.mu.Lock()
	p.ctx = ctx
	p.dispatch()
	p.mu.Unlock()
	<-ctx.Done()
	p.mu.Lock()
	p.ended = true // nothing begins beside the waiting
	p.mu.Unlock()
	p.running.Wait()
	return nil
}

// ensure sees that a service's newest revision is being proven, and tells how far that is. A run of an older revision ends.
func (p *proofs) ensure(revision, service types.NamespacedName, now time.Time) run {
	p.mu.Lock()
	defer p.mu.Unlock()
	current := p.runs[service]
	if current != nil && current.revision != revision {
		p.drop(current)
		current = nil
	}
	switch {
	case current == nil:
		current = &run{service: service, revision: revision, startedAt: now}
		p.runs[service] = current
	case current.failed == nil || now.Before(current.retryAt):
		return *current
	default:
		current.failed, current.startedAt = nil, now
	}
	p.waiting = append(p.waiting, current)
	p.dispatch()
	return *current
}

// forget ends the proof of a service that is gone.
func (p *proofs) forget(service types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if current := p.runs[service]; current != nil {
		p.drop(current)
	}
}

func (p *proofs) drop(r *run) {
	delete(p.runs, r.service)
	p.waiting = slices.DeleteFunc(p.waiting, func(w *run) bool { return w == r })
	if r.cancel != nil {
		r.cancel()
	}
}

// dispatch starts what may run now. The caller holds the lock.
func (p *proofs) dispatch() {
	if p.ctx == nil || p.ended || p.ctx.Err() != nil {
		return
	}
	for next := p.next(); next >= 0; next = p.next() {
		r := p.waiting[next]
		p.waiting = slices.Delete(p.waiting, next, next+1)
		p.busy[r.service.Namespace]++
		ctx, cancel := context.WithTimeout(p.ctx, proofTime)
		r.cancel = cancel
		p.running.Go(func() { p.attempt(ctx, r) })
	}
}

// next is the place of the run to start, or -1: the first of the agency with the fewest under way.
func (p *proofs) next() int {
	total := 0
	for _, n := range p.busy {
		total += n
	}
	if total >= proofsAtOnce {
		return -1
	}
	best := -1
	for i, r := range p.waiting {
		n := p.busy[r.service.Namespace]
		if n < proofsOfAgency && (best < 0 || n < p.busy[p.waiting[best].service.Namespace]) {
			best = i
		}
	}
	return best
}

func (p *proofs) attempt(ctx context.Context, r *run) {
	err := p.prove(ctx, r.revision)
	if !p.settle(r, err) {
		return
	}
	log.FromContext(p.ctx).Info("scenarios could not be run", "revision", r.revision, "because", err.Error())
	select {
	case p.wake <- event.TypedGenericEvent[types.NamespacedName]{Object: r.service}:
	case <-p.ctx.Done():
	}
}

// settle notes how a run ended, starts the next, and tells whether its service should hear of it.
func (p *proofs) settle(r *run, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.cancel()
	r.cancel = nil
	if p.busy[r.service.Namespace]--; p.busy[r.service.Namespace] == 0 {
		delete(p.busy, r.service.Namespace)
	}
	defer p.dispatch()
	switch {
	case p.runs[r.service] != r || p.ctx.Err() != nil:
		return false // a newer one took its place
	case err == nil:
		delete(p.runs, r.service) // its status stands now
		return false
	default:
		r.failed, r.retryAt = err, p.clock.Now().Add(min(firstProofRetry<<min(r.failures, 10), lastProofRetry))
		r.failures++
		return true
	}
}

// prove runs the scenarios and writes the revision's status. A status that is there already stays: it is written once.
func (p *proofs) prove(ctx context.Context, key types.NamespacedName) error {
	rev := &v1alpha1.ServiceRevision{}
	if err := p.reader.Get(ctx, key, rev); err != nil {
		return client.IgnoreNotFound(err)
	}
	if len(rev.Status.Conditions) > 0 {
		return nil
	}
	provider, err := providerOf(ctx, p.client, key.Namespace)
	if err != nil {
		return err
	}
	if provider == nil {
		return errNoProvider
	}
	report, err := p.prover.Prove(ctx, rev, resources.TimeZone(provider))
	if err != nil {
		return err
	}
	status := v1alpha1.ServiceRevisionStatus{
		Conditions: []metav1.Condition{verified(report, rev.Generation, p.clock.Now())}, Report: report,
	}
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"resourceVersion": rev.ResourceVersion}, "status": status})
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	target := metadataOf("ServiceRevision", rev)
	err = p.client.Status().Patch(ctx, target, client.RawPatch(types.MergePatchType, body), client.FieldOwner(v1alpha1.FieldManager))
	if err != nil {
		return fmt.Errorf("write report of %q: %w", key.Name, err)
	}
	return nil
}

// metadataOf names an object in a write whose answer is not needed: the API server then answers with metadata alone.
func metadataOf(kind string, o client.Object) *metav1.PartialObjectMetadata {
	target := &metav1.PartialObjectMetadata{}
	target.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	target.SetNamespace(o.GetNamespace())
	target.SetName(o.GetName())
	return target
}
