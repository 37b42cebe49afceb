// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	service = "pension-delivery"
	digestA = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	digestB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

var (
	moscow = time.FixedZone("MSK", 3*60*60)
	noon   = time.Date(2026, 9, 1, 12, 0, 0, 0, moscow)
)

// openStore opens a new store that remembers both definitions, at a fixed time.
func openStore(t testing.TB, mods ...func(*Options)) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "okno.db"), mods...)
}

func openAt(t testing.TB, path string, mods ...func(*Options)) *Store {
	t.Helper()
	o := Options{Clock: func() time.Time { return noon }, Fatal: func(err error) { t.Errorf("storage failed: %v", err) }}
	for _, mod := range mods {
		mod(&o)
	}
	s, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, digest := range []string{digestA, digestB} {
		if err := s.RememberDefinition(t.Context(), digest, []byte(`{"code":"`+digest+`"}`)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func filing(mods ...func(*Filing)) Filing {
	f := Filing{
		Service: service, Digest: digestA, Revision: service + "-aaaaaaaaaa", Client: "portal", Language: "ru", Way: JSON,
		Envelope: []byte(`{"data":{"surname":"Петрова"}}`), FiledAt: noon, Unit: "Отдел выплат", Queue: "pensions",
		Deadline: noon.AddDate(0, 0, 10),
	}
	for _, mod := range mods {
		mod(&f)
	}
	return f
}

func withKey(key string, hash byte) func(*Filing) {
	return func(f *Filing) { f.IdempotencyKey, f.RequestHash = key, [32]byte{hash} }
}

func mustFile(t testing.TB, s *Store, f Filing) Receipt {
	t.Helper()
	r, err := s.FileApplication(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

// wantSound fails unless the journal verifies.
func wantSound(t testing.TB, s *Store) {
	t.Helper()
	if _, err := s.VerifyJournal(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestAnApplicationIsReadBackAsItWasFiled(t *testing.T) {
	s := openStore(t)
	r := mustFile(t, s, filing())
	want := Receipt{
		Number: "2026-0000001-2", FiledAt: noon.UTC(), Deadline: noon.AddDate(0, 0, 10).UTC(),
		Service: service, Digest: digestA, Unit: "Отдел выплат", Queue: "pensions", Language: "ru",
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Fatal(diff)
	}
	a, err := s.Application(t.Context(), r.Number)
	if err != nil {
		t.Fatal(err)
	}
	wantApplication := Application{
		Receipt: want, Revision: service + "-aaaaaaaaaa", Way: JSON, State: Filed,
		Entry: a.Entry, Envelope: filing().Envelope,
	}
	if diff := cmp.Diff(wantApplication, a); diff != "" {
		t.Fatal(diff)
	}
	_, err = s.Application(t.Context(), "2025-0000001-"+string(want.Number[len(want.Number)-1]))
	wantError(t, err, ErrNotFound)
	wantSound(t, s)
}

func TestAReplayAnswersTheFirstReceipt(t *testing.T) {
	s := openStore(t)
	first := mustFile(t, s, filing(withKey("k1", 1)))
	again := mustFile(t, s, filing(withKey("k1", 1), func(f *Filing) { f.FiledAt = noon.Add(time.Hour); f.LimitTotal = 1 }))
	if !again.Replayed {
		t.Error("the second answer does not say that it is a replay")
	}
	again.Replayed = false
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
	if s.Secret(first.Number) != s.Secret(again.Number) {
		t.Error("the replay shows another secret")
	}
	read, err := s.Replay(t.Context(), filing(withKey("k1", 1)))
	if err != nil || read.Number != first.Number || !read.Replayed {
		t.Errorf("read back it is %+v, %v", read, err)
	}
	_, err = s.FileApplication(t.Context(), filing(withKey("k1", 2)))
	wantError(t, err, ErrKeyReused)
	_, err = s.Replay(t.Context(), filing(withKey("k1", 2)))
	wantError(t, err, ErrKeyReused)
	for name, f := range map[string]Filing{"no key": filing(), "a new key": filing(withKey("k9", 1)), "an unfiled draft": filing(func(f *Filing) { f.DraftID = "x" })} {
		if _, err := s.Replay(t.Context(), f); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s was filed: %v", name, err)
		}
	}
	if other := mustFile(t, s, filing(withKey("k1", 2), func(f *Filing) { f.Client = "another" })); other.Replayed {
		t.Error("a key of one client answered another client")
	}
	if c := countsOf(t, s, digestA); c.Submitted != 2 {
		t.Errorf("counted %d applications, want 2", c.Submitted)
	}
}

func countsOf(t testing.TB, s *Store, digest string) Counts {
	t.Helper()
	all, err := s.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Digest == digest {
			return c
		}
	}
	return Counts{}
}

func TestTheLimitIsExactAcrossDefinitions(t *testing.T) {
	s := openStore(t)
	limited := func(f *Filing) { f.LimitTotal = 2 }
	mustFile(t, s, filing(limited))
	mustFile(t, s, filing(limited, func(f *Filing) { f.Preview = true }))
	mustFile(t, s, filing(limited, func(f *Filing) { f.Digest = digestB }))
	_, err := s.FileApplication(t.Context(), filing(limited))
	wantError(t, err, ErrClosed)
	mustFile(t, s, filing(limited, func(f *Filing) { f.Service = "another" }))
	mustFile(t, s, filing(limited, func(f *Filing) { f.Preview = true }))
}

func TestCountsFollowTheActs(t *testing.T) {
	s := openStore(t)
	ctx := t.Context()
	if err := s.CountRejected(ctx, service, digestA, []string{"required", "pattern", "required"}); err != nil {
		t.Fatal(err)
	}
	mustFile(t, s, filing(func(f *Filing) { f.Starts = true }))
	mustFile(t, s, filing(func(f *Filing) { f.Preview, f.Starts = true, true }))
	mustFile(t, s, filing(func(f *Filing) { f.Deadline = noon.Add(-time.Second) }))
	mustFile(t, s, filing(func(f *Filing) { f.Deadline = noon.Add(-time.Second) }))
	mustFile(t, s, filing(func(f *Filing) { f.Deadline = time.Time{} }))
	want := Counts{Service: service, Digest: digestA, Started: 1, Submitted: 4, RejectedByValidation: 1, InProgress: 4, Overdue: 2}
	if diff := cmp.Diff(want, countsOf(t, s, digestA)); diff != "" {
		t.Fatal(diff)
	}
	wantSound(t, s)
}

func TestAFilingWithoutItsDefinitionIsRefused(t *testing.T) {
	s := openStore(t)
	_, err := s.FileApplication(t.Context(), filing(func(f *Filing) { f.Digest = "sha256:unknown" }))
	wantError(t, err, ErrNotFound)
}

func TestASecondOpenerIsToldWhoseLockItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "okno.db")
	openAt(t, path)
	_, err := Open(t.Context(), path, Options{})
	wantError(t, err, ErrLocked)
	if !strings.Contains(err.Error(), path+".lock") {
		t.Errorf("error %q does not name the file", err)
	}
}

func TestOnlyTheOwnerMayReadTheFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "okno.db")
	mustFile(t, openAt(t, path), filing())
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 4 { // database, log, the log's index, lock
		t.Fatalf("files are %q, %v", files, err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", file, info.Mode(), err)
		}
	}
}

func TestAStoreContinuesAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "okno.db")
	s := openAt(t, path)
	first := mustFile(t, s, filing(withKey("k1", 1)))
	secret := s.Secret(first.Number)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	if again := mustFile(t, s, filing(withKey("k1", 1))); again.Number != first.Number {
		t.Errorf("replay has number %q, want %q", again.Number, first.Number)
	}
	if !s.CheckSecret(first.Number, strings.ToLower(secret[:8])+"-"+secret[8:]) {
		t.Error("the secret of the receipt is no longer accepted")
	}
	second := mustFile(t, s, filing())
	if want := formatNumber(2026, 2); second.Number != want {
		t.Errorf("second number is %q, want %q", second.Number, want)
	}
	if c := countsOf(t, s, digestA); c.Submitted != 2 {
		t.Errorf("counted %d, want 2", c.Submitted)
	}
	wantSound(t, s)
}

func TestACallerWhoLeavesDoesNotUndoTheCommand(t *testing.T) {
	s := openStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	entered, leave := make(chan struct{}), make(chan struct{})
	go func() { // occupy the writer
		_ = s.do(context.Background(), 0, func(*tx) error { close(entered); <-leave; return nil })
	}()
	<-entered
	answered := make(chan error)
	go func() {
		_, err := s.FileApplication(ctx, filing(withKey("k1", 1)))
		answered <- err
	}()
	for s.Stats().QueueDepth == 0 {
	}
	cancel()
	wantError(t, <-answered, context.Canceled)
	close(leave)
	if again := mustFile(t, s, filing(withKey("k1", 1))); !again.Replayed {
		t.Error("the command was dropped with its caller")
	}
}

func TestAFailingCommandLeavesItsNeighboursAlone(t *testing.T) {
	s := openStore(t)
	inOneGroup(t, s,
		func() error { _, err := s.FileApplication(context.Background(), filing(withKey("k1", 1))); return err },
		func() error {
			err := s.do(context.Background(), 0, func(tx *tx) error {
				if _, err := tx.file(new(filing()), make([]byte, 32)); err != nil {
					return err
				}
				panic("a bug in one command")
			})
			if err == nil || !strings.Contains(err.Error(), "a bug in one command") {
				return errors.New("the panic was not reported to its own caller")
			}
			return nil
		},
		func() error {
			_, err := s.FileApplication(context.Background(), filing(withKey("k1", 2)))
			if !errors.Is(err, ErrKeyReused) {
				return errors.New("the reused key was accepted within the group")
			}
			return nil
		},
		func() error { _, err := s.FileApplication(context.Background(), filing(withKey("k2", 1))); return err },
	)
	if c := countsOf(t, s, digestA); c.Submitted != 2 {
		t.Errorf("counted %d applications, want 2", c.Submitted)
	}
	if r := mustFile(t, s, filing()); r.Number != formatNumber(2026, 3) {
		t.Errorf("the failed command used up a number: next is %q", r.Number)
	}
	wantSound(t, s)
}

// inOneGroup makes the calls share one group: they queue, in order, while the writer is busy.
func inOneGroup(t testing.TB, s *Store, calls ...func() error) {
	t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	go func() {
		_ = s.do(context.Background(), 0, func(*tx) error { close(entered); <-leave; return nil })
	}()
	<-entered
	results := make(chan error)
	for i, call := range calls {
		go func() { results <- call() }()
		for s.Stats().QueueDepth < i+1 {
		}
	}
	close(leave)
	for range calls {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestAFullQueueAnswersBusy(t *testing.T) {
	s := openStore(t, func(o *Options) { o.QueueLimit = 1 })
	entered, leave := make(chan struct{}), make(chan struct{})
	done := make(chan error, 2)
	go func() {
		done <- s.do(context.Background(), 0, func(*tx) error { close(entered); <-leave; return nil })
	}()
	<-entered
	go func() { _, err := s.FileApplication(context.Background(), filing()); done <- err }()
	for s.Stats().QueueDepth == 0 {
	}
	_, err := s.FileApplication(t.Context(), filing())
	wantError(t, err, ErrBusy)
	close(leave)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestClosingAnswersWhatIsQueued(t *testing.T) {
	s := openStore(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	go func() {
		_ = s.do(context.Background(), 0, func(*tx) error { close(entered); <-leave; return nil })
	}()
	<-entered
	answered := make(chan error)
	go func() { _, err := s.FileApplication(context.Background(), filing()); answered <- err }()
	for s.Stats().QueueDepth == 0 {
	}
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	close(leave)
	if err := <-answered; err != nil {
		t.Errorf("a queued command was not carried out: %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	_, err := s.FileApplication(t.Context(), filing())
	wantError(t, err, ErrStopped)
}
