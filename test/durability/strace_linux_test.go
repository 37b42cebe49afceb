// SPDX-License-Identifier: Apache-2.0

package durability

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func needStrace(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed: what is on disk before an acknowledgement is not checked")
	}
	if out, err := exec.CommandContext(t.Context(), "strace", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %v: %s", err, out)
	}
}

// TestEachAcknowledgementComesAfterItsSync reads the child's system calls: the
// number of an application is written into the write-ahead log, a sync of the
// log that began later has returned 0, and only then its acknowledgement is written.
func TestEachAcknowledgementComesAfterItsSync(t *testing.T) {
	needStrace(t)
	for _, clients := range []int{1, 8} {
		t.Run(fmt.Sprintf("clients=%d", clients), func(t *testing.T) {
			dir, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
			const n = 100
			cmd := child(t, dir, 0, n, clients, "strace", "-f", "-y", "-s", "5000",
				"-e", "trace=pwrite64,write,fdatasync,fsync", "-o", trace)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			acks := acknowledged{}
			acks.read(t, strings.NewReader(string(out)), func() {})
			if len(acks) != n {
				t.Fatalf("%d of %d were acknowledged", len(acks), n)
			}
			checkOrder(t, trace, ackPattern, acks)
			acks.check(t, dir, n)
		})
	}
}

var (
	numberPattern = regexp.MustCompile(`\d{4}-\d{7}-\d`)
	ackPattern    = regexp.MustCompile(`\bwrite\(1<[^>]*>, "ack \d+ `)
	walWrite      = regexp.MustCompile(`^(\d+) +pwrite64\(\d+<[^>]*-wal>, "`)
	syncStart     = regexp.MustCompile(`^(\d+) +(fdatasync|fsync)\(\d+<[^>]*-wal>`)
	syncEnd       = regexp.MustCompile(`^(\d+) +<\.\.\. (fdatasync|fsync) resumed>`)
)

// checkOrder walks through the trace and knows at each line which numbers are
// written, which a running sync covers, and which are safe. ack is how the
// write of an acknowledgement begins; its number follows.
func checkOrder(t *testing.T, trace string, ack *regexp.Regexp, acks acknowledged) {
	t.Helper()
	f, err := os.Open(trace)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	written, safe := map[string]bool{}, map[string]bool{}
	covered := map[string][]string{} // by thread: what its running sync covers
	confirmed := 0
	finish := func(thread, line string) {
		if strings.HasSuffix(line, "= 0") {
			for _, number := range covered[thread] {
				safe[number] = true
			}
		}
		delete(covered, thread)
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if found := ack.FindStringIndex(line); found != nil {
			number := numberPattern.FindString(line[found[1]:])
			if !safe[number] {
				t.Errorf("%q was acknowledged before a sync covered it", number)
			}
			confirmed++
		} else if walWrite.MatchString(line) {
			for _, number := range numberPattern.FindAllString(line, -1) {
				written[number] = true
			}
		} else if m := syncStart.FindStringSubmatch(line); m != nil {
			for number := range written {
				covered[m[1]] = append(covered[m[1]], number)
			}
			if !strings.Contains(line, "unfinished") {
				finish(m[1], line)
			}
		} else if m := syncEnd.FindStringSubmatch(line); m != nil {
			finish(m[1], line)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if confirmed != len(acks) {
		t.Errorf("the trace shows %d of %d acknowledgements", confirmed, len(acks))
	}
}

// TestCrashAtAFailedSync lets the k-th sync fail. The
// process must end by itself, and all that it acknowledged must be there.
func TestCrashAtAFailedSync(t *testing.T) {
	needStrace(t)
	for _, k := range chosen(20, []int{12, 15, 30, 45}, 60) {
		t.Run(fmt.Sprintf("sync=%d", k), func(t *testing.T) {
			dir, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
			acks := starve(t, dir, trace, fmt.Sprintf("fdatasync,fsync:error=EIO:when=%d", k))
			checkOrder(t, trace, ackPattern, acks) // acknowledgements still on their way may follow, of what was safe before
			acks.check(t, dir, faultKeys)
		})
	}
}

// TestKilledAtAWrite kills the process inside its k-th write to a file.
func TestKilledAtAWrite(t *testing.T) {
	needStrace(t)
	for _, k := range chosen(50, []int{60, 137, 250, 401}, 500) {
		t.Run(fmt.Sprintf("write=%d", k), func(t *testing.T) {
			dir, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
			starve(t, dir, trace, fmt.Sprintf("pwrite64:signal=KILL:when=%d", k)).check(t, dir, faultKeys)
		})
	}
}

// TestCrashAtAWriteError fails the k-th write with EIO.
func TestCrashAtAWriteError(t *testing.T) {
	needStrace(t)
	for _, k := range chosen(50, []int{137, 250}, 400) {
		t.Run(fmt.Sprintf("write=%d", k), func(t *testing.T) {
			dir, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
			starve(t, dir, trace, fmt.Sprintf("pwrite64:error=EIO:when=%d", k)).check(t, dir, faultKeys)
		})
	}
}

// faultKeys are more than a child gets to before the fault: strace counts calls thread by thread.
const faultKeys = 3000

// starve runs a child under an injected fault and returns what it acknowledged.
func starve(t *testing.T, dir, trace, fault string) acknowledged {
	t.Helper()
	cmd := child(t, dir, 0, faultKeys, 4, "strace", "-f", "-y", "-s", "5000",
		"-e", "trace=pwrite64,write,fdatasync,fsync", "-e", "inject="+fault, "-o", trace)
	cmd.Stderr = nil
	out, err := cmd.Output()
	if err == nil {
		t.Fatalf("the child carried on through %s", fault)
	}
	acks := acknowledged{}
	acks.read(t, strings.NewReader(string(out)), func() {})
	if text, err := os.ReadFile(trace); err != nil || !strings.Contains(string(text), "INJECTED") && !strings.Contains(string(text), "SIGKILL") {
		t.Fatalf("the fault was never injected: %v", err)
	}
	t.Logf("%d acknowledged before %s", len(acks), fault)
	return acks
}

// chosen returns few values, or when soaking every one from the first to last.
func chosen(first int, few []int, last int) []int {
	if !soaking() {
		return few
	}
	var all []int
	for k := first; k <= last; k++ {
		all = append(all, k)
	}
	return all
}
