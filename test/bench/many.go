// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/okno-dev/okno/test/bench/lone"
)

var manyFigures = []string{"P21", "P22"}

const (
	// starts is how often the intake is started; the median counts.
	starts = 7
	// longRest is longer than an intake holds the forms that nobody asks for.
	longRest = 90 * time.Second
)

// measureMany measures what an agency's many services cost: at the start, and in memory.
func measureMany(ctx context.Context, o options) (_ []figure, err error) {
	dir, err := os.MkdirTemp("", "okno-bench-many")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	few, err := prepareStore(ctx, o, filepath.Join(dir, "one"), 1)
	if err != nil {
		return nil, err
	}
	progress("intake: publishing %d services into one store", o.services)
	many, err := prepareStore(ctx, o, filepath.Join(dir, "many"), o.services)
	if err != nil {
		return nil, err
	}
	started, err := startTime(ctx, many)
	if err != nil {
		return nil, err
	}
	weighed, err := weight(ctx, few, many)
	return append(started, weighed...), err
}

// prepared is a store that an intake can be started on.
type prepared struct {
	lone.Options
	services []string
}

func prepareStore(ctx context.Context, o options, dir string, n int) (prepared, error) {
	p := prepared{Options: lone.Options{Program: filepath.Join(o.root, "bin", "intake"), Dir: dir}}
	manifest, err := os.ReadFile(filepath.Join(o.root, "config/samples/pension-delivery/govservice.yaml"))
	if err != nil {
		return p, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return p, err
	}
	p.services, err = lone.PrepareMany(ctx, dir, manifest, n)
	return p, err
}

// startTime is P21: from the start of the process until a citizen has the first page of a service.
func startTime(ctx context.Context, p prepared) ([]figure, error) {
	progress("intake: starting with %d services, %d times", len(p.services), starts)
	service := p.services[len(p.services)-1]
	var page, form, worked []time.Duration
	for range starts {
		begun := time.Now()
		in, err := lone.Start(ctx, p.Options)
		if err != nil {
			return nil, err
		}
		err = in.Visit(ctx, service, lone.StartPage)
		page = append(page, time.Since(begun))
		cpu, unread := cpuOf(in.PID())
		worked = append(worked, cpu)
		err = errors.Join(err, unread, in.Visit(ctx, service, lone.PaperForm))
		form = append(form, time.Since(begun))
		in.Kill()
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(page)
	slices.Sort(form)
	slices.Sort(worked)
	return []figure{
		atMost("P21", "start of the process → a service's first page", milliseconds(page[starts/2]), 100, "ms").
			because("%d services; the median of %d starts, %.0f to %.0f ms; %.0f ms of CPU; its form, compiled, after %.0f ms", len(p.services), starts,
				milliseconds(page[0]), milliseconds(page[starts-1]), milliseconds(worked[starts/2]), milliseconds(form[starts/2])),
	}, nil
}

// weight is P22: what each further service takes, all of which were asked for once, when nobody asks any more.
func weight(ctx context.Context, few, many prepared) ([]figure, error) {
	var pids []int
	for _, p := range []prepared{few, many} {
		in, err := lone.Start(ctx, p.Options)
		if err != nil {
			return nil, err
		}
		defer in.Kill()
		for i := range many.services { // both have as much to do
			service := p.services[i%len(p.services)]
			if err := in.Visit(ctx, service, lone.StartPage, lone.PaperForm); err != nil {
				return nil, err
			}
		}
		pids = append(pids, in.PID())
	}
	visited, err := memoryOf(pids[1])
	if err != nil {
		return nil, err
	}
	progress("intake: weighing one service and %d after %s of rest", len(many.services), longRest)
	if err := pause(ctx, longRest); err != nil {
		return nil, err
	}
	base, err := memoryOf(pids[0])
	if err != nil {
		return nil, err
	}
	all, err := memoryOf(pids[1])
	if err != nil {
		return nil, err
	}
	further := len(many.services) - len(few.services)
	return []figure{
		atMost("P22", "memory of an intake for each further service, at rest", (all.resident-base.resident)*1024/float64(max(1, further)), 30, "KiB").
			because("%.1f MiB with %d services (%s), each asked for once, and as often the one; %.0f MiB just after the asking",
				all.resident, len(many.services), all, visited.resident),
		atMost("P22", "memory of an intake with one service, at rest after it was used", base.resident, 40, "MiB").because("%s", base),
	}, nil
}
