// SPDX-License-Identifier: Apache-2.0

package storetest_test

import (
	"fmt"
	"testing"

	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/intake/store/storetest"
)

func BenchmarkFiling(b *testing.B) {
	for _, clients := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s, err := storetest.Open(b.Context(), b.TempDir(), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			b.ReportAllocs()
			b.ResetTimer()
			r, err := storetest.File(b.Context(), s, clients, b.N)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(r.PerSecond(), "applications/s")
			b.ReportMetric(float64(r.Syncs)/float64(r.Applications), "syncs/application")
			b.ReportMetric(float64(r.Latency(0.99).Microseconds()), "µs-p99")
			b.ReportMetric(float64(r.Latency(1).Microseconds()), "µs-worst")
		})
		b.Run(fmt.Sprintf("plain/group=%d", clients), func(b *testing.B) {
			r, err := storetest.Plain(b.Context(), b.TempDir(), clients, b.N)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(r.PerSecond(), "applications/s")
		})
	}
}
