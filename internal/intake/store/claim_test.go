// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"testing"
)

// TestACommandThatFailsHalfwayTakesNobodyWithIt: its group is carried out again, and only what it changed itself is undone.
func TestACommandThatFailsHalfwayTakesNobodyWithIt(t *testing.T) {
	s := openStore(t)
	first := mustFile(t, s, filing(withKey("key-0000", 1)))
	broken := errors.New("broken")
	halfway := func(fail func() error) func() error {
		return func() error {
			return s.do(t.Context(), 0, func(tx *tx) error {
				if _, err := tx.exec(`delete from application`); err != nil {
					return err
				}
				tx.nextNumber()
				tx.count(service, digestA, tally{submitted: 1000})
				return fail()
			})
		}
	}
	var receipts [3]Receipt
	file := func(i int, key string) func() error {
		return func() (err error) {
			receipts[i], err = s.FileApplication(t.Context(), filing(withKey(key, 1)))
			return err
		}
	}
	var lost Receipt
	before := s.Stats()
	inOneGroup(t, s,
		file(0, "key-0001"),
		func() error { return wrapped(halfway(func() error { return broken })(), broken) },
		file(1, "key-0000"),
		func() (err error) {
			lost, err = s.FileApplication(t.Context(), filing(withKey("key-0002", 1), func(f *Filing) { f.FileIDs = []string{"unknown"} }))
			return wrapped(err, ErrNotFound)
		},
		func() error {
			if halfway(func() error { panic("what nobody expects") })() == nil {
				return errors.New("a panic is no error")
			}
			return nil
		},
		file(2, "key-0002"),
	)
	want := [3]string{formatNumber(2026, 2), first.Number, formatNumber(2026, 3)}
	for i, r := range receipts {
		if r.Number != want[i] || r.Replayed != (i == 1) {
			t.Errorf("receipt %d is %+v, want number %s", i, r, want[i])
		}
	}
	if lost != (Receipt{}) {
		t.Errorf("what failed is answered %+v", lost)
	}
	if after := s.Stats(); after.Syncs-before.Syncs != after.Batches-before.Batches {
		t.Errorf("%d groups took %d syncs", after.Batches-before.Batches, after.Syncs-before.Syncs)
	}
	if c := countsOf(t, s, digestA); c.Submitted != 3 {
		t.Errorf("%d applications are counted", c.Submitted)
	}
	wantSound(t, s)
}

// wrapped turns the expected error into none.
func wrapped(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return errors.Join(errors.New("another error than expected"), err)
}

// TestARefusedFilingLeavesItsKeyFree: a refusal must not keep the key.
func TestARefusedFilingLeavesItsKeyFree(t *testing.T) {
	s := openStore(t)
	mustFile(t, s, filing())
	one := func(f *Filing) { f.LimitTotal = 1 }
	_, err := s.FileApplication(t.Context(), filing(withKey("key-0001", 1), one))
	wantError(t, err, ErrClosed)
	_, err = s.Replay(t.Context(), filing(withKey("key-0001", 1)))
	wantError(t, err, ErrNotFound)
	if r := mustFile(t, s, filing(withKey("key-0001", 2))); r.Replayed {
		t.Errorf("a refused filing is answered as %+v", r)
	}
	wantSound(t, s)
}

// TestAKeyOfTheSameGroupIsSeen: two filings under one key that share a commit are one application.
func TestAKeyOfTheSameGroupIsSeen(t *testing.T) {
	s := openStore(t)
	var receipts [2]Receipt
	calls := make([]func() error, len(receipts))
	for i := range receipts {
		calls[i] = func() (err error) {
			receipts[i], err = s.FileApplication(t.Context(), filing(withKey("key-0001", 1)))
			return err
		}
	}
	inOneGroup(t, s, calls...)
	if receipts[0].Number != receipts[1].Number || receipts[0].Replayed == receipts[1].Replayed {
		t.Errorf("one key has the receipts %+v", receipts)
	}
	if c := countsOf(t, s, digestA); c.Submitted != 1 {
		t.Errorf("%d applications are counted", c.Submitted)
	}
	wantSound(t, s)
}
