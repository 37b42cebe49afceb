// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestOnlyOneRunHoldsADataFolder(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first, err := takeLock(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takeLock(data); err == nil || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("the second: %v, want an error that names process %d", err, os.Getpid())
	}
	first.release()
	second, err := takeLock(data)
	if err != nil {
		t.Fatalf("after the first ended: %v", err)
	}
	second.release()
}

func TestCleanDropsOnlyWhatDoesNotRun(t *testing.T) {
	s := settings{data: filepath.Join(t.TempDir(), "data")}
	held, err := takeLock(s.data)
	if err != nil {
		t.Fatal(err)
	}
	if err := clean(s); err == nil {
		t.Error("the data of a running cluster was dropped")
	}
	held.release()
	if err := clean(s); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.data); !os.IsNotExist(err) {
		t.Errorf("the data is still there: %v", err)
	}
}
