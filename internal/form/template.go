// SPDX-License-Identifier: Apache-2.0

package form

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/expression"
)

// template is the compiled text of a service message: literal text and expressions in turn.
type template struct {
	literals []string // one more than programs
	programs []*expression.Program
}

// outputs compiles the templates of service messages.
func (c *compiler) outputs() {
	for i, o := range c.def.Outputs {
		if o.Type != "ServiceMessage" || o.Format != "XML" {
			continue
		}
		path := at(index(rootPath("outputs"), i), "template")
		language := ""
		if len(c.def.Languages) > 0 {
			language = c.def.Languages[0]
		}
		if t := c.template(path, o.Template.In(language)); t != nil {
			c.m.templates[string(o.ID)] = t
		}
	}
}

func (c *compiler) template(path, source string) *template {
	t := &template{}
	before := len(c.list)
	for {
		literal, rest, found := strings.Cut(source, "{{")
		t.literals = append(t.literals, literal)
		if !found {
			break
		}
		inside, after, closed := strings.Cut(rest, "}}")
		if !closed {
			c.add(path, "template", "{{ without }}", "{{ expression }}", "close the placeholder")
			return nil
		}
		if p := c.program(path, v1alpha1.Expression(strings.TrimSpace(inside)), c.templates, expression.Text); p != nil {
			t.programs = append(t.programs, p)
		} else if strings.TrimSpace(inside) == "" {
			c.add(path, "template", "{{ }}", "{{ expression }}", "write an expression between the braces")
		}
		source = after
	}
	if len(c.list) > before {
		return nil
	}
	if err := wellFormed(t.sample()); err != nil {
		c.add(path, "template", err.Error(), "a well-formed XML document with {{ expression }} in texts and attributes", "correct the template")
		return nil
	}
	return t
}

// sample writes the template with a plain text for every expression.
func (t *template) sample() []byte { return []byte(strings.Join(t.literals, "1")) }

func wellFormed(document []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(document))
	elements := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch token.(type) {
		case xml.StartElement:
			elements++
		case xml.Directive:
			return errors.New("DOCTYPE is not allowed")
		}
	}
	if elements == 0 {
		return errors.New("no element")
	}
	return nil
}

// ApplicationXML names the output that every service with XML has: the application itself.
const ApplicationXML = "application.xml"

// ServiceMessages returns the ids of the outputs that ServiceMessage writes, sorted.
func (m *Model) ServiceMessages() []string { return sortedKeys(m.templates) }

// ServiceMessage writes the message that goes with a filed application: the output's template, its expressions replaced by their
// values, escaped for XML.
func (m *Model) ServiceMessage(output string, e *Envelope, f Filled) ([]byte, error) {
	t, known := m.templates[output]
	if !known {
		return nil, fmt.Errorf("output %q is no service message in XML", output)
	}
	facts := map[string]string{"number": f.Number, "uuid": f.UUID, "service": m.def.Code}
	if !f.FiledAt.IsZero() {
		facts["date"], facts["time"] = f.FiledAt.Format(time.DateOnly), f.FiledAt.Format(time.RFC3339)
	}
	if e.Channel != nil {
		facts["mfc"], facts["okato"] = e.Channel.MFC, e.Channel.OKATO
	}
	in := expression.NewInput(e.Data, claims(e.Applicant), f.FiledAt).WithFiling(facts)
	var out bytes.Buffer
	for i, literal := range t.literals {
		out.WriteString(literal)
		if i == len(t.programs) {
			break
		}
		text, err := t.programs[i].Text(in)
		if err != nil {
			return nil, fmt.Errorf("write service message %q: %q: %w", output, t.programs[i].Source(), err)
		}
		if err := xml.EscapeText(&out, []byte(text)); err != nil {
			return nil, fmt.Errorf("write service message %q: %w", output, err)
		}
	}
	return out.Bytes(), nil
}
