// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/okno-dev/okno/internal/form"
)

// serving is an intake whose answers fuzz targets look at. Nothing that they send may be filed, so that it stays as it is.
func serving(f *testing.F) (*fixture, http.Handler) {
	f.Helper()
	intake := start(f)
	intake.log = slog.New(slog.DiscardHandler)
	return intake, intake.Public()
}

// sound checks what must hold of every answer, whatever was sent.
func sound(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	switch {
	case w.Code >= http.StatusInternalServerError:
		t.Errorf("a stranger makes the intake fail: %d %s", w.Code, w.Body)
	case w.Code >= http.StatusBadRequest && w.Body.Len() == 0:
		t.Errorf("%d says nothing", w.Code)
	case !utf8.Valid(w.Body.Bytes()):
		t.Errorf("%d is no UTF-8: %q", w.Code, w.Body)
	}
	if w.Header().Get("Content-Type") != "application/problem+json" {
		return
	}
	var problem problemBody
	if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || problem.Status != w.Code || problem.Title == "" || problem.Detail == "" {
		t.Errorf("%v: %d %s", err, w.Code, w.Body)
	}
}

// FuzzApplication sends anything at all as JSON and as XML, under any charset.
func FuzzApplication(f *testing.F) {
	for _, seed := range [][2]string{
		{"application/json", `{"data": {"years": 9, "cars": [{}, 1]}, "documents": [{"document": "rent", "id": "1"}], "language": "tt"}`},
		{"application/json", "\ufeff{\"data\": \"\\ud83d\"}"},
		{"application/xml; charset=windows-1251", "<application><name>\xc0</name></application>"},
		{"text/xml", `<?xml version="1.0" encoding="windows-1251"?><application><cars/><cars a="1"/></application>`},
		{"application/xml", `<!DOCTYPE a [<!ENTITY x "y">]><application>&x;</application>`},
	} {
		f.Add(seed[0], []byte(seed[1]))
	}
	_, handler := serving(f)
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, applicationsPath, bytes.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		sound(t, w)
		if len(body) < 1000 && w.Body.Len() > 64<<10 {
			t.Errorf("%d bytes are answered with %d", len(body), w.Body.Len())
		}
	})
}

// FuzzHeaders sends anything at all where headers are read.
func FuzzHeaders(f *testing.F) {
	f.Add("key-of-anna-1", "ru-RU, en;q=0.5", "a, b", "okno-lang=tt; okno-draft=x", "gzip")
	f.Add("ключ", ";;q=", ",,, ,", "=; okno-receipt", "identity")
	_, handler := serving(f)
	f.Fuzz(func(t *testing.T, key, language, uploads, cookie, coding string) {
		for _, path := range []string{applicationsPath, "/s/" + service + "/receipt"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("{}"))
			r.Header = http.Header{
				"Content-Type": {"application/json"}, idempotencyKey: {key}, "Accept-Language": {language}, uploadsHeader: {uploads},
				"Cookie": {cookie}, "Content-Encoding": {coding},
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			sound(t, w)
			if w.Code < http.StatusBadRequest {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
			if tag := w.Header().Get("Content-Language"); path == applicationsPath && tag != "ru" && tag != "en" {
				t.Errorf("%q is answered in %q", language, tag)
			}
		}
	})
}

// FuzzIsKey holds what a key is against its description.
func FuzzIsKey(f *testing.F) {
	for _, seed := range []string{"", "12345678", "1234567", "a b c d e f", "ключ-1234567", strings.Repeat("k", 201), "12345678\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		visible := !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
		if got, want := isKey(key), visible && len(key) >= 8 && len(key) <= 200; got != want {
			t.Errorf("%q: %v, want %v", key, got, want)
		}
	})
}

// FuzzSecrets asks for applications and drafts of others with anything at all: no answer tells whether they are there.
func FuzzSecrets(f *testing.F) {
	intake, handler := serving(f)
	number := intake.fileJSON(resident).json(f)["number"].(string)
	secret := intake.store.Secret(number)
	f.Add(number, secret[1:])
	f.Add(number, "okno-draft="+strings.Repeat("A", 32))
	f.Add("2026-0000001-2", "")
	f.Add("../"+number, strings.ToLower(secret))
	f.Fuzz(func(t *testing.T, id, given string) {
		if intake.store.CheckSecret(id, given) {
			return // who guesses this is let in
		}
		for _, path := range []string{applicationsPath + "/" + url.PathEscape(id), "/s/" + service + "/receipt/" + url.PathEscape(id), "/s/" + service + "/apply/" + url.PathEscape(id) + "/you"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header[secretHeader] = []string{given}
			r.Header["Cookie"] = []string{draftCookie + "=" + given + "; " + receiptCookie + "=" + given}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			sound(t, w)
			if strings.Contains(w.Body.String(), "Образцова") || strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s shows the application to who does not hold its code: %s", path, w.Body)
			}
		}
	})
}

// FuzzFormValues reads anything at all as what a browser sends.
func FuzzFormValues(f *testing.F) {
	for _, seed := range []string{"district=north&home=own", "a=%zz", "a=%ff", "%ff=a", "a;b", "=&=&&", "a=1&a=2", strings.Repeat("x=1&", 2001)} {
		f.Add([]byte(seed))
	}
	s := &Server{}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/?name=query", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		sent, err := s.readPage(&call{Request: r, w: httptest.NewRecorder(), now: noon}, &draft{}, form.PageView{})
		if err != nil {
			if status := refusalOf(err).status; status != http.StatusBadRequest && status != http.StatusRequestEntityTooLarge {
				t.Errorf("refused with %d: %v", status, err)
			}
			return
		}
		count := 0
		for name, values := range sent.values {
			count += len(values)
			if slices.ContainsFunc(append(values, name), func(s string) bool { return !utf8.ValidString(s) }) {
				t.Errorf("%q=%q is no UTF-8", name, values)
			}
		}
		if count > maxValues || sent.values.Get("name") == "query" && !bytes.Contains(body, []byte("query")) {
			t.Errorf("%d values: %v", count, sent.values)
		}
	})
}
