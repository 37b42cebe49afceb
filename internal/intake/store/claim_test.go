// SPDX-License-Identifier: Apache-2.0

package store

import (
	"testing"
)

// TestARefusedFilingLeavesItsKeyFree: the key is claimed before anything else, so a refusal must give it back.
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
