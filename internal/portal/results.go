// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"cmp"
	"slices"
	"time"
)

// Results are what a query found, a page of it, and how many services each other choice would find.
type Results struct {
	// All is how many services are published, Matching how many answer the words, Total how many of these pass the filters.
	All, Matching, Total int
	// Page counts from 1 to Pages, which is at least 1.
	Page, Pages int
	Services    []Listed
	Counts      counts
	// ReadAs is what the words were taken for when they were typed with the other keyboard layout; "" when they were not.
	ReadAs string
	// Apart are the words with how many services say each, when none says all of them.
	Apart []wordCount
	// Topics are those of all services, when nothing was found.
	Topics map[string]int
	stamp  stamp
	now    time.Time
}

// counts are how many services each choice of a filter leaves when all other filters stay as they are.
type counts struct {
	Agencies map[string]int // by namespace
	For      [4]int         // as in applicants
	Costs    [2]int         // as in costs
	Within   [3]int         // as in terms
	Topics   map[string]int
	Open     int
	Names    map[string]Provider // of the agencies, by namespace
}

func newCounts() counts {
	return counts{Agencies: map[string]int{}, Topics: map[string]int{}, Names: map[string]Provider{}}
}

type wordCount struct {
	Word  string
	Count int
}

// Filters, as bits: which of them a service does not pass.
const (
	failsAgency = 1 << iota
	failsFor
	failsCost
	failsWithin
	failsTopic
	failsOpen
)

// Search answers a query with the page of size services that it asks for, the last page when there are fewer. Titles are in the
// order of the language.
func (x *Index) Search(q Query, size int, language string) *Results {
	now := x.now()
	x.mu.RLock()
	defer x.mu.RUnlock()
	r := &Results{Counts: newCounts(), stamp: x.stamp(now), now: now}
	words := searchWords(q.Words)
	scores := x.score(words)
	if x.matching(scores, now) == 0 && len(words) > 0 {
		if other := otherLayout(q.Words); x.matching(x.score(searchWords(other)), now) > 0 {
			r.ReadAs, words = other, searchWords(other)
			scores = x.score(words)
		}
	}
	found := x.filter(q, r, scores, max(slices.Index(languages, language), 0))
	x.countChosen(q, &r.Counts)
	if r.Matching == 0 && len(words) > 1 {
		for _, w := range words {
			if n := x.matching(x.score([]string{w}), now); n > 0 {
				r.Apart = append(r.Apart, wordCount{w, n})
			}
		}
	}
	if len(found) == 0 {
		all := &Results{Counts: newCounts(), now: now}
		x.filter(Query{}, all, nil, 0)
		r.Topics = all.Counts.Topics
	}
	order(found, q.order(), scores)
	r.Total = len(found)
	r.Pages = max((r.Total+size-1)/size, 1)
	r.Page = min(q.Page, r.Pages)
	for _, e := range found[min((r.Page-1)*size, r.Total):min(r.Page*size, r.Total)] {
		r.Services = append(r.Services, Listed{e.Service, x.providers[e.Namespace]})
	}
	return r
}

// score rates every slot by the words; nil when there are none.
func (x *Index) score(words []string) []float64 {
	if len(words) == 0 {
		return nil
	}
	return x.words.find(words, len(x.slots))
}

// isListed tells whether a service has an address and goes on. A service whose namespace belongs to no agency has none.
func (x *Index) isListed(e *entry, now time.Time) bool {
	_, ok := x.providers[e.Namespace]
	return ok && !e.isOver(now)
}

// matching is how many services answer the words.
func (x *Index) matching(scores []float64, now time.Time) int {
	n := 0
	for slot, score := range scores {
		if score > 0 && x.slots[slot] != nil && x.isListed(x.slots[slot], now) {
			n++
		}
	}
	return n
}

// filter returns what passes all filters, by title, and counts what each other choice would leave.
func (x *Index) filter(q Query, r *Results, scores []float64, language int) []*entry {
	var found []*entry
	agencies := make(map[string]*agencyCount, len(x.providers))
	for ns, p := range x.providers {
		agencies[ns] = &agencyCount{provider: p}
	}
	topics := make([]int, len(x.topicIDs))
	defer func() {
		r.Counts.collect(agencies, topics, x.topicIDs)
	}()
	for _, e := range x.byTitle[language] {
		agency := agencies[e.Namespace]
		if agency == nil || e.isOver(r.now) {
			continue
		}
		r.All++
		if scores != nil && scores[e.slot] == 0 {
			continue
		}
		r.Matching++
		open := e.stateAt(r.now) == stateOpen
		fails := e.fails(q, agency.provider.Name, open)
		if fails == 0 {
			found = append(found, e)
		}
		r.Counts.add(e, fails, open)
		if fails&^failsAgency == 0 {
			agency.n++
		}
		if fails&^failsTopic == 0 {
			for _, id := range e.topicIDs {
				topics[id]++
			}
		}
	}
	return found
}

// countChosen counts also a topic and an agency that were chosen and leave nothing, so that the page shows what was chosen.
func (x *Index) countChosen(q Query, c *counts) {
	if q.Topic != "" {
		c.Topics[q.Topic] += 0
	}
	if ns, known := x.named[q.Agency]; known {
		c.Agencies[ns] += 0
		c.Names[ns] = x.providers[ns]
	}
}

// fails are the filters that a service does not pass.
func (e *entry) fails(q Query, provider string, open bool) int {
	fails := 0
	mark := func(failed bool, filter int) {
		if failed {
			fails |= filter
		}
	}
	mark(q.Agency != "" && q.Agency != provider, failsAgency)
	mark(q.For != "" && e.audience&(1<<max(slices.Index(applicants, q.For), 0)) == 0, failsFor)
	mark(q.Cost == CostFree && !e.free || q.Cost == CostPaid && e.free, failsCost)
	mark(q.Within > 0 && e.days > q.Within, failsWithin)
	mark(q.Topic != "" && !slices.Contains(e.topics, q.Topic), failsTopic)
	mark(q.Open && !open, failsOpen)
	return fails
}

// add counts a service for each choice that it would pass, if it passes all other filters.
func (c *counts) add(e *entry, fails int, open bool) {
	if fails&^failsFor == 0 {
		for i := range applicants {
			c.For[i] += int(e.audience >> i & 1)
		}
	}
	if fails&^failsCost == 0 {
		if e.free {
			c.Costs[0]++
		} else {
			c.Costs[1]++
		}
	}
	if fails&^failsWithin == 0 {
		for i, days := range terms {
			if e.days <= days {
				c.Within[i]++
			}
		}
	}
	if fails&^failsOpen == 0 && open {
		c.Open++
	}
}

// agencyCount is an agency while its services are counted.
type agencyCount struct {
	provider Provider
	n        int
}

// collect takes over what was counted by agency and by topic.
func (c *counts) collect(agencies map[string]*agencyCount, topics []int, ids map[string]int) {
	for ns, a := range agencies {
		if a.n > 0 {
			c.Agencies[ns], c.Names[ns] = a.n, a.provider
		}
	}
	for topic, id := range ids {
		if topics[id] > 0 {
			c.Topics[topic] = topics[id]
		}
	}
}

// order sorts what is in the order of titles already; equals stay in it.
func order(found []*entry, by Sort, scores []float64) {
	switch {
	case by == ByRelevance && scores != nil:
		slices.SortStableFunc(found, func(a, b *entry) int { return cmp.Compare(scores[b.slot], scores[a.slot]) })
	case by == ByNewest:
		slices.SortStableFunc(found, func(a, b *entry) int { return b.Since.Compare(a.Since) })
	case by == ByTerm:
		slices.SortStableFunc(found, func(a, b *entry) int { return cmp.Compare(a.days, b.days) })
	}
}
