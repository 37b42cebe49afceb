// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// page is what a program without JavaScript sees of an HTML page of the form.
type page struct {
	path   string
	status int
	// action is where the form posts to; "" when the page has no form.
	action string
	// controls are the questions, in order.
	controls []control
	// hidden are inputs that go back as they came.
	hidden [][2]string
	// adds are the buttons that add an entry to a list, by the list's place.
	adds map[string][2]string
	// attached counts the files that each document already has.
	attached map[string]int
	// errors are the links of the error summary.
	errors []v1alpha1.ExpectedError
	// marks are the texts of elements with data-receipt.
	marks map[string]string
	// declaration tells that the page asks for the declaration.
	declaration bool
}

// control is an input of a question; a question of radios, checkboxes or a date has several.
type control struct {
	pointer string
	name    string
	kind    string // the type of an input; select, textarea
	value   string // what a radio or checkbox stands for
	part    string // day, month, year
}

const (
	kindRadio    = "radio"
	kindCheckbox = "checkbox"
	kindFile     = "file"
)

// declarationName is the checkbox before sending.
const declarationName = "declaration"

// parsePage reads an HTML page. Only the form inside <main> counts.
func parsePage(a answer) (*page, error) {
	root, err := html.Parse(bytes.NewReader(a.body))
	if err != nil {
		return nil, fmt.Errorf("page %s: %w", a.path, err)
	}
	p := &page{path: a.path, status: a.status, adds: map[string][2]string{}, attached: map[string]int{}, marks: map[string]string{}}
	if area := find(root, atom.Main); area != nil {
		p.read(area, "", false)
	}
	return p, nil
}

func find(n *html.Node, tag atom.Atom) *html.Node {
	for d := range n.Descendants() {
		if d.DataAtom == tag {
			return d
		}
	}
	return nil
}

// read walks n. pointer is the place that the nearest fieldset names.
func (p *page) read(n *html.Node, pointer string, inForm bool) {
	if n.Type == html.ElementNode {
		switch n.DataAtom {
		case atom.Form:
			if strings.EqualFold(attribute(n, "method"), "post") && p.action == "" {
				p.action, inForm = attribute(n, "action"), true
				if p.action == "" {
					p.action = p.path
				}
			}
		case atom.Fieldset:
			if at := attribute(n, "data-pointer"); at != "" {
				pointer = at
			}
		}
		p.readMarks(n)
		if inForm {
			p.readControl(n, pointer)
		}
	}
	for child := range n.ChildNodes() {
		p.read(child, pointer, inForm)
	}
}

// readMarks reads what stands outside the form's inputs: error links, attached files, the receipt.
func (p *page) readMarks(n *html.Node) {
	if code := attribute(n, "data-code"); code != "" && n.DataAtom == atom.A {
		e := v1alpha1.ExpectedError{Pointer: attribute(n, "data-pointer"), Code: code}
		if !slices.Contains(p.errors, e) {
			p.errors = append(p.errors, e)
		}
	}
	if document := attribute(n, "data-file"); document != "" {
		p.attached[document]++
	}
	if mark := attribute(n, "data-receipt"); mark != "" {
		p.marks[mark] = strings.TrimSpace(text(n))
	}
}

func (p *page) readControl(n *html.Node, pointer string) {
	name := attribute(n, "name")
	if at := attribute(n, "data-pointer"); at != "" {
		pointer = at
	}
	switch n.DataAtom {
	case atom.Button:
		if list := attribute(n, "data-add"); list != "" {
			p.adds[list] = [2]string{name, attribute(n, "value")}
		}
	case atom.Select, atom.Textarea:
		p.add(control{pointer: pointer, name: name, kind: n.Data})
	case atom.Input:
		p.readInput(n, name, pointer)
	}
}

func (p *page) readInput(n *html.Node, name, pointer string) {
	kind := strings.ToLower(attribute(n, "type"))
	switch {
	case name == "":
	case kind == "hidden":
		p.hidden = append(p.hidden, [2]string{name, attribute(n, "value")})
	case name == declarationName:
		p.declaration = true
	case kind == "submit":
	default:
		c := control{pointer: pointer, name: name, kind: kind, part: attribute(n, "data-part")}
		if kind == kindRadio || kind == kindCheckbox {
			c.value = attribute(n, "value")
		}
		p.add(c)
	}
}

func (p *page) add(c control) {
	if c.pointer != "" && c.name != "" {
		p.controls = append(p.controls, c)
	}
}

// pointers are the places of all questions, sorted, each once.
func (p *page) pointers() []string {
	var out []string
	for _, c := range p.controls {
		out = append(out, c.pointer)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lastEntry returns the highest index of an entry of the list at place that the page asks about, or -1.
func (p *page) lastEntry(place string) int {
	last := -1
	for _, c := range p.controls {
		rest, ok := strings.CutPrefix(c.pointer, place+"/")
		if !ok {
			continue
		}
		index, _, _ := strings.Cut(rest, "/")
		if i, err := strconv.Atoi(index); err == nil {
			last = max(last, i)
		}
	}
	return last
}

// overfill gives a full list, one that the page has no button to add to, one entry more when the data has more: a client may send
// it all the same, and is to be told that there are too many. The inputs are those of the last entry under the next index.
func (p *page) overfill(envelope map[string]any) {
	for _, list := range p.lists() {
		value, _ := lookup(envelope, list)
		entries, _ := value.([]any)
		last := p.lastEntry(list)
		if _, offered := p.adds[list]; offered || last+1 >= len(entries) {
			continue
		}
		from, to := strconv.Itoa(last), strconv.Itoa(last+1)
		for _, c := range p.controls {
			rest, inLast := strings.CutPrefix(c.pointer, list+"/"+from+"/")
			if !inLast {
				continue
			}
			steps := strings.Split(c.name, ".") // a name is the place below /data, with points
			at := strings.Count(list, "/") - 1
			if at < 0 || at >= len(steps) || steps[at] != from {
				continue
			}
			steps[at] = to
			c.pointer, c.name = list+"/"+to+"/"+rest, strings.Join(steps, ".")
			p.add(c)
		}
	}
}

// lists are the places of the lists whose entries the page asks about, sorted, each once.
func (p *page) lists() []string {
	var out []string
	for _, c := range p.controls {
		for i, step := range strings.Split(c.pointer, "/") {
			if _, err := strconv.Atoi(step); err == nil {
				out = append(out, strings.Join(strings.Split(c.pointer, "/")[:i], "/"))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func attribute(n *html.Node, name string) string {
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
	return b.String()
}
