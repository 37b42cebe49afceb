// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/page"
)

// Bounds of a page of the API.
const (
	usualLimit = 50
	mostLimit  = 200
)

// sitemapMost is how many addresses a sitemap may have by its protocol.
const sitemapMost = 50_000

// problemType is the start of the types of problems, as in the intake.
const problemType = "https://okno.dev/problems/"

// problem is an RFC 9457 problem.
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Errors []problemError `json:"errors,omitempty"`
}

// problemError is one parameter that was not understood.
type problemError struct {
	Parameter string `json:"parameter"`
	Detail    string `json:"detail"`
}

// servicesBody is a page of services for programs.
type servicesBody struct {
	Total    int           `json:"total"`
	Page     int           `json:"page"`
	Pages    int           `json:"pages"`
	Next     string        `json:"next,omitempty"`
	Services []serviceBody `json:"services"`
}

// serviceBody is a service for programs: texts in all languages, terms as the law counts them.
type serviceBody struct {
	Code       string                   `json:"code"`
	Name       string                   `json:"name"`
	Provider   string                   `json:"provider"`
	Title      v1alpha1.Text            `json:"title"`
	ShortTitle v1alpha1.Text            `json:"shortTitle"`
	Summary    v1alpha1.Text            `json:"summary,omitempty"`
	Authority  v1alpha1.Text            `json:"authority"`
	Applicants []v1alpha1.ApplicantType `json:"applicants"`
	Topics     []string                 `json:"topics"`
	Level      v1alpha1.Level           `json:"level"`
	Deadline   v1alpha1.Deadline        `json:"deadline"`
	Fees       []v1alpha1.Fee           `json:"fees"`
	State      string                   `json:"state"`
	Digest     string                   `json:"digest"`
	Revision   string                   `json:"revision"`
	Since      time.Time                `json:"since"`
	Page       string                   `json:"page"`
	Form       string                   `json:"form"`
	OpenAPI    string                   `json:"openapi"`
}

// stateNames are states for programs.
var stateNames = map[state]string{stateOpen: "Open", stateSuspended: "Suspended", stateNotYet: "NotOpenYet", stateClosed: "Closed"}

// services answers programs, such as dashboards. Parameters are those of the page, and limit; one that is not understood is a
// problem, since a program cannot see that it was left out.
func (s *Server) services(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	q, faults := parseQuery(values)
	limit, ok := number(values.Get("limit"), mostLimit)
	if !ok {
		faults = append(faults, fault{"limit", values.Get("limit"), "a number from 1 to " + strconv.Itoa(mostLimit)})
	}
	known := []string{paramWords, paramAgency, paramFor, paramCost, paramWithin, paramTopic, paramOpen, paramSort, paramPage, "limit", "lang"}
	for name := range values {
		if !slices.Contains(known, name) {
			faults = append(faults, fault{name, values.Get(name), "one of the parameters " + list(known)})
		}
	}
	if len(faults) > 0 {
		s.problem(w, problem{Type: problemType + "parameters", Title: "Some parameters cannot be understood", Status: http.StatusBadRequest}, faults)
		return
	}
	if limit == 0 {
		limit = usualLimit
	}
	lang := page.DefaultLanguage
	if slices.Contains(languages, values.Get("lang")) {
		lang = values.Get("lang")
	}
	q.Page = min(q.Page, s.index.pages(limit))
	current := s.index.current()
	k := cacheKey{kind: "api " + strconv.Itoa(limit), lang: lang, query: q}
	s.answer(w, r, k, func(a *answer) bool { return a.stamp == current }, func() (*answer, error) {
		found := s.index.Search(q, limit, lang)
		body := servicesBody{Total: found.Total, Page: found.Page, Pages: found.Pages, Services: []serviceBody{}}
		for _, l := range found.Services {
			body.Services = append(body.Services, s.serviceBody(l, found.now))
		}
		if found.Page < found.Pages {
			next := q.at(found.Page + 1).values()
			next.Set("limit", strconv.Itoa(limit))
			body.Next = s.public.JoinPath("/api/v1/services").String() + "?" + next.Encode()
		}
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		a, err := newAnswer(http.Header{"Content-Type": {"application/json"}}, append(raw, '\n'))
		if err == nil {
			a.stamp = found.stamp
		}
		return a, err
	})
}

func (s *Server) serviceBody(l Listed, now time.Time) serviceBody {
	def := l.Definition
	base := s.agencyBase(l.Provider.Name)
	fees := def.Fees
	if fees == nil {
		fees = []v1alpha1.Fee{}
	}
	return serviceBody{
		Code: def.Code, Name: l.Name, Provider: l.Provider.Name, Title: def.Title, ShortTitle: def.ShortTitle, Summary: def.Summary,
		Authority: def.Authority.Name, Applicants: def.Audience.Applicants, Topics: topicsOf(def), Level: def.Classification.Level,
		Deadline: def.Process.Deadline, Fees: fees, State: stateNames[l.stateAt(now)], Digest: l.Digest, Revision: l.Revision, Since: l.Since.UTC(),
		Page: s.public.JoinPath(servicePath(l.Provider.Name, l.Name)).String(),
		Form: formURL(base, l.Name), OpenAPI: openAPIURL(base, l.Name),
	}
}

func (s *Server) problem(w http.ResponseWriter, p problem, faults []fault) {
	slices.SortFunc(faults, func(a, b fault) int {
		if a.Parameter < b.Parameter {
			return -1
		}
		return 1
	})
	for _, f := range faults {
		p.Errors = append(p.Errors, problemError{f.Parameter, strconv.Quote(f.Value) + " is given, allowed is " + f.Allowed})
	}
	raw, err := json.Marshal(p)
	if err != nil {
		http.Error(w, p.Title, p.Status)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(raw, '\n')) // who left does not want the rest
}

// noSuchAPI answers addresses under /api that do not exist, for programs.
func (s *Server) noSuchAPI(w http.ResponseWriter, _ *http.Request) {
	s.problem(w, problem{Type: problemType + "not-found", Title: "There is nothing at this address", Status: http.StatusNotFound}, nil)
}

// robots lets search engines read all pages, and leaves out addresses of searches: there is no end of them.
func (s *Server) robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("User-agent: *\nDisallow: /?\nDisallow: /api/\n\nSitemap: " + s.public.JoinPath("/sitemap.xml").String() + "\n"))
}

type sitemapURL struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

// sitemap lists the page of every service with the day of its last publication.
func (s *Server) sitemap(w http.ResponseWriter, r *http.Request) {
	current := s.index.current()
	s.answer(w, r, cacheKey{kind: "sitemap", lang: page.DefaultLanguage}, func(a *answer) bool { return a.stamp == current }, func() (*answer, error) {
		found := s.index.Search(Query{Page: 1}, sitemapMost-1, page.DefaultLanguage)
		body := struct {
			XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
			URLs    []sitemapURL `xml:"url"`
		}{URLs: []sitemapURL{{Loc: s.public.JoinPath("/").String()}}}
		for _, l := range found.Services {
			loc := s.public.JoinPath(servicePath(l.Provider.Name, l.Name)).String()
			body.URLs = append(body.URLs, sitemapURL{loc, l.Since.UTC().Format(time.DateOnly)})
		}
		raw, err := xml.Marshal(body)
		if err != nil {
			return nil, err
		}
		a, err := newAnswer(http.Header{"Content-Type": {"application/xml; charset=utf-8"}}, append([]byte(xml.Header), raw...))
		if err == nil {
			a.stamp = found.stamp
		}
		return a, err
	})
}
