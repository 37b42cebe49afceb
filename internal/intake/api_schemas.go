// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"github.com/okno-dev/okno/internal/export"
	"github.com/okno-dev/okno/internal/form"
)

// exports describe a release to programs.
type exports struct {
	openAPI document
	schemas map[string]document // by file name
}

// document is a description and the tag of its bytes: a new program may describe the same release better.
type document struct {
	body []byte
	etag string
}

func newDocument(body []byte) document {
	sum := sha256.Sum256(body)
	return document{body, `"` + hex.EncodeToString(sum[:8]) + `"`}
}

// schemaFile is the name of the JSON Schema of an application.
const schemaFile = "application.json"

func makeExports(r *release, model *form.Model, baseURL string) (*exports, error) {
	openAPI, err := export.OpenAPI(r.def, model, r.service, baseURL)
	if err != nil {
		return nil, fmt.Errorf("write OpenAPI: %w", err)
	}
	schema, err := export.JSONSchema(r.def, model)
	if err != nil {
		return nil, fmt.Errorf("write JSON Schema: %w", err)
	}
	e := &exports{openAPI: newDocument(openAPI), schemas: map[string]document{schemaFile: newDocument(schema)}}
	if r.def.Data.XML == nil {
		return e, nil
	}
	files, err := export.XSD(r.def, model)
	if err != nil {
		return nil, fmt.Errorf("write XSD: %w", err)
	}
	for name, body := range files {
		e.schemas[name] = newDocument(body)
	}
	return e, nil
}

// openAPI describes the service's API: GET /api/v1/services/{service}/openapi.json.
func (s *Server) openAPI(c *call) error {
	e, err := c.release.exports()
	if err != nil {
		return err
	}
	return c.describe("application/json", e.openAPI)
}

// schema serves the JSON Schema or an XSD: GET /schema/{service}/{file}.
func (s *Server) schema(c *call) error {
	e, err := c.release.exports()
	if err != nil {
		return err
	}
	name := c.PathValue("file")
	body, ok := e.schemas[name]
	if !ok {
		return notFound()
	}
	contentType := "application/schema+json"
	if strings.HasSuffix(name, ".xsd") {
		contentType = "application/xml; charset=utf-8"
	}
	return c.describe(contentType, body)
}

// describe answers a document, unless the client has it already.
func (c *call) describe(contentType string, d document) error {
	h := c.w.Header()
	h.Set("ETag", d.etag)
	h.Set("Cache-Control", "no-cache")
	if c.Header.Get("If-None-Match") == d.etag {
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", contentType)
	_, err := c.w.Write(d.body)
	return err
}
