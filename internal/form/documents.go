// SPDX-License-Identifier: Apache-2.0

package form

import (
	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/expression"
)

const (
	// DefaultMaxSizeBytes bounds a file of a document that says nothing: 10 MiB.
	DefaultMaxSizeBytes = 10 << 20
	// DefaultMaxFiles is how many files of a document may be attached when it says nothing.
	DefaultMaxFiles = 5
	// SniffBytes is how much of a file CheckFile needs to know its type.
	SniffBytes = 3072
)

// DefaultFormats are the media types that are taken for a document that lists none.
var DefaultFormats = []string{"application/pdf", "image/jpeg", "image/png"}

// document is a compiled document.
type document struct {
	spec         *v1alpha1.Document
	requiredWhen *expression.Program
	page         *page // nil when the applicant is not asked for it
	order        int
}

// documents gives each document its page. What agencies obtain from each other is never asked of the applicant.
func (c *compiler) documents() {
	byID := map[string]*document{}
	for i := range c.def.Documents {
		spec := &c.def.Documents[i]
		d := &document{spec: spec, requiredWhen: c.condition(at(index(rootPath("documents"), i), "requiredWhen"), spec.RequiredWhen)}
		c.m.documents = append(c.m.documents, d)
		byID[string(spec.ID)] = d
	}
	for i, pg := range c.m.pages {
		for j, id := range c.def.Form.Pages[i].Documents {
			path := index(at(pg.path, "documents"), j)
			d := byID[string(id)]
			switch {
			case d == nil:
				c.add(path, "unknown-document", quoted(id), "the id of one of documents", "declare the document or correct the id")
			case d.spec.Source == v1alpha1.SourceInteragency:
				c.add(path, "document-source", quoted(id)+", which comes from another agency", "documents of source Applicant or Either", "do not ask the applicant for it")
			case d.page != nil:
				c.add(path, "document-twice", quoted(id), "each document on one page", "it is on page "+quoted(d.page.id)+" too: remove one of the two")
			default:
				d.page = pg
				pg.documents = append(pg.documents, d)
			}
		}
	}
	c.remainingDocuments()
}

// remainingDocuments puts the documents that no page names onto a page of their own, after the others, and reports pages whose id
// is taken.
func (c *compiler) remainingDocuments() {
	var last *page
	for _, d := range c.m.documents {
		if d.page != nil || d.spec.Source == v1alpha1.SourceInteragency {
			continue
		}
		if last == nil {
			last = &page{id: documentsPage, path: rootPath("documents"), number: len(c.m.pages), title: documentsTitle}
		}
		d.page = last
		last.documents = append(last.documents, d)
	}
	for _, pg := range c.m.pages {
		switch {
		case pg.id == checkPage:
			c.add(pg.path, "page-id", quoted(checkPage), "another id", "rename the page: this id is that of the page where the answers are checked and sent")
		case pg.id == documentsPage && last != nil:
			c.add(pg.path, "page-id", quoted(documentsPage), "another id", "rename the page, or name all documents on pages: this id is that of the page for the rest")
		}
	}
	if last != nil {
		c.m.pages = append(c.m.pages, last)
	}
}

// orderForm numbers documents after the fields of their page, so that violations can be listed as people meet them, and finds what
// the browser can fill in that order.
func (c *compiler) orderForm() {
	order := 0
	for _, pg := range c.m.pages {
		order = numberFields(pg.fields, order)
		for _, d := range pg.documents {
			order++
			d.order = order
		}
	}
	offerAutocomplete(c.m.pages)
}
