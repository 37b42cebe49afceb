// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// defaultHistory is how many old revisions are kept when the service says nothing.
const defaultHistory = 3

// prune deletes the revisions that nobody needs whole any more. Their Publications stay.
func (r *Reconciler) prune(ctx context.Context, s *scope) error {
	limit := defaultHistory
	if l := s.svc.Spec.RevisionHistoryLimit; l != nil {
		limit = int(*l)
	}
	keep := []v1alpha1.Digest{s.digest, s.ledger.ServedDigest()}
	if s.target != nil {
		keep = append(keep, s.target.Spec.Digest)
	}
	return r.remove(ctx, garbage(s.revisions, limit, keep...))
}

// garbage returns the revisions that may go: all but those with a digest to keep and, of the rest, the newest up to limit. What
// never became ready is garbage like everything else. The revisions come the newest first.
func garbage(revisions []v1alpha1.ServiceRevision, limit int, keep ...v1alpha1.Digest) []v1alpha1.ServiceRevision {
	var list []v1alpha1.ServiceRevision
	for _, rev := range revisions {
		switch {
		case !rev.DeletionTimestamp.IsZero(), slices.Contains(keep, rev.Spec.Digest):
		case limit > 0:
			limit--
		default:
			list = append(list, rev)
		}
	}
	return list
}

func (r *Reconciler) remove(ctx context.Context, revisions []v1alpha1.ServiceRevision) error {
	for i := range revisions {
		rev := &revisions[i]
		// The very object that was judged, and no other that took its name since.
		err := r.client.Delete(ctx, rev, client.Preconditions{UID: &rev.UID})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete revision %q: %w", rev.Name, err)
		}
	}
	return nil
}
