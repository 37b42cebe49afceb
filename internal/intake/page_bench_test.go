// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/intake/store"
)

// BenchmarkPage is what one page of the largest sample's form takes from the request to the last byte, the draft read from the
// store.
func BenchmarkPage(b *testing.B) {
	opened, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "okno.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer opened.Close()
	s, err := New(b.Context(), Options{Store: opened, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	body := sample(b)
	d := digest.OfCanonical(body)
	spec := v1alpha1.PublicationSpec{Service: service, Seq: 1, Action: v1alpha1.ActionPublish, Digest: d, Revision: digest.RevisionName(service, d)}
	if err := s.Publish(b.Context(), spec, body); err != nil {
		b.Fatal(err)
	}
	var cookies []*http.Cookie
	ask := func(method, path string, values url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(b.Context(), method, path, strings.NewReader(values.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, cookie := range cookies {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		s.Public().ServeHTTP(w, r)
		return w
	}
	begun := ask(http.MethodPost, "/s/"+service+"/apply", nil).Result()
	defer begun.Body.Close()
	cookies = begun.Cookies()
	draft, _, _ := strings.Cut(begun.Header.Get("Location"), "/who")
	for _, id := range []string{"who", "identity", "registered-address"} {
		b.Run(id, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if w := ask(http.MethodGet, draft+"/"+id, nil); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Header())
				}
			}
		})
	}
}
