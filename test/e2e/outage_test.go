// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// processes are the cluster's processes of a program whose command line names all of words.
func (c *cluster) processes(t *testing.T, program string, words ...string) []int {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, line := range lines {
		text, err := os.ReadFile(line)
		if err != nil {
			continue // it has ended
		}
		name, _, _ := strings.Cut(string(text), "\x00")
		missing := func(word string) bool { return !strings.Contains(string(text), word) }
		if filepath.Base(name) != program || slices.ContainsFunc(append(words, c.data+"/"), missing) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(line)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// only is the one process of a program.
func (c *cluster) only(t *testing.T, program string, words ...string) int {
	t.Helper()
	pids := c.processes(t, program, words...)
	if len(pids) != 1 {
		t.Fatalf("processes %v of %s %v, want one", pids, program, words)
	}
	return pids[0]
}

// outage: the intake is killed while the API server does not answer; it starts from its own store, shows and files.
func (w *walk) outage(t *testing.T) {
	svc := w.service(t)
	form, api := svc.Status.Endpoints.Form, svc.Status.Endpoints.API
	server, intake := w.only(t, "kube-apiserver"), w.only(t, "intake", "--namespace="+namespace)
	if err := syscall.Kill(server, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	goOn := func() { _ = syscall.Kill(server, syscall.SIGCONT) }
	t.Cleanup(goOn)
	refused(t, w.as(t, "platform", "kubectl", "get", "namespaces", "--request-timeout=1s"))
	if err := syscall.Kill(intake, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}

	citizen := w.open(t)
	w.await(t, "the intake", func() error {
		if pids := w.processes(t, "intake", "--namespace="+namespace); len(pids) != 1 || pids[0] == intake {
			return fmt.Errorf("processes %v, one more of %d", pids, intake)
		}
		p, err := citizen.do(t.Context(), http.MethodGet, form, nil, nil)
		if err != nil {
			return err
		}
		if p.status != http.StatusOK {
			return fmt.Errorf("%s answers %d", form, p.status)
		}
		if p.digest() != w.old || !isOld(p.heading()) {
			t.Errorf("it shows %q of %s", p.heading(), p.digest())
		}
		return nil
	})
	p, err := citizen.do(t.Context(), http.MethodPost, api, map[string]string{"Content-Type": "application/xml"}, bytes.NewReader(w.sample(t, "pension.xml")))
	if err != nil {
		t.Fatal(err)
	}
	refused(t, w.as(t, "platform", "kubectl", "get", "namespaces", "--request-timeout=1s"))
	goOn()
	w.await(t, "the API server", func() error {
		if a := w.as(t, "platform", "kubectl", "get", "namespaces", "--request-timeout=5s"); a.code != 0 {
			return errors.New(a.text())
		}
		return nil
	})
	w.known(t, w.acknowledged(t, p, http.StatusCreated, w.old))
	w.counts(t, v1alpha1.Counts{Started: 2, Submitted: 2, InProgress: 2, CompletionPercent: 100},
		v1alpha1.Counts{Started: 3, Submitted: 3, RejectedByValidation: 1, InProgress: 3, CompletionPercent: 100})
}

// again: Ctrl-C keeps the data, and the next run goes on with all that was decided and filed.
func (w *walk) again(t *testing.T) {
	records := w.publications(t)
	if err := syscall.Kill(w.process.PID(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-w.process.Done()
	says(t, w.said(), "stopping; the data stays in")
	for _, program := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "intake"} {
		if left := w.processes(t, program); len(left) > 0 {
			t.Errorf("%s still runs: %v", program, left)
		}
	}
	w.launch(t)
	w.await(t, "the last screen", w.hasStarted)
	w.shows(t, w.old, isOld)
	for _, r := range w.filed {
		w.known(t, r)
	}
	if now := w.publications(t); len(now) != len(records) {
		t.Errorf("%d records, %d before", len(now), len(records))
	}
	says(t, w.why(t), "served: ", "citizens are served this revision")
}
