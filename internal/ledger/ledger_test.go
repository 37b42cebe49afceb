// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

func record(seq int64, action v1alpha1.PublicationAction, digest v1alpha1.Digest) v1alpha1.Publication {
	return v1alpha1.Publication{Spec: v1alpha1.PublicationSpec{Seq: seq, Action: action, Digest: digest, Code: "code-of-" + string(digest)}}
}

func TestWhatIsServedFollowsFromTheRecords(t *testing.T) {
	type answer struct {
		Served, Previous v1alpha1.Digest
		Suspended        bool
		Next             int64
	}
	tests := map[string]struct {
		records []v1alpha1.Publication
		want    answer
	}{
		"nothing is served before the first record": {nil, answer{Next: 1}},
		"the first is served":                       {[]v1alpha1.Publication{record(1, v1alpha1.ActionPublish, "a")}, answer{Served: "a", Next: 2}},
		"the order of reading does not matter": {
			[]v1alpha1.Publication{record(2, v1alpha1.ActionPublish, "b"), record(1, v1alpha1.ActionPublish, "a")},
			answer{Served: "b", Previous: "a", Next: 3},
		},
		"a suspended revision stays": {
			[]v1alpha1.Publication{record(1, v1alpha1.ActionPublish, "a"), record(2, v1alpha1.ActionSuspend, "a")},
			answer{Served: "a", Suspended: true, Next: 3},
		},
		"a resumed one is served again": {
			[]v1alpha1.Publication{record(1, v1alpha1.ActionPublish, "a"), record(2, v1alpha1.ActionSuspend, "a"), record(3, v1alpha1.ActionResume, "a")},
			answer{Served: "a", Next: 4},
		},
		"nothing is served after a withdrawal": {
			[]v1alpha1.Publication{record(1, v1alpha1.ActionPublish, "a"), record(2, v1alpha1.ActionWithdraw, "a")},
			answer{Previous: "a", Next: 3},
		},
		"the previous of a revert is what was reverted": {
			[]v1alpha1.Publication{record(1, v1alpha1.ActionPublish, "a"), record(2, v1alpha1.ActionPublish, "b"), record(3, v1alpha1.ActionPublish, "a")},
			answer{Served: "a", Previous: "b", Next: 4},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l := Of(tt.records)
			got := answer{l.ServedDigest(), l.PreviousDigest(), l.Suspended(), l.NextSeq()}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAWithdrawalEndsWhenItSays(t *testing.T) {
	decided, later := metav1.Unix(100, 0), metav1.Unix(3700, 0)
	at := record(2, v1alpha1.ActionWithdraw, "a")
	at.Spec.DecidedAt = decided
	graced := *at.DeepCopy()
	graced.Spec.EffectiveAt = &later
	tests := map[string]struct {
		last v1alpha1.Publication
		want time.Time
	}{
		"at once":                        {at, decided.Time},
		"after a grace":                  {graced, later.Time},
		"a published one ends never yet": {record(2, v1alpha1.ActionPublish, "b"), time.Time{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Of([]v1alpha1.Publication{record(1, v1alpha1.ActionPublish, "a"), tt.last}).Ends(); !got.Equal(tt.want) {
				t.Errorf("Ends() = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestCodesAndNamesOfRecords(t *testing.T) {
	l := Of([]v1alpha1.Publication{record(1, v1alpha1.ActionPublish, "a"), record(2, v1alpha1.ActionWithdraw, "b")})
	if !l.HasCode("code-of-a") || l.HasCode("code-of-b") {
		t.Error("a code is held by a Publish record and by no other")
	}
	if got := l.PublishedAs("a"); got == nil || got.Spec.Seq != 1 {
		t.Errorf("PublishedAs(a) = %v", got)
	}
	if got := l.PublishedAs("b"); got != nil {
		t.Errorf("PublishedAs(b) = %v, want nil: it was only withdrawn", got)
	}
	if got := RecordName("pension", 7); got != "pension-000007" {
		t.Errorf("RecordName = %q", got)
	}
}

func TestWhatSupersedesWhatWasFollowed(t *testing.T) {
	at := func(seq int64, seconds int64, previous string) *v1alpha1.PublicationSpec {
		return &v1alpha1.PublicationSpec{Seq: seq, DecidedAt: metav1.Unix(seconds, 0), Previous: previous}
	}
	followed := at(5, 500, "four")
	for name, tc := range map[string]struct {
		next *v1alpha1.PublicationSpec
		want bool
	}{
		"the next record": {at(6, 600, "five"), true},
		"the next, written by a clock that is behind": {at(6, 400, "five"), true},
		"the same":                        {followed, false},
		"an older one that is sent again": {at(4, 400, "three"), false},
		"an older one, written by a clock that is ahead": {at(4, 900, "three"), false},
		"the old first one":                       {at(1, 100, ""), false},
		"the first of a service that begins anew": {at(1, 900, ""), true},
		"a first one that follows another":        {at(1, 900, "zero"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Supersedes(tc.next, followed); got != tc.want {
				t.Errorf("Supersedes = %v, want %v", got, tc.want)
			}
		})
	}
}
