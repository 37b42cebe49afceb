// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// browser is a browser without JavaScript: it keeps cookies, follows redirects and sends forms.
type browser struct{ client *http.Client }

// open opens a browser for which *.localhost is the front door, as it is for every browser and for curl.
func (c *cluster) open(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, c.door)
	}
	transport := &http.Transport{DialContext: dial}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{client: &http.Client{Jar: jar, Transport: transport, Timeout: 30 * time.Second}}
}

// page is an HTML page, or what an API answered.
type page struct {
	at     *url.URL
	status int
	header http.Header
	body   []byte
	root   *html.Node
}

// digest is the definition that answered.
func (p *page) digest() string { return p.header.Get("Okno-Digest") }

// do sends a request; an error tells that nobody answered.
func (b *browser) do(ctx context.Context, method, address string, header map[string]string, body io.Reader) (*page, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := b.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	p := &page{at: response.Request.URL, status: response.StatusCode, header: response.Header}
	if p.body, err = io.ReadAll(response.Body); err != nil {
		return nil, err
	}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		p.root, err = html.Parse(bytes.NewReader(p.body))
	}
	return p, err
}

// get opens a page that there is.
func (b *browser) get(t *testing.T, address string) *page {
	t.Helper()
	p, err := b.do(t.Context(), http.MethodGet, address, map[string]string{"Accept-Language": "ru"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.status != http.StatusOK {
		t.Fatalf("%s answers %d:\n%s", address, p.status, p.body)
	}
	return p
}

// heading is the text of the page's h1.
func (p *page) heading() string {
	for n := range p.root.Descendants() {
		if n.DataAtom == atom.H1 {
			return text(n)
		}
	}
	return ""
}

// marked is the text of the element whose attribute has the value.
func (p *page) marked(attribute, value string) string {
	for n := range p.root.Descendants() {
		if attributeOf(n, attribute) == value {
			return text(n)
		}
	}
	return ""
}

// mistakes are the links of the page's error summary.
func (p *page) mistakes() []string {
	var all []string
	for n := range p.root.Descendants() {
		if n.DataAtom == atom.A && attributeOf(n, "data-code") != "" {
			all = append(all, attributeOf(n, "data-pointer")+" "+attributeOf(n, "data-code"))
		}
	}
	return all
}

// form is the form of the page's main part that is sent by POST.
func (p *page) form() *html.Node {
	for n := range p.root.Descendants() {
		if n.DataAtom != atom.Main {
			continue
		}
		for d := range n.Descendants() {
			if d.DataAtom == atom.Form && strings.EqualFold(attributeOf(d, "method"), "post") {
				return d
			}
		}
	}
	return nil
}

// send sends the page's form, filled with answers, and returns the page that follows.
func (b *browser) send(t *testing.T, p *page, answers map[string]any) *page {
	t.Helper()
	form := p.form()
	if form == nil {
		t.Fatalf("page %s has no form:\n%s", p.at, p.body)
	}
	action, err := p.at.Parse(attributeOf(form, "action"))
	if err != nil {
		t.Fatal(err)
	}
	contentType, body := encode(t, attributeOf(form, "enctype"), fill(form, answers))
	next, err := b.do(t.Context(), http.MethodPost, action.String(), map[string]string{"Content-Type": contentType, "Accept-Language": "ru"}, body)
	if err != nil {
		t.Fatal(err)
	}
	if next.root == nil || (next.status != http.StatusOK && next.status != http.StatusUnprocessableEntity) {
		t.Fatalf("%s answers %d:\n%s", next.at, next.status, next.body)
	}
	return next
}

func encode(t *testing.T, enctype string, values url.Values) (contentType string, body io.Reader) {
	t.Helper()
	if enctype != "multipart/form-data" {
		return "application/x-www-form-urlencoded", strings.NewReader(values.Encode())
	}
	var text bytes.Buffer
	w := multipart.NewWriter(&text)
	for name, list := range values {
		for _, value := range list {
			if err := w.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), &text
}

// apply files an application page by page from p on, and returns the receipt.
func (b *browser) apply(t *testing.T, p *page, answers map[string]any) *page {
	t.Helper()
	const enough = 50 // far more than the form has pages
	for range enough {
		if p.marked("data-receipt", "number") != "" {
			return p
		}
		asked := names(p.form())
		next := b.send(t, p, answers)
		if next.at.Path == p.at.Path && names(next.form()) == asked {
			t.Fatalf("page %s does not go on: %v\n%s", p.at, next.mistakes(), next.body)
		}
		p = next
	}
	t.Fatalf("the form does not end; it is at %s", p.at)
	return nil
}

// names are the names of a form's inputs.
func names(form *html.Node) string {
	if form == nil {
		return ""
	}
	var all []string
	for n := range form.Descendants() {
		if name := attributeOf(n, "name"); name != "" {
			all = append(all, name)
		}
	}
	return strings.Join(all, " ")
}

// fill is what a browser sends when a person gives these answers: each input says by data-pointer which answer it wants.
func fill(form *html.Node, answers map[string]any) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name, kind := attributeOf(n, "name"), attributeOf(n, "type")
		switch {
		case name == "":
		case kind == "hidden":
			values.Add(name, attributeOf(n, "value"))
		case name == "declaration":
			values.Set(name, "agreed")
		case n.DataAtom == atom.Button && name == "action" && attributeOf(n, "value") == "continue":
			values.Set(name, "continue")
		case kind == "radio" || kind == "checkbox":
			if answer := lookup(answers, pointer(n)); answer != "" && answer == attributeOf(n, "value") {
				values.Add(name, answer)
			}
		case attributeOf(n, "data-part") != "":
			values.Set(name, part(lookup(answers, pointer(n)), attributeOf(n, "data-part")))
		case n.DataAtom == atom.Select || n.DataAtom == atom.Textarea || (n.DataAtom == atom.Input && kind != "file" && kind != "submit"):
			values.Set(name, lookup(answers, pointer(n)))
		}
	}
	return values
}

// pointer is the place of the answer that an input asks for; it may stand on the input's fieldset.
func pointer(n *html.Node) string {
	for ; n != nil; n = n.Parent {
		if at := attributeOf(n, "data-pointer"); at != "" {
			return at
		}
	}
	return ""
}

// lookup is the answer at a JSON Pointer, or "".
func lookup(answers map[string]any, pointer string) string {
	var at any = answers
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		fields, _ := at.(map[string]any)
		at = fields[step]
	}
	value, _ := at.(string) // the sample has no other answers
	return value
}

// part is the year, month or day of a date.
func part(date, name string) string {
	numbers := strings.Split(date, "-")
	if len(numbers) != 3 {
		return ""
	}
	return map[string]string{"year": numbers[0], "month": numbers[1], "day": numbers[2]}[name]
}

func attributeOf(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}
