// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
)

// great is a catalogue of ten thousand services, made once for all that is measured.
var great = sync.OnceValues(func() (*Index, []byte) {
	index := NewIndex()
	definition, err := readSample()
	if err == nil {
		err = fill(index, definition, 10_000)
	}
	if err != nil {
		panic(err)
	}
	return index, definition
})

// BenchmarkPage measures pages a second over HTTP at ten thousand services, and a bare handler of equal bytes beside it: their
// ratio is the figure to look at.
func BenchmarkPage(b *testing.B) {
	index, _ := great()
	h := serve(b, index)
	for name, path := range map[string]string{
		"list": "/", "search": "/?q=" + url.QueryEscape("пособие многодетным"), "service": "/services/agency-7/made-7",
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		h.ServeHTTP(w, r)
		body := w.Body.Bytes()
		b.Run(name+"/ours", func(b *testing.B) { measure(b, h, path) })
		b.Run(name+"/bare", func(b *testing.B) {
			measure(b, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				w.Header().Set("Content-Length", strconv.Itoa(len(body)))
				_, _ = w.Write(body)
			}), path)
		})
	}
}

func measure(b *testing.B, h http.Handler, path string) {
	server := httptest.NewServer(h)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}}
	b.ResetTimer()
	for b.Loop() {
		r, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip")
		answer, err := client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			b.Fatal(answer.Status, err)
		}
		_ = answer.Body.Close()
		b.ReportMetric(float64(n), "bytes")
	}
}

// BenchmarkSearch measures a search that nobody made before, filters and counts included.
func BenchmarkSearch(b *testing.B) {
	index, _ := great()
	for name, words := range map[string]string{"nothing": "", "a word": "пенсия", "two words": "пособие многодетным", "a slip": "посбие", "other layout": "gtycbz"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				index.Search(Query{Words: words, Page: 1}, pageSize, "ru")
			}
		})
	}
}

// BenchmarkApply measures a Publication of a service that is shown already, at ten thousand services.
func BenchmarkApply(b *testing.B) {
	index, definition := great()
	seq := int64(1)
	for b.Loop() {
		seq++
		rec := record(seq, "")
		rec.Namespace, rec.Service, rec.Action = "agency-5", "made-5005", "Publish"
		if err := index.Apply(rec, definition); err != nil {
			b.Fatal(err)
		}
	}
}
