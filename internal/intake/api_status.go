// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/intake/store"
)

// status tells where an application stands: GET /api/v1/services/{service}/applications/{number} with the receipt's secret.
func (s *Server) status(c *call) error {
	application, err := s.secretApplication(c, c.Header.Get(secretHeader))
	if err != nil {
		return err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	body := s.receiptBody(application.Receipt)
	body.Status = string(application.State)
	owed, err := s.owed(c.Context(), application)
	if err != nil {
		return err
	}
	body.Fees = feesBody(owed)
	return writeJSON(c.w, http.StatusOK, "application/json", body)
}

// secretApplication finds the application of the path for who holds its secret. A wrong secret and an unknown number look the same.
func (s *Server) secretApplication(c *call, secret string) (store.Application, error) {
	number := c.PathValue("number")
	if wait, ok := s.limiter.take("secret "+clientOf(c.Request), c.now); !ok {
		return store.Application{}, &refusal{status: http.StatusTooManyRequests, id: "tooMany", retryAfter: int(wait.Seconds()) + 1}
	}
	if !store.ValidNumber(number) || !s.store.CheckSecret(number, secret) {
		return store.Application{}, refuse(http.StatusNotFound, "noApplication")
	}
	application, err := s.store.Application(c.Context(), number)
	if errors.Is(err, store.ErrNotFound) || err == nil && application.Service != c.PathValue("service") {
		return store.Application{}, refuse(http.StatusNotFound, "noApplication")
	}
	return application, err
}

// output writes one of the definition's outputs for an application:
// GET /api/v1/services/{service}/applications/{number}/outputs/{output}. "application.xml" is the agency's XML itself.
func (s *Server) output(c *call) error {
	application, err := s.secretApplication(c, c.Header.Get(secretHeader))
	if err != nil {
		return err
	}
	release, err := s.releaseOf(c.Context(), application.Service, application.Digest)
	if err != nil {
		return err
	}
	c.about(release)
	body, err := s.write(release, application, c.PathValue("output"))
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/xml; charset=utf-8")
	_, err = c.w.Write(body)
	return err
}

func (s *Server) write(r *release, a store.Application, output string) ([]byte, error) {
	model, err := r.model()
	if err != nil {
		return nil, err
	}
	var envelope form.Envelope
	if err := decode(a.Envelope, &envelope); err != nil {
		return nil, fmt.Errorf("read application: %w", err)
	}
	filled := s.filled(a)
	if output == form.ApplicationXML && r.def.Data.XML != nil {
		return model.EncodeXML(&envelope, filled)
	}
	for _, o := range r.def.Outputs {
		if string(o.ID) == output && o.Type == "ServiceMessage" && o.Format == "XML" {
			return model.ServiceMessage(output, &envelope, filled)
		}
	}
	return nil, notFound()
}

// numberSpace is the UUID namespace of application numbers.
var numberSpace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://okno.dev/application"))

// filled is what the intake writes into an application's XML. The UUID is made from the number and the store's own secret of it,
// so that it is always the same and cannot be guessed.
func (s *Server) filled(a store.Application) form.Filled {
	return form.Filled{
		Number: a.Number, FiledAt: a.FiledAt.In(s.options.Location),
		UUID: uuid.NewSHA1(numberSpace, []byte(a.Number+" "+s.store.Secret("uuid "+a.Number))).String(),
	}
}

// revisionName is the revision that an application was filed under.
func revisionName(r store.Receipt) string {
	return digest.RevisionName(r.Service, v1alpha1.Digest(r.Digest))
}

// decode reads JSON with integers as integers, as the form wants them.
func decode(raw []byte, envelope *form.Envelope) error {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(envelope); err != nil {
		return err
	}
	envelope.Data, _ = numbers(envelope.Data).(map[string]any)
	return nil
}

// numbers turns json.Number into int64 where it is integral and into float64 elsewhere.
func numbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			v[k] = numbers(item)
		}
	case []any:
		for i, item := range v {
			v[i] = numbers(item)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	}
	return v
}
