// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func record(service string, seq int64, action v1alpha1.PublicationAction, digest string) v1alpha1.Publication {
	return v1alpha1.Publication{Spec: v1alpha1.PublicationSpec{
		Service: service, Seq: seq, Action: action, Digest: v1alpha1.Digest(digest), Revision: service + "-" + digest, DecidedAt: metav1.NewTime(noon),
	}}
}

func TestWhatTakesApplicationsIsToBeProven(t *testing.T) {
	grace := record("permit", 2, v1alpha1.ActionWithdraw, "a")
	grace.Spec.EffectiveAt = &metav1.Time{Time: noon.Add(time.Hour)}
	forged := record("permit", 9, v1alpha1.ActionPublish, "z")
	forged.Spec.Signature.Value = "forged"
	tests := map[string]struct {
		records []v1alpha1.Publication
		want    []string
	}{
		"nothing was published": {nil, nil},
		"the newest of each service": {[]v1alpha1.Publication{
			record("permit", 2, v1alpha1.ActionPublish, "b"), record("permit", 1, v1alpha1.ActionPublish, "a"), record("dogs", 1, v1alpha1.ActionPublish, "d"),
		}, []string{"dogs-d", "permit-b"}},
		"a stopped one, which may be resumed": {[]v1alpha1.Publication{
			record("permit", 1, v1alpha1.ActionPublish, "a"), record("permit", 2, v1alpha1.ActionSuspend, "a"),
		}, []string{"permit-a"}},
		"not a withdrawn one": {[]v1alpha1.Publication{
			record("permit", 1, v1alpha1.ActionPublish, "a"), record("permit", 2, v1alpha1.ActionWithdraw, "a"),
		}, nil},
		"a withdrawn one within its grace":             {[]v1alpha1.Publication{record("permit", 1, v1alpha1.ActionPublish, "a"), grace}, []string{"permit-a"}},
		"what only looks like a record is passed over": {[]v1alpha1.Publication{record("permit", 1, v1alpha1.ActionPublish, "a"), forged}, []string{"permit-a"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, r := range served(tt.records, func(p *v1alpha1.Publication) bool { return p.Spec.Signature.Value == "" }, noon) {
				got = append(got, r.Revision)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// revision is one with a report on the image "old" and proofs on later ones.
func revision(name string, later ...v1alpha1.ImageProof) *v1alpha1.ServiceRevision {
	return &v1alpha1.ServiceRevision{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ServiceRevisionSpec{Digest: v1alpha1.Digest(name[strings.LastIndexByte(name, '-')+1:])},
		Status: v1alpha1.ServiceRevisionStatus{Report: &v1alpha1.ScenarioReport{Image: "old", Passed: 3}, LaterImages: later},
	}
}

func TestAnImageIsTakenWhenAllThatIsServedPassedOnIt(t *testing.T) {
	passed := func(image string) v1alpha1.ImageProof {
		return v1alpha1.ImageProof{Image: image, Result: v1alpha1.ResultPassed}
	}
	failed := v1alpha1.ImageProof{Image: "new", Result: v1alpha1.ResultFailed, Message: `"a child": no`}
	tests := map[string]struct {
		program   string
		revisions []*v1alpha1.ServiceRevision
		passed    bool
		unproven  []string
		refused   string
	}{
		"all passed":                            {"new", []*v1alpha1.ServiceRevision{revision("dogs-d", passed("new")), revision("permit-a", passed("newer"), passed("new"))}, true, nil, ""},
		"back to the image of their reports":    {"old", []*v1alpha1.ServiceRevision{revision("dogs-d"), revision("permit-a", passed("new"))}, true, nil, ""},
		"one was not tried yet":                 {"new", []*v1alpha1.ServiceRevision{revision("dogs-d", passed("new")), revision("permit-a", passed("newer"))}, false, []string{"permit-a"}, ""},
		"one failed":                            {"new", []*v1alpha1.ServiceRevision{revision("dogs-d", passed("new")), revision("permit-a", failed)}, false, nil, `permit-a failed "a child": no`},
		"what failed is told when all is tried": {"new", []*v1alpha1.ServiceRevision{revision("dogs-d"), revision("permit-a", failed)}, false, []string{"dogs-d"}, ""},
		"one is gone": {
			"new",
			[]*v1alpha1.ServiceRevision{revision("dogs-d", passed("new"))},
			false, nil,
			"permit-a is served and there is no such revision to prove: publish another, or withdraw it",
		},
	}
	records := []v1alpha1.PublicationSpec{record("dogs", 1, v1alpha1.ActionPublish, "d").Spec, record("permit", 1, v1alpha1.ActionPublish, "a").Spec}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			byName := map[string]*v1alpha1.ServiceRevision{}
			for _, r := range tt.revisions {
				byName[r.Name] = r
			}
			got := judge(tt.program, records, byName)
			if diff := cmp.Diff(tt.unproven, got.unproven); diff != "" || got.passed() != tt.passed || got.refused() != tt.refused {
				t.Errorf("passed %v, refused %q, unproven (-want +got):\n%s", got.passed(), got.refused(), diff)
			}
		})
	}
}

func TestManyThatFailAreCounted(t *testing.T) {
	got := trial{failed: []string{"a", "b", "c"}, missing: []string{"d", "e"}}.refused()
	if want := "a; b; c; and 2 more"; got != want {
		t.Errorf("refused %q, want %q", got, want)
	}
}

func TestARevisionKeepsItsNewestProofs(t *testing.T) {
	var proofs []v1alpha1.ImageProof
	for _, image := range []string{"1", "2", "3", "2", "4"} {
		proofs = with(proofs, v1alpha1.ImageProof{Image: image})
	}
	var got []string
	for _, p := range proofs {
		got = append(got, p.Image)
	}
	if diff := cmp.Diff([]string{"4", "2", "3"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAReportBecomesAProof(t *testing.T) {
	results := func(message string) []v1alpha1.ScenarioResult {
		return []v1alpha1.ScenarioResult{{Name: "oneself", Result: "Passed"}, {Name: "a child", Result: "Failed", Message: message}}
	}
	tests := map[string]struct {
		report  v1alpha1.ScenarioReport
		result  string
		message string
	}{
		"all passed":                 {v1alpha1.ScenarioReport{Passed: 2}, "Passed", ""},
		"one failed":                 {v1alpha1.ScenarioReport{Passed: 1, Failed: 1, Scenarios: results("refused")}, "Failed", `"a child": refused`},
		"no scenarios prove nothing": {v1alpha1.ScenarioReport{}, "Failed", ""},
		"a long message is cut":      {v1alpha1.ScenarioReport{Failed: 1, Scenarios: results(strings.Repeat("я", 600))}, "Failed", fmt.Sprintf("%q: %s…", "a child", strings.Repeat("я", 249))},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.report.Image, tt.report.SHA256 = "new", "hash"
			want := v1alpha1.ImageProof{Image: "new", SHA256: "hash", Result: tt.result, Message: tt.message}
			if diff := cmp.Diff(want, proofOf(&tt.report)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
