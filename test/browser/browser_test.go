// SPDX-License-Identifier: Apache-2.0

// Package browser_test looks at every page with the eyes of people: a real Chromium walks the intakes and the catalogue that the
// test serves, with and without scripts, on a desktop and on a phone, in both languages, and axe-core judges each state. What it
// looks for is listed in docs/reference/accessibility.md.
//
// It runs by `make test-browser`, which installs what it needs and names the browser in OKNO_TEST_CHROMIUM.
package browser_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Variables of the environment.
const (
	// chromiumVariable names the browser; without it the test is skipped.
	chromiumVariable = "OKNO_TEST_CHROMIUM"
	// shotsVariable names a folder for a picture of each state; without it none are taken.
	shotsVariable = "OKNO_TEST_SCREENSHOTS"
	// walksVariable names the walks to go, as a regular expression, such as "^pages"; without it all are gone.
	walksVariable = "OKNO_TEST_WALKS"
)

// fewest is how many states a walk must report at the least: one that ends early must not pass.
const fewest = 500

// state is what the walk says of one state of one page.
type state struct {
	State    string   `json:"state"`
	Problems []string `json:"problems"`
}

func TestEveryPageInABrowser(t *testing.T) {
	chromium := os.Getenv(chromiumVariable)
	if chromium == "" {
		t.Skipf("%s names no browser: run it by make test-browser", chromiumVariable)
	}
	stage := newStage(t)
	stage.Chromium, stage.Shots, stage.Walks = chromium, os.Getenv(shotsVariable), os.Getenv(walksVariable)
	states := 0
	walk(t, stage, func(s state) {
		states++
		t.Run(s.State, func(t *testing.T) {
			for _, p := range s.Problems {
				t.Error(p)
			}
		})
	})
	if stage.Walks == "" && states < fewest {
		t.Errorf("the walk came to %d states only, want at least %d", states, fewest)
	}
}

// walk drives the browser over the stage and hands on what it sees as it goes.
func walk(t *testing.T, stage *stage, see func(state)) {
	t.Helper()
	raw, err := json.MarshalIndent(stage, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "stage.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "main.mjs", file)
	node.Stderr = os.Stderr
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(out)
	for {
		var s state
		if err := lines.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("node main.mjs did not print a state: %v", err)
		}
		see(s)
	}
	if err := node.Wait(); err != nil {
		t.Errorf("node main.mjs: %v", err)
	}
}
