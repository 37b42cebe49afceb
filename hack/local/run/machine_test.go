// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/hack/local/controlplane/controlplanetest"
)

// workloads are one that runs, and one that cannot.
const workloads = `
apiVersion: v1
kind: Namespace
metadata: {name: okno-system}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: steady, namespace: okno-system}
spec:
  selector: {matchLabels: {app: steady}}
  template:
    metadata: {labels: {app: steady}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: main, image: "okno.dev/steady:dev", args: [hello]}
`

const broken = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: broken, namespace: okno-system}
spec:
  selector: {matchLabels: {app: broken}}
  template:
    metadata: {labels: {app: broken}}
    spec:
      containers:
      - {name: main, image: "okno.dev/broken:dev"}
`

func TestMachine(t *testing.T) {
	s := machineSettings(t)
	m := startMachine(t, s)
	ctx := t.Context()

	if text := kubectl(t, s, "platform", "get", "nodes"); !strings.Contains(text, "local   Ready") {
		t.Errorf("nodes:\n%s", text)
	}
	if text := kubectl(t, s, "ministry", "auth", "whoami"); !strings.Contains(text, "okno:ministry") {
		t.Errorf("who the ministry is:\n%s", text)
	}
	if text := kubectl(t, s, "ministry", "config", "view", "--minify", "-o", "jsonpath={.contexts[0].context.namespace}"); text != "fund" {
		t.Errorf("the ministry's commands are about namespace %q", text)
	}
	crds, err := readFolder(filepath.Join(s.root, "config", "crd"))
	if err != nil {
		t.Fatal(err)
	}
	objects, err := decode([]byte(workloads))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.apply(ctx, append(objects, crds...)); err != nil {
		t.Fatal(err)
	}
	if text := kubectl(t, s, "platform", "explain", "govservice.spec.service.title"); !strings.Contains(text, "catalog.okno.dev") {
		t.Errorf("the kinds are not installed:\n%s", text)
	}
	if err := s.deploymentsReady(time.Minute)(ctx); err != nil {
		t.Fatal(err)
	}
	if text := kubectl(t, s, "platform", "logs", "-n", "okno-system", "deployment/steady"); !strings.Contains(text, "steady says hello") {
		t.Errorf("log: %q", text)
	}

	objects, err = decode([]byte(broken))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.apply(ctx, objects); err != nil {
		t.Fatal(err)
	}
	err = until(ctx, 30*time.Second, func(ctx context.Context) (bool, string, error) {
		text := s.explainPods(ctx)
		return strings.Contains(text, "pod okno-system/broken") && strings.Contains(text, "CrashLoopBackOff") && strings.Contains(text, "cannot go on") && !strings.Contains(text, "steady"), text, nil
	})
	if err != nil {
		t.Errorf("what is wrong with the broken pod: %v", err)
	}
	kubectl(t, s, "platform", "delete", "deployment", "-n", "okno-system", "broken")

	m.stop(newTeller(io.Discard))
	began := time.Now()
	startMachine(t, s)
	if err := s.deploymentsReady(time.Minute)(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("started again in %s", time.Since(began).Round(time.Millisecond))
	response, err := http.Get("http://" + s.address)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("the front door without hosts answers %s", response.Status)
	}
}

// machineSettings make a bin folder with the control plane and two programs.
func machineSettings(t *testing.T) settings {
	t.Helper()
	built := controlplanetest.BinDir(t)
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := settings{root: root, data: filepath.Join(dir, "data"), bin: filepath.Join(dir, "bin"), address: freeAddress(t), namespace: "fund"}
	for _, folder := range []string{s.bin, s.data} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, program := range append(controlplane.Programs, "kubectl") {
		if err := os.Symlink(filepath.Join(built, program), filepath.Join(s.bin, program)); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range map[string]string{
		"steady": "#!/bin/sh\necho steady says $1\ntrap 'exit 0' TERM\nwhile :; do sleep 0.05; done\n",
		"broken": "#!/bin/sh\necho cannot go on\nexit 1\n",
	} {
		if err := os.WriteFile(filepath.Join(s.bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func startMachine(t *testing.T, s settings) *machine {
	t.Helper()
	ctx, end := context.WithCancelCause(context.Background())
	m := &machine{settings: s}
	t.Cleanup(func() {
		m.stop(newTeller(io.Discard))
		if err := context.Cause(ctx); err != nil {
			t.Errorf("the machine ended by itself: %v", err)
		}
		end(nil)
	})
	if err := m.start(ctx, end); err != nil {
		t.Fatal(err)
	}
	return m
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func kubectl(t *testing.T, s settings, person string, args ...string) string {
	t.Helper()
	text, err := s.as(person).kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
