// SPDX-License-Identifier: Apache-2.0

// Package portal is the catalogue's server: what is published, and for each service what people need to know before they
// apply. It follows signed Publications and nothing else, and keeps no state of its own.
package portal

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/ledger"
)

// Service is one published service as the catalogue shows it. It is immutable: a new Publication makes a new Service.
type Service struct {
	Namespace, Name  string
	Revision, Digest string
	Seq              int64
	Since            time.Time
	Suspended        bool
	// Until is when a withdrawal takes effect; zero while none is on record.
	Until      time.Time
	Definition *v1alpha1.ServiceDefinition
}

// isOver tells whether a withdrawal has taken effect.
func (s *Service) isOver(now time.Time) bool { return !s.Until.IsZero() && !now.Before(s.Until) }

// Provider is the agency that a namespace belongs to.
type Provider struct {
	Name, Namespace string
	DisplayName     v1alpha1.Text
}

// Index holds what is published now. It is safe for concurrent use; readers never wait for a definition to be decoded.
type Index struct {
	now func() time.Time

	mu        sync.RWMutex
	services  map[key]*Service
	followed  map[key]v1alpha1.PublicationSpec // the last record of each, as far as ledger.Supersedes looks at it
	providers map[string]Provider              // by namespace
}

type key struct{ namespace, service string }

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{now: time.Now, services: map[key]*Service{}, followed: map[key]v1alpha1.PublicationSpec{}, providers: map[string]Provider{}}
}

// Apply takes a verified Publication and, when it publishes, its re-hashed definition. A record that does not supersede the
// last one is ignored: what is served never goes back by a late or repeated event. A withdrawal that takes effect later leaves the
// service until then; its definition shows what is served to an index that did not know.
func (x *Index) Apply(rec v1alpha1.PublicationSpec, definition []byte) error {
	var next *Service
	if definition != nil {
		var err error
		if next, err = newService(rec, definition); err != nil {
			return err
		}
	}
	k := key{rec.Namespace, rec.Service}
	x.mu.Lock()
	defer x.mu.Unlock()
	if followed, ok := x.followed[k]; ok && !ledger.Supersedes(&rec, &followed) {
		return nil
	}
	x.followed[k] = v1alpha1.PublicationSpec{Seq: rec.Seq, DecidedAt: rec.DecidedAt}
	switch {
	case rec.Action == v1alpha1.ActionWithdraw:
		x.end(k, rec, next)
	case next != nil:
		x.services[k] = next
	default: // Suspend of a service whose definition is already shown
		if old := x.services[k]; old != nil {
			x.services[k] = old.with(rec.Seq, rec.Action == v1alpha1.ActionSuspend)
		}
	}
	return nil
}

// end takes a service out, or notes when it ends. The caller holds mu.
func (x *Index) end(k key, rec v1alpha1.PublicationSpec, unknown *Service) {
	last := x.services[k]
	if last == nil {
		last = unknown
	}
	if last == nil || rec.EffectiveAt == nil || !x.now().Before(rec.EffectiveAt.Time) {
		delete(x.services, k)
		return
	}
	next := last.with(rec.Seq, last.Suspended)
	next.Until = rec.EffectiveAt.Time
	x.services[k] = next
}

func newService(rec v1alpha1.PublicationSpec, definition []byte) (*Service, error) {
	var def v1alpha1.ServiceDefinition
	if err := json.Unmarshal(definition, &def); err != nil {
		return nil, fmt.Errorf("decode definition of %s/%s: %w", rec.Namespace, rec.Service, err)
	}
	// What the catalogue never shows is not kept: at ten thousand services it is most of the memory.
	def.Data, def.Scenarios, def.Form = v1alpha1.Data{}, nil, v1alpha1.Form{}
	return &Service{
		Namespace: rec.Namespace, Name: rec.Service, Revision: rec.Revision, Digest: string(rec.Digest), Seq: rec.Seq,
		Since: rec.DecidedAt.Time, Suspended: rec.Action == v1alpha1.ActionSuspend, Definition: &def,
	}, nil
}

// with copies s with another seq and state, and without an end.
func (s *Service) with(seq int64, suspended bool) *Service {
	next := *s
	next.Seq, next.Suspended, next.Until = seq, suspended, time.Time{}
	return &next
}

// SetProviders replaces the agencies.
func (x *Index) SetProviders(providers []Provider) {
	byNamespace := make(map[string]Provider, len(providers))
	for _, p := range providers {
		byNamespace[p.Namespace] = p
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.providers = byNamespace
}

// Find returns the service that an agency publishes under a name.
func (x *Index) Find(provider, service string) (*Service, Provider, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for ns, p := range x.providers {
		if p.Name == provider {
			s, ok := x.services[key{ns, service}]
			return s, p, ok && !s.isOver(x.now())
		}
	}
	return nil, Provider{}, false
}

// Listed is a service and its agency.
type Listed struct {
	*Service
	Provider Provider
}

// List returns what is published, by agency and title in the language. A service whose namespace belongs to no agency is
// not listed: it has no address.
func (x *Index) List(language string) []Listed {
	x.mu.RLock()
	defer x.mu.RUnlock()
	now := x.now()
	list := make([]Listed, 0, len(x.services))
	for k, s := range x.services {
		if p, ok := x.providers[k.namespace]; ok && !s.isOver(now) {
			list = append(list, Listed{s, p})
		}
	}
	slices.SortFunc(list, func(a, b Listed) int {
		return cmp.Or(
			cmp.Compare(a.Provider.DisplayName.In(language), b.Provider.DisplayName.In(language)),
			cmp.Compare(a.Definition.ShortTitle.In(language), b.Definition.ShortTitle.In(language)),
			cmp.Compare(a.Name, b.Name))
	})
	return list
}
