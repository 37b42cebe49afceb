// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/okno-dev/okno/internal/gate"
)

// inForce is one shipped policy as an API server holds it, beside another that is not ours.
func inForce(uid types.UID, generation, other int64) gate.Admission {
	return gate.Admission{Validating: []admissionregistrationv1.ValidatingAdmissionPolicy{
		{ObjectMeta: metav1.ObjectMeta{Name: "okno-records", UID: uid, Generation: generation}},
		{ObjectMeta: metav1.ObjectMeta{Name: "another", UID: "another", Generation: other}},
	}}
}

// TestATraceRemembersWhatThePoliciesDoNot walks through what may happen between two looks; none of the objects looks altered.
func TestATraceRemembersWhatThePoliciesDoNot(t *testing.T) {
	shipped := gate.Admission{Validating: []admissionregistrationv1.ValidatingAdmissionPolicy{{ObjectMeta: metav1.ObjectMeta{Name: "okno-records"}}}}
	var trace gate.AdmissionTrace
	for _, step := range []struct {
		name    string
		inForce gate.Admission
		at      int
		changed bool
		want    time.Time
	}{
		{"the first look", inForce("a", 1, 1), 1, true, time.Time{}},
		{"nothing happened", inForce("a", 1, 1), 2, false, time.Time{}},
		{"another policy changed", inForce("a", 1, 2), 3, false, time.Time{}},
		{"altered and put back", inForce("a", 3, 2), 4, true, minute(4).Add(time.Second)},
		{"nothing happened since", inForce("a", 3, 2), 5, false, minute(4).Add(time.Second)},
		{"removed", gate.Admission{}, 6, true, minute(6).Add(time.Second)},
		{"created again", inForce("b", 1, 2), 7, true, minute(7).Add(time.Second)},
	} {
		next := trace.Follow(shipped, step.inForce, minute(step.at))
		if changed := next != trace; changed != step.changed || !next.AlteredUntil.Equal(step.want) {
			t.Errorf("%s: changed %v, altered until %v, want %v, %v", step.name, changed, next.AlteredUntil, step.changed, step.want)
		}
		read, err := gate.ParseTrace(next.Data())
		if err != nil || !read.AlteredUntil.Equal(next.AlteredUntil) || read.Seen != next.Seen {
			t.Errorf("%s: kept as %v, read as %+v, %v", step.name, next.Data(), read, err)
		}
		trace = read
	}
}

func TestATraceThatCannotBeReadIsNotForgotten(t *testing.T) {
	if got, err := gate.ParseTrace(map[string]string{"seen": "a", "alteredUntil": "yesterday"}); err == nil {
		t.Errorf("read as %+v", got)
	}
	if got, err := gate.ParseTrace(nil); err != nil || got != (gate.AdmissionTrace{}) {
		t.Errorf("nothing is read as %s, %v", cmp.Diff(gate.AdmissionTrace{}, got), err)
	}
}
