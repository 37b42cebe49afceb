// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// How much a word says about a service, by where it stands.
const (
	inTitle       = 16
	inKeywords    = 12
	inTopics      = 8
	inAgency      = 6
	inSummary     = 4
	inDocuments   = 3
	inDescription = 1
)

// Lexicon's rules for what is taken for a word that was meant.
const (
	// shortestStart is how many letters a word has whose continuations are found too.
	shortestStart = 3
	// shortestTypo is how many letters a word has in which a slip is forgiven.
	shortestTypo = 5
	// startShare is how much of a word's weight counts when only its start was given.
	startShare = 0.5
	// typoShare is how much counts when it was misspelt.
	typoShare = 0.3
)

// lexicon is the inverted index of the catalogue: for each stem the services that say it. A service is put in and taken out by
// itself; nothing else is touched.
type lexicon struct {
	ids   map[string]uint32
	terms []term
	// starts are the terms by their first letters, shortestStart of them.
	starts map[string][]uint32
	// stems are those of words that were met: texts of services say the same words over and over.
	stems map[string]string
}

type term struct {
	text  string
	ends  ends
	where []posting // by slot
}

type posting struct {
	slot   uint32
	weight uint8
}

func newLexicon() *lexicon {
	return &lexicon{ids: map[string]uint32{}, starts: map[string][]uint32{}, stems: map[string]string{}}
}

// mostStems bounds how many words the lexicon remembers the stems of.
const mostStems = 1 << 17

// stem is that of a folded word.
func (l *lexicon) stem(word string) string {
	if s, ok := l.stems[word]; ok {
		return s
	}
	if len(l.stems) >= mostStems {
		clear(l.stems)
	}
	s := stem(word)
	l.stems[word] = s
	return s
}

// weighed are the stems of a service's texts with the greatest weight of each.
type weighed map[string]uint8

// weigh adds the words of texts.
func (l *lexicon) weigh(w weighed, weight uint8, texts ...string) {
	for _, text := range texts {
		for _, word := range splitWords(text) {
			if s := l.stem(word); w[s] < weight {
				w[s] = weight
			}
		}
	}
}

// put adds a service's stems at its slot, where there must be none, and returns the terms to take it out with.
func (l *lexicon) put(slot uint32, stems weighed) []uint32 {
	terms := make([]uint32, 0, len(stems))
	for text, weight := range stems {
		id, ok := l.ids[text]
		if !ok {
			id = uint32(len(l.terms))
			l.terms = append(l.terms, term{text: text, ends: endsOf(text)})
			l.ids[text] = id
			if start := startOf(text); start != "" {
				l.starts[start] = append(l.starts[start], id)
			}
		}
		t := &l.terms[id]
		at, _ := slices.BinarySearchFunc(t.where, slot, bySlot)
		t.where = slices.Insert(t.where, at, posting{slot, weight})
		terms = append(terms, id)
	}
	return terms
}

// take removes the service at slot from its terms. Words that nobody says any more stay known, without a service.
func (l *lexicon) take(slot uint32, terms []uint32) {
	for _, id := range terms {
		t := &l.terms[id]
		if at, found := slices.BinarySearchFunc(t.where, slot, bySlot); found {
			t.where = slices.Delete(t.where, at, at+1)
		}
	}
}

func bySlot(p posting, slot uint32) int { return cmp.Compare(p.slot, slot) }

// startOf is a word's first letters, or "" when it has too few.
func startOf(word string) string {
	n := 0
	for i := range word {
		if n == shortestStart {
			return word[:i]
		}
		n++
	}
	if n == shortestStart {
		return word
	}
	return ""
}

// meant is a term that a word may mean, and how much of its weight counts.
type meant struct {
	id    uint32
	share float64
}

// meanings are the terms that a folded word stands for: its own stem, words that begin with it, and, only when there are neither,
// words that differ in one letter.
func (l *lexicon) meanings(word string) []meant {
	var out []meant
	root := stem(word)
	if id, ok := l.ids[root]; ok && len(l.terms[id].where) > 0 {
		out = append(out, meant{id, 1})
	}
	for _, id := range l.starts[startOf(root)] {
		t := &l.terms[id]
		if t.text != root && strings.HasPrefix(t.text, root) && len(t.where) > 0 {
			out = append(out, meant{id, startShare})
		}
	}
	if len(out) > 0 || utf8.RuneCountInString(word) < shortestTypo {
		return out
	}
	near := endsOf(root)
	for id := range l.terms {
		if t := &l.terms[id]; t.ends.mayBeNear(near) && len(t.where) > 0 && isNear(root, t.text) {
			out = append(out, meant{uint32(id), typoShare})
		}
	}
	return out
}

// find returns for each slot how well its service answers all the words; 0 is not at all. Rare words count for more.
func (l *lexicon) find(words []string, slots int) []float64 {
	scores := make([]float64, slots)
	best := make([]float64, slots)
	for i, word := range words {
		clear(best)
		said := 0
		for _, m := range l.meanings(word) {
			for _, p := range l.terms[m.id].where {
				if best[p.slot] == 0 {
					said++
				}
				best[p.slot] = max(best[p.slot], float64(p.weight)*m.share)
			}
		}
		rarity := math.Log(1 + float64(slots)/float64(said+1))
		for slot, b := range best {
			switch {
			case b == 0:
				scores[slot] = 0
			case i == 0 || scores[slot] > 0:
				scores[slot] += b * rarity
			}
		}
	}
	return scores
}
