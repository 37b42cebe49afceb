// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clocktesting "k8s.io/utils/clock/testing"
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
