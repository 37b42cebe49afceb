// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// sampleTitle is the short title of the sample, by which pages are headed.
const sampleTitle = "Доставка пенсии и социальных выплат"

// editionMark ends the titles of the edition that the local cluster leaves waiting.
const editionMark = " — новая редакция"

// startPage is the address that people are given.
func (w *walk) startPage(t *testing.T) string {
	t.Helper()
	svc := w.service(t)
	if svc.Status.Endpoints == nil || svc.Status.Endpoints.Form == "" {
		t.Fatal("the service's status has no address of its form")
	}
	return svc.Status.Endpoints.Form
}

// shows awaits that a citizen gets a digest, under a heading that satisfies check.
func (w *walk) shows(t *testing.T, digest string, check func(heading string) bool) {
	t.Helper()
	address, citizen := w.startPage(t), w.open(t)
	w.await(t, "the page of "+digest, func() error {
		p := citizen.get(t, address)
		if p.digest() != digest || !check(p.heading()) {
			return fmt.Errorf("%s shows %q of %s", address, p.heading(), p.digest())
		}
		return nil
	})
}

// listed awaits that the catalogue lists the service, under the new title or the old one.
func (w *walk) listed(t *testing.T, underNew bool) {
	t.Helper()
	address, ok := w.told("Catalogue")
	if !ok {
		t.Fatalf("the last screen names no catalogue:\n%s", w.said())
	}
	citizen := w.open(t)
	w.await(t, "the catalogue", func() error {
		body := string(citizen.get(t, address).body)
		if !strings.Contains(body, sampleTitle) || strings.Contains(body, editionMark) != underNew {
			return fmt.Errorf("%s shows:\n%s", address, body)
		}
		return nil
	})
}

func isNew(heading string) bool { return strings.HasSuffix(heading, editionMark) }

func isOld(heading string) bool { return heading != "" && !isNew(heading) }

// waits: of two editions the approved one is served, and one command tells what the other waits for.
func (w *walk) waits(t *testing.T) {
	svc := w.service(t)
	if svc.Status.Published == nil || svc.Status.Pending == nil {
		t.Fatalf("status: %+v", svc.Status)
	}
	w.old, w.next = svc.Status.Published.Digest, svc.Status.LatestDigest
	if w.old == w.next || svc.Status.Pending.Revision != svc.Status.LatestRevision || svc.Status.Pending.Gates != "4/5" {
		t.Errorf("published %s, newest %s, pending %+v", w.old, w.next, svc.Status.Pending)
	}
	w.shows(t, w.old, isOld)
	says(t, w.why(t), "waits (AwaitingApproval): 4 of 5 gates are open", w.next, "author    agency-editor",
		"citizens are served "+svc.Status.Published.Revision, "moderator     AwaitingApproval   okno:moderators",
		"kubectl okno approve pension-delivery --gate moderator -n sfr")
	refused(t, w.as(t, "agency-editor", "kubectl", "okno", "approve", service, "-n", namespace, "--gate", "moderator"),
		"you (agency-editor) wrote this revision", "okno:moderators")
	w.columns(t)

	w.early = w.open(t)
	w.earlyPage = w.early.send(t, w.early.get(t, w.startPage(t)), nil)
}

// columns: what kubectl get shows of each kind is named as people know it, and filled.
func (w *walk) columns(t *testing.T) {
	for kind, names := range map[string][]string{
		"gsvc": {"NAME", "READY", "PUBLISHED", "PENDING", "GATES", "URL", "AGE"},
		"srev": {"NAME", "SERVICE", "DIGEST", "VERIFIED", "AGE"},
		"appr": {"NAME", "SUBJECT", "GATE", "DECISION", "APPROVER", "AUTHORITY", "AGE"},
		"gpub": {"NAME", "SERVICE", "SEQ", "ACTION", "REVISION", "AGE"},
	} {
		lines := strings.Split(strings.TrimSpace(w.must(t, "agency-editor", "kubectl", "get", kind, "-n", namespace)), "\n")
		if diff := cmp.Diff(names, strings.Fields(lines[0])); diff != "" {
			t.Errorf("columns of %s (-want +got):\n%s", kind, diff)
		}
		if len(lines) < 2 {
			t.Errorf("there is no %s", kind)
		}
		for _, line := range lines[1:] {
			// No cell holds a space, so that a cell that is missing shows.
			if len(strings.Fields(line)) != len(names) {
				t.Errorf("%s: not every column is filled:\n%s\n%s", kind, lines[0], line)
			}
		}
	}
}

// approve: the moderator's word is the last, and the citizen sees it.
func (w *walk) approve(t *testing.T) {
	out := w.must(t, "moderator", "kubectl", "okno", "approve", service, "-n", namespace, "--gate", "moderator")
	says(t, out, "approved at gate moderator", "all 5 gates are open")
	w.shows(t, w.next, isNew)
	w.listed(t, true)
	w.settled(t, w.next)

	records := w.publications(t)
	last := records[len(records)-1].Spec
	if len(records) != 2 || last.Seq != 2 || string(last.Digest) != w.next || last.Cause != "" {
		t.Errorf("%d records, the last is %+v", len(records), last)
	}
	var persons []string
	for _, d := range last.Decisions {
		persons = append(persons, strings.TrimSpace(d.Gate+" "+d.Person))
	}
	want := []string{"scenarios", "integration mfc-tester", "security security-officer", "ministry ministry", "moderator moderator"}
	if diff := cmp.Diff(want, persons); diff != "" {
		t.Errorf("who decided (-want +got):\n%s", diff)
	}
}

// settled awaits that status tells that a digest is served and nothing waits.
func (w *walk) settled(t *testing.T, digest string) {
	t.Helper()
	w.await(t, "the status of "+digest, func() error {
		status := w.service(t).Status
		if status.Published == nil || status.Published.Digest != digest || status.Pending != nil || condition(status, v1alpha1.ConditionReady) != "True/Ready" {
			return fmt.Errorf("published %+v, pending %+v, Ready %s", status.Published, status.Pending, condition(status, v1alpha1.ConditionReady))
		}
		return nil
	})
}

// condition is the status and the reason of a condition.
func condition(status v1alpha1.GovServiceStatus, kind string) string {
	for _, c := range status.Conditions {
		if c.Type == kind {
			return string(c.Status) + "/" + c.Reason
		}
	}
	return "absent"
}

// revert: what was approved and served before is served again as soon as its file is applied, by a record of its own.
func (w *walk) revert(t *testing.T) {
	var approvals v1alpha1.ApprovalList
	w.read(t, &approvals, "approvals")
	w.must(t, "agency-editor", "kubectl", "apply", "--server-side", "-f", "config/samples/pension-delivery/govservice.yaml")
	w.shows(t, w.old, isOld)
	w.listed(t, false)
	w.settled(t, w.old)

	records := w.publications(t)
	last := records[len(records)-1].Spec
	if len(records) != 3 || last.Seq != 3 || string(last.Digest) != w.old || last.Action != v1alpha1.ActionPublish || last.Cause != "Reverted" {
		t.Errorf("%d records, the last is %+v", len(records), last)
	}
	if first := records[0].Spec; !slices.Equal(first.Decisions, last.Decisions) {
		t.Errorf("it rests on other decisions than at first: %+v, then %+v", first.Decisions, last.Decisions)
	}
	var now v1alpha1.ApprovalList
	if w.read(t, &now, "approvals"); len(now.Items) != len(approvals.Items) {
		t.Errorf("%d approvals, %d before: somebody had to decide", len(now.Items), len(approvals.Items))
	}
	says(t, w.why(t), "served: ", "citizens are served this revision")
}
