// SPDX-License-Identifier: Apache-2.0

// Package cli is the command line of Okno: kubectl-okno, which kubectl runs as `kubectl okno`. One command, one file.
package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

const rootLong = `Okno puts public services under Git: a service is one YAML object. It is checked against law and schema, proven by its own
scenarios, held until the right people have approved exactly that content, published, and served.

To write a service you need no cluster:
  kubectl okno lint -f service.yaml     what is wrong, where, and what to do
  kubectl okno test -f service.yaml     file every scenario as a form, as JSON and as XML
  kubectl okno serve -f service.yaml    the form, the API and the XML on this machine, reloaded when the file changes

In a cluster:
  kubectl apply -f service.yaml         make a new revision
  kubectl okno why SERVICE              what it waits for, who may decide, and the next command
  kubectl okno approve SERVICE --gate GATE`

// Exit codes.
const (
	exitOK = 0
	// exitFailed tells that the command did its work and the answer is no: findings, failed scenarios, a refused decision.
	exitFailed = 1
	// exitUsage tells that the command was called wrongly.
	exitUsage = 2
)

// errFailed ends a command that has already told on its output what failed.
var errFailed = errors.New("failed")

// usageError is a command line that cannot be carried out as written.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// Run carries out the command line args and returns the exit code: 0 when all is well, 1 when the answer is no or something
// failed, 2 when the command line is wrong.
func Run(ctx context.Context, args []string, streams genericiooptions.IOStreams) int {
	root := newRootCommand(streams)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(streams.ErrOut, "error: %v\n", err)
		return exitUsage
	default:
		_, _ = fmt.Fprintf(streams.ErrOut, "error: %v\n", err)
		return exitFailed
	}
}

// newRootCommand is the contents page of the command line.
func newRootCommand(streams genericiooptions.IOStreams) *cobra.Command {
	root := &cobra.Command{
		Use:           "kubectl-okno",
		Short:         "Write, prove, approve and watch public services",
		Long:          rootLong,
		SilenceErrors: true,
		SilenceUsage:  true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl okno"},
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		},
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if cmd == root && root.Flags().NArg() > 0 { // the flag is perhaps one of the command that was misspelt
			return unknownCommand(root, root.Flags().Arg(0))
		}
		return usageError{fmt.Errorf("%w\nsee: %s --help", err, cmd.CommandPath())}
	})
	root.CompletionOptions.HiddenDefaultCmd = true

	addGroup(root, "write", "Write a service (no cluster needed):",
		newLintCommand(streams), newTestCommand(streams), newServeCommand(streams), newDigestCommand(streams))
	addGroup(root, "decide", "Decide in a cluster:",
		newWhyCommand(streams), newApproveCommand(streams), newRejectCommand(streams), newRevokeCommand(streams), newWithdrawCommand(streams))
	root.AddCommand(newVersionCommand(streams))
	return root
}

// unknownCommand says which commands were perhaps meant.
func unknownCommand(root *cobra.Command, name string) error {
	root.SuggestionsMinimumDistance = 2
	if similar := root.SuggestionsFor(name); len(similar) > 0 {
		return usageError{fmt.Errorf("unknown command %q; did you mean %s?", name, strings.Join(similar, " or "))}
	}
	return usageError{fmt.Errorf("unknown command %q\nsee: %s --help", name, root.CommandPath())}
}

// addGroup adds a heading of the help and the commands under it.
func addGroup(root *cobra.Command, id, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: id, Title: title})
	for _, command := range commands {
		command.GroupID = id
		root.AddCommand(command)
	}
}
