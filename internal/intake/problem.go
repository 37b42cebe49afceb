// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// problemType is the start of the types of our problems; each is described under it in the documentation.
const problemType = "https://okno.dev/problems/"

// problemBody is an RFC 9457 problem.
type problemBody struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail,omitempty"`
	Errors []problemError `json:"errors,omitempty"`
}

// problemError is one thing wrong with an application.
type problemError struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// problem answers a refusal in the caller's language, with all errors at once.
func (s *Server) problem(c *call, r *refusal) {
	body := problemBody{
		Type:   problemType + r.id,
		Title:  s.renderer.Say(c.lang, "problem."+r.id+".title", r.pairs...),
		Status: r.status,
		Detail: s.renderer.Say(c.lang, "problem."+r.id+".detail", r.pairs...),
	}
	if r.syntax != nil {
		body.Detail = r.syntax.Text.In(c.lang, "en")
		body.Errors = []problemError{{Code: "syntax", Detail: s.renderer.Say(c.lang, "problem.syntax.place", "Line", r.syntax.Line, "Byte", r.syntax.Offset+1)}}
	}
	for _, v := range r.violations {
		body.Errors = append(body.Errors, problemError{Pointer: v.Pointer, Code: v.Code, Detail: v.Message.In(c.lang, "ru", "en")})
	}
	c.w.Header().Set("Content-Language", c.lang)
	if err := writeJSON(c.w, r.status, "application/problem+json", body); err != nil {
		s.log.Debug("cannot write a problem", "err", err)
	}
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(raw)+1))
	w.WriteHeader(status)
	_, err = w.Write(append(raw, '\n'))
	return err
}
