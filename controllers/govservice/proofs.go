// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	proofsAtOnce = 2                // a run keeps a processor busy
	proofTime    = 10 * time.Minute // of one run
	firstRetry   = time.Second      // doubled up to lastRetry
	lastRetry    = time.Minute
)

// proofs runs scenarios outside of reconciles, a few at a time, each revision once. It forgets everything when the process ends:
// the status of a revision alone tells that it was proven.
type proofs struct {
	prover Prover
	client client.Client
	reader client.Reader
	clock  clock.PassiveClock
	slots  chan struct{}
	wake   chan event.TypedGenericEvent[types.NamespacedName]

	ready   chan struct{} // closed when ctx is set
	ctx     context.Context
	running sync.WaitGroup

	mu   sync.Mutex
	runs map[types.NamespacedName]*run
}

var errNoProvider = errors.New("no ServiceProvider names the namespace")

// run is one revision's proof under way, or its last failure.
type run struct {
	startedAt time.Time
	failed    error
	failures  int
	retryAt   time.Time
}

func newProofs(prover Prover, c client.Client, reader client.Reader, clock clock.PassiveClock) *proofs {
	return &proofs{
		prover: prover, client: c, reader: reader, clock: clock,
		slots: make(chan struct{}, proofsAtOnce), wake: make(chan event.TypedGenericEvent[types.NamespacedName], 64),
		ready: make(chan struct{}), runs: map[types.NamespacedName]*run{},
	}
}

// Start lets proofs run until ctx ends, and then waits for those under way.
func (p *proofs) Start(ctx context.Context) error {
	p.ctx = ctx
	close(p.ready)
	<-ctx.Done()
	p.running.Wait()
	return nil
}

// ensure sees that a revision is being proven, and tells how far that is.
func (p *proofs) ensure(revision, service types.NamespacedName, now time.Time) run {
	p.mu.Lock()
	defer p.mu.Unlock()
	current := p.runs[revision]
	switch {
	case current == nil:
		current = &run{startedAt: now}
		p.runs[revision] = current
	case current.failed == nil || now.Before(current.retryAt):
		return *current
	default:
		current.failed, current.startedAt = nil, now
	}
	p.running.Go(func() { p.attempt(revision, service, current) })
	return *current
}

func (p *proofs) attempt(revision, service types.NamespacedName, current *run) {
	<-p.ready
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-p.ctx.Done():
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, proofTime)
	defer cancel()
	err := p.prove(ctx, revision)
	p.mu.Lock()
	if err == nil {
		delete(p.runs, revision) // its status stands now
	} else {
		current.failed, current.retryAt = err, p.clock.Now().Add(min(firstRetry<<min(current.failures, 10), lastRetry))
		current.failures++
	}
	p.mu.Unlock()
	if err != nil && p.ctx.Err() == nil {
		log.FromContext(p.ctx).Info("scenarios could not be run", "revision", revision, "because", err.Error())
		select {
		case p.wake <- event.TypedGenericEvent[types.NamespacedName]{Object: service}:
		case <-p.ctx.Done():
		}
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
