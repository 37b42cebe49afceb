// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// writes counts what a controller writes, Events and leases apart.
type writes struct {
	mu   sync.Mutex
	list []string
	next http.RoundTripper
}

func (w *writes) wrap(next http.RoundTripper) http.RoundTripper {
	w.next = next
	return w
}

func (w *writes) RoundTrip(req *http.Request) (*http.Response, error) {
	if isWrite(req) {
		w.mu.Lock()
		w.list = append(w.list, strings.TrimSpace(req.Method+" "+req.URL.Path+" "+bodyOf(req)))
		w.mu.Unlock()
	}
	return w.next.RoundTrip(req)
}

func bodyOf(req *http.Request) string {
	if req.GetBody == nil || req.Method != http.MethodPatch {
		return ""
	}
	body, err := req.GetBody()
	if err != nil {
		return err.Error()
	}
	text, _ := io.ReadAll(io.LimitReader(body, 300))
	return string(text)
}

func (w *writes) taken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.list
	w.list = nil
	return list
}

func isWrite(req *http.Request) bool {
	return req.Method != http.MethodGet && !strings.HasPrefix(req.URL.Path, "/apis/events.k8s.io/") && !strings.HasPrefix(req.URL.Path, "/apis/coordination.k8s.io/")
}

func TestARestartWritesNothingWhenNothingChanged(t *testing.T) {
	f := newFixture(t, "scenarios", "moderator")
	count := &writes{}
	f.transport = count.wrap
	f.run()
	f.deploy()
	f.apply(f.service("served"))
	f.publish("served", "moderator")
	f.await("served", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	f.apply(f.service("waiting"))
	f.report(f.revision("waiting"), 5, 0)
	f.await("waiting", v1alpha1.ConditionReady, v1alpha1.ReasonAwaitingApproval)
	f.apply(f.service("invalid", func(def map[string]any) { def["languages"] = []any{"ru", "en", "de"} }))
	f.await("invalid", v1alpha1.ConditionValid, v1alpha1.ReasonInvalid)
	count.taken()

	f.stop()
	f.run()
	// A new service is seen through to its end: by then every old one has been looked at, since a controller works off what it
	// finds at its start first.
	f.apply(f.service("new"))
	f.publish("new", "moderator")
	f.await("new", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	var others []string
	for _, write := range count.taken() {
		if verb, path, _ := strings.Cut(write, " "); !strings.Contains(path, "/new") {
			others = append(others, verb+" "+path[strings.LastIndex(path, "/")+1:])
		}
	}
	slices.Sort(others)
	// Exactly those that made the new one.
	if diff := cmp.Diff([]string{"POST configmaps", "POST publications", "POST servicerevisions"}, others); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

func TestAPublicationTakesFewWrites(t *testing.T) {
	f := newFixture(t, "scenarios", "security", "moderator")
	count := &writes{}
	f.transport = count.wrap
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	f.publish("permit", "security", "moderator")
	f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	for _, write := range count.taken() {
		// Admission holds a service from its creation on: that takes no write of the controller's.
		if words := strings.Fields(write); strings.HasSuffix(words[1], "/govservices/permit") {
			t.Errorf("%s of the service itself", words[0])
		}
	}

	f.apply(f.service("permit", titled("Another title")))
	rev := f.revision("permit")
	f.report(rev, 5, 0)
	f.await("permit", v1alpha1.ConditionVerified, v1alpha1.ReasonVerified)
	f.decide("guard", "security", v1alpha1.DecisionApprove, rev)
	f.eventually("the first decision to be told", func(context.Context) error {
		if svc := f.get("permit"); svc.Status.Pending == nil || svc.Status.Pending.Gates != "2/3" {
			return fmt.Errorf("pending %v", svc.Status.Pending)
		}
		return nil
	})
	f.decide("head", "moderator", v1alpha1.DecisionApprove, rev)
	f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	f.awaitServed("permit", rev.Spec.Digest)
	// Five and one more for each decision after the first; the report was written by the test, and that nobody proves is told.
	if got := count.taken(); len(got) > 5+1 {
		t.Errorf("%d writes:\n%s", len(got), strings.Join(got, "\n"))
	}
}

// reads notes what a controller reads past its cache, once it is told to.
type reads struct {
	mu   sync.Mutex
	on   bool
	list []string
	next http.RoundTripper
}

func (r *reads) wrap(next http.RoundTripper) http.RoundTripper {
	r.next = next
	return r
}

func (r *reads) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	if r.on && req.Method == http.MethodGet && req.URL.Query().Get("watch") == "" {
		r.list = append(r.list, req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:])
	}
	r.mu.Unlock()
	return r.next.RoundTrip(req)
}

func (r *reads) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on, r.list = true, nil
}

func (r *reads) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = false
	slices.Sort(r.list)
	return r.list
}

// TestOnlyAPublicationReadsPastTheCache: a decision that publishes nothing reads nothing, and one that does reads what it rests on, once.
func TestOnlyAPublicationReadsPastTheCache(t *testing.T) {
	f := newFixture(t, "scenarios", "security", "moderator")
	look := &reads{}
	f.transport = look.wrap
	f.run()
	f.deploy()
	f.apply(f.service("permit"))
	f.publish("permit", "security", "moderator")
	f.apply(f.service("permit", titled("Another title")))
	rev := f.revision("permit")
	f.report(rev, 5, 0)
	f.await("permit", v1alpha1.ConditionVerified, v1alpha1.ReasonVerified)

	look.begin()
	f.decide("guard", "security", v1alpha1.DecisionApprove, rev)
	f.eventually("the first decision to be told", func(context.Context) error {
		if svc := f.get("permit"); svc.Status.Pending == nil || svc.Status.Pending.Gates != "2/3" {
			return fmt.Errorf("pending %v", svc.Status.Pending)
		}
		return nil
	})
	if diff := cmp.Diff([]string(nil), look.taken()); diff != "" {
		t.Errorf("read for a decision that publishes nothing (-want +got):\n%s", diff)
	}
	look.begin()
	f.decide("head", "moderator", v1alpha1.DecisionApprove, rev)
	f.awaitServed("permit", rev.Spec.Digest)
	want := []string{
		f.ns, "approvals", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings", "publicationpolicies",
		"validatingadmissionpolicies", "validatingadmissionpolicybindings",
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, look.taken()); diff != "" {
		t.Errorf("read for a publication (-want +got):\n%s", diff)
	}
}
