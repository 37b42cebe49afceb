// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/okno-dev/okno/api/v1alpha1"
)

func TestASharedCodeIsAWarning(t *testing.T) {
	other := func(namespace, name string) types.NamespacedName {
		return types.NamespacedName{Namespace: namespace, Name: name}
	}
	var many []types.NamespacedName
	for i := range manySharing {
		many = append(many, other("fund", fmt.Sprint("s", i)))
	}
	const agree = "; allowed: a code of no other service; agree on who keeps it and correct spec.service.code of the other: the one that is published first gets it"
	tests := map[string]struct {
		others []types.NamespacedName
		owned  bool
		found  string // "" is no finding
		told   string
	}{
		"nobody shares it": {},
		"another agency's service is not named": {
			[]types.NamespacedName{other("bureau", "secret-plan")},
			false,
			`found "7", which a service of another agency asks for too` + agree, `no errors; a service of another agency asks for the code "7" too`,
		},
		"one's own is, the first of them": {
			[]types.NamespacedName{other("fund", "z"), other("bureau", "a"), other("fund", "b")},
			false,
			`found "7", which service "b" of this namespace asks for too` + agree, `no errors; service "b" of this namespace asks for the code "7" too`,
		},
		"many are told alike, whichever were seen": {
			many, false, `found "7", which more than one service asks for too` + agree, `no errors; more than one service asks for the code "7" too`,
		},
		"who was published under it need not fear": {
			[]types.NamespacedName{other("fund", "b")},
			true,
			`found "7", which service "b" of this namespace asks for too; allowed: a code of no other service; ` +
				"leave it: this service was published under it, and the other cannot be",
			`no errors; service "b" of this namespace asks for the code "7" too`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v := validity{status: metav1.ConditionTrue, message: "no errors"}.warned("7", "fund", tt.others, tt.owned)
			var want []v1alpha1.Finding
			message := "no errors"
			if tt.found != "" {
				want = []v1alpha1.Finding{{Path: "spec.service.code", Severity: "Warning", Rule: ruleCodeShared, Message: tt.found}}
				message = tt.told
			}
			if diff := cmp.Diff(want, v.findings); diff != "" || v.message != message {
				t.Errorf("message %q, want %q; findings (-want +got):\n%s", v.message, message, diff)
			}
		})
	}
}

func TestAWarningOfASharedCodeLeavesTheRulesFindingsAlone(t *testing.T) {
	found := make([]v1alpha1.Finding, 0, maxFindings+1)
	found = append(found, v1alpha1.Finding{Severity: "Error", Rule: "a"})
	for range maxFindings - 1 {
		found = append(found, v1alpha1.Finding{Severity: "Warning", Rule: "b"})
	}
	before := validity{status: metav1.ConditionFalse, message: "1 error", findings: found}
	after := before.warned("7", "fund", []types.NamespacedName{{Namespace: "fund", Name: "b"}}, false)
	if len(after.findings) != maxFindings || after.findings[0].Rule != "a" || after.findings[1].Rule != ruleCodeShared {
		t.Errorf("%d findings, the first %v", len(after.findings), after.findings[:2])
	}
	if before.findings[1].Rule != "b" || after.message != "1 error" || after.status != metav1.ConditionFalse {
		t.Errorf("before %v, message %q", before.findings[1], after.message)
	}
	if tellsOfSharedCode(before.findings) || !tellsOfSharedCode(after.findings) {
		t.Error("what others asked for is not recognised")
	}
}

func TestOthersAreWokenOnlyWhenACodeChanges(t *testing.T) {
	of := func(code string) *v1alpha1.GovService {
		svc := &v1alpha1.GovService{}
		svc.Spec.Service.KeepCode(code)
		return svc
	}
	for name, tt := range map[string]struct {
		before, now string
		want        bool
	}{
		"a status write":          {"7", "7", false},
		"another code":            {"7", "8", true},
		"a code that came":        {"", "7", true},
		"a code that went":        {"7", "", true},
		"no code, as it was ever": {"", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := codeChanged().Update(event.UpdateEvent{ObjectOld: of(tt.before), ObjectNew: of(tt.now)}); got != tt.want {
				t.Errorf("let through: %v, want %v", got, tt.want)
			}
		})
	}
}
