// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mistake in the sample is told before anything is started, and what was checked is what is kept to be applied.
func TestTheSampleIsCheckedWhenItIsRead(t *testing.T) {
	shipped := filepath.Join("..", "..", "..", "config", "samples")
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "pension-delivery"), os.DirFS(filepath.Join(shipped, "pension-delivery"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "people.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := findSample(folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(found.service)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, found.manifest) || found.name != "pension-delivery" || found.namespace == "" {
		t.Errorf("found %s/%s with a manifest of %d bytes, want the file's %d", found.namespace, found.name, len(found.manifest), len(text))
	}
	broken := bytes.Replace(text, []byte("    shortTitle:"), []byte("    shortTilte:"), 1)
	if err := os.WriteFile(found.service, broken, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = findSample(folder)
	if err == nil || !strings.Contains(err.Error(), "nothing was started") || !strings.Contains(err.Error(), "did you mean shortTitle?") {
		t.Errorf("a misspelt field: %v", err)
	}
}

func TestWhatStandsAfterAFailureIsTold(t *testing.T) {
	s := settings{root: "/okno", data: "/okno/.run"}
	said := s.standing(errors.New("the portal does not start"))
	for _, want := range []string{"the portal does not start", "stays up", "bin/as platform kubectl get", ".run/node/logs", "make clean-run"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in\n%s", want, said)
		}
	}
}
