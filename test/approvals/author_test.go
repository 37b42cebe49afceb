// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// TestWhoTheAuthorIs follows the annotation through what people and tools do to a service.
func TestWhoTheAuthorIs(t *testing.T) {
	o := open(t)
	o.grantInNamespace("tool", everything)
	o.grantInNamespace("second", everything)
	svc := &v1alpha1.GovService{}
	key := client.ObjectKey{Namespace: o.namespace, Name: o.revision.Spec.Service}
	for _, step := range []struct {
		name, user string
		patch      string
		want       string
	}{
		{"created", "", "", "editor"},
		{"a tool sets a label", "tool", `{"metadata":{"labels":{"a":"b"}}}`, "editor"},
		{"a tool changes how it runs", "tool", `{"spec":{"revisionHistoryLimit":2}}`, "editor"},
		{"a tool applies the very same title", "tool", `{"spec":{"service":{"code":"10000000109"}}}`, "editor"},
		{"a tool forges the author", "tool", `{"metadata":{"annotations":{"catalog.okno.dev/author":"minister"}}}`, "editor"},
		{"a tool removes the author", "tool", `{"metadata":{"annotations":{"catalog.okno.dev/author":null}}}`, "editor"},
		{"another person changes a text", "second", `{"spec":{"service":{"title":{"en":"Another title"}}}}`, "second"},
		{"a person changes a text and names another", "second", `{"metadata":{"annotations":{"catalog.okno.dev/author":"editor"}},"spec":{"service":{"title":{"en":"A third title"}}}}`, "second"},
		{"the controller sets its finalizer", "controller", `{"metadata":{"finalizers":["catalog.okno.dev/withdraw"]}}`, "second"},
	} {
		if step.user != "" {
			as := o.as(step.user)
			if step.user == "controller" {
				as = o.controller()
			}
			target := &v1alpha1.GovService{}
			target.Namespace, target.Name = key.Namespace, key.Name
			if err := as.Patch(t.Context(), target, client.RawPatch(types.MergePatchType, []byte(step.patch))); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
		}
		if err := o.admin.Get(t.Context(), key, svc); err != nil {
			t.Fatal(err)
		}
		if got := svc.Annotations[v1alpha1.AuthorAnnotation]; got != step.want {
			t.Errorf("%s: author %q, want %q", step.name, got, step.want)
		}
	}
	// A whole new object under the old name, as replace does it, says who sends it.
	whole := o.sample()
	whole.ResourceVersion = svc.ResourceVersion
	whole.Annotations = map[string]string{v1alpha1.AuthorAnnotation: "minister"}
	if err := o.as("tool").Update(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	if got := whole.Annotations[v1alpha1.AuthorAnnotation]; got != "tool" {
		t.Errorf("replaced: author %q, want who changed the texts back", got)
	}
}

func TestADryRunShowsTheAuthor(t *testing.T) {
	o := open(t)
	svc := o.sample()
	svc.Name = "another"
	svc.Annotations = map[string]string{v1alpha1.AuthorAnnotation: "minister"}
	if err := o.as("editor", editors).Create(t.Context(), svc, client.DryRunAll); err != nil {
		t.Fatal(err)
	}
	if got := svc.Annotations[v1alpha1.AuthorAnnotation]; got != "editor" {
		t.Errorf("author %q, want editor", got)
	}
}
