// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
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

var errDead = errors.New("the controller is dead")

// TestACrashAtAnyWriteChangesNothingInTheEnd brings a service to its second publication, with a controller that dies at its k-th
// write and is started again, for every k that there is.
func TestACrashAtAnyWriteChangesNothingInTheEnd(t *testing.T) {
	calm := crashStory(t, 0, false)
	step := 5 // a sample; the whole campaign takes minutes
	if os.Getenv("OKNO_SOAK") != "" {
		step = 1
	}
	for k := 1; ; k += step {
		reached := true
		for _, answer := range []bool{false, true} {
			if step > 1 && answer != (k%2 == 0) {
				continue
			}
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
	f.apply(f.service("permit"))
	f.publish("permit", "moderator")
	f.apply(f.service("permit", titled("Another title")))
	rev := f.publish("permit", "moderator")
	svc := f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonRollingOut)
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
