// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"net/http"
	"slices"

	"github.com/okno-dev/okno/internal/page"
)

// paths are where a service's pages are.

func servicePath(service string) string         { return "/s/" + service }
func draftPath(service, draft string) string    { return "/s/" + service + "/apply/" + draft }
func receiptPath(service, number string) string { return "/s/" + service + "/receipt/" + number }
func pagePath(service, draft, id string) string { return draftPath(service, draft) + "/" + id }
func checkPath(service, draft string) string    { return draftPath(service, draft) + "/check" }
func (c *call) say(s *Server, id string, pairs ...any) string {
	return s.renderer.Say(c.lang, id, pairs...)
}

// layout is what stands around a page of this call.
func (s *Server) layout(c *call, title string) page.Layout {
	l := page.Layout{Lang: c.lang, Title: title, Site: s.options.Provider, Home: "/", Languages: s.languages(c)}
	if l.Site == "" {
		l.Site = c.say(s, "site")
	}
	if c.release == nil {
		return l
	}
	def := c.release.def
	l.Site = def.Authority.Name.In(c.lang, def.Languages[0])
	l.Service, l.ServiceURL = def.ShortTitle.In(c.lang, def.Languages[0]), servicePath(c.release.service)
	l.Footer = []page.Link{
		{Text: c.say(s, "start.find"), URL: servicePath(c.release.service) + "/receipt"},
		{Text: c.say(s, "message.services"), URL: "/"},
	}
	return l
}

// languages are links to this page in the other languages. A page that shows what was just sent has none: they would lose it.
func (s *Server) languages(c *call) []page.LanguageLink {
	if c.Method == http.MethodPost {
		return nil
	}
	links := page.LanguageLinks(c.URL.Path, c.lang, s.offered(c))
	if c.URL.Query().Get("return") == returnToCheck {
		for i := range links {
			links[i].URL += "&return=" + returnToCheck
		}
	}
	return links
}

// render answers a page that nobody but this person may see or keep.
func (s *Server) render(c *call, status int, name string, layout page.Layout, body any) error {
	c.w.Header().Set("Cache-Control", "no-store")
	return s.renderer.Render(c.w, status, name, layout, body)
}

// redirect answers a POST, so that going back or reloading sends nothing twice.
func (c *call) redirect(to string) error {
	c.w.Header().Set("Cache-Control", "no-store")
	http.Redirect(c.w, c.Request, to, http.StatusSeeOther)
	return nil
}

// messageView is a page that only says something.
type messageView struct {
	Title, Detail string
	Links         []page.Link
	Also          *otherLanguage
}

// otherLanguage is the same in the other language: who lands on an error page has often not chosen one yet.
type otherLanguage struct{ Lang, Title, Detail string }

// message answers a page of two texts, <id>.title and <id>.detail, in both of the program's languages.
func (s *Server) message(c *call, status int, id string, pairs ...any) error {
	other := "en"
	if c.lang == "en" {
		other = "ru"
	}
	view := messageView{
		Title: c.say(s, id+".title", pairs...), Detail: c.say(s, id+".detail", pairs...),
		Also: &otherLanguage{other, s.renderer.Say(other, id+".title", pairs...), s.renderer.Say(other, id+".detail", pairs...)},
	}
	if c.release != nil {
		view.Links = append(view.Links, page.Link{Text: c.say(s, "message.service"), URL: servicePath(c.release.service)})
	}
	view.Links = append(view.Links, page.Link{Text: c.say(s, "message.services"), URL: "/"})
	layout := s.layout(c, view.Title)
	layout.Languages = nil
	return s.render(c, status, "message", layout, view)
}

// homeService is a line of the list of an agency's services.
type homeService struct{ Title, Summary, URL string }

// home lists the services that can be applied for: GET /.
func (s *Server) home(c *call) error {
	var list []homeService
	for _, e := range s.catalogue.all() {
		if e.stateAt(c.now) == withdrawn {
			continue
		}
		b, err := s.briefOf(c.Context(), e)
		if err != nil {
			// One damaged service must not hide the others.
			s.log.Error("a service cannot be listed", "service", e.service, "err", err)
			continue
		}
		list = append(list, homeService{
			Title: b.ShortTitle.In(append([]string{c.lang}, b.Languages...)...), Summary: b.Summary.In(append([]string{c.lang}, b.Languages...)...),
			URL: servicePath(e.service),
		})
	}
	slices.SortFunc(list, func(a, b homeService) int {
		switch {
		case a.Title < b.Title:
			return -1
		case a.Title > b.Title:
			return 1
		default:
			return 0
		}
	})
	c.w.Header().Set("Cache-Control", "no-cache")
	return s.renderer.Render(c.w, http.StatusOK, "home", s.layout(c, c.say(s, "home.title")), list)
}
