// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/okno-dev/okno/internal/intake/store"
)

func TestWhatTheStoreSaysIsAnsweredInWords(t *testing.T) {
	f := start(t)
	for name, test := range map[string]struct {
		err        error
		status     int
		id         string
		retryAfter string
	}{
		"the disk is full":             {store.ErrFull, 503, "storageFull", "60"},
		"the queue is full":            {store.ErrBusy, 503, "busy", "2"},
		"the process is ending":        {store.ErrStopped, 503, "busy", "2"},
		"enough applications":          {store.ErrClosed, 403, "full", ""},
		"a key used twice":             {store.ErrKeyReused, 409, "keyReused", ""},
		"changed meanwhile":            {store.ErrConflict, 409, "conflict", ""},
		"gone":                         {store.ErrNotFound, 404, "notFound", ""},
		"a body beyond its bound":      {&http.MaxBytesError{Limit: 1 << 20}, 413, "bodyTooLarge", ""},
		"what nobody has thought of":   {errors.New("secret of the machine"), 500, "internal", ""},
		"a panic, as serve answers it": {refuse(http.StatusInternalServerError, "internal"), 500, "internal", ""},
	} {
		for _, path := range []string{"/api/v1/x", "/s/x"} {
			w := httptest.NewRecorder()
			c := &call{Request: httptest.NewRequest(http.MethodPost, path, nil), w: w, now: noon}
			f.refuse(c, fmt.Errorf("file application: %w", test.err))
			if w.Code != test.status || w.Header().Get("Retry-After") != test.retryAfter {
				t.Errorf("%s at %s: %d, Retry-After %q", name, path, w.Code, w.Header().Get("Retry-After"))
			}
			if got := refusalOf(fmt.Errorf("file: %w", test.err)).id; got != test.id {
				t.Errorf("%s: %q, want %q", name, got, test.id)
			}
			if body := w.Body.String(); len(body) == 0 || strings.Contains(body, "secret of the machine") {
				t.Errorf("%s at %s says %q", name, path, body)
			}
		}
	}
}

func TestPanicIsAnsweredAndTheNextRequestServed(t *testing.T) {
	f := start(t)
	h := f.route("GET /x", func(*call) error { panic("out of luck") })
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/x", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "out of luck") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if a := f.fileJSON(resident); a.status != http.StatusCreated {
		t.Errorf("the next request: %d", a.status)
	}
}

// Who comes too early or too late is told when to come, in both languages of a page of a refusal and in that of a program.
func TestClosedServiceSaysItsTimes(t *testing.T) {
	for name, test := range map[string]struct {
		limit, at string
		ru, en    string
	}{
		"too early": {"limits.opensAt", "2026-03-09T06:30:00Z", "Приём откроется 9\u00a0марта 2026\u00a0года, 09:30.", "The service opens on 9\u00a0March 2026, 09:30."},
		"too late":  {"limits.closesAt", "2026-03-01T20:59:00Z", "Заявления принимали до 1\u00a0марта 2026\u00a0года, 23:59.", "Applications were taken until 1\u00a0March 2026, 23:59."},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, set(test.limit, test.at))
			if got := f.fileJSON(resident, "Accept-Language", "en").json(t)["detail"]; got != test.en {
				t.Errorf("a program reads %q, want %q", got, test.en)
			}
			page := f.call(http.MethodPost, "/s/"+service+"/apply", "", "Accept-Language", "ru")
			for _, want := range []string{test.ru, test.en} {
				if !strings.Contains(string(page.body), want) {
					t.Errorf("the page does not say %q:\n%s", want, page.body)
				}
			}
		})
	}
}
