// SPDX-License-Identifier: Apache-2.0

package durability

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/intake/store/storetest"
)

// TestAFullDiskAnswersAndHeals fills a small file system. Filing is refused
// with ErrFull and nothing else, what was acknowledged stays, and as soon as
// there is space again the same store, never reopened, goes on.
func TestAFullDiskAnswersAndHeals(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("okno-durability", disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	var fatal atomic.Int64
	s, err := storetest.Open(t.Context(), disk, store.Options{Fatal: func(error) { fatal.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	acks, next := acknowledged{}, 0
	fill := func() {
		for ; next < 5000; next++ {
			r, err := s.FileApplication(context.Background(), storetest.Filing(key(next)))
			if errors.Is(err, store.ErrFull) {
				return
			}
			if err != nil {
				t.Fatalf("a full disk answers %v", err)
			}
			acks[next] = r.Number
		}
		t.Fatal("the disk never filled")
	}
	fill()
	before := len(acks)
	fill() // still full
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	fill()
	if len(acks) < before+50 {
		t.Errorf("%d were filed before the disk was full, only %d after there was space again", before, len(acks)-before)
	}
	if fatal.Load() != 0 {
		t.Error("a full disk ended the process")
	}
	if err := s.Close(); err != nil {
		t.Logf("closing on a full disk: %v", err)
	}
	// Verification needs a little space of its own.
	if err := syscall.Mount("okno-durability", disk, "tmpfs", syscall.MS_REMOUNT, "size=16m"); err != nil {
		t.Fatal(err)
	}
	acks.check(t, disk, next)
}
