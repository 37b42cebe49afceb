// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/okno-dev/okno/hack/local/persons"
)

// acting runs programs of bin as one person, as `bin/as PERSON …` does.
type acting struct {
	settings
	kubeconfig string
}

// as is a person at the keyboard.
func (s settings) as(name string) acting {
	return acting{settings: s, kubeconfig: persons.Person{Name: name}.Kubeconfig(s.data)}
}

// writeScript writes bin/as for the usual cluster; one with a data folder of
// its own, as tests make, has its script there and leaves bin/as alone.
func (s settings) writeScript() error {
	folder := s.data
	if s.data == filepath.Join(s.root, defaultData) {
		folder = s.bin
	}
	return persons.WriteScript(filepath.Join(folder, "as"), s.data, s.bin)
}

// enter makes a namespace the one that commands with a kubeconfig are about.
func enter(path, namespace string) error {
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	config.Contexts[config.CurrentContext].Namespace = namespace
	return clientcmd.WriteToFile(*config, path)
}

// kubectl runs kubectl and returns what it says.
func (a acting) kubectl(ctx context.Context, args ...string) (string, error) {
	return a.run(ctx, nil, "kubectl", args...)
}

// run runs a program of bin; its error output becomes the error's text.
func (a acting) run(ctx context.Context, input io.Reader, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(a.bin, program), args...)
	cmd.Env = append(os.Environ(),
		"KUBECONFIG="+a.kubeconfig,
		"KUBECACHEDIR="+filepath.Join(a.data, "kubectl-cache"),
		"PATH="+a.bin+string(os.PathListSeparator)+os.Getenv("PATH"),
	)
	var out, problems bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, &out, &problems
	// Ctrl-C must not cut a command in half: it ends when its work is done.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, strings.TrimSpace(problems.String()))
	}
	return out.String(), nil
}

// hopeless is an error that waiting does not mend.
type hopeless struct{ error }

// until calls try until it is done, hopeless, or within is over, and then tells
// what was seen last.
func until(ctx context.Context, within time.Duration, try func(context.Context) (done bool, seen string, err error)) error {
	deadline, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for {
		done, seen, err := try(deadline)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && done:
			return nil
		case errors.As(err, new(hopeless)):
			return err
		case err != nil && deadline.Err() == nil:
			seen = err.Error()
		}
		select {
		case <-deadline.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("not within %s; last seen: %s", within, seen)
		case <-tick.C:
		}
	}
}
