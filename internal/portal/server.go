// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/okno-dev/okno/internal/page"
	"github.com/okno-dev/okno/web"
)

// Options are what a catalogue needs to know.
type Options struct {
	Index *Index
	// PublicURL is the catalogue's own address, such as http://catalogue.localhost:8080. Agencies' hosts differ from it in the
	// first label only.
	PublicURL string
	// Location is the installation's time zone, in which days are written. It must be given.
	Location *time.Location
	Log      *slog.Logger
}

// Server serves the catalogue's pages.
type Server struct {
	index  *Index
	public *url.URL
	log    *slog.Logger
	render *page.Renderer
	static *page.Static
	cache  *answers
}

// New loads templates, texts and styles. A mistake in them is an error here, not on a citizen's page.
func New(o Options) (*Server, error) {
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Host == "" {
		return nil, fmt.Errorf("public URL %q: give an address with scheme and host, such as https://catalogue.example.org", o.PublicURL)
	}
	if o.Location == nil {
		return nil, errors.New("no time zone: days cannot be written without one")
	}
	static, err := page.LoadStatic(web.FS, "static")
	if err != nil {
		return nil, err
	}
	texts, err := page.LoadTexts(web.FS, "locales/shared", "locales/portal")
	if err != nil {
		return nil, err
	}
	render, err := page.Parse(web.FS, "templates", "portal", texts, static, o.Location)
	if err != nil {
		return nil, err
	}
	return &Server{index: o.Index, public: public, log: o.Log, render: render, static: static, cache: newAnswers()}, nil
}

// languages are those that the catalogue's own texts exist in.
var languages = []string{"ru", "en"}

// Handler serves the public pages.
//
//	Secure (headers) → mux → page
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.list)
	mux.HandleFunc("GET /services/{provider}/{service}", s.service)
	mux.HandleFunc("GET /services/{provider}/{service}/staff", s.staff)
	mux.HandleFunc("GET /api/v1/services", s.services)
	mux.HandleFunc("/api/", s.noSuchAPI)
	mux.HandleFunc("GET /sitemap.xml", s.sitemap)
	mux.HandleFunc("GET /robots.txt", s.robots)
	mux.Handle("GET "+page.StaticPrefix, s.static)
	mux.HandleFunc("/", s.notFound)
	return page.Secure(mux, s.public.Scheme == "https")
}

// Probes serves /healthz and /readyz. The catalogue has no state that could be broken: what it shows it holds in memory.
func Probes() http.Handler {
	mux := http.NewServeMux()
	ok := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }
	mux.HandleFunc("GET /healthz", ok)
	mux.HandleFunc("GET /readyz", ok)
	return mux
}

// agencyBase is an agency's public address: the catalogue's with another first label.
func (s *Server) agencyBase(provider string) string {
	_, rest, _ := strings.Cut(s.public.Host, ".")
	return s.public.Scheme + "://" + provider + "." + rest
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	lang := s.language(w, r)
	q, _ := parseQuery(r.URL.Query())
	q.Page = min(q.Page, s.index.pages(pageSize)) // pages past the last are the last one, and kept once
	k := cacheKey{kind: "list", lang: lang, query: q}
	current := s.index.current()
	s.answer(w, r, k, func(a *answer) bool { return a.stamp == current }, func() (*answer, error) {
		results := s.index.Search(q, pageSize, lang)
		title := s.render.Say(lang, "catalogue.listTitle")
		if q.Words != "" {
			title = q.Words + " – " + title
		}
		l := lister{lang: lang, topics: s.index.topics, say: s.sayer(lang)}
		layout := s.layout(r, lang, title)
		for i := range layout.Languages {
			layout.Languages[i].URL = languageURL(layout.Languages[i].URL, q)
		}
		a, err := s.compose("list", layout, l.page(q, results))
		if err == nil {
			a.stamp = results.stamp
		}
		return a, err
	})
}

// languageURL leads to the same query in another language.
func languageURL(address string, q Query) string {
	if encoded := q.values().Encode(); encoded != "" {
		return address + "&" + encoded
	}
	return address
}

func (s *Server) service(w http.ResponseWriter, r *http.Request) {
	s.ofService(w, r, "service", func(service *Service, p Provider, lang string) any {
		return newServicePage(service, p, lang, s.agencyBase(p.Name), s.sayer(lang), s.index.now())
	})
}

// ofService serves one of the pages of a service.
func (s *Server) ofService(w http.ResponseWriter, r *http.Request, name string, body func(*Service, Provider, string) any) {
	lang := s.language(w, r)
	k := cacheKey{kind: name, lang: lang, provider: r.PathValue("provider"), service: r.PathValue("service")}
	now := s.index.now()
	service, provider, named, ok := s.index.find(k.provider, k.service, now)
	if !ok {
		s.notFound(w, r)
		return
	}
	current := stamp{version: named, passed: int(service.stateAt(now))}
	s.answer(w, r, k, func(a *answer) bool { return a.service == service && a.stamp == current }, func() (*answer, error) {
		layout := s.layout(r, lang, service.Definition.ShortTitle.In(lang))
		layout.Back = "/"
		if name != "service" {
			layout.Back = servicePath(provider.Name, service.Name)
		}
		a, err := s.compose(name, layout, body(service, provider, lang))
		if err == nil {
			a.service, a.stamp = service, current
			a.header.Set("Okno-Digest", service.Digest)
			a.header.Set("Okno-Revision", service.Revision)
		}
		return a, err
	})
}

// answer sends the kept answer while it holds, else makes, keeps and sends another one.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, k cacheKey, holds func(*answer) bool, compose func() (*answer, error)) {
	a, err := s.cache.getOr(k, holds, compose)
	if err != nil {
		s.failed(w, r, k.lang, err)
		return
	}
	if err := a.send(w, r); err != nil {
		s.log.DebugContext(r.Context(), "send page", "error", err) // who left does not want the rest
	}
}

// compose renders a page to be kept.
func (s *Server) compose(name string, layout page.Layout, body any) (*answer, error) {
	c := captured{header: http.Header{"Vary": {"Accept-Language, Cookie"}}}
	if err := s.render.Render(&c, http.StatusOK, name, layout, body); err != nil {
		return nil, err
	}
	return newAnswer(c.header, c.body.Bytes())
}

func (s *Server) failed(w http.ResponseWriter, r *http.Request, lang string, err error) {
	s.log.ErrorContext(r.Context(), "render page", "path", r.URL.Path, "error", err)
	http.Error(w, s.render.Say(lang, "catalogue.errorText"), http.StatusInternalServerError)
}

type problemPage struct{ Title, Text string }

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	lang := s.language(w, r)
	s.show(w, r, http.StatusNotFound, "problem", s.layout(r, lang, s.render.Say(lang, "catalogue.notFoundTitle")),
		problemPage{"catalogue.notFoundTitle", "catalogue.notFoundText"})
}

func (s *Server) sayer(lang string) sayer {
	return func(id string, pairs ...any) string { return s.render.Say(lang, id, pairs...) }
}

func (s *Server) language(w http.ResponseWriter, r *http.Request) string {
	return page.Language(w, r, languages, s.public.Scheme == "https")
}

func (s *Server) layout(r *http.Request, lang, title string) page.Layout {
	return page.Layout{
		Lang: lang, Title: title, Site: s.render.Say(lang, "catalogue.site"), Home: "/",
		Languages: page.LanguageLinks(r.URL.Path, lang, languages),
	}
}

func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, name string, layout page.Layout, body any) {
	w.Header().Set("Vary", "Accept-Language, Cookie")
	if err := s.render.Render(w, status, name, layout, body); err != nil {
		s.failed(w, r, layout.Lang, err)
	}
}
