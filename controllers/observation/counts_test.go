// SPDX-License-Identifier: Apache-2.0

package observation

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/inner"
)

func TestCountsAreFoldedByDigest(t *testing.T) {
	at := time.Unix(1000, 0)
	counts := []inner.Counts{
		{Service: "pension", Digest: "a", Started: 10, Submitted: 4, RejectedByValidation: 1, InProgress: 3},
		{Service: "pension", Digest: "b", Started: 10, Submitted: 9, InProgress: 9, Overdue: 2},
		{Service: "pension", Digest: "older", Started: 1, Submitted: 1},
		{Service: "other", Digest: "a", Started: 100, Submitted: 100},
	}
	want := &v1alpha1.Metrics{
		AsOf:      metav1.NewTime(at),
		Total:     v1alpha1.Counts{Started: 21, Submitted: 14, RejectedByValidation: 1, InProgress: 12, Overdue: 2, CompletionPercent: 66},
		Published: &v1alpha1.Counts{Started: 10, Submitted: 9, InProgress: 9, Overdue: 2, CompletionPercent: 90},
		Previous:  &v1alpha1.Counts{Started: 10, Submitted: 4, RejectedByValidation: 1, InProgress: 3, CompletionPercent: 40},
	}
	if diff := cmp.Diff(want, metrics("b", "a", byService(counts)["pension"], at)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := metrics("b", "a", byService(counts)["nobody"], at); got != nil {
		t.Errorf("a service that nobody applied to has metrics: %v", got)
	}
}

func TestOnlyServicesWhoseCountsChangedAreDue(t *testing.T) {
	a, b := inner.Counts{Service: "a", Digest: "1", Started: 1}, inner.Counts{Service: "b", Digest: "1", Started: 1}
	more := a
	more.Started = 2
	tests := map[string]struct {
		before []inner.Counts
		now    []inner.Counts
		want   map[string]bool
	}{
		"all at first":         {nil, []inner.Counts{a, b}, map[string]bool{"a": true, "b": true}},
		"none when all is old": {[]inner.Counts{a, b}, []inner.Counts{b, a}, map[string]bool{}},
		"the one that grew":    {[]inner.Counts{a, b}, []inner.Counts{more, b}, map[string]bool{"a": true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var before *look
			if tt.before != nil {
				before = &look{counts: byService(tt.before)}
			}
			got := map[string]bool{}
			for _, service := range changed(before, &look{counts: byService(tt.now)}) {
				got[service] = true
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAJournalOnlyGrows(t *testing.T) {
	written := &v1alpha1.JournalCheckpoint{Size: 10, RootHash: "ten"}
	tests := map[string]struct {
		written *v1alpha1.JournalCheckpoint
		read    *inner.Checkpoint
		want    verdict
	}{
		"an empty journal":             {nil, nil, unchanged},
		"the first entries":            {nil, &inner.Checkpoint{Size: 3, RootHash: "three"}, grown},
		"nothing happened":             {written, &inner.Checkpoint{Size: 10, RootHash: "ten"}, unchanged},
		"something happened":           {written, &inner.Checkpoint{Size: 11, RootHash: "eleven"}, grown},
		"it was cut":                   {written, &inner.Checkpoint{Size: 9, RootHash: "nine"}, broken},
		"it was rewritten":             {written, &inner.Checkpoint{Size: 10, RootHash: "TEN"}, broken},
		"it was emptied":               {written, &inner.Checkpoint{}, broken},
		"an intake that tells nothing": {written, nil, unchanged},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := compare(tt.written, tt.read); got != tt.want {
				t.Errorf("compare = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestHeadsThatNoRecordCanCarryAreNotTaken(t *testing.T) {
	root := "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	tests := map[string]struct {
		told *inner.Checkpoint
		want bool
	}{
		"a head":                         {&inner.Checkpoint{Size: 3, RootHash: root}, true},
		"the head of an empty journal":   {&inner.Checkpoint{RootHash: root}, true},
		"none":                           {nil, false},
		"more entries than can be said":  {&inner.Checkpoint{Size: 1 << 60, RootHash: root}, false},
		"a root that is no hash":         {&inner.Checkpoint{Size: 3, RootHash: "AAAA"}, false},
		"a root that is no base64":       {&inner.Checkpoint{Size: 3, RootHash: "three"}, false},
		"a root that is spelled oddly":   {&inner.Checkpoint{Size: 3, RootHash: root[:20] + "\n" + root[20:]}, false},
		"a root with something after it": {&inner.Checkpoint{Size: 3, RootHash: root + root}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := wellFormed(tt.told) != nil; got != tt.want {
				t.Errorf("taken = %v, want %v", got, tt.want)
			}
		})
	}
}
