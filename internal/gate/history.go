// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"slices"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// history is what the service's records say of one digest.
type history struct {
	// before tells that the digest was published at some time.
	before bool
	// serving is the record that published the digest, while nothing has replaced or withdrawn it.
	serving *v1alpha1.PublicationSpec
	// published and until are from when to when it was last served; until is meaningful once it is served no more.
	published, until time.Time
}

// Suspend and Resume are an emergency stop and change nothing about which digest is served.
func historyOf(d v1alpha1.Digest, publications []v1alpha1.Publication) history {
	records := make([]*v1alpha1.PublicationSpec, 0, len(publications))
	for i := range publications {
		records = append(records, &publications[i].Spec)
	}
	slices.SortFunc(records, func(a, b *v1alpha1.PublicationSpec) int { return cmp.Compare(a.Seq, b.Seq) })
	var h history
	for _, r := range records {
		switch {
		case r.Action == v1alpha1.ActionPublish && r.Digest == d:
			h.before, h.serving, h.published = true, r, r.DecidedAt.Time
		case r.Action == v1alpha1.ActionPublish || r.Action == v1alpha1.ActionWithdraw:
			if h.serving != nil {
				h.until = r.DecidedAt.Time
				// A withdrawal may take effect later, after a grace.
				if r.EffectiveAt != nil && r.EffectiveAt.After(h.until) {
					h.until = r.EffectiveAt.Time
				}
			}
			h.serving = nil
		}
	}
	return h
}
