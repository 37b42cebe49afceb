// SPDX-License-Identifier: Apache-2.0

// Package okno holds the chart's tests; the chart itself is no Go code.
package okno

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheChartHasEveryCRD: a kind that is added to config/crd needs its link here.
func TestTheChartHasEveryCRD(t *testing.T) {
	files, err := filepath.Glob("../../config/crd/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no CRDs: %v", err)
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("crds", filepath.Base(file)))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s is not the chart's: %v", file, err)
		}
	}
}

// TestWhatTheChartReplacesIsThere: the chart puts values into the manifests by replacing texts; a manifest that was changed may not
// have them any more, and the chart would silently install what nobody asked for.
func TestWhatTheChartReplacesIsThere(t *testing.T) {
	template, err := os.ReadFile("templates/install.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var manifests strings.Builder
	files, err := filepath.Glob("files/manager/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		manifests.Write(text)
	}
	replaced := regexp.MustCompile(`replace "([^"]+)"`).FindAllStringSubmatch(string(template), -1)
	if len(replaced) == 0 {
		t.Fatal("the template replaces nothing")
	}
	for _, r := range replaced {
		if !strings.Contains(manifests.String(), r[1]) {
			t.Errorf("no manifest holds %q", r[1])
		}
	}
	flags, err := os.ReadFile("../../cmd/controller/main.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range regexp.MustCompile(`printf "- --([a-z-]+)=`).FindAllStringSubmatch(string(template), -1) {
		if !strings.Contains(string(flags), `"`+f[1]+`"`) {
			t.Errorf("the controller has no flag --%s", f[1])
		}
	}
}
