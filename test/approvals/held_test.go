// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// TestAServiceIsHeldWhileItLives: its finalizer is there from its creation on, whatever people and tools send, and goes only once
// the service was deleted.
func TestAServiceIsHeldWhileItLives(t *testing.T) {
	o := open(t)
	o.grantInNamespace("tool", everything)
	tool := o.as("tool")
	svc := o.sample()
	key := client.ObjectKeyFromObject(svc)
	finalizers := func() []string {
		t.Helper()
		if err := o.admin.Get(t.Context(), key, svc); err != nil {
			t.Fatal(err)
		}
		return svc.Finalizers
	}
	patch := func(kind types.PatchType, body string) {
		t.Helper()
		if err := tool.Patch(t.Context(), &v1alpha1.GovService{ObjectMeta: svc.ObjectMeta}, client.RawPatch(kind, []byte(body))); err != nil {
			t.Fatal(err)
		}
	}
	held := []string{v1alpha1.WithdrawFinalizer}
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"created", func() {}, held},
		{"a patch removes all finalizers", func() { patch(types.JSONPatchType, `[{"op":"remove","path":"/metadata/finalizers"}]`) }, held},
		{"a merge empties them", func() { patch(types.MergePatchType, `{"metadata":{"finalizers":[]}}`) }, held},
		{"a tool has one of its own", func() { patch(types.MergePatchType, `{"metadata":{"finalizers":["tool.example/own"]}}`) }, []string{"tool.example/own", v1alpha1.WithdrawFinalizer}},
		{"and takes it back", func() { patch(types.MergePatchType, `{"metadata":{"finalizers":null}}`) }, held},
	} {
		step.do()
		if diff := cmp.Diff(step.want, finalizers()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	if err := tool.Delete(t.Context(), svc); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(held, finalizers()); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	let := client.RawPatch(types.JSONPatchType, []byte(`[{"op":"remove","path":"/metadata/finalizers"}]`))
	if err := o.controller().Patch(t.Context(), svc, let); err != nil {
		t.Fatal(err)
	}
	if err := o.admin.Get(t.Context(), key, svc); !apierrors.IsNotFound(err) {
		t.Errorf("let go, it is still there: %v", err)
	}
}

// TestApplyingAServiceAgainChangesNothing: what admission adds is in no file, and no way of applying the file again takes it away.
func TestApplyingAServiceAgainChangesNothing(t *testing.T) {
	o := open(t)
	o.grantInNamespace("deliverer", everything)
	for name, how := range map[string]struct{ first, again []string }{
		"client-side":       {first: []string{"apply", "-f"}, again: []string{"apply", "-f"}},
		"server-side":       {first: []string{"apply", "--server-side", "-f"}, again: []string{"apply", "--server-side", "-f"}},
		"server-side force": {first: []string{"create", "-f"}, again: []string{"apply", "--server-side", "--force-conflicts", "-f"}},
		"replace":           {first: []string{"create", "-f"}, again: []string{"replace", "-f"}},
	} {
		t.Run(name, func(t *testing.T) {
			svc := o.sample()
			svc.Name = "again-" + strings.ReplaceAll(name, " ", "-")
			file := filepath.Join(t.TempDir(), "govservice.yaml")
			writeService(t, file, svc)
			kubectl := o.kubectl("deliverer", "deliverers")
			if out, err := kubectl(append(how.first, file)...); err != nil {
				t.Fatalf("first: %v\n%s", err, out)
			}
			stored := func() *v1alpha1.GovService {
				t.Helper()
				found := &v1alpha1.GovService{}
				if err := o.admin.Get(t.Context(), client.ObjectKeyFromObject(svc), found); err != nil {
					t.Fatal(err)
				}
				return found
			}
			before, versions := stored(), []string{}
			for range 2 {
				if out, err := kubectl(append(how.again, file)...); err != nil {
					t.Fatalf("again: %v\n%s", err, out)
				}
				versions = append(versions, stored().ResourceVersion)
			}
			after := stored()
			if versions[0] != versions[1] { // the first time may note who manages which field
				t.Error("applied again and again it was written")
			}
			if before.Generation != after.Generation || after.Annotations[v1alpha1.AuthorAnnotation] != "deliverer" {
				t.Errorf("generation %d became %d, author %q", before.Generation, after.Generation, after.Annotations[v1alpha1.AuthorAnnotation])
			}
			if diff := cmp.Diff([]string{v1alpha1.WithdrawFinalizer}, after.Finalizers); diff != "" {
				t.Errorf("finalizers (-want +got):\n%s", diff)
			}
		})
	}
}

func writeService(t *testing.T, path string, svc *v1alpha1.GovService) {
	t.Helper()
	var spec any
	raw, err := json.Marshal(svc.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "GovService",
		"metadata": map[string]string{"name": svc.Name, "namespace": svc.Namespace}, "spec": spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
