// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/okno-dev/okno/internal/export"
	"github.com/okno-dev/okno/internal/form"
)

// exports describe a release to programs.
type exports struct {
	openAPI []byte
	schemas map[string][]byte // by file name
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
	e := &exports{openAPI: openAPI, schemas: map[string][]byte{schemaFile: schema}}
	if r.def.Data.XML == nil {
		return e, nil
	}
	files, err := export.XSD(r.def, model)
	if err != nil {
		return nil, fmt.Errorf("write XSD: %w", err)
	}
	for name, body := range files {
		e.schemas[name] = body
	}
	return e, nil
}

// openAPI describes the service's API: GET /api/v1/services/{service}/openapi.json.
func (s *Server) openAPI(c *call) error {
	e, err := c.release.exports()
	if err != nil {
		return err
	}
	return s.document(c, "application/json", e.openAPI)
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
	return s.document(c, contentType, body)
}

// document answers a document that changes only with the release.
func (s *Server) document(c *call, contentType string, body []byte) error {
	h := c.w.Header()
	etag := `"` + strings.TrimPrefix(c.release.digest, "sha256:")[:16] + `"`
	h.Set("ETag", etag)
	h.Set("Cache-Control", "no-cache")
	if c.Header.Get("If-None-Match") == etag {
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", contentType)
	_, err := c.w.Write(body)
	return err
}
