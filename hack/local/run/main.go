// SPDX-License-Identifier: Apache-2.0

// Command run is `make run`: Okno's whole path on a local Kubernetes, from one
// YAML to a published service with a changed one waiting. It stops with Ctrl-C,
// keeps its data, and continues where it was when started again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// defaultData is the data folder of `make run`, in the repository.
const defaultData = ".run"

// settings say where everything is.
type settings struct {
	// root is the repository, data the cluster's folder, bin the programs.
	root, data, bin string
	// address is the front door's, such as 127.0.0.1:8080.
	address string
	// context names an existing cluster; empty means a local one.
	context string
	// namespace is the sample's: the persons' commands are about it unless they name another.
	namespace string
}

func main() {
	if err := command(os.Args[1:]); err != nil {
		if !errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, "\n"+err.Error())
		}
		os.Exit(1)
	}
}

func command(args []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	root := flags.String("root", ".", "the repository")
	data := flags.String("data", defaultData, "the folder of the cluster's data, in the repository")
	address := flags.String("address", "127.0.0.1:8080", "where people come in")
	cluster := flags.String("cluster", "", "the kubeconfig context of an existing cluster to use instead of a local one")
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "usage: run [flags] [clean]\n\nRuns Okno on a local Kubernetes; clean drops its data.\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	s, err := resolve(*root, *data, *address, *cluster)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	switch flags.Arg(0) {
	case "":
		return run(ctx, s)
	case "clean":
		return clean(s)
	}
	return fmt.Errorf("unknown command %q; there is only clean", flags.Arg(0))
}

func resolve(root, data, address, cluster string) (settings, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return settings{}, err
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return settings{}, fmt.Errorf("%s is not the repository: use make run, or --root", root)
	}
	if !filepath.IsAbs(data) {
		data = filepath.Join(root, data)
	}
	return settings{root: root, data: data, bin: filepath.Join(root, "bin"), address: address, context: cluster}, nil
}

// run tells the whole story; everything that it starts ends with it.
func run(ctx context.Context, s settings) error {
	lock, err := takeLock(s.data)
	if err != nil {
		return err
	}
	defer lock.release()
	found, err := findSample(filepath.Join(s.root, "config", "samples"))
	if err != nil {
		return err
	}
	s.namespace = found.namespace
	t := newTeller(os.Stdout)
	if s.context != "" {
		t.say("Okno on the cluster %s.", s.context)
		return existing(ctx, s, t, found)
	}
	t.say("Okno on a local Kubernetes. Its data is in %s; Ctrl-C stops it and keeps the data.", relative(s.root, s.data))
	err = local(ctx, s, t, found)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w\n\n'make run' tries again from here and 'make clean-run' begins anew; all logs are under %s and %s",
			err, relative(s.root, filepath.Join(s.data, "controlplane", "logs")), relative(s.root, filepath.Join(s.data, "node", "logs")))
	}
	return err
}

// clean drops the data of a cluster that does not run.
func clean(s settings) error {
	if _, err := os.Stat(s.data); errors.Is(err, os.ErrNotExist) {
		fmt.Println("there is no local cluster")
		return nil
	}
	lock, err := takeLock(s.data)
	if err != nil {
		return err
	}
	defer lock.release()
	if err := os.RemoveAll(s.data); err != nil {
		return fmt.Errorf("drop the local cluster: %w", err)
	}
	fmt.Println("the local cluster and its data are dropped")
	return nil
}

// relative shortens a path for people who stand in root.
func relative(root, path string) string {
	if short, err := filepath.Rel(root, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}
