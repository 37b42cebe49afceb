// SPDX-License-Identifier: Apache-2.0

// Command kubectl-okno is Okno's command line; kubectl runs it as `kubectl okno`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // deadlines are counted in the agency's time zone, also where the system has no zone files

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/okno-dev/okno/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr})
	stop()
	os.Exit(code)
}
