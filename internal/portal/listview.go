// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/page"
)

// pageSize is how many services a page of the catalogue shows.
const pageSize = 20

// listPage is what the template of the list sees.
type listPage struct {
	Query Query
	*Results
	Items   []listItem
	Filters []filterView
	// Open is the filter of what is open now, with its count.
	OpenCount int
	Sorts     []choice
	Chosen    []chosenView
	PageLinks []pageLink
	Previous  string
	Next      string
	// From and To number the services of this page.
	From, To int
	// Clear leads to the same search without filters.
	Clear string
	Apart []apartView
	// Topics are offered to who has not said yet what to look for.
	TopicLinks []choice
}

type listItem struct {
	Path           string
	Title, Summary v1alpha1.Text
	Agency         v1alpha1.Text
	Suspended      bool
	NotOpen        bool
	Free           bool
	Fees           string
	Term           v1alpha1.Deadline
}

// filterView is one filter: a list of choices, of which one may be taken.
type filterView struct {
	Name  string
	Label string // id of a text
	Any   string // id of the text for no choice
	// Choices are those that would find something, and the one taken.
	Choices []choice
	Value   string
}

type choice struct {
	Value string
	// Text is what the page says, or the text of a definition when Name is set.
	Text string
	Name v1alpha1.Text
	// Lang is the language of Text when it is not the page's.
	Lang     string
	Days     int32
	Count    int
	Selected bool
	URL      string
}

type chosenView struct {
	Label  string // id of a text
	Text   string
	Name   v1alpha1.Text
	Days   int32
	Remove string
}

type pageLink struct {
	Number  int
	URL     string
	Current bool
	Gap     bool
}

type apartView struct {
	Word  string
	Count int
	URL   string
}

// lister makes the view of a list in a language.
type lister struct {
	lang   string
	topics topicNames
	say    sayer
}

func (l lister) page(q Query, r *Results) listPage {
	q.Page = r.Page
	p := listPage{
		Query: q, Results: r, OpenCount: r.Counts.Open, Filters: l.filters(q, r), Sorts: l.sorts(q),
		Clear: q.unfiltered().address(), PageLinks: pageLinks(q, r.Pages),
		From: (r.Page-1)*pageSize + 1, To: (r.Page-1)*pageSize + len(r.Services),
	}
	for _, s := range r.Services {
		p.Items = append(p.Items, l.item(s, r))
	}
	for _, f := range p.Filters {
		for _, c := range f.Choices {
			if c.Selected {
				remove := q.with(func(q *Query) { q.drop(f.Name) })
				p.Chosen = append(p.Chosen, chosenView{f.Label, c.Text, c.Name, c.Days, remove.address()})
			}
		}
	}
	if q.Open {
		remove := q.with(func(q *Query) { q.Open = false })
		p.Chosen = append(p.Chosen, chosenView{Label: "catalogue.filterOpen", Remove: remove.address()})
	}
	if r.Page > 1 {
		p.Previous = q.at(r.Page - 1).address()
	}
	if r.Page < r.Pages {
		p.Next = q.at(r.Page + 1).address()
	}
	for _, w := range r.Apart {
		p.Apart = append(p.Apart, apartView{w.Word, w.Count, q.with(func(q *Query) { q.Words = w.Word }).address()})
	}
	if r.Total == 0 {
		p.TopicLinks = l.topicChoices(Query{Page: 1}, r.Topics)
	}
	return p
}

func (l lister) item(s Listed, r *Results) listItem {
	state := s.stateAt(r.now)
	return listItem{
		Path: servicePath(s.Provider.Name, s.Name), Title: s.Definition.ShortTitle, Summary: s.Definition.Summary,
		Agency: s.Provider.DisplayName, Suspended: state == stateSuspended, NotOpen: state == stateNotYet || state == stateClosed,
		Free: isFree(s.Definition), Fees: page.Price(l.lang, s.Definition.Fees), Term: s.Definition.Process.Deadline,
	}
}

func (l lister) filters(q Query, r *Results) []filterView {
	all := []filterView{
		{Name: paramAgency, Label: "catalogue.filterAgency", Any: "catalogue.anyAgency", Value: q.Agency, Choices: l.agencies(q, r)},
		{Name: paramFor, Label: "catalogue.filterFor", Any: "catalogue.anyFor", Value: string(q.For)},
		{Name: paramTopic, Label: "catalogue.filterTopic", Any: "catalogue.anyTopic", Value: q.Topic, Choices: l.topicChoices(q, r.Counts.Topics)},
		{Name: paramCost, Label: "catalogue.cost", Any: "catalogue.anyCost", Value: q.Cost},
		{Name: paramWithin, Label: "catalogue.term", Any: "catalogue.anyTerm"},
	}
	for i, a := range applicants {
		all[1].Choices = append(all[1].Choices, choice{Value: string(a), Text: l.say(fmt.Sprintf("catalogue.applicant%s", a)), Count: r.Counts.For[i]})
	}
	for i, c := range costs {
		all[3].Choices = append(all[3].Choices, choice{Value: c, Text: l.say("catalogue.paying" + c), Count: r.Counts.Costs[i]})
	}
	for i, days := range terms {
		all[4].Choices = append(all[4].Choices, choice{Value: strconv.Itoa(days), Days: int32(days), Count: r.Counts.Within[i]})
	}
	if q.Within > 0 {
		all[4].Value = strconv.Itoa(q.Within)
		if !slices.Contains(terms, q.Within) {
			all[4].Choices = append(all[4].Choices, choice{Value: all[4].Value, Days: int32(q.Within), Count: r.Total})
		}
	}
	for i := range all {
		f := &all[i]
		f.Choices = slices.DeleteFunc(f.Choices, func(c choice) bool { return c.Count == 0 && c.Value != f.Value })
		for j := range f.Choices {
			f.Choices[j].Selected = f.Choices[j].Value == f.Value
		}
	}
	return all
}

// agencies are those that services were found of, and the chosen one whether or not there is such an agency: what leaves everything
// out is shown, and can be taken back.
func (l lister) agencies(q Query, r *Results) []choice {
	out := make([]choice, 0, len(r.Counts.Agencies))
	for ns, n := range r.Counts.Agencies {
		p := r.Counts.Names[ns]
		c := choice{Value: p.Name, Text: p.DisplayName.In(l.lang), Name: p.DisplayName, Count: n}
		if _, translated := p.DisplayName[l.lang]; !translated {
			c.Lang = slices.Min(slices.Collect(maps.Keys(p.DisplayName)))
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b choice) int { return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Value, b.Value)) })
	if q.Agency != "" && !slices.ContainsFunc(out, func(c choice) bool { return c.Value == q.Agency }) {
		out = append(out, choice{Value: q.Agency, Text: q.Agency})
	}
	return out
}

// topicChoices are the topics that services have, by name, each with where it leads.
func (l lister) topicChoices(q Query, topics map[string]int) []choice {
	out := make([]choice, 0, len(topics))
	for topic, n := range topics {
		url := q.with(func(q *Query) { q.Topic = topic }).address()
		out = append(out, choice{Value: topic, Text: l.topics.in(l.lang, topic), Count: n, URL: url})
	}
	slices.SortFunc(out, func(a, b choice) int { return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Value, b.Value)) })
	return out
}

func (l lister) sorts(q Query) []choice {
	var out []choice
	for _, s := range sorts {
		if s == ByRelevance && q.Words == "" {
			continue
		}
		out = append(out, choice{Value: string(s), Text: l.say(fmt.Sprintf("catalogue.sort%s", s)), Selected: s == q.order()})
	}
	return out
}

// drop takes a filter's choice back.
func (q *Query) drop(filter string) {
	switch filter {
	case paramAgency:
		q.Agency = ""
	case paramFor:
		q.For = ""
	case paramTopic:
		q.Topic = ""
	case paramCost:
		q.Cost = ""
	case paramWithin:
		q.Within = 0
	}
}

// at is the query's page of that number.
func (q Query) at(number int) Query {
	q.Page = number
	return q
}

// pageLinks are the first, the last, and those around the current page, with gaps between.
func pageLinks(q Query, pages int) []pageLink {
	if pages < 2 {
		return nil
	}
	var links []pageLink
	for n := 1; n <= pages; n++ {
		near := n >= q.Page-1 && n <= q.Page+1
		if n != 1 && n != pages && !near {
			if len(links) > 0 && !links[len(links)-1].Gap {
				links = append(links, pageLink{Gap: true})
			}
			continue
		}
		links = append(links, pageLink{Number: n, URL: q.at(n).address(), Current: n == q.Page})
	}
	return links
}
