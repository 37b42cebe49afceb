// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Bounds of what a person may ask for.
const (
	longestQuery = 200
	// longestValue is the longest name of an agency or of a topic.
	longestValue = 64
	// farthestPage is more pages than there are.
	farthestPage = 100000
)

// Sort is an order of results.
type Sort string

// Orders of results. Relevance is for searches only; without words, services go by title.
const (
	ByRelevance Sort = "relevance"
	ByTitle     Sort = "title"
	ByNewest    Sort = "newest"
	ByTerm      Sort = "term"
)

// sorts are all orders.
var sorts = []Sort{ByRelevance, ByTitle, ByNewest, ByTerm}

// Costs of a service.
const (
	CostFree = "free"
	CostPaid = "paid"
)

// costs are the choices of the filter by cost.
var costs = []string{CostFree, CostPaid}

// terms are the choices of the filter by term: at most so many calendar days, working days counted as seven for five.
var terms = []int{7, 14, 30}

// applicants are the choices of the filter by applicant.
var applicants = []v1alpha1.ApplicantType{"Person", "Entrepreneur", "Organisation", "Official"}

// Query is what a person looks for in the catalogue. The zero Query finds everything. A Query is comparable: two that are equal
// have the same answer.
type Query struct {
	// Words are as typed.
	Words string
	// Agency is a provider's name.
	Agency string
	// For is a kind of applicant.
	For v1alpha1.ApplicantType
	// Cost is CostFree or CostPaid.
	Cost string
	// Within is the longest term, in calendar days.
	Within int
	// Topic is a sector or an event of life or of business.
	Topic string
	// Open leaves out services that take no applications now.
	Open bool
	Sort Sort
	// Page counts from 1.
	Page int
}

// Names of parameters in addresses.
const (
	paramWords  = "q"
	paramAgency = "agency"
	paramFor    = "for"
	paramCost   = "cost"
	paramWithin = "within"
	paramTopic  = "topic"
	paramOpen   = "open"
	paramSort   = "sort"
	paramPage   = "page"
)

// fault is a parameter whose value is none of those that there are.
type fault struct{ Parameter, Value, Allowed string }

// parseQuery reads a query from an address. What cannot be understood is left out of the query and told in faults: a page goes
// on without it, a program is told.
func parseQuery(v url.Values) (Query, []fault) {
	var q Query
	var faults []fault
	refuse := func(name, allowed string) { faults = append(faults, fault{name, v.Get(name), allowed}) }
	if words := strings.Join(strings.Fields(v.Get(paramWords)), " "); utf8.ValidString(words) && utf8.RuneCountInString(words) <= longestQuery {
		q.Words = words
	} else {
		refuse(paramWords, "at most "+strconv.Itoa(longestQuery)+" characters")
	}
	for name, to := range map[string]*string{paramAgency: &q.Agency, paramTopic: &q.Topic} {
		if value := v.Get(name); utf8.ValidString(value) && len(value) <= longestValue {
			*to = value
		} else {
			refuse(name, "at most "+strconv.Itoa(longestValue)+" bytes")
		}
	}
	if choose(v.Get(paramFor), applicants, &q.For) {
		refuse(paramFor, list(applicants))
	}
	if choose(v.Get(paramCost), costs, &q.Cost) {
		refuse(paramCost, list(costs))
	}
	if choose(v.Get(paramSort), sorts, &q.Sort) {
		refuse(paramSort, list(sorts))
	}
	switch v.Get(paramOpen) {
	case "":
	case "yes":
		q.Open = true
	default:
		refuse(paramOpen, "yes")
	}
	if days, ok := number(v.Get(paramWithin), 3650); ok {
		q.Within = days
	} else {
		refuse(paramWithin, "a number of days from 1 to 3650")
	}
	page, ok := number(v.Get(paramPage), farthestPage)
	if !ok {
		refuse(paramPage, "a number from 1")
	}
	q.Page = max(page, 1)
	return q, faults
}

// choose sets to to the value if it is one of the choices, and tells whether it is something else.
func choose[T ~string](value string, choices []T, to *T) (unknown bool) {
	if value == "" {
		return false
	}
	if !slices.Contains(choices, T(value)) {
		return true
	}
	*to = T(value)
	return false
}

// number reads a number from 1 to most; nothing is 0.
func number(value string, most int) (int, bool) {
	if value == "" {
		return 0, true
	}
	n, err := strconv.Atoi(value)
	return n, err == nil && n >= 1 && n <= most
}

func list[T ~string](choices []T) string {
	names := make([]string, len(choices))
	for i, c := range choices {
		names[i] = string(c)
	}
	return strings.Join(names, ", ")
}

// order is the order in force: relevance needs words to be relevant to.
func (q Query) order() Sort {
	switch {
	case q.Words == "" && (q.Sort == "" || q.Sort == ByRelevance):
		return ByTitle
	case q.Sort == "":
		return ByRelevance
	default:
		return q.Sort
	}
}

// values are the query as an address has it, without what is usual.
func (q Query) values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set(paramWords, q.Words)
	set(paramAgency, q.Agency)
	set(paramFor, string(q.For))
	set(paramCost, q.Cost)
	set(paramTopic, q.Topic)
	set(paramSort, string(q.Sort))
	if q.Within > 0 {
		set(paramWithin, strconv.Itoa(q.Within))
	}
	if q.Open {
		set(paramOpen, "yes")
	}
	if q.Page > 1 {
		set(paramPage, strconv.Itoa(q.Page))
	}
	return v
}

// address is where the query's page is, such as /?q=пенсия.
func (q Query) address() string {
	if encoded := q.values().Encode(); encoded != "" {
		return "/?" + encoded
	}
	return "/"
}

// with returns q changed by change, from its first page on.
func (q Query) with(change func(*Query)) Query {
	q.Page = 1
	change(&q)
	return q
}

// unfiltered is the same search in all services.
func (q Query) unfiltered() Query { return Query{Words: q.Words, Sort: q.Sort, Page: 1} }
