// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// statuses are those that people look at.
type statuses struct {
	Service  v1alpha1.GovServiceStatus
	Provider v1alpha1.ServiceProviderStatus
	// Proven tells of the newest revision.
	Proven string
}

func (w *walk) statuses(t *testing.T) statuses {
	t.Helper()
	s := statuses{Service: w.service(t).Status}
	var provider v1alpha1.ServiceProvider
	w.read(t, &provider, "serviceprovider", namespace)
	s.Provider = provider.Status
	s.Proven = w.proven(t, s.Service.LatestRevision)
	return s
}

// proven is what the report of a revision's scenarios says.
func (w *walk) proven(t *testing.T, revision string) string {
	t.Helper()
	var rev v1alpha1.ServiceRevision
	w.read(t, &rev, "servicerevision", revision)
	if rev.Status.Report == nil {
		return "not proven"
	}
	return fmt.Sprintf("%d passed, %d failed", rev.Status.Report.Passed, rev.Status.Report.Failed)
}

// withoutTimes compares statuses but for the moments at which they were written, and for how much of the journal is anchored.
var withoutTimes = cmp.Options{
	cmpopts.IgnoreFields(metav1.Condition{}, "LastTransitionTime"),
	cmpopts.IgnoreFields(v1alpha1.Metrics{}, "AsOf"),
	cmpopts.IgnoreFields(v1alpha1.JournalCheckpoint{}, "Size", "RootHash", "At"),
	cmpopts.EquateEmpty(),
}

// status: what is served follows the records, whatever the statuses say; and they say it again by themselves.
func (w *walk) status(t *testing.T) {
	before := w.statuses(t)
	forged := fmt.Sprintf(`{"status":{"published":{"revision":%q,"digest":%q,"seq":9,"since":"2026-01-01T00:00:00Z"}}}`, before.Service.LatestRevision, before.Service.LatestDigest)
	for _, person := range []string{"agency-editor", "platform"} {
		refused(t, w.as(t, person, "kubectl", "patch", "govservice", service, "-n", namespace, "--subresource=status", "--type=merge", "-p", forged),
			"status belongs to Okno's controller; what is served follows Publications, not status")
	}
	if diff := cmp.Diff(before, w.statuses(t), withoutTimes); diff != "" {
		t.Errorf("the forged status changed something (-before +now):\n%s", diff)
	}

	// Only whoever acts as the controller can write a status at all.
	for _, object := range w.withStatus(t) {
		w.must(t, "platform", "kubectl", "patch", object, "-n", namespace, "--subresource=status", "--type=json", "-p", `[{"op":"remove","path":"/status"}]`,
			"--as=system:serviceaccount:okno-system:okno-controller", "--as-group=system:masters")
	}
	address, citizen := w.startPage(t), w.open(t)
	w.await(t, "the statuses that were lost", func() error {
		if p := citizen.get(t, address); p.digest() != w.old {
			t.Fatalf("%s is served after the statuses were lost", p.digest())
		}
		if diff := cmp.Diff(before, w.statuses(t), withoutTimes); diff != "" {
			return errors.New("(-before +now):\n" + diff)
		}
		return nil
	})
	if records := w.publications(t); len(records) != 3 {
		t.Errorf("%d records, want the 3 of before", len(records))
	}
	says(t, w.why(t), "2 of 5 gates are open")

	// The proof of the served revision is not asked for until it is wanted again.
	w.must(t, "agency-editor", "kubectl", "apply", "--server-side", "-f", "config/samples/pension-delivery/govservice.yaml")
	w.settled(t, w.old)
	w.await(t, "the proof of the served revision", func() error {
		status := w.service(t).Status
		if now := w.proven(t, status.LatestRevision); now != before.Proven || condition(status, v1alpha1.ConditionVerified) != condition(before.Service, v1alpha1.ConditionVerified) {
			return fmt.Errorf("%s, before %s; Verified %s", now, before.Proven, condition(status, v1alpha1.ConditionVerified))
		}
		return nil
	})
	if records := w.publications(t); len(records) != 3 {
		t.Errorf("%d records: what is served already was published anew", len(records))
	}
}

// withStatus names the objects whose status is to be lost.
func (w *walk) withStatus(t *testing.T) []string {
	t.Helper()
	var list metav1.PartialObjectMetadataList
	w.read(t, &list, "govservices,servicerevisions,serviceproviders")
	var names []string
	for _, o := range list.Items {
		names = append(names, o.Kind+"/"+o.Name)
	}
	if len(names) != 5 {
		t.Fatalf("%v, want one service, three revisions and one provider", names)
	}
	return names
}
