// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/intake/store"
)

// refusal is an answer other than what was asked for, with words for people. Its texts are problem.<id>.title and .detail.
type refusal struct {
	status     int
	id         string
	pairs      []any
	violations []form.Violation
	syntax     *form.SyntaxError
	retryAfter int // seconds
	cause      error
}

func (r *refusal) Error() string {
	if r.cause != nil {
		return fmt.Sprintf("%s: %v", r.id, r.cause)
	}
	return r.id
}

func (r *refusal) Unwrap() error { return r.cause }

func refuse(status int, id string, pairs ...any) *refusal {
	return &refusal{status: status, id: id, pairs: pairs}
}

func notFound() *refusal { return refuse(http.StatusNotFound, "notFound") }

// invalid answers violations, all at once.
func invalid(violations []form.Violation) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, id: "invalid", violations: violations}
}

// refusalOf turns any error into an answer. What the server cannot explain is a 500, and logged.
func refusalOf(err error) *refusal {
	var (
		r       *refusal
		syntax  *form.SyntaxError
		tooLong *http.MaxBytesError
		cut     *bodyError
	)
	switch {
	case errors.As(err, &r):
		return r
	case errors.As(err, &syntax):
		return &refusal{status: http.StatusBadRequest, id: "syntax", syntax: syntax, cause: err}
	case errors.As(err, &tooLong):
		return &refusal{status: http.StatusRequestEntityTooLarge, id: "bodyTooLarge", pairs: []any{"Limit", tooLong.Limit >> 10}, cause: err}
	case errors.As(err, &cut) && errors.Is(err, os.ErrDeadlineExceeded):
		return &refusal{status: http.StatusRequestTimeout, id: "slow", cause: err}
	case errors.As(err, &cut):
		return &refusal{status: http.StatusBadRequest, id: "unreadable", cause: err}
	case errors.Is(err, store.ErrKeyReused):
		return &refusal{status: http.StatusConflict, id: "keyReused", cause: err}
	case errors.Is(err, store.ErrConflict):
		return &refusal{status: http.StatusConflict, id: "conflict", cause: err}
	case errors.Is(err, store.ErrClosed):
		return &refusal{status: http.StatusForbidden, id: "full", cause: err}
	case errors.Is(err, store.ErrNotFound):
		return &refusal{status: http.StatusNotFound, id: "notFound", cause: err}
	case errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrStopped):
		return &refusal{status: http.StatusServiceUnavailable, id: "busy", retryAfter: 2, cause: err}
	case errors.Is(err, store.ErrFull), errors.Is(err, store.ErrQuota):
		return &refusal{status: http.StatusServiceUnavailable, id: "storageFull", retryAfter: 60, cause: err}
	default:
		return &refusal{status: http.StatusInternalServerError, id: "internal", cause: err}
	}
}
