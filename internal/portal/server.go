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
	return &Server{index: o.Index, public: public, log: o.Log, render: render, static: static}, nil
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
	s.show(w, r, http.StatusOK, "list", s.layout(r, lang, s.render.Say(lang, "catalogue.listTitle")), newListPage(s.index.List(lang)))
}

func (s *Server) service(w http.ResponseWriter, r *http.Request) {
	lang := s.language(w, r)
	service, provider, ok := s.index.Find(r.PathValue("provider"), r.PathValue("service"))
	if !ok {
		s.notFound(w, r)
		return
	}
	layout := s.layout(r, lang, service.Definition.ShortTitle.In(lang))
	layout.Back = "/"
	w.Header().Set("Okno-Digest", service.Digest)
	w.Header().Set("Okno-Revision", service.Revision)
	s.show(w, r, http.StatusOK, "service", layout, newServicePage(service, provider, lang, s.agencyBase(provider.Name)))
}

type problemPage struct{ Title, Text string }

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	lang := s.language(w, r)
	s.show(w, r, http.StatusNotFound, "problem", s.layout(r, lang, s.render.Say(lang, "catalogue.notFoundTitle")),
		problemPage{"catalogue.notFoundTitle", "catalogue.notFoundText"})
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
		s.log.ErrorContext(r.Context(), "render page", "page", name, "error", err)
		http.Error(w, s.render.Say(layout.Lang, "catalogue.errorText"), http.StatusInternalServerError)
	}
}
