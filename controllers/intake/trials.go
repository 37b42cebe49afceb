// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"encoding/json"
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
)

// Prover is the prover that runs the image that intakes are to run.
type Prover interface {
	// Image identifies its program as reports do. An error tells that no such prover answers.
	Image(ctx context.Context) (string, error)
	// Prove runs the scenarios of a revision whose body is at hand, with terms counted in a time zone.
	Prove(ctx context.Context, rev *v1alpha1.ServiceRevision, timeZone string) (*v1alpha1.ScenarioReport, error)
}

// Bounds of trials.
const (
	trialsAtOnce = 2 // in the cluster: new revisions are proven beside them
	trialTime    = 10 * time.Minute
	firstRetry   = 5 * time.Second // doubled up to lastRetry
	lastRetry    = 2 * time.Minute
)

// round is the work on one agency's revisions: under way, or ended by an error.
type round struct {
	active   bool
	failures int
	err      error
	retryAt  time.Time
}

// Trials prove served revisions on a new image, outside of reconciles: one of an agency at a time, a few in the cluster. What came of
// each stands in its revision's status, so that nothing is proven twice, also by another process.
type Trials struct {
	prover Prover
	client client.Client
	reader client.Reader
	clock  clock.PassiveClock
	// Ended tells of providers, by name, whose revisions have all been tried.
	Ended chan event.TypedGenericEvent[types.NamespacedName]

	slots   chan struct{}
	mu      sync.Mutex
	ctx     context.Context // nil before Start and after its end
	running sync.WaitGroup
	rounds  map[string]*round // by provider
}

// NewTrials returns trials that have not begun. They write through c and read bodies through reader, past any cache.
func NewTrials(prover Prover, c client.Client, reader client.Reader, clock clock.PassiveClock) *Trials {
	return &Trials{
		prover: prover, client: c, reader: reader, clock: clock, rounds: map[string]*round{},
		slots: make(chan struct{}, trialsAtOnce), Ended: make(chan event.TypedGenericEvent[types.NamespacedName], 64),
	}
}

// Start lets trials run until ctx ends, and then waits for those under way.
func (t *Trials) Start(ctx context.Context) error {
	t.mu.Lock()
	t.ctx = ctx
	t.mu.Unlock()
	<-ctx.Done()
	t.mu.Lock()
	t.ctx = nil // nothing begins beside the waiting
	t.mu.Unlock()
	t.running.Wait()
	return nil
}

// ensure sees that an agency's revisions are being tried on a program. Its error is why they could not be the last time.
func (t *Trials) ensure(provider, namespace, timeZone, program string, revisions []string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx == nil {
		return nil
	}
	r := t.rounds[provider]
	switch {
	case r == nil:
		r = &round{}
		t.rounds[provider] = r
	case r.active:
		return r.err
	case t.clock.Now().Before(r.retryAt):
		return r.err
	}
	r.active = true
	ctx := t.ctx
	t.running.Go(func() {
		err := t.try(ctx, namespace, timeZone, program, revisions)
		t.settle(ctx, provider, r, err)
	})
	return r.err
}

// settle notes how a round ended, and wakes its provider.
func (t *Trials) settle(ctx context.Context, provider string, r *round, err error) {
	t.mu.Lock()
	r.active, r.err = false, err
	if err == nil {
		delete(t.rounds, provider)
	} else {
		r.retryAt = t.clock.Now().Add(min(firstRetry<<min(r.failures, 10), lastRetry))
		r.failures++
	}
	t.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		log.FromContext(ctx).Info("served revisions could not be proven on the new intake image", "provider", provider, "because", err.Error())
	}
	select {
	case t.Ended <- event.TypedGenericEvent[types.NamespacedName]{Object: types.NamespacedName{Name: provider}}:
	case <-ctx.Done():
	}
}

// try tries revisions one after another. Neither scenarios that fail nor a revision that cannot be proven keeps the rest untried, as
// long as the prover is there.
func (t *Trials) try(ctx context.Context, namespace, timeZone, program string, revisions []string) error {
	var unproven []error
	for _, name := range revisions {
		select {
		case t.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := t.tryOne(ctx, client.ObjectKey{Namespace: namespace, Name: name}, timeZone, program)
		<-t.slots
		if err == nil {
			continue
		}
		unproven = append(unproven, fmt.Errorf("%s: %w", name, err))
		if away := t.runs(ctx, program); away != nil {
			return away
		}
	}
	return few(unproven)
}

// few joins the first errors on one line, and counts the others: a status tells of them.
func few(errs []error) error {
	const shown = 3
	switch {
	case len(errs) == 0:
		return nil
	case len(errs) == 1:
		return errs[0]
	case len(errs) <= shown:
		return fmt.Errorf("%w; %w", errs[0], few(errs[1:]))
	}
	return fmt.Errorf("%w; %w; %w; and %d more", errs[0], errs[1], errs[2], len(errs)-shown)
}

// runs tells whether the prover that runs a program is still there.
func (t *Trials) runs(ctx context.Context, program string) error {
	ctx, cancel := context.WithTimeout(ctx, proverTime)
	defer cancel()
	image, err := t.prover.Image(ctx)
	if err == nil && image != program {
		err = gaveWay(program, image)
	}
	return err
}

func gaveWay(former, now string) error {
	return fmt.Errorf("the prover that ran %s gave way to one that runs %s", former, now)
}

func (t *Trials) tryOne(ctx context.Context, key client.ObjectKey, timeZone, program string) error {
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	rev := &v1alpha1.ServiceRevision{}
	if err := t.reader.Get(ctx, key, rev); err != nil {
		return client.IgnoreNotFound(err) // it was served when this began
	}
	if rev.Status.On(program) != nil {
		return nil
	}
	proof, err := t.prove(ctx, rev, timeZone, program)
	if err == nil && proof.Result != v1alpha1.ResultPassed {
		// What fails is written for good, and keeps the image off: once more, lest it was the machine's load.
		proof, err = t.prove(ctx, rev, timeZone, program)
	}
	if err != nil {
		return err
	}
	return t.write(ctx, rev, proof)
}

// prove runs the scenarios of a revision on a program.
func (t *Trials) prove(ctx context.Context, rev *v1alpha1.ServiceRevision, timeZone, program string) (v1alpha1.ImageProof, error) {
	report, err := t.prover.Prove(ctx, rev, timeZone)
	if err != nil {
		return v1alpha1.ImageProof{}, err
	}
	if report.Image != program {
		return v1alpha1.ImageProof{}, gaveWay(program, report.Image)
	}
	return proofOf(report), nil
}

// write adds a proof to a revision's status and touches nothing else of it.
func (t *Trials) write(ctx context.Context, rev *v1alpha1.ServiceRevision, proof v1alpha1.ImageProof) error {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": rev.ResourceVersion},
		"status":   map[string]any{"laterImages": with(rev.Status.LaterImages, proof)},
	})
	if err != nil {
		return fmt.Errorf("encode proof: %w", err)
	}
	target := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: rev.Namespace, Name: rev.Name}}
	target.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ServiceRevision"))
	err = t.client.Status().Patch(ctx, target, client.RawPatch(types.MergePatchType, body), client.FieldOwner(v1alpha1.FieldManager))
	if err != nil {
		return fmt.Errorf("write proof of %q: %w", rev.Name, err)
	}
	return nil
}
