// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"modernc.org/sqlite"
)

// refuseCommits lets every commit of the store fail while *refuse is true.
func refuseCommits(t *testing.T, s *Store, refuse *atomic.Bool) {
	t.Helper()
	err := s.do(t.Context(), 0, func(tx *tx) error {
		return tx.w.conn.Raw(func(driver any) error {
			driver.(sqlite.HookRegisterer).RegisterCommitHook(func() int32 {
				if refuse.Load() {
					return 1
				}
				return 0
			})
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNothingIsAcknowledgedWhenTheCommitFails(t *testing.T) {
	s := openStore(t)
	first := mustFile(t, s, filing(withKey("k0", 1)))
	var refuse atomic.Bool
	refuseCommits(t, s, &refuse)
	refuse.Store(true)
	inOneGroup(t, s,
		func() error { return mustFail(s.FileApplication(context.Background(), filing(withKey("k1", 1)))) },
		func() error { return mustFail(s.FileApplication(context.Background(), filing(withKey("k0", 1)))) },
		func() error { return mustFail(s.SaveDraft(context.Background(), draft())) },
		func() error { return mustFail(0, s.CountRejected(context.Background(), service, digestA, nil)) },
		func() error { return mustFail(0, s.RememberDefinition(context.Background(), "sha256:c", []byte(`{}`))) },
	)
	refuse.Store(false)

	want := Counts{Service: service, Digest: digestA, Submitted: 1, InProgress: 1}
	if got := countsOf(t, s, digestA); got != want {
		t.Errorf("counts are %+v, want %+v", got, want)
	}
	_, err := s.FileApplication(t.Context(), filing(func(f *Filing) { f.Digest = "sha256:c" }))
	wantError(t, err, ErrNotFound)
	second := mustFile(t, s, filing(withKey("k1", 1)))
	if second.Replayed || second.Number != formatNumber(2026, 2) {
		t.Errorf("after the failed commit the next receipt is %+v", second)
	}
	if again := mustFile(t, s, filing(withKey("k0", 1))); again.Number != first.Number {
		t.Errorf("the first receipt changed to %+v", again)
	}
	wantSound(t, s)
}

// mustFail turns a success into an error.
func mustFail[T any](_ T, err error) error {
	if err == nil {
		return errors.New("acknowledged although the commit failed")
	}
	return nil
}

// brokenEngine calls every error of a command a failure of storage.
type brokenEngine struct{ engine }

var errDisk = errors.New("the disk returned an error")

func (e brokenEngine) classify(err error) failure {
	if errors.Is(err, errDisk) {
		return ofStorage
	}
	return e.engine.classify(err)
}

func TestAfterAStorageFailureNothingIsAcknowledged(t *testing.T) {
	var fatal atomic.Int64
	s := openStore(t, func(o *Options) { o.Fatal = func(error) { fatal.Add(1) } })
	if err := s.do(t.Context(), 0, func(tx *tx) error { tx.w.engine = brokenEngine{tx.w.engine}; return nil }); err != nil {
		t.Fatal(err)
	}
	inOneGroup(t, s,
		func() error { return mustFail(s.FileApplication(context.Background(), filing(withKey("k1", 1)))) },
		func() error { return mustFail(0, s.do(context.Background(), 0, func(*tx) error { return errDisk })) },
		func() error { return mustFail(s.FileApplication(context.Background(), filing(withKey("k2", 1)))) },
	)
	_, err := s.FileApplication(t.Context(), filing())
	wantError(t, err, ErrStopped)
	wantError(t, err, errDisk)
	if fatal.Load() != 1 {
		t.Errorf("Fatal was called %d times", fatal.Load())
	}
}

func TestManyClientsShareSyncs(t *testing.T) {
	s := openStore(t)
	const clients, each = 32, 25
	before := s.Stats()
	var all sync.WaitGroup
	numbers := make(chan string, clients*each)
	for range clients {
		all.Go(func() {
			for range each {
				r, err := s.FileApplication(context.Background(), filing())
				if err != nil {
					t.Error(err)
					return
				}
				numbers <- r.Number
			}
		})
	}
	all.Wait()
	close(numbers)
	seen := map[string]bool{}
	for number := range numbers {
		if seen[number] {
			t.Errorf("number %s was issued twice", number)
		}
		seen[number] = true
	}
	after := s.Stats()
	if syncs := after.Syncs - before.Syncs; syncs > clients*each/2 {
		t.Errorf("%d filings took %d syncs", clients*each, syncs)
	}
	if after.Commands-before.Commands != clients*each || after.QueueDepth != 0 || after.QueueBytes != 0 || after.Oldest != 0 {
		t.Errorf("stats are %+v", after)
	}
	wantSound(t, s)
}

func TestAGroupThatChangesNothingCostsNoSync(t *testing.T) {
	s := openStore(t)
	mustFile(t, s, filing(withKey("k1", 1)))
	before := s.Stats()
	mustFile(t, s, filing(withKey("k1", 1)))
	if after := s.Stats(); after.Syncs != before.Syncs || after.Batches != before.Batches+1 {
		t.Errorf("a replay took %d syncs in %d groups", after.Syncs-before.Syncs, after.Batches-before.Batches)
	}
}
