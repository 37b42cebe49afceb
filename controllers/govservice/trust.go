// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/ledger"
	"github.com/okno-dev/okno/internal/signature"
)

// trust tells records that this installation signed from objects that only look so. Whoever got past admission may have made
// those; to build on them would put the installation's signature under what it never decided. A record is checked once, for it
// never changes.
type trust struct {
	keys signature.Keys

	mu    sync.Mutex
	known map[types.UID]bool
}

// split returns the records that hold where they stand, and the names of the others, sorted.
func (t *trust) split(records []v1alpha1.Publication) (trusted []v1alpha1.Publication, untrusted []string) {
	for i := range records {
		if t.holds(&records[i]) {
			trusted = append(trusted, records[i])
		} else {
			untrusted = append(untrusted, records[i].Name)
		}
	}
	slices.Sort(untrusted)
	return trusted, untrusted
}

func (t *trust) holds(p *v1alpha1.Publication) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.known[p.UID]; ok {
		return known
	}
	if t.known == nil {
		t.known = map[types.UID]bool{}
	}
	t.known[p.UID] = p.Name == ledger.RecordName(p.Spec.Service, p.Spec.Seq) && t.keys.VerifyPublication(p.Spec, p.Namespace) == nil
	return t.known[p.UID]
}
