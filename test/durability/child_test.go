// SPDX-License-Identifier: Apache-2.0

// Package durability tries to make an intake lose or double an application that
// it has acknowledged. The one who is killed, traced and starved is a process of
// its own: the real intake behind HTTP, or the test binary itself, which files
// into the store alone and can be sent much more.
package durability

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/okno-dev/okno/internal/intake/journal"
	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/intake/store/storetest"
)

// The child's orders come in the environment.
const (
	orderDir     = "OKNO_DURABILITY_DIR"     // where its store is; set means: be the child
	orderFirst   = "OKNO_DURABILITY_FIRST"   // number of the first key to file
	orderCount   = "OKNO_DURABILITY_COUNT"   // how many
	orderClients = "OKNO_DURABILITY_CLIENTS" // at once
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(orderDir); dir != "" {
		if err := file(dir, order(orderFirst), order(orderCount), order(orderClients)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func order(name string) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		panic(err)
	}
	return n
}

// file is the child: it files and writes a line to its standard output for
// each acknowledged application, in one write.
func file(dir string, first, count, clients int) error {
	s, err := storetest.Open(context.Background(), dir, store.Options{})
	if err != nil {
		return err
	}
	var (
		next   atomic.Int64
		failed = make(chan error, clients)
		all    sync.WaitGroup
	)
	next.Store(int64(first) - 1)
	for range clients {
		all.Go(func() {
			for i := next.Add(1); i < int64(first+count); i = next.Add(1) {
				r, err := s.FileApplication(context.Background(), storetest.Filing(key(int(i))))
				if err != nil {
					failed <- err
					return
				}
				fmt.Fprintf(os.Stdout, "ack %d %s\n", i, r.Number)
			}
		})
	}
	all.Wait()
	close(failed)
	if err := <-failed; err != nil {
		return err
	}
	return s.Close()
}

func key(i int) string { return fmt.Sprintf("key-%06d", i) }

// child prepares the test binary to file in dir.
func child(t *testing.T, dir string, first, count, clients int, wrapper ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(wrapper, self)
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), orderDir+"="+dir, fmt.Sprintf("%s=%d", orderFirst, first),
		fmt.Sprintf("%s=%d", orderCount, count), fmt.Sprintf("%s=%d", orderClients, clients))
	cmd.Stderr = os.Stderr
	return cmd
}

// acknowledged is what a child acknowledged: the number by key.
type acknowledged map[int]string

// read takes over the lines; after each one it calls seen.
func (a acknowledged) read(t *testing.T, r io.Reader, seen func()) {
	t.Helper()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var (
			i      int
			number string
		)
		if _, err := fmt.Sscanf(lines.Text(), "ack %d %s", &i, &number); err != nil {
			t.Fatalf("child wrote %q", lines.Text())
		}
		if before, doubled := a[i]; doubled && before != number {
			t.Fatalf("%s has two numbers, %s and %s", key(i), before, number)
		}
		a[i] = number
		seen()
	}
}

// check opens the store that was left behind and requires that every
// acknowledged application is there exactly once, under its key, that nothing
// was doubled, and that the journal tells the same story. sent is how many keys were sent.
func (a acknowledged) check(t *testing.T, dir string, sent int) {
	t.Helper()
	s, err := storetest.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatalf("what was left does not open: %v", err)
	}
	defer s.Close()
	for i, number := range a {
		r, err := s.FileApplication(t.Context(), storetest.Filing(key(i)))
		if err != nil || !r.Replayed || r.Number != number {
			t.Errorf("%s filed again is %q (replayed %t), %v; want %s", key(i), r.Number, r.Replayed, err, number)
		}
	}
	a.checkStored(t, s, sent)
}

// checkStored is check without the keys.
func (a acknowledged) checkStored(t *testing.T, s *store.Store, sent int) {
	t.Helper()
	numbers := map[string]int{}
	for i, number := range a {
		if other, taken := numbers[number]; taken {
			t.Errorf("%s and %s both have number %s", key(i), key(other), number)
		}
		numbers[number] = i
		if _, err := s.Application(t.Context(), number); err != nil {
			t.Errorf("%s was acknowledged as %s and is lost: %v", key(i), number, err)
		}
	}
	stored := storedApplications(t, s)
	if stored < len(a) || stored > sent {
		t.Errorf("%d applications are stored; %d were acknowledged, %d sent", stored, len(a), sent)
	}
	report, err := s.VerifyJournal(t.Context())
	if err != nil {
		t.Errorf("journal: %v", err)
	}
	if filed := filedInJournal(t, s, report.Checkpoint); filed != stored {
		t.Errorf("the journal has %d filings, the store %d", filed, stored)
	}
}

func storedApplications(t *testing.T, s *store.Store) int {
	t.Helper()
	counts, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stored := 0
	for _, c := range counts {
		stored += int(c.Submitted)
	}
	return stored
}

func filedInJournal(t *testing.T, s *store.Store, c journal.Checkpoint) int {
	t.Helper()
	filed := 0
	for index := range c.Size {
		e, err := s.JournalEntry(t.Context(), index)
		if err != nil {
			t.Fatal(err)
		}
		if e.Act == journal.ApplicationFiled {
			filed++
		}
	}
	return filed
}

// soaking tells whether the long versions of the tests are wanted.
func soaking() bool { return strings.TrimSpace(os.Getenv("OKNO_SOAK")) != "" }
