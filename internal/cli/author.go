// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/okno-dev/okno/internal/intake"
	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/scenario"
)

const (
	// storeFile is the database in the folder of an author's intake.
	storeFile = "okno.db"
	// closing is how long requests may finish when a server stops.
	closing = 2 * time.Second
	// headerTimeout bounds how long a client may take to send its headers.
	headerTimeout = 10 * time.Second
	// maxConnections is how many connections to the prover are kept for reuse.
	maxConnections = 16
)

// localIntake is an intake on this machine: the very server that agencies run, with a store in a folder.
type localIntake struct {
	// URL is where it listens.
	URL    string
	server *intake.Server
	store  *store.Store
	http   *http.Server
	failed chan error
}

// intakeOptions say how a local intake runs.
type intakeOptions struct {
	dir      string
	addr     string
	mode     intake.Mode
	location *time.Location
	provider string
	log      *slog.Logger
}

// startIntake opens a store in o.dir and serves on o.addr until Close.
func startIntake(ctx context.Context, o intakeOptions) (_ *localIntake, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return nil, fmt.Errorf("%w (is another one running? choose another address with --addr)", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, listener.Close())
		}
	}()
	i := &localIntake{URL: "http://" + listener.Addr().String(), failed: make(chan error, 1)}
	if i.store, err = store.Open(ctx, filepath.Join(o.dir, storeFile), store.Options{}); err != nil {
		return nil, err
	}
	i.server, err = intake.New(ctx, intake.Options{
		Store: i.store, Location: o.location, Provider: o.provider, BaseURL: i.URL, Mode: o.mode, Log: o.log,
		Image: image,
	})
	if err != nil {
		return nil, errors.Join(err, i.store.Close())
	}
	i.http = &http.Server{Handler: i.server.Public(), ReadHeaderTimeout: headerTimeout}
	go func() { i.failed <- i.http.Serve(listener) }()
	return i, nil
}

// Close lets running requests finish, then closes the store.
func (i *localIntake) Close() error {
	ctx, stop := context.WithTimeout(context.Background(), closing)
	defer stop()
	err := i.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) { // a client that keeps a connection open must not keep the author waiting
		err = i.http.Close()
	}
	return errors.Join(err, i.store.Close())
}

// image names this binary where a cluster's report would name the intake's image.
func image() string { return "kubectl-okno " + Version }

// prove runs a definition's scenarios against an intake that is thrown away afterwards.
func prove(ctx context.Context, f *serviceFile, location *time.Location, parallel int, log *slog.Logger) (_ scenario.Report, err error) {
	dir, err := os.MkdirTemp("", "okno-prover-")
	if err != nil {
		return scenario.Report{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	prover, err := startIntake(ctx, intakeOptions{dir: dir, addr: "127.0.0.1:0", mode: intake.Prover, location: location, provider: f.provider(), log: log})
	if err != nil {
		return scenario.Report{}, err
	}
	defer func() { err = errors.Join(err, prover.Close()) }()
	if err := prover.server.Serve(ctx, f.name, f.raw); err != nil {
		return scenario.Report{}, err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: maxConnections}
	defer transport.CloseIdleConnections()
	return scenario.Run(ctx, scenario.Options{
		HTTP: &http.Client{Transport: transport, Timeout: time.Minute}, Base: prover.URL, Service: f.name, Definition: f.def, Image: image(), Parallel: parallel,
	})
}
