// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// remember takes the memory of the programs; only at rest it is judged.
func (m *control) remember(when string, judge bool) error {
	further := float64(max(0, len(m.all())-100)) * 10 / 1024 // P6, in MiB
	for _, p := range []struct {
		program string
		bound   float64 // MiB; 0 where no target is set
	}{{"controller", 60 + further}, {"intake", 40}, {"prover", 0}, {"portal", 0}} {
		pids, err := m.pids(p.program)
		if err != nil {
			return err
		}
		var most memory
		for _, pid := range pids {
			now, err := memoryOf(pid)
			if err != nil {
				return err
			}
			if now.resident > most.resident {
				most = now
			}
		}
		what := fmt.Sprintf("memory of the %s %s", p.program, when)
		f := told(p.program, what, most.resident, "MiB")
		if judge && p.bound > 0 {
			f = atMost(p.program, what, most.resident, p.bound, "MiB")
		}
		m.add(f.because("the most of %d; %s", len(pids), most))
	}
	return nil
}

// pids are the processes of a program in this cluster's pods.
func (m *control) pids(program string) ([]int, error) {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, link := range links {
		path, err := os.Readlink(link)
		if err != nil || filepath.Dir(path) != m.bin {
			continue // also one that has ended meanwhile
		}
		if name, err := nameOf(filepath.Dir(link)); err != nil || name != program {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		if err != nil {
			return nil, err
		}
		found = append(found, pid)
	}
	return found, nil
}

// nameOf tells what a process does: a prover is an intake's program with a flag.
func nameOf(proc string) (string, error) {
	text, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	args := strings.Split(string(text), "\x00")
	if slices.Contains(args, "--prover") {
		return "prover", err
	}
	return filepath.Base(args[0]), err
}
