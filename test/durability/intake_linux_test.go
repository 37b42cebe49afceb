// SPDX-License-Identifier: Apache-2.0

package durability

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// answerPattern is the write of an acknowledgement to its client; the number comes first in the header Location.
var answerPattern = regexp.MustCompile(`\bwrite\(\d+<socket:\[\d+\]>, "HTTP/1\.1 201 Created`)

// TestTheIntakeAnswersAfterItsSync is TestEachAcknowledgementComesAfterItsSync for the real intake: no byte of a 201 is written to
// a socket before a sync of the log that covers its application has returned 0.
func TestTheIntakeAnswersAfterItsSync(t *testing.T) {
	needStrace(t)
	for clients, n := range map[int]int{1: 30, 8: 120} {
		t.Run(fmt.Sprintf("clients=%d", clients), func(t *testing.T) {
			o, trace := newOffice(t), filepath.Join(t.TempDir(), "trace")
			// -DD: the intake stays our child, and strace ends by itself after it.
			in := o.start(t, "strace", "-DD", "-f", "-y", "-s", "5000", "-e", "trace=pwrite64,write,fdatasync,fsync", "-o", trace)
			o.file(t, in, clients, o.open(n), func(i int, r receipt) { o.take(t, i, r) })
			in.Stop(20 * time.Second)
			awaitEnd(t, trace)
			if len(o.acks) != n {
				t.Fatalf("%d of %d were acknowledged", len(o.acks), n)
			}
			checkOrder(t, trace, answerPattern, o.acks)
			o.check(t)
		})
	}
}

// awaitEnd waits until strace has written that its process ended.
func awaitEnd(t *testing.T, trace string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	patience := time.NewTimer(20 * time.Second)
	defer patience.Stop()
	for {
		text, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(strings.TrimSpace(string(text)), "+++ exited with 0 +++") {
			return
		}
		select {
		case <-tick.C:
		case <-patience.C:
			t.Fatal("the trace has no end")
		}
	}
}
