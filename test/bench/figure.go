// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// Verdicts on a figure.
const (
	within    = "ok"
	over      = "over"
	discarded = "discarded" // the machine was not steady while it was measured
	noted     = "-"         // it has no target
)

// figure is one measured value beside what it may be.
type figure struct {
	ID       string  `json:"id"` // as the targets are numbered; memory has names of its own
	What     string  `json:"what"`
	Measured float64 `json:"measured"`
	Unit     string  `json:"unit,omitempty"`
	Target   string  `json:"target,omitempty"` // such as "≤ 8"
	Verdict  string  `json:"verdict"`
	Note     string  `json:"note,omitempty"`
}

// atMost judges a figure that may not be greater than bound.
func atMost(id, what string, measured, bound float64, unit string) figure {
	return judged(figure{ID: id, What: what, Measured: measured, Unit: unit, Target: fmt.Sprintf("≤ %g", bound)}, measured <= bound)
}

// p12 judges the one figure that may not be too small.
func p12(ratio float64) figure {
	const least = 0.5 // for now; the aim is 0.7
	return judged(figure{
		ID: "P12", What: "acknowledged applications ÷ what HTTP and a grouped database allow", Measured: ratio,
		Target: fmt.Sprintf("≥ %g", least),
	}, ratio >= least)
}

// told is a figure without a target of its own.
func told(id, what string, measured float64, unit string) figure {
	return figure{ID: id, What: what, Measured: measured, Unit: unit, Verdict: noted}
}

func judged(f figure, good bool) figure {
	f.Verdict = over
	if good {
		f.Verdict = within
	}
	return f
}

// because says what one must know to read the figure.
func (f figure) because(format string, args ...any) figure {
	f.Note = fmt.Sprintf(format, args...)
	return f
}

// unless discards the figure when the machine was not steady.
func (f figure) unless(steady bool) figure {
	if !steady {
		f.Verdict = discarded
	}
	return f
}

// value is the measured value as people read it.
func (f figure) value() string {
	digits := 2
	switch {
	case f.Measured == float64(int64(f.Measured)):
		digits = 0
	case f.Measured >= 100:
		digits = 0
	case f.Measured < 0.1:
		digits = 3
	}
	return strings.TrimSpace(fmt.Sprintf("%.*f %s", digits, f.Measured, f.Unit))
}

// printTable writes the figures as one table.
func printTable(w io.Writer, figures []figure) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tfigure\tmeasured\ttarget\t\tnote")
	for _, f := range figures {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", f.ID, f.What, f.value(), f.Target, f.Verdict, f.Note)
	}
	return table.Flush()
}

// record is what a run leaves behind. The machine is told because absolute figures mean nothing without it.
type record struct {
	At       time.Time `json:"at"`
	Go       string    `json:"go"`
	System   string    `json:"system"`
	CPUs     int       `json:"cpus"`
	CPU      string    `json:"cpu,omitempty"`
	Load     string    `json:"load,omitempty"` // /proc/loadavg at the start: what else the machine did
	Seconds  float64   `json:"seconds"`
	Services int       `json:"services,omitempty"`
	Figures  []figure  `json:"figures"`
	Failures []string  `json:"failures,omitempty"`
}

func newRecord(at time.Time) record {
	return record{
		At: at.UTC().Truncate(time.Second), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), CPU: cpuModel(), Load: firstLine("/proc/loadavg"),
	}
}

// save writes the record into folder, named by its time, and returns the file.
func (r record) save(folder string) (string, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, r.At.Format("2006-01-02T150405Z")+".json")
	return path, os.WriteFile(path, append(text, '\n'), 0o644)
}

func firstLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
