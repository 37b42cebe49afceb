// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/okno-dev/okno/test/bench/applications"
	"github.com/okno-dev/okno/test/bench/lone"
)

var intakeFigures = []string{"P12", "P13", "P14", "INTAKE"}

// attempts is how often the intake is measured when the baselines drift apart.
const attempts = 3

// measureIntake files the sample's JSON with the real program over HTTP.
func measureIntake(ctx context.Context, o options) (_ []figure, err error) {
	dir, err := os.MkdirTemp("", "okno-bench-intake")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	in, load, err := startIntake(ctx, o, dir)
	if err != nil {
		return nil, err
	}
	defer in.Kill()
	idle, err := memoryAtRest(ctx, in.PID())
	if err != nil {
		return nil, err
	}
	figures := []figure{
		atMost("intake", "memory of an intake with one service, at rest after its start", idle.resident, 40, "MiB").because("%s", idle),
	}
	full, err := fullLoad(ctx, in, load)
	if err != nil {
		return figures, err
	}
	figures = append(figures, full.figures...)
	half, err := halfLoad(ctx, load, full.rate)
	if err != nil {
		return figures, err
	}
	figures = append(figures, half...)
	alone, err := oneClient(ctx, in, load)
	if err != nil {
		return figures, err
	}
	used, err := memoryAtRest(ctx, in.PID())
	if err != nil {
		return figures, err
	}
	return append(figures, alone, told("intake", "memory of that intake, at rest after the load", used.resident, "MiB").because("%s", used)), nil
}

func startIntake(ctx context.Context, o options, dir string) (*lone.Intake, applications.Load, error) {
	var load applications.Load
	manifest, err := os.ReadFile(filepath.Join(o.root, "config/samples/pension-delivery/govservice.yaml"))
	if err != nil {
		return nil, load, err
	}
	body, err := os.ReadFile(filepath.Join(o.root, "config/samples/applications/pension.json"))
	if err != nil {
		return nil, load, err
	}
	data := filepath.Join(dir, "intake")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, load, err
	}
	service, err := lone.Prepare(ctx, data, manifest)
	if err != nil {
		return nil, load, err
	}
	in, err := lone.Start(ctx, lone.Options{Program: filepath.Join(o.root, "bin", "intake"), Dir: data})
	if err != nil {
		return nil, load, err
	}
	return in, applications.Load{
		URL: in.Applications(service), Header: http.Header{"Content-Type": {"application/json"}},
		Body: body, Clients: o.clients, N: o.applications, Dir: dir,
	}, nil
}

type atFullLoad struct {
	rate    float64 // applications a second
	figures []figure
}

// fullLoad measures P12 and P14, again when the machine was not steady.
func fullLoad(ctx context.Context, in *lone.Intake, load applications.Load) (atFullLoad, error) {
	var (
		f         applications.Figures
		each, cpu float64
	)
	warm := load
	warm.N = max(200, load.N/10)
	if _, err := applications.Paced(ctx, warm); err != nil {
		return atFullLoad{}, fmt.Errorf("warm up the intake: %w", err)
	}
	for attempt := 1; attempt == 1 || attempt <= attempts && !f.Steady(); attempt++ {
		progress("intake: %d applications of %d clients, baselines before and after (attempt %d)", load.N, load.Clients, attempt)
		syncs, _, err := in.Syncs(ctx)
		if err != nil {
			return atFullLoad{}, err
		}
		worked, err := cpuOf(in.PID())
		if err != nil {
			return atFullLoad{}, err
		}
		if f, err = applications.Measure(ctx, load); err != nil {
			return atFullLoad{}, err
		}
		after, _, err := in.Syncs(ctx)
		if err != nil {
			return atFullLoad{}, err
		}
		done, err := cpuOf(in.PID())
		if err != nil {
			return atFullLoad{}, err
		}
		each = (after - syncs) / float64(load.N+1) // and the probe
		cpu = milliseconds(done-worked) / float64(load.N+1)
	}
	return atFullLoad{f.Intake, []figure{
		p12(f.Ratio()).unless(f.Steady()).
			because("%.0f/s of %.0f/s: HTTP %.0f and %.0f/s, database %.0f and %.0f/s before and after; %d clients",
				f.Intake, f.Bound(), f.HTTPBefore, f.HTTPAfter, f.DatabaseBefore, f.DatabaseAfter, load.Clients),
		told("P12", "CPU of the intake for each of these applications", cpu, "ms").because("what P12 follows from; steadier than a rate on a busy machine"),
		atMost("P14", "syncs for each acknowledged application at full load", each, 0.05, "").because("%d clients", load.Clients),
		told("P13", "latency at full load, p99", milliseconds(f.P99), "ms").because("p50 %.1f ms, worst %.1f ms", milliseconds(f.P50), milliseconds(f.Worst)),
	}}, nil
}

// halfLoad measures P13 for some seconds.
func halfLoad(ctx context.Context, load applications.Load, full float64) ([]figure, error) {
	load.Rate = full / 2
	load.N = max(200, min(load.N, int(load.Rate*8)))
	progress("intake: %d applications at half load, %.0f/s", load.N, load.Rate)
	took, err := applications.Paced(ctx, load)
	if err != nil {
		return nil, fmt.Errorf("half load: %w", err)
	}
	return []figure{
		atMost("P13", "latency at half load, p50", milliseconds(took[len(took)/2]), 3, "ms").because("%.0f/s, timed from when each was due", load.Rate),
		atMost("P13", "latency at half load, p99", milliseconds(took[len(took)*99/100]), 25, "ms").because("worst %.1f ms", milliseconds(took[len(took)-1])),
	}, nil
}

// oneClient measures P14 when nothing can be shared.
func oneClient(ctx context.Context, in *lone.Intake, load applications.Load) (figure, error) {
	load.Clients, load.N, load.Rate = 1, 200, 0
	before, _, err := in.Syncs(ctx)
	if err != nil {
		return figure{}, err
	}
	took, err := applications.Paced(ctx, load)
	if err != nil {
		return figure{}, fmt.Errorf("one client: %w", err)
	}
	after, _, err := in.Syncs(ctx)
	each := (after - before) / float64(load.N)
	// A checkpoint of the write-ahead log now and then takes two more.
	return atMost("P14", "syncs for each acknowledged application of one client", each, 1.05, "").
		because("latency p50 %.2f ms", milliseconds(took[len(took)/2])), err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
