// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/okno-dev/okno/api/v1alpha1"
)

var update = flag.Bool("update", false, "write docs/reference/bad-applications.md anew")

const strangerPage = "../../docs/reference/bad-applications.md"

// mark stands in what strangers send. Neither an answer's problem nor a log may repeat it.
const mark = "Секретова"

// request is what a stranger sends, byte by byte. A path is the one of applications and a method POST unless they are told; {page},
// {check}, {number} and {upload} in a path or a body stand for what the world has.
type request struct {
	method, path string
	header       []string // whole lines
	body         string
	raw          string // all of it, when it is no proper request
}

// badCase is one bad request and its answer: the status and the id of the problem, "" where the server of HTTP itself answers.
type badCase struct {
	name   string
	in     string // the world, "" for a service that takes applications
	send   request
	status int
	id     string
}

// badGroup is a part of the table.
type badGroup struct {
	title, about string
	cases        []badCase
}

// TestStrangersAreToldWhatIsWrong sends each bad application to the real server over a socket of its own, and compares the answers
// with the page that people read.
func TestStrangersAreToldWhatIsWrong(t *testing.T) {
	root := t
	worlds := map[string]*world{}
	var page strings.Builder
	count := 0
	for _, group := range badGroups() {
		count += len(group.cases)
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n| what is sent | answer | what it says | errors |\n|---|---|---|---|\n", group.title, group.about)
		for _, c := range group.cases {
			t.Run(c.name, func(t *testing.T) {
				w := worlds[c.in]
				if w == nil {
					w = newWorld(root, c.in) // it outlives this case
					worlds[c.in] = w
				}
				w.t = t
				got := w.exchange(c.send)
				fmt.Fprintf(&page, "| %s | %s |\n", c.name, got.row())
				got.check(t, &c)
			})
		}
	}
	for name, w := range worlds {
		t.Run("nobody is the worse for it "+name, func(t *testing.T) { w.t = t; w.intact() })
	}
	head := fmt.Sprintf(strangerHead, count)
	if *update {
		if err := os.WriteFile(filepath.FromSlash(strangerPage), []byte(head+page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(filepath.FromSlash(strangerPage))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), head+page.String()); diff != "" {
		t.Errorf("-page +got; if the change is meant, run with -update:\n%s", diff)
	}
}

const strangerHead = `# Bad applications

What an intake answers to each of %d bad requests. This page is written and compared by the tests of ` + "`internal/intake`" + `
(` + "`go test ./internal/intake -run Strangers -update`" + `), which send each of them to the real server over a socket. After all of them the
tests find nothing filed, no answer lost, nothing of what was sent in the log, and the next applicant served.

- **answer** is the status and the last part of the problem's ` + "`type`" + `; the words are in the language that the client asks for.
- **errors** are the members of ` + "`errors`" + `: where, the code, and what to do.
`

// world is an intake in some state.
type world struct {
	*fixture
	names   map[string]string
	cookies string
	before  int64
}

func newWorld(t *testing.T, name string) *world {
	t.Helper()
	w := &world{fixture: start(t), names: map[string]string{}}
	switch name {
	case "form":
		w.beginForm()
	case "receipt":
		w.names["{number}"] = w.fileJSON(resident).json(t)["number"].(string)
	case "keys":
		if a := w.fileJSON(resident, "Idempotency-Key", "order-0001"); a.status != http.StatusCreated {
			t.Fatalf("%d %s", a.status, a.body)
		}
	case "suspended", "withdrawn":
		act := map[string]v1alpha1.PublicationAction{"suspended": v1alpha1.ActionSuspend, "withdrawn": v1alpha1.ActionWithdraw}[name]
		raw := definition(t)
		w.publish(publication(t, 2, raw, action(act)), raw)
	case "early", "late", "full":
		limits := map[string]edit{
			"early": set("limits.opensAt", "2026-03-09T06:00:00Z"), "late": set("limits.closesAt", "2026-03-01T20:59:59Z"),
			"full": set("limits.maxApplications", 1),
		}
		if name == "full" {
			w.fileJSON(resident)
		}
		raw := definition(t, limits[name])
		w.publish(publication(t, 2, raw), raw)
	case "hurried":
		w.limiter.rate = 1
		for range burst {
			w.limiter.take("127.0.0.1", w.clock.Now())
		}
	}
	w.before = w.counts().Submitted
	return w
}

// beginForm answers the first page of the form as a person does.
func (w *world) beginForm() {
	b := apply(w.fixture)
	w.names["{page}"] = b.url.Path
	w.names["{check}"] = strings.TrimSuffix(b.url.Path, "home") + "check"
	w.names["{first}"] = strings.TrimSuffix(b.url.Path, "home") + "you"
	var list []string
	for _, c := range b.client.Jar.Cookies(b.url) {
		list = append(list, c.String())
	}
	w.cookies = strings.Join(list, "; ")
}

// intact checks that nothing was filed, lost or told by what strangers sent, and that the next application is taken where any is.
func (w *world) intact() {
	w.t.Helper()
	if got := w.counts().Submitted; got != w.before {
		w.t.Errorf("%d applications were filed, want %d", got, w.before)
	}
	if strings.Contains(w.logs.String(), mark) {
		w.t.Errorf("the log repeats what was sent:\n%s", w.logs)
	}
	for line := range strings.Lines(w.logs.String()) {
		if strings.Contains(line, "level=ERROR") {
			w.t.Errorf("a stranger makes the intake log an error: %s", line)
		}
	}
	if first := w.names["{first}"]; first != "" {
		got := w.exchange(request{method: http.MethodGet, path: first})
		if got.status != http.StatusOK || !strings.Contains(got.body, "Анна Образцова") {
			w.t.Errorf("the answers that were saved are gone: %d", got.status)
		}
	}
	if w.takes(&call{Request: w.about(), entry: w.catalogue.lookup(service), served: w.served(), now: w.clock.Now()}) != nil {
		return
	}
	if a := w.fileJSON(resident, "X-Forwarded-For", "203.0.113.9"); a.status != http.StatusCreated {
		w.t.Errorf("the next applicant is answered %d %s", a.status, a.body)
	}
}

func (w *world) about() *http.Request {
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) served() *release {
	r, err := w.current(w.t.Context(), w.catalogue.lookup(service))
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// said is what the server answered.
type said struct {
	status  int
	header  http.Header
	body    string
	problem problemBody
	isPage  bool
	page    *tab
}

// exchange sends a request over a connection of its own and reads the answer.
func (w *world) exchange(r request) *said {
	w.t.Helper()
	target, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(w.t.Context(), "tcp", target.Host)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	bytes := w.bytes(r, target.Host)
	go func() {
		// Whoever is refused early cannot send to the end.
		_, _ = io.WriteString(conn, bytes)
	}()
	method := r.method
	if method == "" {
		method = http.MethodPost
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		w.t.Fatalf("no answer: %v", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatalf("half an answer: %v", err)
	}
	s := &said{status: response.StatusCode, header: response.Header, body: string(body)}
	switch contentType := response.Header.Get("Content-Type"); {
	case contentType == "application/problem+json" && len(body) > 0:
		if err := json.Unmarshal(body, &s.problem); err != nil {
			w.t.Fatalf("%v\n%s", err, body)
		}
	case strings.HasPrefix(contentType, "text/html") && len(body) > 0:
		s.isPage, s.page = true, &tab{t: w.t, url: target, status: s.status}
		if s.page.root, err = html.Parse(strings.NewReader(s.body)); err != nil {
			w.t.Fatal(err)
		}
		s.page.check()
	}
	return s
}

// bytes are a request as it goes over the wire.
func (w *world) bytes(r request, host string) string {
	fill := []string{"{host}", host}
	for name, value := range w.names {
		fill = append(fill, name, value)
	}
	filler := strings.NewReplacer(fill...)
	if r.raw != "" {
		return filler.Replace(r.raw)
	}
	method, path := r.method, filler.Replace(r.path)
	if method == "" {
		method = http.MethodPost
	}
	if path == "" {
		path = applicationsPath
	}
	body := filler.Replace(r.body)
	lines := []string{method + " " + path + " HTTP/1.1", "Host: " + host, "Connection: close"}
	if w.cookies != "" {
		lines = append(lines, "Cookie: "+w.cookies)
	}
	given := func(name string) bool {
		return slices.ContainsFunc(r.header, func(line string) bool { return strings.HasPrefix(line, name) })
	}
	if !given("Accept-Language") {
		language := "en"
		if !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/schema/") {
			language = "ru"
		}
		lines = append(lines, "Accept-Language: "+language)
	}
	if body != "" && !given("Transfer-Encoding") {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	return strings.Join(append(lines, r.header...), "\r\n") + "\r\n\r\n" + body
}

// id is the last part of the problem's type.
func (s *said) id() string { return strings.TrimPrefix(s.problem.Type, problemType) }

// row is what the page tells of an answer.
func (s *said) row() string {
	words, list := s.problem.Title+". "+s.problem.Detail, []string{}
	for i, e := range s.problem.Errors {
		if i == 10 {
			list = append(list, fmt.Sprintf("and %d more", len(s.problem.Errors)-i))
			break
		}
		list = append(list, strings.TrimSpace(fmt.Sprintf("`%s` %s: %s", e.Pointer, e.Code, e.Detail)))
	}
	switch {
	case s.isPage:
		words = s.page.heading()
		if said := s.page.find(func(n *html.Node) bool { return n.DataAtom == atom.P && within(n, atom.Main) }); said != nil && len(s.page.errors()) == 0 {
			words += ". " + text(said)
		}
		for _, e := range s.page.errors() {
			list = append(list, "`"+strings.Replace(e, " ", "` ", 1))
		}
	case s.problem.Type == "":
		words = s.body
	}
	answer := fmt.Sprint(s.status)
	if id := s.id(); id != "" {
		answer += " `" + id + "`"
	}
	for _, name := range []string{"Allow", "Retry-After", "Location", "Accept", "Accept-Encoding"} {
		if value := s.header.Get(name); value != "" && !strings.Contains(value, "/apply/") {
			answer += "<br>" + name + ": " + value
		}
	}
	cell := strings.NewReplacer("<br>", "<br>", "|", "\\|", "\n", " ", "<", "\\<", "``", "the body")
	return answer + " | " + cell.Replace(strings.TrimSpace(words)) + " | " + cell.Replace(strings.Join(list, "<br>"))
}

func within(n *html.Node, what atom.Atom) bool {
	for up := n.Parent; up != nil; up = up.Parent {
		if up.DataAtom == what {
			return true
		}
	}
	return false
}

// check checks what must hold of every refusal.
func (s *said) check(t *testing.T, c *badCase) {
	t.Helper()
	if s.status != c.status || s.problem.Type != "" && s.id() != c.id {
		t.Errorf("%d %q, want %d %q\n%.500s", s.status, s.id(), c.status, c.id, s.body)
	}
	if strings.Contains(s.body, mark) && !s.isPage {
		t.Errorf("the answer repeats what was sent: %.500s", s.body)
	}
	if len(s.body) > 64<<10 {
		t.Errorf("the answer is %d bytes", len(s.body))
	}
	if c.id == "" || c.send.method == http.MethodHead {
		return
	}
	if !s.isPage && (s.problem.Title == "" || s.problem.Detail == "" || s.problem.Status != s.status) {
		t.Errorf("the problem says nothing: %s", s.body)
	}
	if s.header.Get("Cache-Control") != "no-store" || s.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", s.header)
	}
	for _, e := range s.problem.Errors {
		if e.Detail == "" || e.Code == "" {
			t.Errorf("an error says nothing: %+v", e)
		}
	}
}
