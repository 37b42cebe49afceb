// SPDX-License-Identifier: Apache-2.0

package process

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStart(t *testing.T) {
	tests := map[string]struct {
		script string
		stop   func(*Process) Exit
		code   int
		signal int
		log    string
	}{
		"AProgramThatEndsByItself":   {script: "echo out; echo err >&2; exit 3", stop: (*Process).Exit, code: 3, log: "out\nerr\n"},
		"AProgramThatObeysTheStop":   {script: "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done", stop: stopWithin(time.Minute), log: "up\nbye\n"},
		"AProgramThatIgnoresTheStop": {script: "trap '' TERM; echo up; while :; do sleep 0.01; done", stop: stopWithin(50 * time.Millisecond), code: 137, signal: 9, log: "up\n"},
		"AProgramThatIsKilled":       {script: "trap 'echo bye' TERM; echo up; while :; do sleep 0.01; done", stop: (*Process).Kill, code: 137, signal: 9, log: "up\n"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "logs", "program.log")
			p, err := Start(Spec{Path: "/bin/sh", Args: []string{"-c", tc.script}, Env: []string{"PATH=" + os.Getenv("PATH")}, Log: log})
			if err != nil {
				t.Fatal(err)
			}
			waitForLog(t, log, strings.SplitAfter(tc.log, "\n")[0])
			exit := tc.stop(p)
			if exit.Code != tc.code || exit.Signal != tc.signal {
				t.Errorf("exit = %+v, want code %d and signal %d", exit, tc.code, tc.signal)
			}
			if got := Tail(log, 1000); got != tc.log {
				t.Errorf("log = %q, want %q", got, tc.log)
			}
		})
	}
}

func TestStopEndsWhatAShellStarted(t *testing.T) {
	log := filepath.Join(t.TempDir(), "program.log")
	p, err := Start(Spec{Path: "/bin/sh", Args: []string{"-c", "sleep 600 & echo $!; wait"}, Env: []string{"PATH=" + os.Getenv("PATH")}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	waitForLog(t, log, "\n")
	child, err := strconv.Atoi(strings.TrimSpace(Tail(log, 100)))
	if err != nil {
		t.Fatal(err)
	}
	p.Stop(time.Second)
	eventually(t, "the shell's child to end", func() bool { return !runs(child) })
}

// runs tells whether a process lives; one that ended and was not yet collected
// by its parent does not.
func runs(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestTailStartsAtALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("first\nsecond\nthird\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int64]string{100: "first\nsecond\nthird\n", 10: "third\n", 3: ""} {
		if got := Tail(path, size); got != want {
			t.Errorf("Tail(%d) = %q, want %q", size, got, want)
		}
	}
}

func stopWithin(grace time.Duration) func(*Process) Exit {
	return func(p *Process) Exit { return p.Stop(grace) }
}

func waitForLog(t *testing.T, log, text string) {
	t.Helper()
	eventually(t, "log to contain "+strconv.Quote(text), func() bool { return strings.Contains(Tail(log, 1000), text) })
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}
