// SPDX-License-Identifier: Apache-2.0

package form

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/filesize"
)

func (d *document) formats() []string {
	if len(d.spec.Formats) > 0 {
		return d.spec.Formats
	}
	return DefaultFormats
}

func (d *document) maxSize() int64 {
	if d.spec.MaxSizeBytes > 0 {
		return d.spec.MaxSizeBytes
	}
	return DefaultMaxSizeBytes
}

func (d *document) minFiles() int { return max(1, int(d.spec.MinFiles)) }

func (d *document) maxFiles() int {
	if d.spec.MaxFiles > 0 {
		return int(d.spec.MaxFiles)
	}
	return max(DefaultMaxFiles, d.minFiles())
}

// subject is what messages about the document say.
func (d *document) subject(code string) subject {
	s := subject{label: d.spec.Name}
	switch code {
	case CodeRequired:
		s.variant = "document"
	case CodeMinItems:
		s.variant, s.bound = "document", plain(strconv.Itoa(d.minFiles()))
	case CodeMaxItems:
		s.variant, s.bound = "document", plain(strconv.Itoa(d.maxFiles()))
	case CodeTooLarge:
		s.bound = v1alpha1.Text{}
		for _, language := range []string{"ru", "en"} {
			s.bound[language] = v1alpha1.LocalizedString(filesize.In(language, d.maxSize()))
		}
	case CodeMediaType:
		var names []string
		for _, f := range d.formats() {
			names = append(names, FormatName(f))
		}
		s.bound = plain(list(names))
	}
	return s
}

// FormatName returns what people call a media type: the usual ending of its files.
func FormatName(format string) string {
	if m := mimetype.Lookup(format); m != nil && m.Extension() != "" {
		return strings.ToUpper(strings.TrimPrefix(m.Extension(), "."))
	}
	return format
}

func (m *Model) document(id string) *document {
	for _, d := range m.documents {
		if string(d.spec.ID) == id {
			return d
		}
	}
	return nil
}

// documentAt returns the document at a pointer of the envelope, or nil.
func (m *Model) documentAt(pointer string) *document {
	id, ok := strings.CutPrefix(pointer, "/documents/")
	if !ok {
		return nil
	}
	return m.document(id)
}

// leastFiles is the least of MaxFiles, so that one too many for a document is told of that document.
const leastFiles = 100

// MaxFiles returns how many files one application may name: all that its documents take together, and never fewer than 100.
func (m *Model) MaxFiles() int {
	most := 0
	for _, d := range m.documents {
		most += d.maxFiles()
	}
	return max(most, leastFiles)
}

// TooManyFiles tells that n files are more than MaxFiles, and says so. Such an application is refused without looking at the files.
func (m *Model) TooManyFiles(n int) (Violation, bool) {
	if n <= m.MaxFiles() {
		return Violation{}, false
	}
	s := subject{variant: "document", label: documentsTitle, bound: plain(strconv.Itoa(m.MaxFiles()))}
	return Violation{Pointer: "/documents", Code: CodeMaxItems, Message: say(CodeMaxItems, s)}, true
}

// isHiddenDocument tells that the page of a document is not shown.
func (c *check) isHiddenDocument(id string) bool {
	d := c.m.document(id)
	return d != nil && d.page != nil && !c.visible.pages[d.page.number]
}

// documents reports missing, superfluous and unknown attachments.
func (c *check) documents() {
	attached := map[string]int{}
	for _, a := range c.e.Documents {
		attached[a.Document]++
	}
	for id := range attached {
		if c.m.document(id) == nil {
			pointer := "/documents/" + escapePointer(id)
			c.problems = append(c.problems, problem{Violation: c.m.violation(pointer, CodeUnknown), rank: c.m.rank(pointer)})
		}
	}
	for _, d := range c.m.documents {
		n, code := attached[string(d.spec.ID)], ""
		switch {
		case n == 0 && d.isRequired(c):
			code = CodeRequired
		case n > 0 && n < d.minFiles():
			code = CodeMinItems
		case n > d.maxFiles():
			code = CodeMaxItems
		default:
			continue
		}
		pointer := "/documents/" + string(d.spec.ID)
		p := problem{Violation: c.m.violation(pointer, code), page: d.page, rank: padded(d.order)}
		if d.requiredWhen != nil {
			p.ready = c.m.lastPage(d.requiredWhen)
		}
		c.problems = append(c.problems, p)
	}
}

// isRequired tells that a document must be attached, as far as the answers that decide it are sound.
func (d *document) isRequired(c *check) bool {
	if d.requiredWhen == nil || d.page == nil || !c.visible.pages[d.page.number] || !c.isSound(d.requiredWhen) {
		return false
	}
	required, err := d.requiredWhen.Holds(c.in)
	return required || err != nil
}

func (pg *page) documentViews(c *check) []DocumentView {
	var views []DocumentView
	for _, d := range pg.documents {
		views = append(views, DocumentView{
			ID: string(d.spec.ID), Pointer: "/documents/" + string(d.spec.ID), Name: d.spec.Name, Page: pg.id,
			Required: d.requiredWhen != nil && holds(d.requiredWhen, c.in),
			Formats:  d.formats(), MaxSizeBytes: d.maxSize(), MinFiles: d.minFiles(), MaxFiles: d.maxFiles(),
			HowToObtain: d.spec.HowToObtain, ValidFor: d.spec.ValidFor,
		})
	}
	return views
}

// CheckFile returns what is wrong with a file for a document: its size, or its type by the content. head is its first SniffBytes
// bytes or all of it; size is in bytes. The name decides nothing.
func (m *Model) CheckFile(document, _ string, head []byte, size int64) []Violation {
	pointer := "/documents/" + escapePointer(document)
	d := m.document(document)
	if d == nil {
		return []Violation{m.violation(pointer, CodeUnknown)}
	}
	var violations []Violation
	if size > d.maxSize() {
		violations = append(violations, m.violation(pointer, CodeTooLarge))
	}
	if size == 0 || len(head) == 0 || !isOfFormat(head, d.formats()) {
		violations = append(violations, m.violation(pointer, CodeMediaType))
	}
	return violations
}

// isOfFormat tells whether content is of one of the formats. What can run in a browser is never taken for plain text.
func isOfFormat(head []byte, formats []string) bool {
	found := mimetype.Detect(head)
	for _, format := range formats {
		if found.Is(format) {
			return true
		}
	}
	active := []string{"text/html", "text/xml", "image/svg+xml", "application/javascript", "text/javascript", "application/xhtml+xml"}
	isActive := slices.ContainsFunc(active, found.Is)
	return !isActive && slices.Contains(formats, "text/plain") && found.Parent() != nil && found.Parent().Is("text/plain")
}

// CanTell tells whether a file's content can show that it is of a media type. No file is ever taken for another.
func CanTell(mediaType string) bool { return mimetype.Lookup(mediaType) != nil }

// MediaType returns the media type that a file's content shows. head is its first SniffBytes bytes or all of it.
func MediaType(head []byte) string { return mimetype.Detect(head).String() }

// FileLimit returns how many bytes one file of a document may have, and false when the applicant is not asked for the document.
func (m *Model) FileLimit(document string) (int64, bool) {
	d := m.document(document)
	if d == nil || d.page == nil {
		return 0, false
	}
	return d.maxSize(), true
}
