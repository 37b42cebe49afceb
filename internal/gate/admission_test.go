// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/config/admission"
	"github.com/okno-dev/okno/internal/gate"
)

func shipped(t testing.TB) gate.Admission {
	t.Helper()
	a, err := admission.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestShippedPoliciesAreBound(t *testing.T) {
	a := shipped(t)
	bound := map[string]bool{}
	for _, b := range a.MutatingBindings {
		bound["mutating "+b.Spec.PolicyName] = true
	}
	for _, b := range a.ValidatingBindings {
		bound["validating "+b.Spec.PolicyName] = true
		if diff := cmp.Diff([]admissionregistrationv1.ValidationAction{admissionregistrationv1.Deny}, b.Spec.ValidationActions); diff != "" {
			t.Errorf("binding %s does not just deny:\n%s", b.Name, diff)
		}
	}
	for _, p := range a.Mutating {
		if !bound["mutating "+p.Name] || *p.Spec.FailurePolicy != admissionregistrationv1.Fail {
			t.Errorf("mutating policy %s is not bound, or lets pass what it cannot judge", p.Name)
		}
	}
	for _, p := range a.Validating {
		if !bound["validating "+p.Name] || *p.Spec.FailurePolicy != admissionregistrationv1.Fail {
			t.Errorf("validating policy %s is not bound, or lets pass what it cannot judge", p.Name)
		}
	}
	if len(a.Mutating) != 2 || len(a.Validating) != 4 {
		t.Errorf("%d mutating and %d validating policies, want 2 and 4", len(a.Mutating), len(a.Validating))
	}
}

func TestAdmissionAltered(t *testing.T) {
	ignore := admissionregistrationv1.Ignore
	for name, tc := range map[string]struct {
		change func(*gate.Admission)
		want   []string
	}{
		"nothing": {change: func(*gate.Admission) {}},
		"labels and annotations of somebody's tool": {change: func(a *gate.Admission) {
			a.Validating[0].Labels = map[string]string{"helm": "x"}
		}},
		"a policy of somebody else": {change: func(a *gate.Admission) {
			a.Mutating = append(a.Mutating, admissionregistrationv1.MutatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "others"}})
		}},
		"a rule removed": {
			change: func(a *gate.Admission) {
				a.Validating[3].Spec.Validations = a.Validating[3].Spec.Validations[1:]
			},
			want: []string{"ValidatingAdmissionPolicy okno-records was altered"},
		},
		"a policy that fails open": {
			change: func(a *gate.Admission) { a.Mutating[0].Spec.FailurePolicy = &ignore },
			want:   []string{"MutatingAdmissionPolicy okno-approver was altered"},
		},
		"an exemption by a match condition": {
			change: func(a *gate.Admission) {
				a.Validating[0].Spec.MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "not-me", Expression: "request.userInfo.username != 'me'"}}
			},
			want: []string{"ValidatingAdmissionPolicy okno-approver was altered"},
		},
		"a binding that only warns": {
			change: func(a *gate.Admission) {
				a.ValidatingBindings[0].Spec.ValidationActions = []admissionregistrationv1.ValidationAction{admissionregistrationv1.Warn}
			},
			want: []string{"ValidatingAdmissionPolicyBinding okno-approver was altered"},
		},
		"a binding narrowed to some namespaces": {
			change: func(a *gate.Admission) {
				a.MutatingBindings[1].Spec.MatchResources = &admissionregistrationv1.MatchResources{
					NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}},
				}
			},
			want: []string{"MutatingAdmissionPolicyBinding okno-author was altered"},
		},
		"everything gone": {
			change: func(a *gate.Admission) { *a = gate.Admission{} },
			want: []string{
				"MutatingAdmissionPolicy okno-approver is missing", "MutatingAdmissionPolicy okno-author is missing",
				"MutatingAdmissionPolicyBinding okno-approver is missing", "MutatingAdmissionPolicyBinding okno-author is missing",
				"ValidatingAdmissionPolicy okno-approver is missing", "ValidatingAdmissionPolicy okno-author is missing",
				"ValidatingAdmissionPolicy okno-controller is missing", "ValidatingAdmissionPolicy okno-records is missing",
				"ValidatingAdmissionPolicyBinding okno-approver is missing", "ValidatingAdmissionPolicyBinding okno-author is missing",
				"ValidatingAdmissionPolicyBinding okno-controller is missing",
				"ValidatingAdmissionPolicyBinding okno-records is missing",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inForce := shipped(t)
			tc.change(&inForce)
			if diff := cmp.Diff(tc.want, gate.AdmissionAltered(shipped(t), inForce)); diff != "" {
				t.Errorf("altered (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAdmissionSince(t *testing.T) {
	inForce := shipped(t)
	at := func(hour int) metav1.Time { return metav1.NewTime(time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC)) }
	inForce.Mutating[0].CreationTimestamp = at(1)
	inForce.ValidatingBindings[2].CreationTimestamp = at(3)
	inForce.Validating = append(inForce.Validating, admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "others", CreationTimestamp: at(9)},
	})
	if got := gate.AdmissionSince(shipped(t), inForce); !got.Equal(at(3).Time) {
		t.Errorf("since %s, want the creation of the youngest of ours, %s", got, at(3))
	}
}

func TestParseAdmissionRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"another kind":     "kind: Secret\n",
		"no kind":          "metadata: {name: x}\n",
		"an unknown field": "kind: ValidatingAdmissionPolicy\nspec: {validation: []}\n",
		"no YAML":          "kind: [\n",
	} {
		if _, err := gate.ParseAdmission([]byte(text)); err == nil {
			t.Errorf("took %s", name)
		}
	}
	a, err := gate.ParseAdmission([]byte("# only a comment\n---\n\n---\nkind: ValidatingAdmissionPolicy\nmetadata: {name: x}\n"))
	if err != nil || len(a.Validating) != 1 {
		t.Errorf("%+v, %v, want the one policy among blank documents", a, err)
	}
}

// FuzzParseAdmission holds that a text is read as something or refused, and never both.
func FuzzParseAdmission(f *testing.F) {
	f.Add("kind: ValidatingAdmissionPolicy\nmetadata: {name: x}\n")
	f.Add("---\n# c\n---\nkind: MutatingAdmissionPolicyBinding\n")
	f.Add("kind: {")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := gate.ParseAdmission([]byte(text))
		n := len(a.Mutating) + len(a.MutatingBindings) + len(a.Validating) + len(a.ValidatingBindings)
		if err != nil && n > 0 {
			t.Errorf("an error and %d policies", n)
		}
		if err == nil && n > strings.Count(text, "kind") {
			t.Errorf("%d policies out of %q", n, text)
		}
	})
}
