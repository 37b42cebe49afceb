// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// publication is a record as the controller writes it, but for its signature, which the API server does not check.
func (o *office) publication(name string) *v1alpha1.Publication {
	return &v1alpha1.Publication{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: name},
		Spec: v1alpha1.PublicationSpec{
			Installation: "test", Namespace: o.namespace, Service: o.revision.Spec.Service, Seq: 1, Action: v1alpha1.ActionPublish,
			Code: "1", Revision: o.revision.Name, Digest: o.revision.Spec.Digest, DecidedAt: metav1.Now(),
			Signature: v1alpha1.Signature{KeyID: strings.Repeat("0", 64), Value: "AA=="},
		},
	}
}

// TestRecordsAreNeitherEditedNorRemoved tries every change of every record as a cluster administrator, whom RBAC refuses nothing,
// and as a tenant with all rights in the namespace.
func TestRecordsAreNeitherEditedNorRemoved(t *testing.T) {
	o := open(t)
	o.grantInNamespace("tenant", everything)
	o.decide("officer", "decision", "security")
	if err := o.controller().Create(t.Context(), o.publication("record")); err != nil {
		t.Fatal(err)
	}
	owner := []byte(`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"0d1f4f6c-0000-4000-8000-000000000000"}]}}`)
	finalizer := []byte(`{"metadata":{"finalizers":["okno.dev/mine"]}}`)
	label := []byte(`{"metadata":{"labels":{"catalog.okno.dev/service":"another"}}}`)
	records := map[string]struct {
		object   client.Object
		patch    string // changes the spec
		edited   string // what the refusal says
		labelled string
	}{
		"Approval": {
			object: &v1alpha1.Approval{ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: "decision"}},
			patch:  `{"spec":{"decision":"Reject"}}`, edited: "an Approval is a record",
		},
		"ServiceRevision": {
			object: &v1alpha1.ServiceRevision{ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: o.revision.Name}},
			patch:  `{"spec":{"author":"another"}}`, edited: "a revision is immutable", labelled: "only Okno's controller changes",
		},
		"Publication": {
			object: &v1alpha1.Publication{ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: "record"}},
			patch:  `{"spec":{"revision":"another"}}`, edited: "a Publication is a record and immutable", labelled: "only Okno's controller changes",
		},
	}
	for who, as := range map[string]client.Client{"an administrator": o.admin, "a tenant": o.as("tenant")} {
		for kind, record := range records {
			get := func() client.Object { return record.object.DeepCopyObject().(client.Object) }
			patch := func(body []byte) error {
				return as.Patch(t.Context(), get(), client.RawPatch(types.MergePatchType, body))
			}
			t.Run(who+" and a "+kind, func(t *testing.T) {
				refused(t, patch([]byte(record.patch)), record.edited)
				refused(t, patch(owner), "no owners and no finalizers")
				refused(t, patch(finalizer), "no owners and no finalizers")
				if record.labelled != "" {
					refused(t, patch(label), record.labelled)
				}
				refused(t, as.Delete(t.Context(), get()), "record")
				refused(t, as.Delete(t.Context(), get(), client.GracePeriodSeconds(0), client.PropagationPolicy(metav1.DeletePropagationOrphan)), "record")
				refused(t, as.DeleteAllOf(t.Context(), get(), client.InNamespace(o.namespace)), "record")
			})
		}
	}
	for kind, record := range records {
		if err := o.admin.Get(t.Context(), client.ObjectKeyFromObject(record.object), record.object); err != nil {
			t.Errorf("the %s is gone: %v", kind, err)
		}
	}
}

func TestOnlyTheControllerMakesRecords(t *testing.T) {
	o := open(t)
	o.grantInNamespace("tenant", everything)
	revision := func() client.Object {
		r := o.revision.DeepCopy()
		r.ObjectMeta = metav1.ObjectMeta{Namespace: o.namespace, Name: "forged"}
		return r
	}
	for who, as := range map[string]client.Client{"an administrator": o.admin, "a tenant": o.as("tenant")} {
		t.Run(who, func(t *testing.T) {
			refused(t, as.Create(t.Context(), revision()), "only Okno's controller makes")
			refused(t, as.Create(t.Context(), o.publication("forged")), "only Okno's controller makes")
		})
	}
	t.Run("nor does the controller make an approval", func(t *testing.T) {
		refused(t, o.controller().Create(t.Context(), o.approval("automatic", "security")), "cannot create resource")
	})
	t.Run("nor one with an owner", func(t *testing.T) {
		r := revision()
		r.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "gone", UID: "0d1f4f6c-0000-4000-8000-000000000000"}})
		refused(t, o.controller().Create(t.Context(), r), "no owners and no finalizers")
	})
	t.Run("an approval with an owner from the start", func(t *testing.T) {
		a := o.approval("owned", "security")
		a.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "gone", UID: "0d1f4f6c-0000-4000-8000-000000000000"}}
		refused(t, o.as("officer", groupOf["security"]).Create(t.Context(), a), "no owners and no finalizers")
	})
}

func TestTheControllerCollectsRevisions(t *testing.T) {
	o := open(t)
	if err := o.controller().Delete(t.Context(), o.revision.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	refused(t, o.controller().Delete(t.Context(), o.decide("officer", "decision", "security")), "cannot delete resource")
}

// TestStatusIsTheControllersAlone: what is served does not follow status, and still nobody may lie in it.
func TestStatusIsTheControllersAlone(t *testing.T) {
	o := open(t)
	o.grantInNamespace("tenant", everything)
	forged := []byte(`{"status":{"published":{"revision":"forged","digest":"sha256:` + strings.Repeat("0", 64) + `","since":"2026-01-01T00:00:00Z","seq":9}}}`)
	proven := []byte(`{"status":{"conditions":[{"type":"Verified","status":"True","reason":"ScenariosPassed","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`)
	svc := &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: o.revision.Spec.Service}}
	for who, as := range map[string]client.Client{"an administrator": o.admin, "a tenant": o.as("tenant")} {
		t.Run(who, func(t *testing.T) {
			refused(t, as.Status().Patch(t.Context(), svc.DeepCopy(), client.RawPatch(types.MergePatchType, forged)), "status belongs to Okno's controller")
			refused(t, as.Status().Patch(t.Context(), o.revision.DeepCopy(), client.RawPatch(types.MergePatchType, proven)), "status belongs to Okno's controller")
			if err := as.Patch(t.Context(), svc.DeepCopy(), client.RawPatch(types.MergePatchType, forged)); err != nil {
				t.Fatal(err)
			}
		})
	}
	if err := o.admin.Get(t.Context(), client.ObjectKeyFromObject(svc), svc); err != nil {
		t.Fatal(err)
	}
	if svc.Status.Published != nil {
		t.Errorf("status.published = %+v came in beside the subresource", svc.Status.Published)
	}
	if err := o.controller().Status().Patch(t.Context(), svc, client.RawPatch(types.MergePatchType, forged)); err != nil {
		t.Errorf("the controller writes status: %v", err)
	}
}
