// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"slices"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// entry is a service as the search sees it: what filters ask is worked out once, when its Publication arrives.
type entry struct {
	*Service
	slot  uint32
	terms []uint32
	// audience has a bit for each of applicants.
	audience uint8
	free     bool
	// days is the term in calendar days.
	days int
	// topics are its sector and its events, each once.
	topics   []string
	topicIDs []int
	// titles are what it is sorted by, in each of languages.
	titles [2]string
}

func newEntry(s *Service) *entry {
	def := s.Definition
	e := &entry{Service: s, days: calendarDays(def.Process.Deadline.Value, def.Process.Deadline.Unit), topics: topicsOf(def), free: isFree(def)}
	for i, a := range applicants {
		if slices.Contains(def.Audience.Applicants, a) {
			e.audience |= 1 << i
		}
	}
	for i, lang := range languages {
		e.titles[i] = fold.Replace(strings.ToLower(def.ShortTitle.In(lang)))
	}
	return e
}

// calendarDays is a term in calendar days, working days as seven for five, rounded up.
func calendarDays(value int32, unit v1alpha1.DurationUnit) int {
	if unit == v1alpha1.WorkingDays {
		return int(value*7+4) / 5
	}
	return int(value)
}

// isFree tells that nobody pays.
func isFree(def *v1alpha1.ServiceDefinition) bool {
	return !slices.ContainsFunc(def.Fees, func(f v1alpha1.Fee) bool { return strings.Trim(f.Amount, "0.") != "" })
}

func topicsOf(def *v1alpha1.ServiceDefinition) []string {
	c := def.Classification
	topics := slices.Concat([]string{c.Sector}, c.LifeEvents, c.BusinessEvents)
	slices.Sort(topics)
	return slices.Compact(topics)
}

// stems are the words by which the service is found. agency is its provider.
func (e *entry) stems(l *lexicon, agency Provider, topicNames func(string) []string) weighed {
	def := e.Definition
	w := weighed{}
	l.weigh(w, inTitle, said(def.ShortTitle)...)
	l.weigh(w, inTitle, said(def.Title)...)
	l.weigh(w, inTitle, def.Code)
	for _, c := range def.RegistryCodes {
		l.weigh(w, inTitle, c.Code)
	}
	l.weigh(w, inKeywords, def.Classification.Keywords...)
	for _, topic := range e.topics {
		l.weigh(w, inTopics, topicNames(topic)...)
	}
	l.weigh(w, inAgency, said(def.Authority.Name)...)
	l.weigh(w, inAgency, said(agency.DisplayName)...)
	// The name in the agency's address is what people know it by, such as sfr.
	l.weigh(w, inAgency, agency.Name, e.Namespace)
	for _, text := range []v1alpha1.Text{def.Summary, def.Purpose, def.ExpectedResult} {
		l.weigh(w, inSummary, said(text)...)
	}
	for _, d := range def.Documents {
		l.weigh(w, inDocuments, said(d.Name)...)
	}
	l.weigh(w, inDescription, said(def.Description)...)
	return w
}

// said are a text's words in every language.
func said(text v1alpha1.Text) []string {
	out := make([]string, 0, len(text))
	for _, s := range text {
		out = append(out, string(s))
	}
	return out
}

// state is whether a service takes applications.
type state int

// States of a service.
const (
	stateOpen state = iota
	stateSuspended
	stateNotYet
	stateClosed
)

// stateAt tells whether the service takes applications at now. How many it has taken only its intake knows.
func (s *Service) stateAt(now time.Time) state {
	limits := s.Definition.Limits
	switch {
	case s.Suspended:
		return stateSuspended
	case limits == nil:
		return stateOpen
	case limits.OpensAt != nil && now.Before(limits.OpensAt.Time):
		return stateNotYet
	case limits.ClosesAt != nil && !now.Before(limits.ClosesAt.Time):
		return stateClosed
	default:
		return stateOpen
	}
}

// changes are the moments at which what the catalogue says of the service changes by itself.
func (s *Service) changes() []time.Time {
	var at []time.Time
	if !s.Until.IsZero() {
		at = append(at, s.Until)
	}
	if l := s.Definition.Limits; l != nil {
		if l.OpensAt != nil {
			at = append(at, l.OpensAt.Time)
		}
		if l.ClosesAt != nil {
			at = append(at, l.ClosesAt.Time)
		}
	}
	return at
}
