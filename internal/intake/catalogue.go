// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// state is whether a service takes applications.
type state int

const (
	open      state = iota
	suspended       // the emergency stop: the pages tell people, drafts are kept
	withdrawn       // for good; receipts stay readable
)

// entry is what is served of a service, and all that is held of one that nobody comes for: its release is read when somebody does.
type entry struct {
	service, digest, revision string

	seq    int64
	action v1alpha1.PublicationAction
	endsAt *metav1.Time
	since  time.Time

	brief atomic.Pointer[brief]
}

func (e *entry) key() releaseKey { return releaseKey{e.service, e.digest} }

// brief is what lists of services show of one.
type brief struct {
	Languages  []string      `json:"languages"`
	ShortTitle v1alpha1.Text `json:"shortTitle"`
	Summary    v1alpha1.Text `json:"summary"`
}

// stateAt tells whether the service takes applications. Ends are obeyed by the clock, without a record.
func (e *entry) stateAt(now time.Time) state {
	switch {
	case e.action == v1alpha1.ActionWithdraw, e.endsAt != nil && !now.Before(e.endsAt.Time):
		return withdrawn
	case e.action == v1alpha1.ActionSuspend:
		return suspended
	default:
		return open
	}
}

// catalogue holds what is served.
type catalogue struct {
	served atomic.Pointer[map[string]*entry]

	// mu orders switches; readers never take it.
	mu      sync.Mutex
	pending map[string]v1alpha1.PublicationSpec // the newest record of a service that is not effective yet
}

func newCatalogue() *catalogue {
	c := &catalogue{pending: map[string]v1alpha1.PublicationSpec{}}
	c.served.Store(&map[string]*entry{})
	return c
}

func (c *catalogue) lookup(service string) *entry { return (*c.served.Load())[service] }

// all returns what is served, by name.
func (c *catalogue) all() []*entry {
	m := *c.served.Load()
	list := make([]*entry, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[name])
	}
	return list
}

// put swaps one entry in. The caller holds mu.
func (c *catalogue) put(e *entry) {
	next := maps.Clone(*c.served.Load())
	next[e.service] = e
	c.served.Store(&next)
}

// restore serves what the store remembers, without asking anybody.
func (s *Server) restore(ctx context.Context) error {
	records, err := s.store.Served(ctx)
	if err != nil {
		return fmt.Errorf("read what is served: %w", err)
	}
	m := make(map[string]*entry, len(records))
	for _, record := range records {
		var spec struct {
			EndsAt *metav1.Time `json:"endsAt"`
		}
		if err := json.Unmarshal(record.Publication, &spec); err != nil {
			return fmt.Errorf("read publication %d of %q: %w", record.Seq, record.Service, err)
		}
		m[record.Service] = &entry{
			service: record.Service, digest: record.Digest, revision: record.Revision,
			seq: record.Seq, action: v1alpha1.PublicationAction(record.Action), endsAt: spec.EndsAt, since: record.Since,
		}
	}
	s.catalogue.served.Store(&m)
	return s.restorePending(ctx)
}

// restorePending takes up the records that wait for their time.
func (s *Server) restorePending(ctx context.Context) error {
	records, err := s.store.Pending(ctx)
	if err != nil {
		return err
	}
	for _, record := range records {
		var spec v1alpha1.PublicationSpec
		if err := json.Unmarshal(record.Publication, &spec); err != nil {
			return fmt.Errorf("read publication %d of %q: %w", record.Seq, record.Service, err)
		}
		s.catalogue.pending[record.Service] = spec
	}
	return nil
}

// current returns the release of an entry.
func (s *Server) current(ctx context.Context, e *entry) (*release, error) {
	r, err := s.releases.get(ctx, e.key())
	if err != nil {
		return nil, fmt.Errorf("read what is served of %q: %w", e.service, err)
	}
	return r, nil
}

// briefOf returns what lists show of an entry, without keeping its whole definition.
func (s *Server) briefOf(ctx context.Context, e *entry) (*brief, error) {
	if b := e.brief.Load(); b != nil {
		return b, nil
	}
	raw, err := s.store.Definition(ctx, e.digest)
	if err == nil {
		err = verify(e.digest, raw)
	}
	if err != nil {
		return nil, fmt.Errorf("read what is served of %q: %w", e.service, err)
	}
	var b brief
	if err := json.Unmarshal(raw, &b); err != nil {
		return nil, fmt.Errorf("decode definition: %w", err)
	}
	e.brief.Store(&b)
	return &b, nil
}

// remembered reads a release from the store.
func (s *Server) remembered(ctx context.Context, key releaseKey) (*release, error) {
	raw, err := s.store.Definition(ctx, key.digest)
	if err != nil {
		return nil, err
	}
	return newRelease(key.service, key.digest, raw, s.options.BaseURL)
}

// releaseOf returns the release that a draft or an application was made on.
func (s *Server) releaseOf(ctx context.Context, service, digest string) (*release, error) {
	return s.releases.get(ctx, releaseKey{service, digest})
}
