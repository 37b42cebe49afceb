// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/test/env"
)

// TestAPolicyThatWasAlteredAndPutBackLeavesATrace: the trace rests on what the API server does with generations.
func TestAPolicyThatWasAlteredAndPutBackLeavesATrace(t *testing.T) {
	config := env.Start(t)
	c := clientOf(t, config)
	fail, ignore := admissionregistrationv1.Fail, admissionregistrationv1.Ignore
	policy := &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: env.Namespace(t, config, nil)},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: &fail,
			MatchConstraints: &admissionregistrationv1.MatchResources{ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{
				RuleWithOperations: admissionregistrationv1.RuleWithOperations{
					Operations: []admissionregistrationv1.OperationType{"CREATE"},
					Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"podtemplates"}},
				},
			}}},
			Validations: []admissionregistrationv1.Validation{{Expression: "true"}},
		},
	}
	if err := c.Create(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { deleteNow(t, c, policy) })
	look := func() gate.Admission {
		return gate.Admission{Validating: []admissionregistrationv1.ValidatingAdmissionPolicy{*policy}}
	}
	shipped, now := look(), time.Now()
	trace := gate.AdmissionTrace{}.Follow(shipped, look(), now)

	policy.Labels = map[string]string{"team": "platform"}
	if err := c.Update(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	if next := trace.Follow(shipped, look(), now); next != trace {
		t.Errorf("a label left the trace %+v", next)
	}
	for _, to := range []*admissionregistrationv1.FailurePolicyType{&ignore, &fail} {
		policy.Spec.FailurePolicy = to
		if err := c.Update(t.Context(), policy); err != nil {
			t.Fatal(err)
		}
	}
	if altered := gate.AdmissionAltered(shipped, look()); len(altered) > 0 {
		t.Fatalf("%v, want the policy put back", altered)
	}
	if next := trace.Follow(shipped, look(), now); next.AlteredUntil.IsZero() {
		t.Error("it left no trace")
	}
}
