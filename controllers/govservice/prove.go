// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// patience is how long a passing state may last before it is worth a status write.
const patience = 5 * time.Second

// prove sees that the revision's scenarios run, elsewhere and once; their report wakes the service.
func (r *Reconciler) prove(_ context.Context, s *scope) error {
	if s.revision == nil {
		return nil
	}
	if c := meta.FindStatusCondition(s.revision.Status.Conditions, v1alpha1.ConditionVerified); c != nil {
		s.proof = proof{reason: c.Reason, message: c.Message}
		return nil
	}
	run := r.proofs.ensure(client.ObjectKeyFromObject(s.revision), s.key(), s.now)
	if run.failed != nil {
		s.proof = proof{reason: v1alpha1.ReasonProverAway, message: clip("the scenarios could not be run: "+run.failed.Error(), 512)}
		s.wake(max(run.retryAt.Sub(s.now), time.Millisecond))
		return nil
	}
	s.proof = proof{reason: v1alpha1.ReasonProving, message: "the scenarios are running"}
	if left := patience - s.now.Sub(run.startedAt); left > 0 {
		s.quick = true
		s.wake(left)
	}
	return nil
}

// verified makes the condition that a report comes to. No scenarios prove nothing.
func verified(report *v1alpha1.ScenarioReport, generation int64, now time.Time) metav1.Condition {
	c := metav1.Condition{
		Type: v1alpha1.ConditionVerified, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonVerified,
		Message:            plural(int(report.Passed), "", "1 scenario passed", "%d scenarios passed"),
		ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now),
	}
	if report.Failed == 0 && report.Passed > 0 {
		return c
	}
	c.Status, c.Reason = metav1.ConditionFalse, v1alpha1.ReasonScenariosFailed
	c.Message = "the definition has no scenarios, so nothing is proven"
	if report.Failed > 0 {
		c.Message = fmt.Sprintf("%d of %d scenarios failed", report.Failed, report.Failed+report.Passed)
	}
	for _, result := range report.Scenarios {
		if result.Result == "Failed" {
			c.Message = clip(fmt.Sprintf("%s, the first is %q: %s", c.Message, result.Name, result.Message), 1024)
			break
		}
	}
	return c
}
