// SPDX-License-Identifier: Apache-2.0

// Command intake receives an agency's applications. With --prover it serves definitions to scenarios instead.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"
	_ "time/tzdata" // an image of nothing but this program has no zones

	"github.com/okno-dev/okno/internal/follow"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/intake"
	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/signature"
)

type settings struct {
	namespace, provider, baseURL, timeZone, audience string
	dataDir, publicBind, innerBind, image            string
	trustedKeys                                      []string
	clientRate                                       float64
	prover                                           bool
}

// gcPercent is how much garbage, as a part of what lives, is left lying about.
const gcPercent = 200

func main() {
	runtime.MemProfileRate = 0 // nobody profiles a pod's heap, and the tables for it take a megabyte
	var s settings
	flag.StringVar(&s.namespace, "namespace", "", "the agency's namespace, whose Publications are followed")
	flag.StringVar(&s.provider, "provider", "", "the agency's name on pages that belong to no service")
	flag.StringVar(&s.baseURL, "base-url", "", "where people reach the intake, such as https://pension.example.org")
	flag.StringVar(&s.timeZone, "time-zone", "Europe/Moscow", "the agency's time zone, in which terms are counted")
	flag.StringVar(&s.audience, "audience", "", "what tokens of the inner port are bound to; by the namespace when absent")
	flag.StringVar(&s.dataDir, "data-dir", os.TempDir(), "the folder of the store")
	flag.StringVar(&s.publicBind, "public-bind", "127.0.0.1:8080", "the address for citizens, or for scenarios of a prover")
	flag.StringVar(&s.innerBind, "inner-bind", "127.0.0.1:8081", "the address for the controller and for probes")
	flag.StringVar(&s.image, "image", "", "the image that runs, for reports; the program's own hash when absent")
	flag.Float64Var(&s.clientRate, "client-rate", 50, "writing requests a second that one client may make; 0 means any number")
	flag.BoolVar(&s.prover, "prover", false, "serve definitions to scenarios, on throw-away stores")
	flag.Func("trusted-key", "a public key (base64 PKIX) whose Publications and tokens are believed; repeatable", func(key string) error {
		s.trustedKeys = append(s.trustedKeys, strings.Fields(strings.ReplaceAll(key, ",", " "))...)
		return nil
	})
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		slog.Error("intake stopped", "err", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	zone, err := time.LoadLocation(s.timeZone)
	if err != nil {
		return err
	}
	keys, err := signature.ParseKeys(s.trustedKeys...)
	if err != nil {
		return err
	}
	if s.audience == "" {
		s.audience = inner.IntakeAudience(s.namespace)
	}
	options := intake.Options{
		Keys: keys, KeyIDs: keys.IDs(), Audience: s.audience, Location: zone, Provider: s.provider, BaseURL: s.baseURL,
		Image: intake.Executable, ClientRate: s.clientRate,
	}
	if s.image != "" {
		options.Image = func() string { return s.image }
	}
	if s.prover {
		options.Audience = inner.ProverAudience
		prover, err := intake.NewProver(options, s.dataDir)
		if err != nil {
			return err
		}
		return intake.Listen(ctx, prover, s.publicBind, s.innerBind)
	}
	return runIntake(ctx, s, options, keys)
}

// runIntake opens the store, serves what it remembers, and follows the namespace's Publications from then on.
func runIntake(ctx context.Context, s settings, options intake.Options, keys signature.Keys) (err error) {
	if os.Getenv("GOGC") == "" {
		// Little lives long in an intake, so that most of a collection looks at what stays. GOMEMLIMIT bounds the heap.
		debug.SetGCPercent(gcPercent)
	}
	options.Store, err = store.Open(ctx, filepath.Join(s.dataDir, "okno.db"), store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, options.Store.Close()) }()
	server, err := intake.New(ctx, options)
	if err != nil {
		return err
	}
	var following sync.WaitGroup
	defer following.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	switch config, err := follow.InCluster(); {
	case err != nil:
		slog.Warn("nothing is followed: only what the store remembers is served", "err", err)
	default:
		following.Go(func() {
			if err := follow.Run(ctx, follow.Options{
				Config: config, Namespace: s.namespace, Keys: keys, Log: slog.Default(), Knows: server.Knows,
				Deliver: func(ctx context.Context, c follow.Change) error {
					return server.Publish(ctx, c.Publication, c.Definition)
				},
			}); err != nil {
				slog.Error("cannot follow publications", "err", err)
			}
		})
	}
	return intake.Listen(ctx, server, s.publicBind, s.innerBind)
}
