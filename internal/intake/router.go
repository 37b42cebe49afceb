// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/page"
)

// maxBody bounds what a request may carry besides files, in bytes. A form or an application of text is far smaller.
const maxBody = 1 << 20

// handler answers a request or says why not.
type handler func(c *call) error

// call is one request on its way through a handler.
type call struct {
	*http.Request
	w   http.ResponseWriter
	now time.Time
	// entry is what is served of the service in the path, and served its release; nil on paths without one.
	entry  *entry
	served *release
	// release is the one that the request is about: the served one, or the one that a draft was begun on.
	release *release
	// lang is the language of the answer.
	lang string
}

// publicHandler puts the routes together. A request passes, in this order:
//
//	security headers → cross-origin protection → clock → mux → measure and log → recover → rate → body limit → service → handler
//
// What refuses a request comes before what spends on it; measuring stands inside the mux, where the route's pattern is known.
func (s *Server) publicHandler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h handler) { mux.Handle(pattern, s.route(pattern, h)) }

	handle("GET /{$}", s.home)
	handle("GET /s/{service}", s.start)
	handle("GET /s/{service}/blank", s.blank)
	handle("POST /s/{service}/apply", s.begin)
	// A reload, a bookmark or a shared link of the button's address leads to where the button is.
	handle("GET /s/{service}/apply", s.beginAgain)
	handle("GET /s/{service}/apply/{draft}/check", s.check)
	handle("POST /s/{service}/apply/{draft}/check", s.submit)
	handle("GET /s/{service}/apply/{draft}/{page}", s.ask)
	handle("POST /s/{service}/apply/{draft}/{page}", s.answer)
	handle("GET /s/{service}/receipt", s.findReceipt)
	handle("POST /s/{service}/receipt", s.openReceipt)
	handle("GET /s/{service}/receipt/{number}", s.receipt)
	handle("POST /s/{service}/receipt/{number}", s.unlockReceipt)

	handle("POST /api/v1/services/{service}/applications", s.fileAPI)
	handle("GET /api/v1/services/{service}/applications/{number}", s.status)
	handle("GET /api/v1/services/{service}/applications/{number}/outputs/{output}", s.output)
	handle("POST /api/v1/services/{service}/uploads", s.upload)
	handle("GET /api/v1/services/{service}/openapi.json", s.openAPI)
	handle("GET /schema/{service}/{file}", s.schema)

	mux.HandleFunc("GET "+page.StaticPrefix, func(w http.ResponseWriter, r *http.Request) { s.static.ServeHTTP(routed(w), r) })
	return page.Secure(s.sameOrigin(s.clock(s.unmatched(mux))), s.https)
}

// sameOrigin refuses what another site makes a browser send. Programs send neither Origin nor Sec-Fetch-Site and pass.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(&call{Request: r, w: w, now: s.options.Clock()}, refuse(http.StatusForbidden, "crossOrigin"))
	}))
	return protection.Handler(next)
}

type nowKey struct{}

// clock fixes the time of a request. Only a prover lets a scenario set it.
func (s *Server) clock(next http.Handler) http.Handler {
	if s.options.Mode != Prover {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if header := r.Header.Get(inner.ScenarioNow); header != "" {
			now, err := time.Parse(time.RFC3339, header)
			if err != nil {
				http.Error(w, fmt.Sprintf("%s: %v", inner.ScenarioNow, err), http.StatusBadRequest)
				return
			}
			r = r.WithContext(context.WithValue(r.Context(), nowKey{}, now))
		}
		next.ServeHTTP(w, r)
	})
}

// unmatched answers paths and methods that no route knows with a page or a problem of ours.
func (s *Server) unmatched(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &response{ResponseWriter: w}
		mux.ServeHTTP(a, r)
		if a.routed {
			return
		}
		// What the mux has said stands in the headers: the methods that are allowed, or where the path is in its clean form.
		if w.Header().Get("Location") != "" {
			w.WriteHeader(a.status)
			return
		}
		id := "notFound"
		if a.status == http.StatusMethodNotAllowed {
			id = "method"
		}
		s.refuse(&call{Request: r, w: w, now: s.options.Clock()}, refuse(a.status, id, "Allow", w.Header().Get("Allow")))
	})
}

// response is what a request is answered with. Until a route takes it, it keeps what the mux says and drops its words.
type response struct {
	http.ResponseWriter
	routed bool
	status int // 0 until it is known
}

// routed returns the response that a route gives.
func routed(w http.ResponseWriter) *response {
	a, ok := w.(*response)
	if !ok {
		a = &response{ResponseWriter: w}
	}
	a.routed = true
	return a
}

// WriteHeader implements http.ResponseWriter.
func (a *response) WriteHeader(status int) {
	a.status = status
	if a.routed {
		a.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (a *response) Write(b []byte) (int, error) {
	if !a.routed {
		return len(b), nil
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *response) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// route wraps a handler with what every route has.
func (s *Server) route(pattern string, h handler) http.Handler {
	meter := s.metrics.meter(pattern)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		a := routed(w)
		c := &call{Request: r, w: a, now: s.options.Clock()}
		if now, ok := r.Context().Value(nowKey{}).(time.Time); ok {
			c.now = now
		}
		s.serve(c, h)
		took := time.Since(begun)
		s.worked(begun.Add(took))
		meter.observe(a.status, took)
		// What went well is counted; who operates an intake reads of the rest.
		level := slog.LevelDebug
		if a.status >= http.StatusBadRequest {
			level = slog.LevelInfo
		}
		s.log.LogAttrs(r.Context(), level, "request",
			slog.String("route", pattern), slog.Int("status", a.status), slog.Duration("duration", took))
	})
}

// serve runs a handler and answers for what it returns, also when it panics.
func (s *Server) serve(c *call, h handler) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		s.log.Error("handler panicked", "route", c.Pattern, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		s.refuse(c, refuse(http.StatusInternalServerError, "internal"))
	}()
	if c.streams() {
		c.allowTime()
		release, ok := s.streams.take(clientOf(c.Request))
		if !ok {
			s.refuse(c, &refusal{status: http.StatusServiceUnavailable, id: "busy", retryAfter: 10})
			return
		}
		defer release()
	}
	if err := s.prepare(c); err != nil {
		s.refuse(c, err)
		return
	}
	if err := h(c); err != nil {
		s.refuse(c, err)
	}
}

// prepare finds the service of the path and the language of the answer, and bounds what the request may cost.
func (s *Server) prepare(c *call) error {
	if c.Method == http.MethodPost {
		if wait, ok := s.limiter.take(clientOf(c.Request), c.now); !ok {
			return &refusal{status: http.StatusTooManyRequests, id: "tooMany", retryAfter: int(wait/time.Second) + 1}
		}
		if err := c.bound(); err != nil {
			return err
		}
	}
	if name := c.PathValue("service"); name != "" {
		c.entry = s.catalogue.lookup(name)
		if c.entry == nil {
			return refuse(http.StatusNotFound, "noService")
		}
		served, err := s.current(c.Context(), c.entry)
		if err != nil {
			return err
		}
		c.served = served
		c.about(served)
	}
	c.lang = s.language(c)
	return nil
}

// streams tells that the handler bounds the body itself, part by part: uploads.
func (c *call) streams() bool {
	return c.Method == http.MethodPost && (strings.HasSuffix(c.Pattern, "/uploads") ||
		strings.HasPrefix(c.Header.Get("Content-Type"), "multipart/form-data"))
}

// about says which release the answer is about, so that clients and measurements see it.
func (c *call) about(r *release) {
	c.release = r
	h := c.w.Header()
	h.Set("Okno-Digest", r.digest)
	h.Set("Okno-Revision", r.revision)
}

func (c *call) api() bool {
	return strings.HasPrefix(c.URL.Path, "/api/") || strings.HasPrefix(c.URL.Path, "/schema/")
}

// model is the compiled form of the release.
func (c *call) model() (*form.Model, error) { return c.release.model() }

// language picks the language of an answer among the service's, or among the program's own when there is no service.
func (s *Server) language(c *call) string {
	offered := s.offered(c)
	if c.api() {
		return page.Negotiate(c.Header.Get("Accept-Language"), offered)
	}
	return page.Language(c.w, c.Request, offered, s.https)
}

func (s *Server) offered(c *call) []string {
	if c.release != nil {
		return c.release.def.Languages
	}
	return []string{"ru", "en"}
}

// refuse answers with a page or a problem, whatever the path is for.
func (s *Server) refuse(c *call, err error) {
	r := refusalOf(err)
	if c.lang == "" {
		c.lang = s.language(c)
	}
	switch {
	case r.status >= http.StatusInternalServerError && r.id == "internal" && !errors.Is(err, context.Canceled):
		s.log.Error("request failed", "route", c.Pattern, "err", err)
	case r.status >= http.StatusInternalServerError:
		s.log.Warn("request refused", "route", c.Pattern, "reason", r.id, "err", r.cause)
	}
	h := c.w.Header()
	h.Set("Cache-Control", "no-store")
	if r.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(r.retryAfter))
	}
	if c.api() {
		s.problem(c, r)
		return
	}
	if err := s.message(c, r.status, "problem."+r.id, r.pairs...); err != nil {
		s.log.Error("cannot render the page of a refusal", "reason", r.id, "err", err)
	}
}

// isOneOf tells whether a media type, without its parameters, is one of the list.
func isOneOf(mediaType string, list ...string) bool { return slices.Contains(list, mediaType) }
