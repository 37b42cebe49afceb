// SPDX-License-Identifier: Apache-2.0

// Package ledger reads a service's Publications as one history. It is pure: the records say everything, and what is served
// follows from them alone.
package ledger

import (
	"fmt"
	"slices"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Ledger is a service's records, the oldest first.
type Ledger []v1alpha1.Publication

// Of orders records by their number. The records must be one service's.
func Of(records []v1alpha1.Publication) Ledger {
	l := slices.Clone(records)
	slices.SortFunc(l, func(a, b v1alpha1.Publication) int { return int(a.Spec.Seq - b.Spec.Seq) })
	return l
}

// Last is the newest record, or nil.
func (l Ledger) Last() *v1alpha1.Publication {
	if len(l) == 0 {
		return nil
	}
	return &l[len(l)-1]
}

// NextSeq is the number of the record to come.
func (l Ledger) NextSeq() int64 {
	if last := l.Last(); last != nil {
		return last.Spec.Seq + 1
	}
	return 1
}

// RecordName names the record with a number of a service. Two writers of one number collide on the name.
func RecordName(service string, seq int64) string { return fmt.Sprintf("%s-%06d", service, seq) }

// Served is the record that what is served follows, with its revision: a Publish, or a Suspend or Resume of it. It is nil before
// the first and after a Withdraw.
func (l Ledger) Served() *v1alpha1.Publication {
	last := l.Last()
	if last == nil || last.Spec.Action == v1alpha1.ActionWithdraw {
		return nil
	}
	return last
}

// ServedDigest is the digest of what is served, or "".
func (l Ledger) ServedDigest() v1alpha1.Digest {
	if served := l.Served(); served != nil {
		return served.Spec.Digest
	}
	return ""
}

// Suspended tells whether the emergency stop is on.
func (l Ledger) Suspended() bool {
	last := l.Last()
	return last != nil && last.Spec.Action == v1alpha1.ActionSuspend
}

// PreviousDigest is the newest digest that was served before the served one, or "".
func (l Ledger) PreviousDigest() v1alpha1.Digest {
	served := l.ServedDigest()
	for _, record := range slices.Backward(l) {
		if record.Spec.Digest != served && record.Spec.Action == v1alpha1.ActionPublish {
			return record.Spec.Digest
		}
	}
	return ""
}

// PublishedAs is the newest Publish record of a digest, or nil.
func (l Ledger) PublishedAs(digest v1alpha1.Digest) *v1alpha1.Publication {
	for i, record := range slices.Backward(l) {
		if record.Spec.Action == v1alpha1.ActionPublish && record.Spec.Digest == digest {
			return &l[i]
		}
	}
	return nil
}

// HasCode tells whether a record published the service under a code.
func (l Ledger) HasCode(code string) bool {
	return slices.ContainsFunc(l, func(p v1alpha1.Publication) bool {
		return p.Spec.Action == v1alpha1.ActionPublish && p.Spec.Code == code
	})
}

// Ends is the moment from which nothing is served any more because of a Withdraw; zero when the newest record is none.
func (l Ledger) Ends() time.Time {
	last := l.Last()
	switch {
	case last == nil || last.Spec.Action != v1alpha1.ActionWithdraw:
		return time.Time{}
	case last.Spec.EffectiveAt != nil:
		return last.Spec.EffectiveAt.Time
	default:
		return last.Spec.DecidedAt.Time
	}
}

// Supersedes tells whether a record comes after another that was followed of the same service. Records are numbered, so a higher number
// does. A lower one does not, whoever brings it back, unless it begins the service anew in a namespace that was made again: it is the
// first, names no record before it, and was decided later than the other. All three are signed.
func Supersedes(next, followed *v1alpha1.PublicationSpec) bool {
	return next.Seq > followed.Seq || Begins(next) && next.DecidedAt.After(followed.DecidedAt.Time)
}

// Begins tells whether a record is the first of its service.
func Begins(record *v1alpha1.PublicationSpec) bool { return record.Seq == 1 && record.Previous == "" }
