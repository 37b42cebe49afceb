// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// tab is a browser's tab without scripts. It finds what it uses as people do, by the words on the page, and checks on every page what
// a screen reader relies on.
type tab struct {
	t      testing.TB
	client *http.Client
	url    *url.URL
	status int
	header http.Header
	root   *html.Node
	files  map[string][2]string // by the input's name: name and content
	lang   string
}

func (f *fixture) tab(lang string) *tab {
	base, err := url.Parse(f.url)
	if err != nil {
		f.t.Fatal(err)
	}
	return &tab{t: f.t, client: f.browser(), url: base, lang: lang}
}

// get goes to an address.
func (b *tab) get(path string) *tab {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.resolve(path), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.load(req)
	return b
}

func (b *tab) resolve(path string) string {
	target, err := b.url.Parse(path)
	if err != nil {
		b.t.Fatal(err)
	}
	return target.String()
}

func (b *tab) load(req *http.Request) {
	b.t.Helper()
	req.Header.Set("Accept-Language", b.lang)
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	if b.root, err = html.Parse(resp.Body); err != nil {
		b.t.Fatal(err)
	}
	b.url, b.status, b.header, b.files = resp.Request.URL, resp.StatusCode, resp.Header, map[string][2]string{}
	b.check()
}

// check checks what must hold on every page.
func (b *tab) check() {
	b.t.Helper()
	ids := map[string]bool{}
	labels := map[string]bool{}
	for n := range b.root.Descendants() {
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				b.t.Errorf("%s: id %q stands twice", b.url.Path, id)
			}
			ids[id] = true
		}
		if n.DataAtom == atom.Label {
			labels[attr(n, "for")] = true
		}
	}
	for n := range b.root.Descendants() {
		switch {
		case n.DataAtom == atom.Script, attr(n, "style") != "", attr(n, "onclick") != "":
			b.t.Errorf("%s: <%s> needs what the security policy forbids", b.url.Path, n.Data)
		case slices.Contains([]atom.Atom{atom.Input, atom.Select, atom.Textarea}, n.DataAtom) && attr(n, "type") != "hidden" && !labels[attr(n, "id")]:
			b.t.Errorf("%s: input %q has no label", b.url.Path, attr(n, "name"))
		case n.DataAtom == atom.A && strings.HasPrefix(attr(n, "href"), "#") && !ids[attr(n, "href")[1:]]:
			b.t.Errorf("%s: link to %q leads nowhere", b.url.Path, attr(n, "href"))
		}
		for id := range strings.FieldsSeq(attr(n, "aria-describedby") + " " + attr(n, "aria-labelledby")) {
			if !ids[id] {
				b.t.Errorf("%s: described by %q, which is not there", b.url.Path, id)
			}
		}
	}
	failed := b.find(func(n *html.Node) bool { return hasClass(n, "govuk-error-summary") }) != nil
	title := text(b.find(func(n *html.Node) bool { return n.DataAtom == atom.Title }))
	if prefixed := strings.HasPrefix(title, "Ошибка:") || strings.HasPrefix(title, "Error:"); prefixed != failed {
		b.t.Errorf("%s: title %q, shows errors: %v", b.url.Path, title, failed)
	}
}

func (b *tab) find(is func(*html.Node) bool) *html.Node {
	for n := range b.root.Descendants() {
		if is(n) {
			return n
		}
	}
	return nil
}

func (b *tab) all(is func(*html.Node) bool) []*html.Node {
	var list []*html.Node
	for n := range b.root.Descendants() {
		if is(n) {
			list = append(list, n)
		}
	}
	return list
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func setAttr(n *html.Node, name, value string) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	n.Attr = append(n.Attr, html.Attribute{Key: name, Val: value})
}

func hasClass(n *html.Node, class string) bool {
	return slices.Contains(strings.Fields(attr(n, "class")), class)
}

// text is what is read out of an element, without what is hidden from all.
func text(n *html.Node) string {
	if n == nil {
		return ""
	}
	var s strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			s.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(s.String()), " ")
}

// heading is the page's h1.
func (b *tab) heading() string {
	return text(b.find(func(n *html.Node) bool { return n.DataAtom == atom.H1 }))
}

// says tells whether the page has the words.
func (b *tab) says(words string) bool { return strings.Contains(text(b.root), words) }

// follow follows a link by its words.
func (b *tab) follow(words string) *tab {
	b.t.Helper()
	link := b.find(func(n *html.Node) bool { return n.DataAtom == atom.A && strings.HasPrefix(text(n), words) })
	if link == nil {
		b.t.Fatalf("%s %q: no link %q", b.url.Path, b.heading(), words)
	}
	return b.get(attr(link, "href"))
}

// control finds an input by its label; within narrows it down to a question or an entry by its heading or legend.
func (b *tab) control(label, within string) *html.Node {
	b.t.Helper()
	found := b.find(func(n *html.Node) bool {
		return n.DataAtom == atom.Label && strings.HasPrefix(text(n), label) && (within == "" || inside(n, within))
	})
	if found == nil {
		b.t.Fatalf("%s %q: nothing is labelled %q in %q", b.url.Path, b.heading(), label, within)
	}
	return b.find(func(n *html.Node) bool { return attr(n, "id") == attr(found, "for") && n.DataAtom != atom.Label })
}

// inside tells whether a fieldset or an entry around the node is called so.
func inside(n *html.Node, name string) bool {
	for up := n.Parent; up != nil; up = up.Parent {
		if up.DataAtom != atom.Fieldset && !hasClass(up, "okno-item") {
			continue
		}
		for d := range up.ChildNodes() {
			if (d.DataAtom == atom.Legend || d.DataAtom == atom.H2) && strings.HasPrefix(text(d), name) {
				return true
			}
		}
	}
	return false
}

// write answers a question with a text.
func (b *tab) write(label, value string) *tab { b.t.Helper(); return b.writeIn("", label, value) }

func (b *tab) writeIn(within, label, value string) *tab {
	b.t.Helper()
	setAttr(b.control(label, within), "value", value)
	return b
}

// choose ticks a radio or a checkbox.
func (b *tab) choose(question, label string) *tab {
	b.t.Helper()
	c := b.control(label, question)
	if attr(c, "type") == "radio" {
		for _, other := range b.all(func(n *html.Node) bool { return attr(n, "name") == attr(c, "name") }) {
			other.Attr = slices.DeleteFunc(other.Attr, func(a html.Attribute) bool { return a.Key == "checked" })
		}
	}
	setAttr(c, "checked", "")
	return b
}

// date answers a question with a day.
func (b *tab) date(question, day, month, year string) *tab {
	b.t.Helper()
	for i, part := range []string{"day", "month", "year"} {
		c := b.find(func(n *html.Node) bool { return attr(n, "data-part") == part && inside(n, question) })
		if c == nil {
			b.t.Fatalf("%s: no date %q", b.url.Path, question)
		}
		setAttr(c, "value", []string{day, month, year}[i])
	}
	return b
}

// attach attaches a file to the first file input.
func (b *tab) attach(name, content string) *tab {
	b.t.Helper()
	input := b.find(func(n *html.Node) bool { return attr(n, "type") == "file" })
	if input == nil {
		b.t.Fatalf("%s %q: no file is asked for", b.url.Path, b.heading())
	}
	b.files[attr(input, "name")] = [2]string{name, content}
	return b
}

// press presses a button by its words and goes where it leads.
func (b *tab) press(words string) *tab {
	b.t.Helper()
	button := b.find(func(n *html.Node) bool {
		return n.DataAtom == atom.Button && strings.HasPrefix(text(n), words) && attr(n, "aria-hidden") == ""
	})
	if button == nil {
		b.t.Fatalf("%s %q: no button %q", b.url.Path, b.heading(), words)
	}
	b.load(b.request(button))
	return b
}

// request is what the button would send.
func (b *tab) request(button *html.Node) *http.Request {
	b.t.Helper()
	form := button
	for form.DataAtom != atom.Form {
		form = form.Parent
	}
	values := sentValues(form)
	if name := attr(button, "name"); name != "" {
		values.Add(name, attr(button, "value"))
	}
	body, contentType := io.Reader(strings.NewReader(values.Encode())), "application/x-www-form-urlencoded"
	if attr(form, "enctype") == "multipart/form-data" {
		body, contentType = b.multipart(values)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.resolve(attr(form, "action")), body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return req
}

func sentValues(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name := attr(n, "name")
		switch {
		case name == "":
		case n.DataAtom == atom.Select:
			for o := range n.Descendants() {
				if o.DataAtom == atom.Option && has(o, "selected") {
					values.Add(name, attr(o, "value"))
				}
			}
		case n.DataAtom == atom.Textarea:
			values.Add(name, text(n))
		case n.DataAtom != atom.Input, attr(n, "type") == "file":
		case attr(n, "type") == "radio", attr(n, "type") == "checkbox":
			if has(n, "checked") {
				values.Add(name, attr(n, "value"))
			}
		default:
			values.Add(name, attr(n, "value"))
		}
	}
	return values
}

func (b *tab) multipart(values url.Values) (io.Reader, string) {
	b.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, list := range values {
		for _, value := range list {
			if err := w.WriteField(name, value); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	for name, file := range b.files {
		part, err := w.CreateFormFile(name, file[0])
		if err != nil {
			b.t.Fatal(err)
		}
		if _, err := io.WriteString(part, file[1]); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.t.Fatal(err)
	}
	return &body, w.FormDataContentType()
}

// errors are the lines of the error summary: pointer and code.
func (b *tab) errors() []string {
	var list []string
	for _, n := range b.all(func(n *html.Node) bool { return has(n, "data-code") }) {
		list = append(list, attr(n, "data-pointer")+" "+attr(n, "data-code"))
	}
	slices.Sort(list)
	return list
}

// receipt is what the receipt says.
func (b *tab) receipt() (number, secret string) {
	b.t.Helper()
	read := func(name string) string {
		return strings.ReplaceAll(text(b.find(func(n *html.Node) bool { return attr(n, "data-receipt") == name })), " ", "")
	}
	number, secret = read("number"), read("secret")
	if number == "" || secret == "" {
		b.t.Fatalf("%s %q is no receipt", b.url.Path, b.heading())
	}
	return number, secret
}
