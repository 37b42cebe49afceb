// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/intake/store"
)

const (
	// documentInput is the start of the names of file inputs.
	documentInput = "document."
	// removeFile is the start of the value of the button that removes a file.
	removeFile = "remove-file:"
	// maxValues bounds how many values a page may send.
	maxValues = 2000
)

// sentPage is what a browser sent from a page.
type sentPage struct {
	values     url.Values
	violations []form.Violation // of its files
}

// readPage reads a page's values, and takes its files into the draft as they come.
func (s *Server) readPage(c *call, d *draft, view form.PageView) (*sentPage, error) {
	if !strings.HasPrefix(c.Header.Get("Content-Type"), "multipart/form-data") {
		values, err := c.formValues()
		return &sentPage{values: values}, err
	}
	c.Body = http.MaxBytesReader(c.w, c.Body, pageLimit(view))
	reader, err := c.MultipartReader()
	if err != nil {
		return nil, unreadable(err)
	}
	sent := &sentPage{values: url.Values{}}
	for parts, bytes := 0, 0; ; parts++ {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) && parts > 0 {
			return sent, nil
		}
		if err != nil {
			return nil, unreadable(err)
		}
		if parts >= maxValues {
			return nil, refuse(http.StatusRequestEntityTooLarge, "bodyTooLarge", "Limit", maxBody>>10)
		}
		if part.FileName() != "" {
			err = s.takeFile(c, d, view, part, sent)
		} else {
			err = takeValue(part, sent.values, &bytes)
		}
		if err != nil {
			return nil, err
		}
	}
}

// formValues reads what a browser sends from a form without files.
func (c *call) formValues() (url.Values, error) {
	if mediaType, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || mediaType != "application/x-www-form-urlencoded" {
		return nil, refuse(http.StatusUnsupportedMediaType, "formType")
	}
	if err := c.ParseForm(); err != nil {
		return nil, unreadable(err)
	}
	parts := 0
	for name, values := range c.PostForm {
		if parts += len(values); parts > maxValues {
			return nil, refuse(http.StatusRequestEntityTooLarge, "bodyTooLarge", "Limit", maxBody>>10)
		}
		for _, text := range append(values, name) {
			if !utf8.ValidString(text) {
				return nil, unreadable(errors.New("a value is not UTF-8"))
			}
		}
	}
	return c.PostForm, nil
}

// unreadable keeps the reason when a body is too large or the sender did not finish it, and is a 400 otherwise.
func unreadable(err error) error {
	var (
		tooLong *http.MaxBytesError
		cut     *bodyError
	)
	if errors.As(err, &tooLong) || errors.As(err, &cut) {
		return err
	}
	return &refusal{status: http.StatusBadRequest, id: "unreadable", cause: err}
}

// slack is what files may be too large by before the whole page is refused: a photo that is a little too large is read to its
// end, so that its question says so and the other answers are kept.
const slack = 64 << 20

// pageLimit bounds what a page may send: its values and as many files as its documents take.
func pageLimit(view form.PageView) int64 {
	limit := int64(maxBody + slack)
	for _, doc := range view.Documents {
		limit += doc.MaxSizeBytes * int64(max(doc.MaxFiles, 1))
	}
	return limit
}

func takeValue(part *multipart.Part, values url.Values, bytes *int) error {
	value, err := io.ReadAll(io.LimitReader(part, int64(maxBody-*bytes)+1))
	if err != nil {
		return unreadable(err)
	}
	if *bytes += len(value); *bytes > maxBody {
		return refuse(http.StatusRequestEntityTooLarge, "bodyTooLarge", "Limit", maxBody>>10)
	}
	name := part.FormName()
	if !utf8.Valid(value) || !utf8.ValidString(name) {
		return unreadable(errors.New("a value is not UTF-8"))
	}
	if name != "" && !strings.HasPrefix(name, documentInput) {
		values.Add(name, string(value))
	}
	return nil
}

// takeFile takes one file of the page into the draft, or notes why not. The page's other answers are kept either way.
func (s *Server) takeFile(c *call, d *draft, view form.PageView, part *multipart.Part, sent *sentPage) error {
	id, ok := strings.CutPrefix(part.FormName(), documentInput)
	if !ok || !asksFor(view, id) {
		return nil
	}
	if extra, ok := s.tooMany(c, d, id); ok {
		if !slices.ContainsFunc(sent.violations, func(v form.Violation) bool { return v.Pointer == extra.Pointer && v.Code == extra.Code }) {
			sent.violations = append(sent.violations, extra)
		}
		return nil
	}
	info, err := s.receive(c, store.File{DraftID: d.ID, Document: id, Name: fileName(part.FileName())}, part, -1)
	var r *refusal
	if errors.As(err, &r) && len(r.violations) > 0 {
		sent.violations = append(sent.violations, r.violations...)
		return nil
	}
	if err != nil {
		return unreadableBody(err)
	}
	d.files = append(d.files, info)
	d.Version++ // a file is part of what the applicant agrees to
	return nil
}

// tooMany tells what the form would say of one more file for a document, when it would be one too many: such a file is not even
// stored.
func (s *Server) tooMany(c *call, d *draft, document string) (form.Violation, bool) {
	envelope := d.envelope(c.lang)
	envelope.Documents = append(envelope.Documents, form.Attachment{Document: document, ID: "more"})
	for _, v := range d.model.Validate(envelope, s.formNow(c)) {
		if v.Pointer == "/documents/"+document && v.Code == form.CodeMaxItems {
			return v, true
		}
	}
	return form.Violation{}, false
}

// unreadableBody tells an upload that broke off from what the store refuses.
func unreadableBody(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return unreadable(err)
	}
	return err
}

func asksFor(view form.PageView, document string) bool {
	for _, doc := range view.Documents {
		if doc.ID == document {
			return true
		}
	}
	return false
}

// removeFile takes a file out of the draft. One that is gone already is as good as removed.
func (s *Server) removeFile(c *call, d *draft, id string) error {
	switch err := s.store.RemoveFile(c.Context(), d.ID, id); {
	case err == nil:
		d.Version++
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	files, err := s.store.Files(c.Context(), d.ID)
	d.files = files
	return err
}
