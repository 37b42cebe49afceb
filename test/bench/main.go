// SPDX-License-Identifier: Apache-2.0

// Command bench is `make bench`: it measures what docs/performance.md tells, as ratios within one run or as hard zeros, prints one
// table, and writes it to bench/results. Everything that it starts is throw-away and ends with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// options are what the command line decides.
type options struct {
	root, results         string
	services, led         int
	agencies              int
	clients, applications int
	only                  []string
	within                time.Duration
}

// wants tells whether one of the figures was asked for.
func (o options) wants(ids ...string) bool {
	return len(o.only) == 0 || slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(o.only, id) })
}

func main() {
	log.SetLogger(logr.Discard()) // what goes wrong comes back as an error
	klog.SetLogger(logr.Discard())
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command(args []string) error {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.root, "root", ".", "the repository")
	flags.StringVar(&o.results, "results", "bench/results", "the folder of the record")
	flags.IntVar(&o.services, "n", 100, "how many services the cluster publishes")
	flags.IntVar(&o.led, "led", 100, "how many of them people decide on, twice; the others are published once, by their scenarios alone")
	flags.IntVar(&o.agencies, "agencies", 5, "of how many agencies they are")
	flags.IntVar(&o.clients, "clients", 64, "how many clients file at once")
	flags.IntVar(&o.applications, "applications", 12000, "how many applications are filed at full speed")
	flags.DurationVar(&o.within, "within", 10*time.Minute, "when to stop, whatever is measured by then")
	only := flags.String("only", "", "figures to measure, such as P9,P12; all when empty")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	o.only = strings.FieldsFunc(strings.ToUpper(*only), func(r rune) bool { return r == ',' || r == ' ' })
	var err error
	if o.root, err = filepath.Abs(o.root); err != nil {
		return err
	}
	if !filepath.IsAbs(o.results) {
		o.results = filepath.Join(o.root, o.results)
	}
	if o.services < 1 || o.led < 1 || o.agencies < 1 || o.clients < 1 || o.applications < 100 {
		return errors.New("-n, -led, -agencies and -clients are at least 1, -applications at least 100")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, o.within)
	defer cancel()
	return run(ctx, o)
}

// run measures, and shows also what was measured before something failed.
func run(ctx context.Context, o options) error {
	began := time.Now()
	r := newRecord(began)
	r.Services = o.services
	var failed error
	for _, part := range []struct {
		figures []string
		measure func(context.Context, options) ([]figure, error)
	}{
		{intakeFigures, measureIntake},
		{manyFigures, measureMany},
		{clusterFigures, measureCluster},
	} {
		if !o.wants(part.figures...) {
			continue
		}
		figures, err := part.measure(ctx, o)
		r.Figures = append(r.Figures, figures...)
		if err != nil {
			failed = errors.Join(failed, err)
			r.Failures = append(r.Failures, err.Error())
		}
	}
	r.Seconds = time.Since(began).Round(time.Second).Seconds()
	if len(r.Figures) > 0 {
		fmt.Println()
		if err := printTable(os.Stdout, r.Figures); err != nil {
			return err
		}
		path, err := r.save(o.results)
		if err != nil {
			return errors.Join(failed, err)
		}
		fmt.Printf("\nmeasured in %s, on %d CPUs (%s); recorded in %s\n", time.Since(began).Round(time.Second), r.CPUs, r.CPU, path)
	}
	return failed
}

// progress tells what happens now; the table comes at the end.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
