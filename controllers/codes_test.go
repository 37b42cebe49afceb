// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Two agencies, each with a controller that sees only its own namespace, come to publish under one code at the same moment: one
// does, and the other is told whose the code is.
func TestTwoAgenciesThatPublishUnderOneCodeAtTheSameMoment(t *testing.T) {
	agencies := []*fixture{newFixture(t, "scenarios"), newFixture(t, "scenarios")}
	code := agencies[0].ns + ".shared"
	together := newMeeting(len(agencies))
	for _, f := range agencies {
		f.transport = together.wrap
		f.run()
		f.deploy()
		f.apply(f.service("permit", func(def map[string]any) { def["code"] = code }))
	}
	revisions := []*v1alpha1.ServiceRevision{agencies[0].revision("permit"), agencies[1].revision("permit")}
	// Each controller holds its first claim back until the other is about to make one too.
	for i, f := range agencies {
		f.report(revisions[i], 5, 0)
	}

	var winner, loser *fixture
	agencies[0].eventually("one to publish and the other to be told", func(context.Context) error {
		winner, loser = nil, nil
		var said strings.Builder
		for _, f := range agencies {
			svc := f.get("permit")
			valid := meta.FindStatusCondition(svc.Status.Conditions, v1alpha1.ConditionValid)
			switch {
			case svc.Status.Published != nil:
				winner = f
			case valid != nil && valid.Reason == v1alpha1.ReasonCodeTaken:
				loser = f
			}
			said.WriteString(conditions(svc))
		}
		if winner == nil || loser == nil {
			return errors.New(said.String())
		}
		return nil
	})
	if records := loser.records("permit"); len(records) > 0 {
		t.Errorf("who did not get the code has published: %q", records)
	}
	findings := loser.get("permit").Status.Findings
	if len(findings) == 0 || findings[0].Path != "spec.service.code" || findings[0].Severity != "Error" || findings[0].Rule != "code-taken" ||
		!strings.Contains(findings[0].Message, fmt.Sprintf("%q", winner.ns)) {
		t.Errorf("findings %+v", findings)
	}
	for _, f := range findings[1:] {
		if f.Path == "spec.service.code" {
			t.Errorf("told twice of the code: %+v", f)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// meeting lets requests that claim a code go on when as many controllers have come to one.
type meeting struct {
	mu      sync.Mutex
	missing int
	all     chan struct{}
}

func newMeeting(n int) *meeting { return &meeting{missing: n, all: make(chan struct{})} }

func (m *meeting) wrap(next http.RoundTripper) http.RoundTripper {
	var once sync.Once
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if isClaim(r) {
			once.Do(m.come)
			select {
			case <-m.all:
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		return next.RoundTrip(r)
	})
}

// isClaim tells that a request creates the object that claims a code.
func isClaim(r *http.Request) bool {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/namespaces/"+v1alpha1.SystemNamespace+"/configmaps") {
		return false
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return err == nil && bytes.Contains(body, []byte("okno-code-"))
}

func (m *meeting) come() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.missing--; m.missing == 0 {
		close(m.all)
	}
}
