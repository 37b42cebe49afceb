// SPDX-License-Identifier: Apache-2.0

// Package controlplanetest finds the built control plane for tests.
package controlplanetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/okno-dev/okno/hack/local/controlplane"
)

// BinDir is the folder with the control plane's programs: KUBEBUILDER_ASSETS,
// or bin at the module's root. Without them the test is skipped with the
// command that builds them; `make test` always has built them.
func BinDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("KUBEBUILDER_ASSETS")
	if dir == "" {
		dir = filepath.Join(ModuleRoot(t), "bin")
	}
	for _, program := range controlplane.Programs {
		if _, err := os.Stat(filepath.Join(dir, program)); err != nil {
			t.Skipf("needs a real API server: %v; run 'make controlplane' first", err)
		}
	}
	return dir
}

// ModuleRoot is the nearest folder above the test's that holds go.mod.
func ModuleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the test's folder")
	return ""
}
