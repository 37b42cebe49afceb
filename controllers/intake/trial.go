// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/ledger"
)

// trial is how far the revisions that an agency serves are proven on the program of an image.
type trial struct {
	unproven []string // revisions whose scenarios have not been run on it
	failed   []string // what failed, by revision
	missing  []string // revisions that are served and not there to be proven
}

// passed tells whether everything that is served came out well.
func (t trial) passed() bool { return len(t.unproven)+len(t.failed)+len(t.missing) == 0 }

// refused tells why the image is not taken until a person acts, or "". What is not proven yet is waited for first, so that all
// that failed is told at once.
func (t trial) refused() string {
	bad := slices.Concat(t.failed, t.missing)
	if len(bad) == 0 || len(t.unproven) > 0 {
		return ""
	}
	const shown = 3
	more := ""
	if len(bad) > shown {
		more = fmt.Sprintf("; and %d more", len(bad)-shown)
	}
	return strings.Join(bad[:min(len(bad), shown)], "; ") + more
}

// judge tells how the served revisions stand to a program. Records say what is served; revisions, by name, how they were proven.
func judge(program string, served []v1alpha1.PublicationSpec, revisions map[string]*v1alpha1.ServiceRevision) trial {
	var t trial
	for _, record := range served {
		rev := revisions[record.Revision]
		if rev == nil || rev.Spec.Digest != record.Digest {
			t.missing = append(t.missing, record.Revision+" is served and there is no such revision to prove: publish another, or withdraw it")
			continue
		}
		switch proof := rev.Status.On(program); {
		case proof == nil:
			t.unproven = append(t.unproven, rev.Name)
		case proof.Result != v1alpha1.ResultPassed:
			t.failed = append(t.failed, strings.TrimSuffix(rev.Name+" failed "+proof.Message, " "))
		}
	}
	return t
}

// served are the newest records of the services that take applications at a moment, of all records of a namespace, by service.
// Objects that only look like records are passed over.
func served(records []v1alpha1.Publication, verified func(*v1alpha1.Publication) bool, now time.Time) []v1alpha1.PublicationSpec {
	byService := map[string]ledger.Ledger{}
	for i := range records {
		byService[records[i].Spec.Service] = append(byService[records[i].Spec.Service], records[i])
	}
	var list []v1alpha1.PublicationSpec
	for _, l := range byService {
		if last := newest(ledger.Of(l), verified); last != nil && takesApplications(*last, now) {
			list = append(list, last.Spec)
		}
	}
	slices.SortFunc(list, func(a, b v1alpha1.PublicationSpec) int { return strings.Compare(a.Service, b.Service) })
	return list
}

// newest is the newest record that verifies, or nil. Older ones need not be looked at.
func newest(l ledger.Ledger, verified func(*v1alpha1.Publication) bool) *v1alpha1.Publication {
	for i := len(l) - 1; i >= 0; i-- {
		if verified(&l[i]) {
			return &l[i]
		}
	}
	return nil
}

// takesApplications tells whether the service of a newest record takes applications: also stopped ones, which may be resumed at any
// time, and withdrawn ones within their grace.
func takesApplications(last v1alpha1.Publication, now time.Time) bool {
	l := ledger.Ledger{last}
	return l.Served() != nil || l.Ends().After(now)
}

// with adds a proof to those that a revision has, the newest first.
func with(proofs []v1alpha1.ImageProof, proof v1alpha1.ImageProof) []v1alpha1.ImageProof {
	const kept = 3
	others := slices.DeleteFunc(slices.Clone(proofs), func(p v1alpha1.ImageProof) bool { return p.Image == proof.Image })
	return append([]v1alpha1.ImageProof{proof}, others[:min(len(others), kept-1)]...)
}

// proofOf is what a report says of the image that it names.
func proofOf(report *v1alpha1.ScenarioReport) v1alpha1.ImageProof {
	own := v1alpha1.ServiceRevisionStatus{Report: report}
	proof := *own.On(report.Image)
	for _, s := range report.Scenarios {
		if s.Result == v1alpha1.ResultFailed {
			proof.Message = clip(fmt.Sprintf("%q: %s", s.Name, s.Message), 512)
			break
		}
	}
	return proof
}

func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len("…")], "") + "…"
}
