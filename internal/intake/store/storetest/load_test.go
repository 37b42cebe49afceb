// SPDX-License-Identifier: Apache-2.0

package storetest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/okno-dev/okno/internal/intake/store/storetest"
)

// TestTheComparisonFilesWhatItSays: both sides must really write n applications.
func TestTheComparisonFilesWhatItSays(t *testing.T) {
	c, err := storetest.Compare(t.Context(), t.TempDir(), 4, 50)
	if err != nil {
		t.Fatal(err)
	}
	if c.Before.Applications != 50 || c.Store.Applications != 50 || c.After.Applications != 50 || len(c.Store.Latencies) != 50 {
		t.Errorf("comparison is %+v", c)
	}
	if c.Store.Syncs < 13 || c.Store.Syncs > 52 { // four at a time, or one by one
		t.Errorf("the store took %d syncs for 50 applications of 4 clients", c.Store.Syncs)
	}
	var line bytes.Buffer
	if c.Print(&line); !strings.Contains(line.String(), "ratio") {
		t.Errorf("printed as %q", line.String())
	}
}

func BenchmarkFiling(b *testing.B) {
	for _, clients := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			c, err := storetest.Compare(b.Context(), b.TempDir(), clients, b.N)
			if err != nil {
				b.Fatal(err)
			}
			if !c.Steady() {
				b.Logf("discard: the plain database made %.0f/s before and %.0f/s after", c.Before.PerSecond(), c.After.PerSecond())
			}
			b.ReportMetric(c.Store.PerSecond(), "applications/s")
			b.ReportMetric(c.Plain(), "plain/s")
			b.ReportMetric(c.Ratio(), "ratio")
			b.ReportMetric(c.SyncsEach(), "syncs/application")
			b.ReportMetric(float64(c.Store.Latency(0.5).Microseconds()), "µs-p50")
			b.ReportMetric(float64(c.Store.Latency(0.99).Microseconds()), "µs-p99")
			b.ReportMetric(float64(c.Store.Latency(1).Microseconds()), "µs-worst")
		})
	}
}
