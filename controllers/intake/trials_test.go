// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// failing is a prover that cannot run anything, and counts how often it was asked to.
type failing struct{ asked atomic.Int32 }

var errAway = errors.New("the prover is away")

func (p *failing) Image(context.Context) (string, error) { return "new", nil }

func (p *failing) Prove(context.Context, *v1alpha1.ServiceRevision, string) (*v1alpha1.ScenarioReport, error) {
	p.asked.Add(1)
	return nil, errAway
}

// TestARoundThatFailsIsTriedAgainLaterAndLater: meanwhile it is told why, and once the controller ends nothing begins.
func TestARoundThatFailsIsTriedAgainLaterAndLater(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	rev := revision("permit-a")
	rev.Namespace = "fund"
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(rev).Build()
	synctest.Test(t, func(t *testing.T) {
		prover, clock := &failing{}, clocktesting.NewFakePassiveClock(noon)
		trials := NewTrials(prover, c, c, clock)
		ensure := func() error { return trials.ensure("sfr", "fund", "Europe/Moscow", "new", []string{rev.Name}) }
		if err := ensure(); err != nil || prover.asked.Load() != 0 {
			t.Errorf("before the start: %d proofs, %v", prover.asked.Load(), err)
		}
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- trials.Start(ctx) }()
		synctest.Wait()

		now := noon
		for i, wait := range []int{1, 2, 4, 8} {
			if err := ensure(); i == 0 && err != nil || i > 0 && !errors.Is(err, errAway) {
				t.Errorf("round %d begins with %v", i+1, err)
			}
			if woken := <-trials.Ended; woken.Object.Name != "sfr" {
				t.Errorf("woken: %q", woken.Object.Name)
			}
			now = now.Add(firstRetry*time.Duration(wait) - 1)
			clock.SetTime(now)
			if err := ensure(); !errors.Is(err, errAway) {
				t.Errorf("after round %d: %v", i+1, err)
			}
			synctest.Wait()
			if got := int(prover.asked.Load()); got != i+1 {
				t.Errorf("%d proofs after round %d", got, i+1)
			}
			now = now.Add(1)
			clock.SetTime(now)
		}

		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := ensure(); err != nil || prover.asked.Load() != 4 {
			t.Errorf("after the end: %d proofs, %v", prover.asked.Load(), err)
		}
	})
}

// moody is a prover whose answers to each revision are told beforehand, the last of them for good: passed, failed, or an error.
type moody struct {
	image   string
	moods   map[string][]string
	asked   []string
	leaving bool // after the first error another program runs
}

func (p *moody) Image(context.Context) (string, error) { return p.image, nil }

func (p *moody) Prove(_ context.Context, rev *v1alpha1.ServiceRevision, _ string) (*v1alpha1.ScenarioReport, error) {
	p.asked = append(p.asked, rev.Name)
	moods := p.moods[rev.Name]
	if len(moods) > 1 {
		p.moods[rev.Name] = moods[1:]
	}
	switch moods[0] {
	case "passed":
		return &v1alpha1.ScenarioReport{Image: p.image, Passed: 1}, nil
	case "failed":
		return &v1alpha1.ScenarioReport{Image: p.image, Failed: 1}, nil
	}
	if p.leaving {
		p.image = "newer"
	}
	return nil, errors.New(moods[0])
}

func TestAFailureIsRunOnceMoreAndNoneKeepsTheRestUntried(t *testing.T) {
	tests := map[string]struct {
		moods   map[string][]string
		leaving bool
		asked   string
		written map[string]string
		err     string
	}{
		"a failure under load passes the second time": {
			map[string][]string{"a": {"failed", "passed"}, "b": {"passed"}, "c": {"passed"}, "d": {"passed"}},
			false,
			"a a b c d",
			map[string]string{"a": "Passed", "b": "Passed", "c": "Passed", "d": "Passed"},
			"",
		},
		"what fails twice has failed": {
			map[string][]string{"a": {"failed"}, "b": {"passed"}, "c": {"passed"}, "d": {"passed"}},
			false,
			"a a b c d",
			map[string]string{"a": "Failed", "b": "Passed", "c": "Passed", "d": "Passed"},
			"",
		},
		"a failure that cannot be run again is not written": {
			map[string][]string{"a": {"failed", "no such proof"}, "b": {"passed"}, "c": {"passed"}, "d": {"passed"}},
			false,
			"a a b c d",
			map[string]string{"b": "Passed", "c": "Passed", "d": "Passed"},
			"a: no such proof",
		},
		"many that cannot be proven are counted": {
			map[string][]string{"a": {"no"}, "b": {"no"}, "c": {"no"}, "d": {"never"}},
			false,
			"a b c d", nil, "a: no; b: no; c: no; and 1 more",
		},
		"another program ends the round": {
			map[string][]string{"a": {"gone"}, "b": {"passed"}, "c": {"passed"}, "d": {"passed"}},
			true,
			"a", nil, "the prover that ran new gave way to one that runs newer",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			scheme := runtime.NewScheme()
			if err := v1alpha1.AddToScheme(scheme); err != nil {
				t.Fatal(err)
			}
			build := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.ServiceRevision{})
			names := []string{"a", "b", "c", "d"}
			for _, name := range names {
				rev := revision(name)
				rev.Namespace = "fund"
				build.WithObjects(rev)
			}
			c := build.Build()
			prover := &moody{image: "new", moods: tt.moods, leaving: tt.leaving}
			err := NewTrials(prover, c, c, clocktesting.NewFakePassiveClock(noon)).try(t.Context(), "fund", "Europe/Moscow", "new", names)
			if got := strings.Join(prover.asked, " "); got != tt.asked || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
				t.Errorf("asked %q, want %q; error %v, want %q", got, tt.asked, err, tt.err)
			}
			var written map[string]string
			for _, name := range names {
				rev := &v1alpha1.ServiceRevision{}
				if err := c.Get(t.Context(), client.ObjectKey{Namespace: "fund", Name: name}, rev); err != nil {
					t.Fatal(err)
				}
				if proof := rev.Status.On("new"); proof != nil {
					if written == nil {
						written = map[string]string{}
					}
					written[name] = proof.Result
				}
			}
			if diff := cmp.Diff(tt.written, written); diff != "" {
				t.Errorf("written (-want +got):\n%s", diff)
			}
		})
	}
}
