// SPDX-License-Identifier: Apache-2.0

// Package portal is the catalogue's server: what is published, and for each service what people need to know before they
// apply. It follows signed Publications and nothing else, and keeps no state of its own.
package portal

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
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

func (p Provider) equal(other Provider) bool {
	return p.Name == other.Name && p.Namespace == other.Namespace && maps.Equal(p.DisplayName, other.DisplayName)
}

// Index holds what is published now, and finds it. It is safe for concurrent use; readers never wait for a definition to be
// decoded. A Publication changes what is known of its own service only, however many there are.
type Index struct {
	now    func() time.Time
	topics topicNames

	mu        sync.RWMutex
	entries   map[key]*entry
	followed  map[key]v1alpha1.PublicationSpec // the last record of each, as far as ledger.Supersedes looks at it
	providers map[string]Provider              // by namespace
	named     map[string]string                // namespaces by the provider's name
	slots     []*entry                         // by slot, nil where a service went
	vacant    []uint32                         // slots that are free
	words     *lexicon
	topicIDs  map[string]int // a number for each topic that was ever met
	byTitle   [2][]*entry    // in each of languages
	moments   []time.Time    // when what is shown changes by itself, sorted
	version   uint64         // of all this
	renamed   uint64         // version of providers
}

type key struct{ namespace, service string }

// NewIndex returns an empty index.
func NewIndex() *Index {
	return &Index{
		now: time.Now, topics: topicTexts, entries: map[key]*entry{}, followed: map[key]v1alpha1.PublicationSpec{},
		providers: map[string]Provider{}, named: map[string]string{}, words: newLexicon(), topicIDs: map[string]int{},
	}
}

// pages is how many pages of size services there are at most.
func (x *Index) pages(size int) int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return max((len(x.entries)+size-1)/size, 1)
}

// stamp tells one state of the index from all others: what was made under an equal stamp still holds.
type stamp struct {
	version uint64
	passed  int // of moments
}

// current returns the present one.
func (x *Index) current() stamp {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.stamp(x.now())
}

// stamp returns that of a moment. The caller holds mu, for reading at least.
func (x *Index) stamp(now time.Time) stamp {
	passed, _ := slices.BinarySearchFunc(x.moments, now, func(m, t time.Time) int {
		if m.After(t) {
			return 1
		}
		return -1
	})
	return stamp{x.version, passed}
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
		x.set(k, next)
	default: // Suspend of a service whose definition is already shown
		if old := x.entries[k]; old != nil {
			x.set(k, old.with(rec.Seq, rec.Action == v1alpha1.ActionSuspend))
		}
	}
	return nil
}

// end takes a service out, or notes when it ends. The caller holds mu.
func (x *Index) end(k key, rec v1alpha1.PublicationSpec, unknown *Service) {
	last := unknown
	if shown := x.entries[k]; shown != nil {
		last = shown.Service
	}
	if last == nil || rec.EffectiveAt == nil || !x.now().Before(rec.EffectiveAt.Time) {
		x.set(k, nil)
		return
	}
	next := last.with(rec.Seq, last.Suspended)
	next.Until = rec.EffectiveAt.Time
	x.set(k, next)
}

// set puts a service in the place of the one that is shown; nil takes it out. The caller holds mu.
func (x *Index) set(k key, s *Service) {
	x.version++
	old := x.entries[k]
	if old != nil {
		x.remove(old)
	}
	delete(x.entries, k)
	if s == nil {
		return
	}
	e := newEntry(s)
	if n := len(x.vacant); n > 0 {
		e.slot, x.vacant = x.vacant[n-1], x.vacant[:n-1]
		x.slots[e.slot] = e
	} else {
		e.slot = uint32(len(x.slots))
		x.slots = append(x.slots, e)
	}
	for _, topic := range e.topics {
		id, known := x.topicIDs[topic]
		if !known {
			id = len(x.topicIDs)
			x.topicIDs[topic] = id
		}
		e.topicIDs = append(e.topicIDs, id)
	}
	e.terms = x.words.put(e.slot, e.stems(x.words, x.providers[k.namespace], x.topics.all))
	for i := range x.byTitle {
		at, _ := slices.BinarySearchFunc(x.byTitle[i], e, titleOrder(i))
		x.byTitle[i] = slices.Insert(x.byTitle[i], at, e)
	}
	for _, m := range s.changes() {
		at, _ := slices.BinarySearchFunc(x.moments, m, time.Time.Compare)
		x.moments = slices.Insert(x.moments, at, m)
	}
	x.entries[k] = e
}

// remove takes an entry out of whatever it can be found by. The caller holds mu.
func (x *Index) remove(e *entry) {
	x.words.take(e.slot, e.terms)
	for i := range x.byTitle {
		if at, found := slices.BinarySearchFunc(x.byTitle[i], e, titleOrder(i)); found {
			x.byTitle[i] = slices.Delete(x.byTitle[i], at, at+1)
		}
	}
	for _, m := range e.changes() {
		if at, found := slices.BinarySearchFunc(x.moments, m, time.Time.Compare); found {
			x.moments = slices.Delete(x.moments, at, at+1)
		}
	}
	x.slots[e.slot] = nil
	x.vacant = append(x.vacant, e.slot)
}

// titleOrder is the order of titles in languages[i]; no two services are equal in it.
func titleOrder(i int) func(a, b *entry) int {
	return func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.titles[i], b.titles[i]), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	}
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

// SetProviders replaces the agencies. Services of an agency that is called otherwise now are found by its new name. Agencies that
// are what they were, as they are whenever the status of one is written, change nothing: kept pages still hold.
func (x *Index) SetProviders(providers []Provider) {
	byNamespace, named := make(map[string]Provider, len(providers)), make(map[string]string, len(providers))
	for _, p := range providers {
		byNamespace[p.Namespace], named[p.Name] = p, p.Namespace
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if maps.EqualFunc(byNamespace, x.providers, Provider.equal) {
		return
	}
	renamed := map[string]bool{}
	for ns, p := range byNamespace {
		renamed[ns] = !p.equal(x.providers[ns])
	}
	x.providers, x.named = byNamespace, named
	x.renamed++
	x.version++
	for k, e := range x.entries {
		if renamed[k.namespace] {
			x.set(k, e.Service)
		}
	}
}

// Find returns the service that an agency publishes under a name.
func (x *Index) Find(provider, service string) (*Service, Provider, bool) {
	s, p, _, ok := x.find(provider, service, x.now())
	return s, p, ok
}

// find is Find at a moment. named tells one set of agencies from all others.
func (x *Index) find(provider, service string, now time.Time) (s *Service, p Provider, named uint64, ok bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	ns, known := x.named[provider]
	e := x.entries[key{ns, service}]
	if !known || e == nil || e.isOver(now) {
		return nil, Provider{}, 0, false
	}
	return e.Service, x.providers[ns], x.renamed, true
}

// Listed is a service and its agency.
type Listed struct {
	*Service
	Provider Provider
}
