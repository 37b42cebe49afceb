// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
)

const (
	// maxSteps bounds the posts of one form: far more than pages, entries and errors can need.
	maxSteps = 1000
	// collectName is the input by which a prover saves answers with errors and goes on.
	collectName = "okno-collect"
	actionName  = "action"
	goOn        = "continue"
)

// applicant fills the form.
type applicant struct {
	*session
	envelope map[string]any
	errs     errorSet
}

// fileForm files the scenario page by page, as a browser without JavaScript does.
func (r *runner) fileForm(ctx context.Context, s *session, given map[string]any) (Observed, error) {
	f := &applicant{session: s, envelope: map[string]any{"data": given}}
	a, err := s.browse(ctx, request{method: http.MethodPost, path: "/s/" + url.PathEscape(s.service) + "/apply", contentType: formType, body: strings.NewReader("")})
	if err != nil {
		return Observed{}, err
	}
	for range maxSteps {
		p, problem := f.see(a)
		if problem != "" {
			return Observed{Problem: problem}, nil
		}
		if number := p.marks["number"]; number != "" {
			return f.receive(ctx, number, p.marks["secret"])
		}
		if p.checking() {
			return f.send(ctx, p)
		}
		if a, err = f.turn(ctx, p); err != nil {
			return Observed{}, err
		}
	}
	return Observed{Problem: fmt.Sprintf("the form does not end: %d pages were sent", maxSteps)}, nil
}

// see reads the page that the server shows.
func (f *applicant) see(a answer) (*page, string) {
	if a.status != http.StatusOK && a.status != http.StatusUnprocessableEntity {
		return nil, fmt.Sprintf("page %s: the server answers %d", a.path, a.status)
	}
	p, err := parsePage(a)
	if err != nil {
		return nil, err.Error()
	}
	if p.action == "" && len(p.marks) == 0 {
		return nil, fmt.Sprintf("page %s has no form to send", a.path)
	}
	return p, ""
}

// checking tells whether this is the last page, where the answers are checked and sent.
func (p *page) checking() bool { return p.declaration }

// turn answers one page and returns what the server shows next. A page that comes back with questions it did not ask before is
// answered again: they follow from other answers on it. A page that comes back with errors is noted and passed.
func (f *applicant) turn(ctx context.Context, p *page) (answer, error) {
	for range maxSteps {
		if list, button, ok := f.wanting(p); ok {
			a, err := f.post(ctx, p, map[string]string{button[0]: button[1]}, nil)
			if err != nil {
				return answer{}, err
			}
			grown, problem := f.see(a)
			if problem != "" || grown.path != p.path || grown.lastEntry(list) <= p.lastEntry(list) {
				return answer{}, fmt.Errorf("page %s: the button that adds to %s adds nothing", p.path, list)
			}
			p = grown
			continue
		}
		p.overfill(f.envelope)
		a, err := f.post(ctx, p, map[string]string{actionName: goOn}, f.files(p, nil))
		if err != nil {
			return answer{}, err
		}
		again, problem := f.see(a)
		if problem != "" || again.path != p.path {
			return a, nil
		}
		if !slices.Equal(again.pointers(), p.pointers()) {
			p = again
			continue
		}
		return f.pass(ctx, again)
	}
	return answer{}, fmt.Errorf("page %s does not end", p.path)
}

// pass notes the errors of a page and goes on with the answers as they are.
func (f *applicant) pass(ctx context.Context, p *page) (answer, error) {
	if len(p.errors) == 0 {
		return answer{}, fmt.Errorf("page %s comes back without saying what is wrong", p.path)
	}
	var refused []string
	for _, e := range p.errors {
		document, isFile := strings.CutPrefix(e.Pointer, documentPointer(""))
		if isFile && e.Code != codeRequired {
			f.errs.refuse(document, e)
			refused = append(refused, document)
			continue
		}
		f.errs.add(e)
	}
	return f.post(ctx, p, map[string]string{actionName: goOn, collectName: "1"}, f.files(p, refused))
}

// send sends the application from the last page.
func (f *applicant) send(ctx context.Context, p *page) (Observed, error) {
	a, err := f.post(ctx, p, map[string]string{actionName: goOn}, nil)
	if err != nil {
		return Observed{}, err
	}
	last, problem := f.see(a)
	switch {
	case problem != "":
		return Observed{Problem: problem}, nil
	case last.marks["number"] != "":
		return f.receive(ctx, last.marks["number"], last.marks["secret"])
	case len(last.errors) == 0:
		return Observed{Problem: fmt.Sprintf("page %s comes back without saying what is wrong", last.path)}, nil
	}
	f.errs.add(last.errors...)
	return rejected(&f.errs), nil
}

// receive opens the application by its receipt.
func (f *applicant) receive(ctx context.Context, number, secret string) (Observed, error) {
	got, err := f.status(ctx, number, secret)
	if err != nil {
		return Observed{Problem: err.Error()}, nil
	}
	return accepted(got, &f.errs), nil
}

// wanting returns a list that has more entries in the data than questions on the page, and the button that adds one.
func (f *applicant) wanting(p *page) (list string, button [2]string, ok bool) {
	for list, button := range p.adds {
		value, _ := lookup(f.envelope, list)
		entries, _ := value.([]any)
		if p.lastEntry(list)+1 < len(entries) {
			return list, button, true
		}
	}
	return "", [2]string{}, false
}

// files are the scenario's files that the page asks for and does not have yet, without those of refused documents.
func (f *applicant) files(p *page, refused []string) []v1alpha1.ScenarioAttachment {
	var out []v1alpha1.ScenarioAttachment
	left := maps.Clone(p.attached)
	for _, file := range f.scenario.Attachments {
		document := string(file.Document)
		asked := slices.ContainsFunc(p.controls, func(c control) bool { return c.kind == kindFile && c.pointer == documentPointer(document) })
		switch {
		case !asked || slices.Contains(refused, document):
		case left[document] > 0:
			left[document]--
		default:
			out = append(out, file)
		}
	}
	return out
}

const formType = "application/x-www-form-urlencoded"

// post sends a page with its answers, as multipart where it asks for files, and follows to the next page.
func (f *applicant) post(ctx context.Context, p *page, extra map[string]string, files []v1alpha1.ScenarioAttachment) (answer, error) {
	values := fill(p, f.envelope)
	for name, value := range extra {
		values.Set(name, value)
	}
	action, err := url.Parse(p.action)
	if err != nil {
		return answer{}, fmt.Errorf("page %s: %w", p.path, err)
	}
	target := (&url.URL{Path: p.path}).ResolveReference(action)
	q := request{method: http.MethodPost, path: target.RequestURI(), contentType: formType, body: strings.NewReader(values.Encode())}
	if slices.ContainsFunc(p.controls, func(c control) bool { return c.kind == kindFile }) {
		if q.body, q.contentType, err = multipartBody(values, p, files); err != nil {
			return answer{}, err
		}
	}
	return f.browse(ctx, q)
}

// multipartBody writes answers and files as a browser does: a file input without a file sends an empty one.
func multipartBody(values url.Values, p *page, files []v1alpha1.ScenarioAttachment) (*bytes.Buffer, string, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, list := range values {
		for _, value := range list {
			if err := w.WriteField(name, value); err != nil {
				return nil, "", err
			}
		}
	}
	for _, c := range p.controls {
		if c.kind != kindFile {
			continue
		}
		sent := false
		for _, file := range files {
			if documentPointer(string(file.Document)) != c.pointer {
				continue
			}
			sent = true
			if err := writeFile(w, c.name, file.Name, file.Type, content(file)); err != nil {
				return nil, "", err
			}
		}
		if sent {
			continue
		}
		if err := writeFile(w, c.name, "", "application/octet-stream", nil); err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return &body, w.FormDataContentType(), nil
}

func writeFile(w *multipart.Writer, field, name, mediaType string, body []byte) error {
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {"form-data; name=" + strconv.Quote(field) + "; filename=" + strconv.Quote(name)},
		"Content-Type":        {mediaType},
	})
	if err != nil {
		return err
	}
	_, err = part.Write(body)
	return err
}
