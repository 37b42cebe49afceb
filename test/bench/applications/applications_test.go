// SPDX-License-Identifier: Apache-2.0

package applications_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/intake/store/storetest"
	"github.com/okno-dev/okno/test/bench/applications"
)

// storeBehindHTTP files each body without looking at it: the store's own share of P12.
func storeBehindHTTP(tb testing.TB) (string, *store.Store) {
	tb.Helper()
	s, err := storetest.Open(tb.Context(), tb.TempDir(), store.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := storetest.Filing(r.Header.Get("Idempotency-Key"))
		var err error
		if f.Envelope, err = io.ReadAll(r.Body); err != nil {
			return
		}
		receipt, err := s.FileApplication(r.Context(), f)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{"number": receipt.Number, "secret": s.Secret(receipt.Number)})
	}))
	tb.Cleanup(func() {
		server.Close()
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return server.URL, s
}

func load(tb testing.TB, url string, clients, n int) applications.Load {
	return applications.Load{URL: url, Body: storetest.Filing("").Envelope, Clients: clients, N: n, Dir: tb.TempDir()}
}

func TestEveryApplicationOfTheLoadIsStored(t *testing.T) {
	url, s := storeBehindHTTP(t)
	f, err := applications.Measure(t.Context(), load(t, url, 4, 60))
	if err != nil {
		t.Fatal(err)
	}
	counts, err := s.Counts(t.Context())
	if err != nil || len(counts) != 1 || counts[0].Submitted != 61 { // and the probe
		t.Errorf("counts are %+v, %v", counts, err)
	}
	if f.Ratio() <= 0 || f.Worst < f.P50 || f.AnswerBytes == 0 || f.Bound() >= f.HTTPBefore+f.HTTPAfter {
		t.Errorf("figures are %+v", f)
	}
}

func TestARefusalEndsTheMeasurement(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	if _, err := applications.Measure(t.Context(), load(t, server.URL, 2, 10)); err == nil {
		t.Error("refused applications were measured")
	}
}

func BenchmarkStoreBehindHTTP(b *testing.B) {
	url, s := storeBehindHTTP(b)
	f, err := applications.Measure(b.Context(), load(b, url, 64, b.N))
	if err != nil {
		b.Fatal(err)
	}
	if !f.Steady() {
		b.Logf("discard: baselines drifted: %+v", f)
	}
	b.ReportMetric(f.Intake, "applications/s")
	b.ReportMetric((f.HTTPBefore+f.HTTPAfter)/2, "http/s")
	b.ReportMetric((f.DatabaseBefore+f.DatabaseAfter)/2, "database/s")
	b.ReportMetric(f.Ratio(), "P12")
	b.ReportMetric(float64(s.Stats().Syncs)/float64(s.Stats().Commands), "P14")
}
