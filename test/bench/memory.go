// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// memory is what a process holds, in MiB.
type memory struct {
	resident  float64 // VmRSS: all pages in memory
	anonymous float64 // of these, what is not the program's file
}

func (m memory) String() string {
	return fmt.Sprintf("%.1f MiB of it are not the program's file", m.anonymous)
}

// memoryOf reads /proc.
func memoryOf(pid int) (memory, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, err
	}
	var m memory
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		into := map[string]*float64{"VmRSS": &m.resident, "RssAnon": &m.anonymous}[name]
		if into == nil {
			continue
		}
		kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
		if err != nil {
			return memory{}, fmt.Errorf("read the memory of process %d: %w", pid, err)
		}
		*into = kib / 1024
	}
	if m.resident == 0 {
		return memory{}, fmt.Errorf("process %d holds no memory", pid)
	}
	return m, nil
}

// rest is how long a process is left alone before its memory is read.
const rest = 10 * time.Second

// memoryAtRest reads the memory of a process that has had nothing to do for a while.
func memoryAtRest(ctx context.Context, pid int) (memory, error) {
	if err := pause(ctx, rest); err != nil {
		return memory{}, err
	}
	return memoryOf(pid)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tick is the unit in which the kernel tells CPU time: USER_HZ, 100 a second on every Linux.
const tick = 10 * time.Millisecond

// cpuOf is the time for which the process had a CPU, its own and the kernel's work for it.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name in parentheses may hold anything; the state comes after it.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("read the CPU time of process %d: %q", pid, text)
	}
	var ticks int64
	for _, field := range fields[11:13] { // utime, stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
