// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
)

// transformOf is what the cache does to an object of a kind.
func transformOf(t *testing.T, object any) func(any) (any, error) {
	t.Helper()
	for kind, options := range CacheOptions().ByObject {
		if fmt.Sprintf("%T", kind) == fmt.Sprintf("%T", object) {
			return options.Transform
		}
	}
	t.Fatalf("%T is cached whole", object)
	return nil
}

func TestTheCacheKeepsADigestAndACodeInsteadOfABody(t *testing.T) {
	raw := []byte(`{"title":{"en":"A","ru":"Я"},"code":"1"}`)
	want, err := digest.Of(raw)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		object any
		kept   func(any) *v1alpha1.Definition
		want   string
		code   string
	}{
		"a service": {
			&v1alpha1.GovService{Spec: v1alpha1.GovServiceSpec{Service: v1alpha1.NewDefinition(raw)}},
			func(o any) *v1alpha1.Definition { return &o.(*v1alpha1.GovService).Spec.Service }, string(want), "1",
		},
		"a revision": {
			&v1alpha1.ServiceRevision{Spec: v1alpha1.ServiceRevisionSpec{Definition: v1alpha1.NewDefinition(raw)}},
			func(o any) *v1alpha1.Definition { return &o.(*v1alpha1.ServiceRevision).Spec.Definition }, string(want), "1",
		},
		"what cannot be hashed has none": {
			&v1alpha1.GovService{Spec: v1alpha1.GovServiceSpec{Service: v1alpha1.NewDefinition([]byte(`{"a":null}`))}},
			func(o any) *v1alpha1.Definition { return &o.(*v1alpha1.GovService).Spec.Service }, "", "",
		},
		"what cannot be hashed may have a code": {
			&v1alpha1.GovService{Spec: v1alpha1.GovServiceSpec{Service: v1alpha1.NewDefinition([]byte(`{"a":null,"code":"1"}`))}},
			func(o any) *v1alpha1.Definition { return &o.(*v1alpha1.GovService).Spec.Service }, "", "1",
		},
		"a code that is no text is none": {
			&v1alpha1.GovService{Spec: v1alpha1.GovServiceSpec{Service: v1alpha1.NewDefinition([]byte(`{"a":null,"code":1}`))}},
			func(o any) *v1alpha1.Definition { return &o.(*v1alpha1.GovService).Spec.Service }, "", "",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			transform := transformOf(t, tt.object)
			for range 2 { // a transform may see its own work again
				object, err := transform(tt.object)
				if err != nil {
					t.Fatal(err)
				}
				if kept := tt.kept(object); kept.Raw() != nil || kept.Digest() != tt.want || kept.Code() != tt.code {
					t.Errorf("kept %q with digest %q and code %q, want %q and %q", kept.Raw(), kept.Digest(), kept.Code(), tt.want, tt.code)
				}
			}
		})
	}
}

func TestTheCacheDropsWhatNobodyReads(t *testing.T) {
	svc := &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "x"}},
		Annotations:   map[string]string{corev1.LastAppliedConfigAnnotation: "{…}", v1alpha1.AuthorAnnotation: "somebody"},
	}}
	if _, err := transformOf(t, svc)(svc); err != nil {
		t.Fatal(err)
	}
	if svc.ManagedFields != nil || len(svc.Annotations) != 1 || svc.Annotations[v1alpha1.AuthorAnnotation] == "" {
		t.Errorf("kept %+v", svc.ObjectMeta)
	}
	rev := &v1alpha1.ServiceRevision{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.ServiceLabel: "permit"}},
		Status: v1alpha1.ServiceRevisionStatus{
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionVerified, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonVerified, Message: "5 scenarios passed"}},
			Report:     &v1alpha1.ScenarioReport{SHA256: "0", Passed: 5, Scenarios: []v1alpha1.ScenarioResult{{Name: "one"}}},
		},
	}
	want := rev.DeepCopy()
	want.Labels, want.Status.Report.Scenarios = nil, nil
	if _, err := transformOf(t, rev)(rev); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Status, rev.Status); diff != "" || rev.Labels != nil {
		t.Errorf("labels %v, status (-want +got):\n%s", rev.Labels, diff)
	}
	record := &v1alpha1.Publication{ObjectMeta: metav1.ObjectMeta{Labels: rev.Labels}, Spec: v1alpha1.PublicationSpec{Seq: 7, Signature: v1alpha1.Signature{KeyID: "k", Value: "v"}}}
	spec := record.Spec
	if _, err := transformOf(t, record)(record); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(spec, record.Spec, cmpopts.IgnoreUnexported(v1alpha1.PublicationSpec{})); diff != "" {
		t.Errorf("a record's spec is signed and stays whole (-want +got):\n%s", diff)
	}
	gone := cache.DeletedFinalStateUnknown{Key: "fund/permit"}
	if got, err := transformOf(t, svc)(gone); err != nil || got != any(gone) {
		t.Errorf("a tombstone became %v, %v", got, err)
	}
}

func TestRememberedDigestsAreBounded(t *testing.T) {
	d := &digests{known: map[[32]byte]kept{}}
	for i := range maxDigests + 10 {
		raw := fmt.Appendf(nil, `{"code":"%d"}`, i)
		want, err := digest.Of(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.of(raw); got.digest != want || d.of(raw) != got {
			t.Fatalf("digest of %s is %q, want %q", raw, got.digest, want)
		}
	}
	if len(d.known) > maxDigests {
		t.Errorf("%d digests are remembered", len(d.known))
	}
}
