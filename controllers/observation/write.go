// SPDX-License-Identifier: Apache-2.0

package observation

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/ledger"
	"github.com/okno-dev/okno/internal/resources"
)

const intakeName = resources.IntakeName

// reasonJournalBroken is the reason of the event that tells of a journal that is shorter than it was, or another one.
const reasonJournalBroken = "JournalBroken"

// candidate is a status that has something new to say.
type candidate struct {
	item
	kind        string
	version     string // of the object that was seen
	before, now any    // its status
	event       bool   // a journal that is broken is told of, not written over
}

// putOff is how long a status that could not be written waits: others must not wait for it.
const putOff = time.Minute

// write writes the one status that was not written the longest, of those that have something new to say.
func (o *Observer) write(ctx context.Context) {
	for _, i := range o.stalestFirst(ctx) {
		c := o.candidate(ctx, i)
		if c == nil {
			continue
		}
		if err := o.writeOne(ctx, c); err != nil {
			log.FromContext(ctx).Info("counts were not written", "of", c.item, "because", err.Error())
			if !apierrors.IsConflict(err) { // the cache was behind; the next tick sees more
				o.postpone(c.item)
			}
			return
		}
		o.settle(c.item)
		return
	}
}

// stalestFirst are the items that are due, ordered by when they were last written.
func (o *Observer) stalestFirst(ctx context.Context) []item {
	o.mu.Lock()
	items := make([]item, 0, len(o.due))
	now := o.Clock.Now()
	for i, from := range o.due {
		if !now.Before(from) {
			items = append(items, i)
		}
	}
	o.mu.Unlock()
	written := make(map[item]time.Time, len(items))
	for _, i := range items {
		written[i] = o.writtenAt(ctx, i)
	}
	slices.SortFunc(items, func(a, b item) int {
		return cmp.Or(written[a].Compare(written[b]), cmp.Compare(a.String(), b.String()))
	})
	return items
}

func (o *Observer) writtenAt(ctx context.Context, i item) time.Time {
	if i.Namespace == "" {
		p := &v1alpha1.ServiceProvider{}
		if err := o.Client.Get(ctx, i, p, client.UnsafeDisableDeepCopy); err == nil && p.Status.Checkpoint != nil {
			return p.Status.Checkpoint.At.Time
		}
		return time.Time{}
	}
	svc := &v1alpha1.GovService{}
	if err := o.Client.Get(ctx, i, svc, client.UnsafeDisableDeepCopy); err == nil && svc.Status.Metrics != nil {
		return svc.Status.Metrics.AsOf.Time
	}
	return time.Time{}
}

func (o *Observer) settle(i item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.due, i)
}

func (o *Observer) postpone(i item) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.due[i] = o.Clock.Now().Add(putOff)
}

func (o *Observer) seen(namespace string) *look {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.states[namespace]
}

// candidate looks whether an item has something new to say now. What has not is settled.
func (o *Observer) candidate(ctx context.Context, i item) *candidate {
	if i.Namespace == "" {
		return o.providerCandidate(ctx, i)
	}
	svc := &v1alpha1.GovService{}
	seen := o.seen(i.Namespace)
	if err := o.Client.Get(ctx, i, svc); err != nil || seen == nil {
		o.settle(i) // it is gone; an agency that comes back is asked anew
		return nil
	}
	published, previous, err := o.digests(ctx, i)
	if err != nil {
		log.FromContext(ctx).Error(err, "read publications", "service", i)
		return nil
	}
	now := metrics(published, previous, seen.counts[i.Name], seen.at)
	if now == nil || same(svc.Status.Metrics, now) {
		o.settle(i)
		return nil
	}
	status := svc.Status
	status.Metrics = now
	return &candidate{item: i, kind: "GovService", version: svc.ResourceVersion, before: svc.Status, now: status}
}

func (o *Observer) digests(ctx context.Context, service item) (published, previous v1alpha1.Digest, err error) {
	list := &v1alpha1.PublicationList{}
	if err := o.Client.List(ctx, list, client.InNamespace(service.Namespace), client.MatchingFields{"spec.service": service.Name}); err != nil {
		return "", "", fmt.Errorf("list publications: %w", err)
	}
	l := ledger.Of(list.Items)
	return l.ServedDigest(), l.PreviousDigest(), nil
}

func (o *Observer) providerCandidate(ctx context.Context, i item) *candidate {
	p := &v1alpha1.ServiceProvider{}
	if err := o.Client.Get(ctx, i, p); err != nil {
		o.settle(i)
		return nil
	}
	seen := o.seen(p.Spec.Namespace)
	if seen == nil {
		o.settle(i)
		return nil
	}
	written := p.Status.Checkpoint
	switch compare(written, seen.checkpoint) {
	case unchanged:
		o.settle(i)
		return nil
	case broken:
		return &candidate{item: i, kind: "ServiceProvider", event: true}
	}
	if written != nil && o.Clock.Now().Sub(written.At.Time) < anchor {
		return nil // it stays due
	}
	status := p.Status
	status.Checkpoint = checkpoint(seen.checkpoint, seen.at)
	return &candidate{item: i, kind: "ServiceProvider", version: p.ResourceVersion, before: p.Status, now: status}
}

func checkpoint(c *inner.Checkpoint, at time.Time) *v1alpha1.JournalCheckpoint {
	return &v1alpha1.JournalCheckpoint{Size: int64(c.Size), RootHash: c.RootHash, At: metav1.NewTime(at)} //nolint:gosec // entries are counted one by one
}

func (o *Observer) writeOne(ctx context.Context, c *candidate) error {
	if c.event {
		p := &v1alpha1.ServiceProvider{}
		if err := o.Client.Get(ctx, c.item, p); err != nil {
			return err
		}
		o.Events.Eventf(p, nil, corev1.EventTypeWarning, reasonJournalBroken, "Observe",
			"the agency's journal does not continue the one whose head stands in status.checkpoint: it was cut, or restored from an older copy")
		return nil
	}
	body, err := difference(c)
	if err != nil {
		return err
	}
	target := &metav1.PartialObjectMetadata{}
	target.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(c.kind))
	target.Namespace, target.Name = c.Namespace, c.Name
	return o.Client.Status().Patch(ctx, target, client.RawPatch(types.MergePatchType, body), client.FieldOwner(v1alpha1.FieldManager))
}

// difference is a patch of a status that also takes away what is no more: a count that fell to nothing is not written as nothing.
// It is bound to the version that it was made against.
func difference(c *candidate) ([]byte, error) {
	before, err := json.Marshal(map[string]any{"status": c.before})
	if err != nil {
		return nil, fmt.Errorf("encode counts: %w", err)
	}
	now, err := json.Marshal(map[string]any{"status": c.now, "metadata": map[string]string{"resourceVersion": c.version}})
	if err != nil {
		return nil, fmt.Errorf("encode counts: %w", err)
	}
	patch, err := jsonpatch.CreateMergePatch(before, now)
	if err != nil {
		return nil, fmt.Errorf("compare counts: %w", err)
	}
	return patch, nil
}
