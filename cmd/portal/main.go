// SPDX-License-Identifier: Apache-2.0

// Command portal serves the catalogue of published services.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
	_ "time/tzdata" // an image from scratch has none

	"github.com/okno-dev/okno/internal/follow"
	"github.com/okno-dev/okno/internal/portal"
	"github.com/okno-dev/okno/internal/signature"
)

type options struct {
	publicURL, publicBind, innerBind, timeZone string
	trustedKeys                                []string
}

func main() {
	var o options
	flag.StringVar(&o.publicURL, "public-url", "http://catalogue.localhost:8080", "address of the catalogue; agencies' hosts differ in the first label")
	flag.StringVar(&o.publicBind, "public-bind", "127.0.0.1:8080", "address on which people are served")
	flag.StringVar(&o.innerBind, "inner-bind", "127.0.0.1:8081", "address of the probes")
	flag.StringVar(&o.timeZone, "time-zone", "Europe/Moscow", "the installation's time zone, in which days are written")
	flag.Func("trusted-key", "public key (PKIX, base64) whose Publications are believed; may be given more than once", func(s string) error {
		o.trustedKeys = append(o.trustedKeys, s)
		return nil
	})
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "portal serves the catalogue of what is published. It runs in a cluster and follows signed Publications.\n\nFlags:")
		flag.PrintDefaults()
	}
	flag.Parse()
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, log); err != nil {
		log.Error("the portal stopped", "error", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, log *slog.Logger) error {
	keys, err := signature.ParseKeys(o.trustedKeys...)
	if err != nil {
		return fmt.Errorf("--trusted-key: %w", err)
	}
	location, err := time.LoadLocation(o.timeZone)
	if err != nil {
		return fmt.Errorf("--time-zone: %w", err)
	}
	config, err := follow.InCluster()
	if err != nil {
		return err
	}
	index := portal.NewIndex()
	server, err := portal.New(portal.Options{Index: index, PublicURL: o.publicURL, Location: location, Log: log})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	start := func(work func() error) {
		group.Go(func() {
			if err := work(); err != nil {
				cancel(err)
			}
		})
	}
	start(func() error { return portal.FollowProviders(ctx, config, index) })
	start(func() error {
		return follow.Run(ctx, follow.Options{Config: config, Keys: keys, Log: log, Deliver: func(_ context.Context, c follow.Change) error {
			return index.Apply(c.Publication, c.Definition)
		}})
	})
	start(func() error { return serve(ctx, o.publicBind, server.Handler()) })
	start(func() error { return serve(ctx, o.innerBind, portal.Probes()) })
	group.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// serve serves until ctx ends, then lets requests finish for ten seconds.
func serve(ctx context.Context, bind string, handler http.Handler) error {
	s := &http.Server{
		Addr: bind, Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- s.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return s.Shutdown(grace)
}
