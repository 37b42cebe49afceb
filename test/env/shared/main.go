// SPDX-License-Identifier: Apache-2.0

// Shared starts one API server with Okno's CRDs and admission policies, runs a command that finds it by OKNO_TEST_KUBECONFIG, and
// ends with the command's exit code:
//
//	go run ./test/env/shared -- go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/test/env"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "shared:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if len(args) < 2 || args[0] != "--" {
		return 0, errors.New("usage: shared -- COMMAND ARGUMENTS…")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	bin := os.Getenv("KUBEBUILDER_ASSETS")
	if bin == "" {
		bin = filepath.Join(root, "bin")
	}
	dir, err := os.MkdirTemp("", "okno-env")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cluster, err := env.Launch(ctx, dir, bin, root)
	if err != nil {
		return 0, err
	}
	defer cluster.Stop()
	kubeconfig := filepath.Join(dir, "tests.kubeconfig")
	if err := cluster.Kubeconfig(kubeconfig, "okno:tests", controlplane.Masters); err != nil {
		return 0, err
	}
	command := exec.CommandContext(ctx, args[1], args[2:]...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), env.Variable+"="+kubeconfig)
	err = command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}
