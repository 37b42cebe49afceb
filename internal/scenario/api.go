// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
)

const (
	// uploadsHeader names the uploads that belong to an XML application, which has no place for them in its body.
	uploadsHeader = "Okno-Uploads"
	// secretHeader shows that the asker holds the receipt.
	secretHeader = "Okno-Secret"
	keyHeader    = "Idempotency-Key"
)

// receipt is what the API says of a filed application.
type receipt struct {
	Number   string     `json:"number"`
	Secret   string     `json:"secret"`
	Unit     string     `json:"unit"`
	Deadline *time.Time `json:"deadline"`
	Fees     []struct {
		ID v1alpha1.ID `json:"id"`
	} `json:"fees"`
}

// problem is an answer of RFC 9457 with the errors of an application.
type problem struct {
	Title  string                   `json:"title"`
	Detail string                   `json:"detail"`
	Errors []v1alpha1.ExpectedError `json:"errors"`
}

func (s *session) api(path string) string {
	return "/api/v1/services/" + url.PathEscape(s.service) + path
}

// fileJSON files the scenario as a JSON envelope.
func (r *runner) fileJSON(ctx context.Context, s *session, given map[string]any) (Observed, error) {
	var errs errorSet
	uploads, err := s.upload(ctx, &errs)
	if err != nil {
		return Observed{}, err
	}
	envelope := map[string]any{"data": given}
	if len(uploads) > 0 {
		envelope["documents"] = uploads
	}
	if s.scenario.Language != "" {
		envelope["language"] = s.scenario.Language
	}
	body, err := json.Marshal(envelope)
	if err != nil {
		return Observed{}, err
	}
	return s.apply(ctx, request{contentType: "application/json", body: bytes.NewReader(body)}, &errs)
}

// fileXML files the scenario as the agency's XML.
func (r *runner) fileXML(ctx context.Context, s *session, given map[string]any) (Observed, error) {
	var errs errorSet
	uploads, err := s.upload(ctx, &errs)
	if err != nil {
		return Observed{}, err
	}
	// What the server fills is filled here as an outside system would: with its own number. The server ignores it.
	filled := form.Filled{Number: rand.Text(), FiledAt: s.scenario.Now.Time, UUID: newUUID()}
	body, err := r.model.EncodeXML(&form.Envelope{Data: given}, filled)
	if err != nil {
		return Observed{Problem: fmt.Sprintf("the answers cannot be written as XML: %v", err)}, nil
	}
	q := request{contentType: "application/xml; charset=utf-8", body: bytes.NewReader(body), header: map[string]string{}}
	if len(uploads) > 0 {
		ids := make([]string, 0, len(uploads))
		for _, u := range uploads {
			ids = append(ids, u.ID)
		}
		q.header[uploadsHeader] = strings.Join(ids, ", ")
	}
	return s.apply(ctx, q, &errs)
}

// newUUID returns a random UUID of version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

type uploaded struct {
	Document string `json:"document"`
	ID       string `json:"id"`
}

// upload sends the scenario's files. What is refused goes to errs.
func (s *session) upload(ctx context.Context, errs *errorSet) ([]uploaded, error) {
	var out []uploaded
	for _, file := range s.scenario.Attachments {
		query := url.Values{"document": {string(file.Document)}, "name": {file.Name}}
		a, err := s.send(ctx, request{
			method: http.MethodPost, path: s.api("/uploads?" + query.Encode()), contentType: file.Type, body: bytes.NewReader(content(file)),
		})
		if err != nil {
			return nil, err
		}
		if a.status != http.StatusCreated {
			p, err := a.problem()
			if err != nil {
				return nil, fmt.Errorf("upload %q: %w", file.Name, err)
			}
			errs.refuse(string(file.Document), p.Errors...)
			continue
		}
		var u uploaded
		if err := json.Unmarshal(a.body, &u); err != nil {
			return nil, fmt.Errorf("upload %q: %w", file.Name, err)
		}
		out = append(out, uploaded{Document: string(file.Document), ID: u.ID})
	}
	return out, nil
}

func content(file v1alpha1.ScenarioAttachment) []byte {
	if file.Text != "" {
		return []byte(file.Text)
	}
	return file.Bytes
}

// apply posts an application and reads what came of it.
func (s *session) apply(ctx context.Context, q request, errs *errorSet) (Observed, error) {
	q.method, q.path = http.MethodPost, s.api("/applications")
	if q.header == nil {
		q.header = map[string]string{}
	}
	q.header[keyHeader] = rand.Text()
	a, err := s.send(ctx, q)
	if err != nil {
		return Observed{}, err
	}
	if a.status == http.StatusCreated {
		var got receipt
		if err := json.Unmarshal(a.body, &got); err != nil {
			return Observed{Problem: fmt.Sprintf("the answer to an accepted application is not JSON: %v", err)}, nil
		}
		return accepted(got, errs), nil
	}
	p, err := a.problem()
	if err != nil {
		return Observed{Problem: err.Error()}, nil
	}
	errs.add(p.Errors...)
	return rejected(errs), nil
}

// accepted is the outcome of a filed application. A refused upload is a rejection all the same: an applicant at the form could
// not have gone on.
func accepted(got receipt, errs *errorSet) Observed {
	if len(errs.sorted()) > 0 {
		return rejected(errs)
	}
	o := Observed{Outcome: v1alpha1.OutcomeAccepted, Unit: got.Unit}
	for _, fee := range got.Fees {
		o.Fees = append(o.Fees, fee.ID)
	}
	if got.Deadline != nil {
		o.Deadline = v1alpha1.Date(got.Deadline.Format(time.DateOnly)) // in the agency's offset, as the server wrote it
	}
	return o
}

func rejected(errs *errorSet) Observed {
	return Observed{Outcome: v1alpha1.OutcomeRejected, Errors: errs.sorted()}
}

// problem reads an answer that lists errors; any other refusal is an error that tells what the server said.
func (a answer) problem() (problem, error) {
	var p problem
	if a.contentType != "application/problem+json" {
		return p, fmt.Errorf("the server answers %d with %q where application/problem+json is due", a.status, a.contentType)
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		return p, fmt.Errorf("the server answers %d with broken JSON: %w", a.status, err)
	}
	if len(p.Errors) == 0 {
		return p, errors.New(strings.TrimSpace(fmt.Sprintf("the server answers %d: %s %s", a.status, p.Title, p.Detail)))
	}
	return p, nil
}

// status asks for a filed application by its receipt.
func (s *session) status(ctx context.Context, number, secret string) (receipt, error) {
	a, err := s.send(ctx, request{
		method: http.MethodGet, path: s.api("/applications/" + url.PathEscape(number)), header: map[string]string{secretHeader: secret},
	})
	if err != nil {
		return receipt{}, err
	}
	if a.status != http.StatusOK {
		return receipt{}, fmt.Errorf("the receipt does not open its application: the server answers %d", a.status)
	}
	var got receipt
	if err := json.Unmarshal(a.body, &got); err != nil {
		return receipt{}, fmt.Errorf("status of an application: %w", err)
	}
	return got, nil
}
