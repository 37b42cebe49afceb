// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/intake/store"
)

// state is whether a service takes applications.
type state int

const (
	open      state = iota
	suspended       // the emergency stop: the pages tell people, drafts are kept
	withdrawn       // for good; receipts stay readable
)

// entry is what is served of a service. Its definition is read at first use: an intake of a hundred services starts at once, and
// holds those that people come for.
type entry struct {
	service, digest, revision string

	spec  v1alpha1.PublicationSpec
	since time.Time

	loaded atomic.Pointer[release]
	brief  atomic.Pointer[brief]
}

func newEntry(r *release, spec v1alpha1.PublicationSpec, since time.Time) *entry {
	e := &entry{service: r.service, digest: r.digest, revision: r.revision, spec: spec, since: since}
	e.loaded.Store(r)
	return e
}

// brief is what lists of services show of one.
type brief struct {
	Languages  []string      `json:"languages"`
	ShortTitle v1alpha1.Text `json:"shortTitle"`
	Summary    v1alpha1.Text `json:"summary"`
}

// stateAt tells whether the service takes applications. Ends are obeyed by the clock, without a record.
func (e *entry) stateAt(now time.Time) state {
	switch {
	case e.spec.Action == v1alpha1.ActionWithdraw, e.spec.EndsAt != nil && !now.Before(e.spec.EndsAt.Time):
		return withdrawn
	case e.spec.Action == v1alpha1.ActionSuspend:
		return suspended
	default:
		return open
	}
}

// catalogue holds what is served and the releases that drafts were begun on.
type catalogue struct {
	served atomic.Pointer[map[string]*entry]

	// mu orders switches; readers never take it.
	mu      sync.Mutex
	pending map[string]v1alpha1.PublicationSpec // the newest record of a service that is not effective yet

	old sync.Map // releaseKey → *release, for drafts on former revisions
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
		var spec v1alpha1.PublicationSpec
		if err := json.Unmarshal(record.Publication, &spec); err != nil {
			return fmt.Errorf("read publication %d of %q: %w", record.Seq, record.Service, err)
		}
		m[record.Service] = &entry{service: record.Service, digest: record.Digest, revision: record.Revision, spec: spec, since: record.Since}
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

// current returns the release of an entry, read from the store at first use.
func (s *Server) current(ctx context.Context, e *entry) (*release, error) {
	if r := e.loaded.Load(); r != nil {
		return r, nil
	}
	r, err := s.remembered(ctx, e.service, e.digest)
	if err != nil {
		return nil, fmt.Errorf("read what is served of %q: %w", e.service, err)
	}
	// Two first requests may both have read it; all go on with one, and compile it once.
	e.loaded.CompareAndSwap(nil, r)
	return e.loaded.Load(), nil
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
func (s *Server) remembered(ctx context.Context, service, digest string) (*release, error) {
	raw, err := s.store.Definition(ctx, digest)
	if err != nil {
		return nil, err
	}
	return newRelease(service, digest, raw, s.options.BaseURL)
}

// releaseOf returns the release that a draft or an application was made on.
func (s *Server) releaseOf(ctx context.Context, service, digest string) (*release, error) {
	if e := s.catalogue.lookup(service); e != nil && e.digest == digest {
		return s.current(ctx, e)
	}
	if r, ok := s.catalogue.old.Load(releaseKey{service, digest}); ok {
		return r.(*release), nil
	}
	r, err := s.remembered(ctx, service, digest)
	if err != nil {
		return nil, err
	}
	kept, _ := s.catalogue.old.LoadOrStore(r.key(), r)
	return kept.(*release), nil
}

// Knows tells whether the store holds a definition, so that a follower need not fetch it.
func (s *Server) Knows(ctx context.Context, digest string) bool {
	_, err := s.store.Definition(ctx, digest)
	return err == nil
}

// Publish follows a Publication whose signature the caller has verified. body is the definition, or nil when the store knows it.
// A record that is not newer than the served one is ignored. The service switches when everything is loaded, hashed, compiled and
// on disk; until then, and after any error, the old one serves. A record that is not effective yet waits for its time.
func (s *Server) Publish(ctx context.Context, spec v1alpha1.PublicationSpec, body []byte) error {
	s.catalogue.mu.Lock()
	defer s.catalogue.mu.Unlock()
	if e := s.catalogue.lookup(spec.Service); e != nil && spec.Seq <= e.spec.Seq {
		return nil
	}
	if p, ok := s.catalogue.pending[spec.Service]; ok && spec.Seq < p.Seq {
		return nil
	}
	if spec.EffectiveAt != nil && s.options.Clock().Before(spec.EffectiveAt.Time) {
		if err := s.wait(ctx, spec, body); err != nil {
			return fmt.Errorf("keep publication %d of %q until its time: %w", spec.Seq, spec.Service, err)
		}
		return nil
	}
	if err := s.switchTo(ctx, spec, body); err != nil {
		return fmt.Errorf("follow publication %d of %q: %w", spec.Seq, spec.Service, err)
	}
	delete(s.catalogue.pending, spec.Service)
	return nil
}

// wait keeps a record that is not effective yet, with its definition, on disk: at its time nobody may be there to ask. The caller
// holds the catalogue's mu.
func (s *Server) wait(ctx context.Context, spec v1alpha1.PublicationSpec, body []byte) error {
	if spec.Action != v1alpha1.ActionWithdraw {
		if _, err := s.load(ctx, spec, body); err != nil {
			return err
		}
	}
	publication, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	if err := s.store.RememberPending(ctx, store.Served{
		Service: spec.Service, Seq: spec.Seq, Action: string(spec.Action), Digest: string(spec.Digest), Revision: spec.Revision,
		Publication: publication, Since: spec.EffectiveAt.Time,
	}); err != nil {
		return err
	}
	s.catalogue.pending[spec.Service] = spec
	return nil
}

// promote switches to the publications that have become effective.
func (s *Server) promote(ctx context.Context, now time.Time) error {
	s.catalogue.mu.Lock()
	defer s.catalogue.mu.Unlock()
	var errs []error
	for service, spec := range s.catalogue.pending {
		if now.Before(spec.EffectiveAt.Time) {
			continue
		}
		if err := s.switchTo(ctx, spec, nil); err != nil {
			errs = append(errs, fmt.Errorf("follow publication %d of %q: %w", spec.Seq, service, err))
			continue
		}
		delete(s.catalogue.pending, service)
	}
	return errors.Join(errs...)
}

// switchTo loads a publication's definition and serves it. The caller holds the catalogue's mu.
func (s *Server) switchTo(ctx context.Context, spec v1alpha1.PublicationSpec, body []byte) error {
	release, err := s.load(ctx, spec, body)
	if err != nil && spec.Action == v1alpha1.ActionWithdraw {
		// A withdrawal is obeyed also when what it names was never seen here: what is served now ends.
		e := s.catalogue.lookup(spec.Service)
		if e == nil {
			return nil
		}
		release, err = s.current(ctx, e)
	}
	if err != nil {
		return err
	}
	publication, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	since := spec.DecidedAt.Time
	if spec.EffectiveAt != nil {
		since = spec.EffectiveAt.Time
	}
	if err := s.store.RememberServed(ctx, store.Served{
		Service: spec.Service, Seq: spec.Seq, Action: string(spec.Action), Digest: release.digest,
		Revision: release.revision, Publication: publication, Since: since,
	}); err != nil {
		return err
	}
	s.catalogue.put(newEntry(release, spec, since))
	s.log.Info("following a publication", "service", spec.Service, "seq", spec.Seq, "action", string(spec.Action), "digest", string(spec.Digest))
	return nil
}

// load returns a publication's release, compiled, with its definition on disk.
func (s *Server) load(ctx context.Context, spec v1alpha1.PublicationSpec, body []byte) (*release, error) {
	if e := s.catalogue.lookup(spec.Service); e != nil && e.digest == string(spec.Digest) {
		return s.current(ctx, e)
	}
	if body == nil {
		known, err := s.store.Definition(ctx, string(spec.Digest))
		if err != nil {
			return nil, err
		}
		body = known
	}
	// A follower and the store hand on canonical bytes; only others are put into that form.
	canonical := body
	if verify(string(spec.Digest), body) != nil {
		var err error
		if canonical, err = digest.Canonical(body); err != nil {
			return nil, err
		}
	}
	release, err := newRelease(spec.Service, string(spec.Digest), canonical, s.options.BaseURL)
	if err != nil {
		return nil, err
	}
	if _, err := release.model(); err != nil {
		return nil, err
	}
	return release, s.store.RememberDefinition(ctx, release.digest, canonical)
}

// Serve serves a definition that nobody published: the author's own, or a prover's. Each call replaces the former.
func (s *Server) Serve(ctx context.Context, service string, definition []byte) error {
	if s.options.Mode == Public {
		return errors.New("a public intake serves what was published and nothing else")
	}
	d, err := digest.Of(definition)
	if err != nil {
		return err
	}
	seq := int64(1)
	if e := s.catalogue.lookup(service); e != nil {
		if e.digest == string(d) {
			return nil
		}
		seq = e.spec.Seq + 1
	}
	spec := v1alpha1.PublicationSpec{
		Service: service, Seq: seq, Action: v1alpha1.ActionPublish, Revision: digest.RevisionName(service, d), Digest: d,
	}
	spec.DecidedAt.Time = s.options.Clock()
	return s.Publish(ctx, spec, definition)
}
