// SPDX-License-Identifier: Apache-2.0

package observation

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/inner"
)

// maxCounts bounds what is taken from one intake: 10 000 services with some revisions each. What is more is not looked at; one
// agency's intake must not use up the controller.
const maxCounts = 50_000

// byService sorts an intake's counts.
func byService(counts []inner.Counts) map[string][]inner.Counts {
	sorted := map[string][]inner.Counts{}
	for _, c := range counts[:min(len(counts), maxCounts)] {
		sorted[c.Service] = append(sorted[c.Service], c)
	}
	return sorted
}

// changed are the services whose counts differ between two looks at an intake. Against none, all of them.
func changed(before, now *look) []string {
	var services []string
	for service, counts := range now.counts {
		if before == nil || !sameCounts(before.counts[service], counts) {
			services = append(services, service)
		}
	}
	return services
}

// sameCounts compares the counts of one service, which come in any order.
func sameCounts(a, b []inner.Counts) bool {
	if len(a) != len(b) {
		return false
	}
	there := make(map[inner.Counts]bool, len(a))
	for _, c := range a {
		there[c] = true
	}
	for _, c := range b {
		if !there[c] {
			return false
		}
	}
	return true
}

// metrics folds a service's counts: over all its revisions, of the published one, and of the one before. It is nil when nobody
// ever applied.
func metrics(published, previous v1alpha1.Digest, counts []inner.Counts, at time.Time) *v1alpha1.Metrics {
	if len(counts) == 0 {
		return nil
	}
	m := &v1alpha1.Metrics{AsOf: metav1.NewTime(at)}
	for _, c := range counts {
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

// maxSize bounds the entries of a journal by what a signed record can say: larger numbers have no one spelling in JSON.
const maxSize = 1<<53 - 1

// wellFormed is a journal's head as an intake told it, or nil when it is none that could be written anywhere: what an agency's
// intake says must not keep a record from being made.
func wellFormed(c *inner.Checkpoint) *inner.Checkpoint {
	if c == nil || c.Size > maxSize {
		return nil
	}
	root, err := base64.StdEncoding.DecodeString(c.RootHash)
	if err != nil || len(root) != sha256.Size || base64.StdEncoding.EncodeToString(root) != c.RootHash {
		return nil
	}
	return c
}
