// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// selfGranted is what a tenant who rules its own namespace could bind to itself there.
const selfGranted = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: self-granted, namespace: sfr}
rules:
- {apiGroups: [catalog.okno.dev], resources: [approvals], verbs: [create, update, patch, delete]}
- {apiGroups: [catalog.okno.dev], resources: [gates], verbs: [approve]}
- {apiGroups: [catalog.okno.dev], resources: [govservices/status], verbs: [get, update, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: self-granted, namespace: sfr}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: self-granted}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: agency-editor}]
`

// mayDecide asks whether who sends it may decide at the last gate.
const mayDecide = `
apiVersion: authorization.k8s.io/v1
kind: SelfSubjectAccessReview
spec: {resourceAttributes: {group: catalog.okno.dev, resource: gates, name: moderator, verb: approve}}
`

// thirdTitle is the title of the edition on which nobody may succeed to decide wrongly.
const thirdTitle = sampleTitle + " — третья редакция"

// refuse tries every wrong decision on a third edition, and reads the reason where people read it.
func (w *walk) refuse(t *testing.T) {
	rev := w.third(t)
	w.grant(t)
	right := "kubectl okno approve " + service + " --gate integration -n " + namespace
	says(t, w.why(t), "1 of 5 gates are open", right)

	t.Run("WithoutTheVerb", func(t *testing.T) {
		refused(t, w.as(t, "security-officer", "kubectl", "okno", "approve", service, "-n", namespace, "--gate", "moderator"),
			"may not decide at gate \"moderator\"", "okno-approve-moderator")
		refused(t, w.create(t, "security-officer", approval("without-verb", rev, "moderator")), "okno-approver", "you may not decide at gate moderator")
	})
	t.Run("ByATenantWhoBoundTheVerbInItsOwnNamespace", func(t *testing.T) {
		const why = "was granted within the namespace only"
		refused(t, w.as(t, "agency-editor", "kubectl", "okno", "approve", service, "-n", namespace, "--gate", "moderator"), "would not count", why)
		w.notCounted(t, "agency-editor", approval("self-granted", rev, "moderator"), why)
	})
	t.Run("ByTheAuthor", func(t *testing.T) {
		w.must(t, "platform", "kubectl", "create", "clusterrolebinding", "author-decides", "--clusterrole=okno-approve-moderator", "--user=agency-editor")
		w.await(t, "the author's right", func() error {
			// Asked without a namespace, so that only what is granted for the cluster answers.
			a := w.asWith(t, mayDecide, "agency-editor", "kubectl", "create", "--validate=false", "-f", "-", "-o", "jsonpath={.status.allowed}")
			if a.out != "true" {
				return errors.New(a.text())
			}
			return nil
		})
		const why = "the policy lets no author decide"
		refused(t, w.as(t, "agency-editor", "kubectl", "okno", "approve", service, "-n", namespace, "--gate", "moderator"), "would not count", why)
		w.notCounted(t, "agency-editor", approval("by-author", rev, "moderator"), why)
	})
	t.Run("ForAnotherDigest", func(t *testing.T) {
		other := approval("other-digest", rev, "integration")
		other.Spec.Subject.Digest = v1alpha1.Digest(w.old)
		w.notCounted(t, "mfc-tester", other, "it is about other content, with digest "+w.old)
		says(t, w.why(t), "1 of 5 gates are open")
	})
	t.Run("InTheNameOfSomebodyElse", func(t *testing.T) {
		forged := approval("forged", rev, "integration")
		forged.Spec.Approver, forged.Spec.SubmittedBy, forged.Spec.Authority = &v1alpha1.Person{Username: "moderator"}, "moderator", v1alpha1.AuthorityCluster
		w.notCounted(t, "agency-editor", forged, "was granted within the namespace only")
	})
	t.Run("TwiceByOnePerson", func(t *testing.T) {
		says(t, w.must(t, "mfc-tester", "kubectl", "okno", "approve", service, "-n", namespace, "--gate", "integration"), "2 of 5 gates are open")
		says(t, w.must(t, "mfc-tester", "kubectl", "okno", "approve", service, "-n", namespace, "--gate", "integration"), "you decided so already")
		w.notCounted(t, "mfc-tester", approval("twice", rev, "integration"), "approved at this gate already")
		w.must(t, "platform", "kubectl", "create", "clusterrolebinding", "tester-everywhere", "--clusterrole=okno-approve-security", "--user=mfc-tester")
		second := approval("two-gates", rev, "security")
		w.await(t, "the tester's second right", func() error { return w.created(t, "mfc-tester", second) })
		says(t, w.why(t), "one person open one gate")
	})
	t.Run("EditedDeletedOrGivenAnOwner", func(t *testing.T) { w.tamper(t, rev) })

	says(t, w.why(t), "2 of 5 gates are open", "kubectl okno approve "+service+" --gate security -n "+namespace)
	w.shows(t, w.old, isOld)
	if records := w.publications(t); len(records) != 3 {
		t.Errorf("%d records, want the 3 of before", len(records))
	}
}

// third applies an edition that nobody has seen and awaits that it has proven itself.
func (w *walk) third(t *testing.T) *v1alpha1.ServiceRevision {
	t.Helper()
	manifest, err := os.ReadFile(filepath.Join(w.root, "config", "samples", service, "govservice.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(manifest), fmt.Sprintf("%q", sampleTitle), fmt.Sprintf("%q", thirdTitle), 1)
	if changed == string(manifest) {
		t.Fatalf("the sample has no title %q", sampleTitle)
	}
	if a := w.asWith(t, changed, "agency-editor", "kubectl", "apply", "--server-side", "-f", "-"); a.code != 0 {
		t.Fatal(a.text())
	}
	w.await(t, "the third edition's scenarios", func() error {
		status := w.service(t).Status
		if status.Pending == nil || status.Pending.Gates != "1/5" {
			return fmt.Errorf("pending %+v, Verified %s", status.Pending, condition(status, v1alpha1.ConditionVerified))
		}
		return nil
	})
	rev := &v1alpha1.ServiceRevision{}
	w.read(t, rev, "servicerevision", w.service(t).Status.LatestRevision)
	return rev
}

// grant gives the tenant all rights in its own namespace, and awaits that they hold.
func (w *walk) grant(t *testing.T) {
	t.Helper()
	if a := w.asWith(t, selfGranted, "platform", "kubectl", "apply", "-f", "-"); a.code != 0 {
		t.Fatal(a.text())
	}
	w.await(t, "the tenant's rights", func() error {
		if a := w.as(t, "agency-editor", "kubectl", "auth", "can-i", "delete", "approvals.catalog.okno.dev", "-n", namespace); a.code != 0 {
			return errors.New(a.text())
		}
		return nil
	})
}

// approval is an Approve of a revision, as somebody would write it by hand.
func approval(name string, rev *v1alpha1.ServiceRevision, gate string) *v1alpha1.Approval {
	return &v1alpha1.Approval{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Approval"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: v1alpha1.ApprovalSpec{
			Subject: v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: rev.Name, Digest: rev.Spec.Digest},
			Gate:    gate, Decision: v1alpha1.DecisionApprove,
		},
	}
}

// create lets a person create an object by kubectl.
func (w *walk) create(t *testing.T, person string, object any) answer {
	t.Helper()
	manifest, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return w.asWith(t, string(manifest), person, "kubectl", "create", "-f", "-")
}

func (w *walk) created(t *testing.T, person string, object any) error {
	t.Helper()
	if a := w.create(t, person, object); a.code != 0 {
		return errors.New(a.text())
	}
	return nil
}

// notCounted: the decision is recorded, and why tells that it does not count and for what reason.
func (w *walk) notCounted(t *testing.T, person string, a *v1alpha1.Approval, reason string) {
	t.Helper()
	if err := w.created(t, person, a); err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(w.why(t), "Not counted:")
	for line := range strings.Lines(list) {
		if strings.Contains(line, "("+a.Name+")") {
			says(t, line, "Approve of "+person+" at "+a.Spec.Gate, reason)
			return
		}
	}
	t.Errorf("why does not tell that %q does not count:\n%s", a.Name, list)
}

// tamper: a record is what it was, whoever asks, cluster administrators included.
func (w *walk) tamper(t *testing.T, rev *v1alpha1.ServiceRevision) {
	const owner = `{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"00000000-0000-0000-0000-000000000001"}`
	var before v1alpha1.Approval
	w.read(t, &before, "approval", "twice")
	for _, person := range []string{"platform", "agency-editor"} {
		patch := func(body string) answer {
			return w.as(t, person, "kubectl", "patch", "approval", "twice", "-n", namespace, "--type=merge", "-p", body)
		}
		refused(t, patch(`{"spec":{"decision":"Reject"}}`), "an Approval is a record: decide again with another Approval")
		refused(t, patch(`{"spec":{"subject":{"digest":"`+w.old+`"}}}`), "an Approval is a record")
		refused(t, patch(`{"metadata":{"ownerReferences":[`+owner+`]}}`), "a record takes no owners and no finalizers")
		refused(t, patch(`{"metadata":{"finalizers":["okno.dev/never"]}}`), "a record takes no owners and no finalizers")
		refused(t, w.as(t, person, "kubectl", "delete", "approval", "twice", "-n", namespace), "an Approval is a record: take it back with another Approval that revokes it")
		refused(t, w.as(t, person, "kubectl", "delete", "approvals", "--all", "-n", namespace), "an Approval is a record")
	}
	owned := approval("owned", rev, "integration")
	owned.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "gone", UID: "00000000-0000-0000-0000-000000000001"}}
	refused(t, w.create(t, "mfc-tester", owned), "a record takes no owners and no finalizers")
	for kind, phrase := range map[string]string{"publication/" + service + "-000003": "a Publication is a record", "servicerevision/" + rev.Name: "Okno's controller deletes old ServiceRevisions itself"} {
		refused(t, w.as(t, "platform", "kubectl", "delete", kind, "-n", namespace), phrase)
	}
	var now v1alpha1.Approval
	if w.read(t, &now, "approval", "twice"); now.ResourceVersion != before.ResourceVersion {
		t.Errorf("the record was changed: %+v, now %+v", before, now)
	}
}
