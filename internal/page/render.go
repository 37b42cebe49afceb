// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/okno-dev/okno/internal/filesize"
)

// Layout is what stands around every page's content.
type Layout struct {
	// Lang is the language of the page's content.
	Lang string
	// Title is the page's own title; the site's name follows it.
	Title string
	// Failed says that the page shows errors: its title then begins with the word for it, so that it is heard first.
	Failed bool
	// Site is the name in the header, the agency's or the catalogue's, and Home where it leads.
	Site, Home string
	// Service is the name of the service, in a strip under the header; "" means none.
	Service, ServiceURL string
	// Languages are the languages that the page can be read in.
	Languages []LanguageLink
	// Back is where the back link leads; "" means none.
	Back string
	// Footer are links at the end of the page.
	Footer []Link
	// Colophon is a line at the end of the page, such as the agency's official name.
	Colophon string
}

// LanguageLink leads to a page in another language.
type LanguageLink struct {
	Tag, Name, URL string
	Current        bool
}

// Link is a link.
type Link struct{ Text, URL string }

// Renderer renders templates in each language.
type Renderer struct {
	texts *Texts
	pages map[pageKey]func() (*template.Template, error)
}

type pageKey struct{ lang, name string }

// foreign is the key of pages in languages that the program has no texts in.
const foreign = ""

// languageNames are languages in their own words.
var languageNames = map[string]string{"ru": "Русский", "en": "English", "tt": "Татарча", "ba": "Башҡортса", "cv": "Чӑвашла"}

// LanguageLinks offers a page in each of the languages, by ?lang= on the URL's path.
func LanguageLinks(path, current string, offered []string) []LanguageLink {
	if len(offered) < 2 {
		return nil
	}
	links := make([]LanguageLink, len(offered))
	for i, tag := range offered {
		name := languageNames[tag]
		if name == "" {
			name = tag
		}
		links[i] = LanguageLink{Tag: tag, Name: name, URL: path + "?lang=" + tag, Current: tag == current}
	}
	return links
}

// Parse reads the templates that all pages share (root/*.html, and root/dir/parts/*.html if there are any) and the pages of
// root/dir, each of which defines "main".
func Parse(fsys fs.FS, root, dir string, texts *Texts, static *Static, zone *time.Location) (*Renderer, error) {
	files, err := fs.Glob(fsys, path.Join(root, dir, "*.html"))
	if err != nil {
		return nil, err
	}
	parts, err := fs.Glob(fsys, path.Join(root, dir, "parts", "*.html"))
	if err != nil {
		return nil, err
	}
	r := &Renderer{texts: texts, pages: map[pageKey]func() (*template.Template, error){}}
	shared := append([]string{path.Join(root, "*.html")}, parts...)
	add := func(key string, common func() (*template.Template, error)) {
		for _, file := range files {
			// Each page is a copy of all shared templates: made at first use, since few pages are used in most languages.
			name := strings.TrimSuffix(path.Base(file), ".html")
			r.pages[pageKey{key, name}] = sync.OnceValues(func() (*template.Template, error) {
				t, err := common()
				if err != nil {
					return nil, err
				}
				if t, err = t.Clone(); err != nil {
					return nil, err
				}
				return t.ParseFS(fsys, file)
			})
		}
	}
	for _, lang := range texts.Languages() {
		f := &functions{lang: lang, texts: texts, static: static, zone: zone}
		common, err := template.New("").Funcs(f.all()).ParseFS(fsys, shared...)
		if err != nil {
			return nil, fmt.Errorf("parse shared templates: %w", err)
		}
		add(lang, func() (*template.Template, error) { return common, nil })
	}
	f := &functions{lang: DefaultLanguage, texts: texts, static: static, zone: zone, foreign: true}
	add(foreign, sync.OnceValues(func() (*template.Template, error) { return template.New("").Funcs(f.all()).ParseFS(fsys, shared...) }))
	return r, nil
}

// page returns the templates of a page in a language, or those with the default language's texts, marked, when there are none in it.
func (r *Renderer) page(lang, name string) (*template.Template, error) {
	parse := r.pages[pageKey{lang, name}]
	if parse == nil {
		parse = r.pages[pageKey{foreign, name}]
	}
	if parse == nil {
		return nil, fmt.Errorf("no page %q", name)
	}
	t, err := parse()
	if err != nil {
		return nil, fmt.Errorf("parse page %q: %w", name, err)
	}
	return t, nil
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// view is what templates see: the layout's fields, and the page's own as .Body.
type view struct {
	Layout
	Body any
}

// Render writes a page. It is rendered whole before the first byte is sent, so that a failure never leaves half a page.
func (r *Renderer) Render(w http.ResponseWriter, status int, name string, layout Layout, body any) error {
	t, err := r.page(layout.Lang, name)
	if err != nil {
		return err
	}
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := t.ExecuteTemplate(b, "layout", view{layout, body}); err != nil {
		return fmt.Errorf("render page %q: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", layout.Lang)
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, err = w.Write(b.Bytes())
	return err
}

// Say returns one of the program's texts.
func (r *Renderer) Say(lang, id string, pairs ...any) string { return r.texts.Say(lang, id, pairs...) }

var months = map[string][12]string{
	"ru": {"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"},
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// Day writes a date as people say it: 9 марта 2026 года, 9 March 2026. The time's own zone decides the day.
func Day(lang string, t time.Time) string {
	names, ok := months[lang]
	if !ok {
		names = months[DefaultLanguage]
	}
	s := fmt.Sprintf("%d\u00a0%s %d", t.Day(), names[t.Month()-1], t.Year())
	if lang != "en" {
		s += "\u00a0года"
	}
	return s
}

// Size writes a number of bytes as people say it.
func (r *Renderer) Size(lang string, n int64) string { return filesize.In(lang, n) }
