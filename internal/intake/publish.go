// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/intake/store"
)

// Knows tells whether the store holds a definition, so that a follower need not fetch it.
func (s *Server) Knows(ctx context.Context, digest string) bool {
	known, err := s.store.HasDefinition(ctx, digest)
	return err == nil && known
}

// Publish follows a Publication whose signature the caller has verified. body is the definition, or nil when the store knows it.
// A record that is not newer than the served one is ignored. The service switches when everything is loaded, hashed, compiled and
// on disk; until then, and after any error, the old one serves. A record that is not effective yet waits for its time.
func (s *Server) Publish(ctx context.Context, spec v1alpha1.PublicationSpec, body []byte) error {
	s.catalogue.mu.Lock()
	defer s.catalogue.mu.Unlock()
	if e := s.catalogue.lookup(spec.Service); e != nil && spec.Seq <= e.seq {
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
	begun := time.Now()
	next := &entry{
		service: spec.Service, digest: string(spec.Digest), revision: digest.RevisionName(spec.Service, spec.Digest),
		seq: spec.Seq, action: spec.Action, endsAt: spec.EndsAt, since: spec.DecidedAt.Time,
	}
	if spec.EffectiveAt != nil {
		next.since = spec.EffectiveAt.Time
	}
	release, err := s.load(ctx, spec, body)
	switch {
	case err == nil:
	case spec.Action != v1alpha1.ActionWithdraw:
		return err
	default:
		// A withdrawal is obeyed also when what it names was never seen here: what is served now ends.
		e := s.catalogue.lookup(spec.Service)
		if e == nil {
			return nil
		}
		next.digest, next.revision = e.digest, e.revision
	}
	publication, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	if err := s.store.RememberServed(ctx, store.Served{
		Service: next.service, Seq: next.seq, Action: string(next.action), Digest: next.digest, Revision: next.revision,
		Publication: publication, Since: next.since,
	}); err != nil {
		return err
	}
	if release != nil {
		s.releases.put(release)
	}
	s.catalogue.put(next)
	s.worked(time.Now())
	s.log.Info("following a publication", "service", spec.Service, "seq", spec.Seq, "action", string(spec.Action),
		"digest", string(spec.Digest), "duration", time.Since(begun))
	return nil
}

// load returns a publication's release, compiled, with its definition on disk. Without a body the definition must be there.
func (s *Server) load(ctx context.Context, spec v1alpha1.PublicationSpec, body []byte) (*release, error) {
	if body == nil {
		release, err := s.releases.get(ctx, releaseKey{spec.Service, string(spec.Digest)})
		if err != nil {
			return nil, err
		}
		return release, release.compiles()
	}
	// A follower hands on canonical bytes; only others are put into that form.
	release, err := newRelease(spec.Service, string(spec.Digest), body, s.options.BaseURL)
	if errors.Is(err, ErrDigest) {
		if body, err = digest.Canonical(body); err == nil {
			release, err = newRelease(spec.Service, string(spec.Digest), body, s.options.BaseURL)
		}
	}
	if err != nil {
		return nil, err
	}
	// The disk is written to while the form compiles. A definition that nobody serves is dropped later.
	kept := make(chan error, 1)
	go func() { kept <- s.store.RememberDefinition(ctx, release.digest, body) }()
	return release, errors.Join(release.compiles(), <-kept)
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
		seq = e.seq + 1
	}
	spec := v1alpha1.PublicationSpec{
		Service: service, Seq: seq, Action: v1alpha1.ActionPublish, Revision: digest.RevisionName(service, d), Digest: d,
	}
	spec.DecidedAt.Time = s.options.Clock()
	return s.Publish(ctx, spec, definition)
}
