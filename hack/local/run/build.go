// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// buildProduct builds programs of cmd into bin. What is built goes first that
// one can try without a cluster.
func (s settings) buildProduct(t *teller, programs ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		args := []string{"build", "-o", s.bin + string(os.PathSeparator)}
		for _, program := range programs {
			args = append(args, "./cmd/"+program)
		}
		return s.tool(ctx, t, "go", args...)
	}
}

// buildControlPlane builds the programs of a control plane that bin lacks.
func (s settings) buildControlPlane(t *teller, programs ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		return s.tool(ctx, t, filepath.Join(s.root, "hack", "build-controlplane.sh"), programs...)
	}
}

// areBuilt tells whether bin holds programs; only then is a build quick.
func (s settings) areBuilt(programs ...string) bool {
	for _, program := range programs {
		if _, err := os.Stat(filepath.Join(s.bin, program)); errors.Is(err, fs.ErrNotExist) {
			return false
		}
	}
	return true
}

func (s settings) tool(ctx context.Context, t *teller, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = s.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false -trimpath")
	out := &indented{out: t.out}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w; the lines above say what is wrong (Go %s runs this)", err, runtime.Version())
	}
	return nil
}
