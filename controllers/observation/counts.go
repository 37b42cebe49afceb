// SPDX-License-Identifier: Apache-2.0

package observation

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/inner"
)

// changed are the services whose counts differ between two states of an intake. Against no state, all of them.
func changed(before, now *inner.State) map[string]bool {
	services := map[string]bool{}
	for _, c := range now.Counts {
		if before == nil || !slices.Contains(before.Counts, c) {
			services[c.Service] = true
		}
	}
	return services
}

// metrics folds an intake's counts into a service's: over all its revisions, of the published one, and of the one before. It is
// nil when nobody ever applied.
func metrics(service string, published, previous v1alpha1.Digest, counts []inner.Counts, at time.Time) *v1alpha1.Metrics {
	m := &v1alpha1.Metrics{AsOf: metav1.NewTime(at)}
	found := false
	for _, c := range counts {
		if c.Service != service {
			continue
		}
		found = true
		add(&m.Total, c)
		switch {
		case c.Digest == string(published) && published != "":
			m.Published = &v1alpha1.Counts{}
			add(m.Published, c)
		case c.Digest == string(previous) && previous != "":
			m.Previous = &v1alpha1.Counts{}
			add(m.Previous, c)
		}
	}
	if !found {
		return nil
	}
	return m
}

func add(sum *v1alpha1.Counts, c inner.Counts) {
	sum.Started += c.Started
	sum.Submitted += c.Submitted
	sum.RejectedByValidation += c.RejectedByValidation
	sum.InProgress += c.InProgress
	sum.Overdue += c.Overdue
	if sum.Started > 0 {
		sum.CompletionPercent = int32(min(sum.Submitted*100/sum.Started, 100)) //nolint:gosec // at most 100
	}
}

// same tells whether two metrics say the same, whenever they were read.
func same(a, b *v1alpha1.Metrics) bool {
	if a == nil || b == nil {
		return a == b
	}
	equal := func(x, y *v1alpha1.Counts) bool { return (x == nil) == (y == nil) && (x == nil || *x == *y) }
	return a.Total == b.Total && equal(a.Published, b.Published) && equal(a.Previous, b.Previous)
}

// verdict is what the newly read head of a journal means beside the one that was written.
type verdict int

const (
	unchanged verdict = iota
	grown
	broken // the journal was cut, or is another one
)

func compare(written *v1alpha1.JournalCheckpoint, read *inner.Checkpoint) verdict {
	switch {
	case read == nil || read.Size == 0:
		if written != nil && read != nil {
			return broken
		}
		return unchanged
	case written == nil || read.Size > uint64(written.Size): //nolint:gosec // the API bounds size to at least 1
		return grown
	case read.Size < uint64(written.Size) || read.RootHash != written.RootHash: //nolint:gosec // as above
		return broken
	default:
		return unchanged
	}
}
