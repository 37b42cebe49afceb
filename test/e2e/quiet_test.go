// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// restful is how long nothing may be written. The intake is asked and every phase is looked at anew several times meanwhile.
const restful = 20 * time.Second

// event is one write to the API server.
type event struct {
	Verb                     string
	User                     struct{ Username string }
	RequestReceivedTimestamp time.Time
	ObjectRef                struct{ APIGroup, Resource, Subresource, Namespace, Name string }
}

// audited are the writes since from, the oldest first.
func (c *cluster) audited(t *testing.T, from time.Time) []event {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.data, "controlplane", "logs", "audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	var events []event
	// The last line may be half written.
	for line := range bytes.Lines(text[:bytes.LastIndexByte(text, '\n')+1]) {
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.RequestReceivedTimestamp.After(from) {
			events = append(events, e)
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.RequestReceivedTimestamp.Compare(b.RequestReceivedTimestamp) })
	return events
}

// marks are the times of the writes to the ConfigMap that marks the log.
func marks(events []event) []time.Time {
	var times []time.Time
	for _, e := range events {
		if e.ObjectRef.Resource == "configmaps" && e.ObjectRef.Name == "mark" {
			times = append(times, e.RequestReceivedTimestamp)
		}
	}
	return times
}

// quiet: between two marks in the audit log, restful apart, the controller has written nothing but Events and leases.
func (w *walk) quiet(t *testing.T) {
	w.must(t, "platform", "kubectl", "create", "configmap", "mark", "-n", "default")
	n := 0
	w.await(t, "two marks in the audit log", func() error {
		n++
		w.must(t, "platform", "kubectl", "label", "configmap", "mark", "-n", "default", "--overwrite", fmt.Sprintf("n=%d", n))
		times := marks(w.audited(t, time.Time{}))
		if len(times) < 2 || times[len(times)-1].Sub(times[0]) < restful {
			return errors.New("the marks are too near each other")
		}
		return nil
	})
	events := w.audited(t, time.Time{})
	times := marks(events)
	for _, e := range events {
		inside := !e.RequestReceivedTimestamp.Before(times[0]) && !e.RequestReceivedTimestamp.After(times[len(times)-1])
		if inside && e.User.Username == "system:serviceaccount:okno-system:okno-controller" && e.ObjectRef.Resource != "events" && e.ObjectRef.Resource != "leases" {
			t.Errorf("written while nothing changed: %s %s/%s %s/%s at %s", e.Verb, e.ObjectRef.Resource, e.ObjectRef.Subresource,
				e.ObjectRef.Namespace, e.ObjectRef.Name, e.RequestReceivedTimestamp)
		}
	}
}
