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
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

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
		w.list = append(w.list, req.Method+" "+req.URL.Path+" "+bodyOf(req))
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
	text, _ := io.ReadAll(body)
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
	for _, write := range count.taken() {
		if !strings.Contains(write, "/new") && !strings.HasSuffix(write, "/servicerevisions") && !strings.HasSuffix(write, "/publications") && !strings.HasSuffix(write, "/configmaps") {
			t.Errorf("wrote %s", write)
		}
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
	count.taken()

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

// crashing ends the controller at its k-th write: the request is lost, or it is done and its answer is lost.
type crashing struct {
	mu     sync.Mutex
	left   int
	answer bool // lose the answer, not the request
	next   http.RoundTripper
	dead   chan struct{}
}

func (c *crashing) wrap(next http.RoundTripper) http.RoundTripper {
	c.next = next
	return c
}

func (c *crashing) RoundTrip(req *http.Request) (*http.Response, error) {
	if !isWrite(req) {
		return c.next.RoundTrip(req)
	}
	c.mu.Lock()
	c.left--
	now, over := c.left == 0, c.left < 0
	c.mu.Unlock()
	if over {
		return nil, errDead
	}
	if !now {
		return c.next.RoundTrip(req)
	}
	if c.answer {
		if resp, err := c.next.RoundTrip(req); err == nil {
			resp.Body.Close()
		}
	}
	close(c.dead)
	return nil, errDead
}

var errDead = fmt.Errorf("the controller is dead")

// TestACrashAtAnyWriteChangesNothingInTheEnd brings a service to its second publication, with a controller that dies at its k-th
// write and is started again, for every k that there is.
func TestACrashAtAnyWriteChangesNothingInTheEnd(t *testing.T) {
	calm := crashStory(t, 0, false)
	for k := 1; ; k++ {
		reached := true
		for _, answer := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, answer lost %t", k, answer), func(t *testing.T) {
				end := crashStory(t, k, answer)
				reached = reached && end.Crashed
				if diff := cmp.Diff(calm, end, cmpopts.IgnoreFields(ending{}, "Crashed")); diff != "" {
					t.Errorf("end (-calm +crashed):\n%s", diff)
				}
			})
		}
		if !reached || t.Failed() {
			return
		}
	}
}

// ending is where a story ends, without what differs from run to run.
type ending struct {
	Records    []string
	Revisions  []string
	Conditions []metav1.Condition
	Published  int64
	Pending    *v1alpha1.PendingStatus
	Finalizers []string
	Crashed    bool
}

func crashStory(t *testing.T, k int, answer bool) ending {
	f := newFixture(t, "scenarios", "moderator")
	crash := &crashing{left: k, answer: answer, dead: make(chan struct{})}
	if k == 0 {
		crash.left = 1 << 30
	}
	f.transport = crash.wrap
	f.run()
	restarted := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(restarted)
		select {
		case <-crash.dead:
			f.transport = nil
			f.run()
		case <-stopped:
		}
	}()
	f.deploy()
	f.apply(f.service("permit"))
	f.publish("permit", "moderator")
	f.apply(f.service("permit", titled("Another title")))
	rev := f.publish("permit", "moderator")
	svc := f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonReady)
	close(stopped)
	<-restarted
	f.stop()

	end := ending{Published: svc.Status.Published.Seq, Pending: svc.Status.Pending, Finalizers: svc.Finalizers}
	for _, line := range f.records("permit") {
		end.Records = append(end.Records, strings.Join(strings.Fields(line)[:2], " "))
	}
	list := &v1alpha1.ServiceRevisionList{}
	if err := f.client.List(t.Context(), list, client.InNamespace(f.ns)); err != nil {
		t.Fatal(err)
	}
	for _, r := range list.Items {
		end.Revisions = append(end.Revisions, fmt.Sprint(r.Spec.Digest == rev.Spec.Digest))
	}
	slices.Sort(end.Revisions)
	for _, c := range svc.Status.Conditions {
		end.Conditions = append(end.Conditions, metav1.Condition{Type: c.Type, Status: c.Status, Reason: c.Reason})
	}
	slices.SortFunc(end.Conditions, func(a, b metav1.Condition) int { return strings.Compare(a.Type, b.Type) })
	select {
	case <-crash.dead:
		end.Crashed = true
	default:
	}
	return end
}
