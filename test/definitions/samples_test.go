// SPDX-License-Identifier: Apache-2.0

package definitions_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/definition/manifest"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/test/env"
)

const samples = "../../config/samples"

// TestSamplesAreStoredAsTheyStand applies every sample to a real API server, as `kubectl apply --server-side` does. It takes all of
// them, drops and adds nothing that has a part in the digest, and the controller finds them valid.
func TestSamplesAreStoredAsTheyStand(t *testing.T) {
	a := newAgency(t)
	providers, err := filepath.Glob(samples + "/*/provider.yaml")
	if err != nil || len(providers) < 3 {
		t.Fatalf("found %d samples of agencies: %v", len(providers), err)
	}
	for _, file := range providers {
		t.Run(filepath.Base(filepath.Dir(file))+"'s agency", func(t *testing.T) { a.storesAgency(t, file) })
	}
	services, err := filepath.Glob(samples + "/*/govservice.yaml")
	if err != nil || len(services) < 4 {
		t.Fatalf("found %d samples of services: %v", len(services), err)
	}
	for _, file := range services {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) { a.storesService(t, file) })
	}
}

// storesAgency applies an agency's namespace and registration.
func (a *agency) storesAgency(t *testing.T, file string) {
	objects, err := env.ObjectsOf(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, sent := range objects {
		stored := sent.DeepCopy()
		if err := applyServerSide(t.Context(), a.client, stored); err != nil {
			t.Fatal(err)
		}
		if sent.GetKind() == "ServiceProvider" {
			// Controllers of other tests see the providers of the whole cluster.
			t.Cleanup(func() { _ = a.client.Delete(context.WithoutCancel(t.Context()), stored) })
		}
		if err := a.client.Get(t.Context(), client.ObjectKeyFromObject(stored), stored); err != nil {
			t.Fatal(err)
		}
		if err := holds(stored.Object, sent.Object); err != nil {
			t.Errorf("%s %q: %v", sent.GetKind(), sent.GetName(), err)
		}
	}
}

// storesService applies a service in the test's own namespace, which is no part of the digest.
func (a *agency) storesService(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	read, findings := manifest.ParseFile(text)
	if definition.HasErrors(findings) {
		t.Fatalf("lint finds errors in it:%s", list(findings))
	}
	want, err := digest.Of(read.Raw)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := env.ObjectsOf(file)
	if err != nil || len(objects) != 1 {
		t.Fatalf("%d objects, want one service: %v", len(objects), err)
	}
	sent := objects[0]
	sent.SetNamespace(a.ns)
	if err := applyServerSide(t.Context(), a.client, sent.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	stored, err := a.raw.Get(t.Context(), sent.GetName(), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := holds(stored.Object, sent.Object); err != nil {
		t.Error(err)
	}
	kept, err := definitionOf(stored)
	if err != nil {
		t.Fatal(err)
	}
	got, err := digest.Of(kept)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("stored is the definition %s, and in the file %s", got, want)
	}
	a.wantStatus(sent.GetName(), lint(t, text))
	a.wantRevision(t, sent.GetName(), want)
}

// wantRevision waits for the snapshot that the controller makes of a valid service.
func (a *agency) wantRevision(t *testing.T, service string, of v1alpha1.Digest) {
	t.Helper()
	revision := &v1alpha1.ServiceRevision{}
	key := client.ObjectKey{Namespace: a.ns, Name: digest.RevisionName(service, of)}
	env.Eventually(t, "the revision of "+service, func(ctx context.Context) error { return a.client.Get(ctx, key, revision) })
}

// applyServerSide applies an object as the agency's pipeline does.
func applyServerSide(ctx context.Context, c client.Client, object *unstructured.Unstructured) error {
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("pipeline"))
}

// definitionOf is the definition of a stored service as JSON.
func definitionOf(service *unstructured.Unstructured) ([]byte, error) {
	content, found, err := unstructured.NestedMap(service.Object, "spec", "service")
	if err != nil || !found {
		return nil, fmt.Errorf("no spec.service: %w", err)
	}
	return json.Marshal(content)
}

// holds tells what a stored object lacks of what was sent. The API server may add fields of its own.
func holds(stored, sent map[string]any) error {
	is, err := json.Marshal(stored)
	if err != nil {
		return err
	}
	was, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	both, err := jsonpatch.MergePatch(is, was)
	if err != nil {
		return err
	}
	if !jsonpatch.Equal(is, both) {
		lost, err := jsonpatch.CreateMergePatch(is, both)
		if err != nil {
			return err
		}
		return fmt.Errorf("stored otherwise than sent: %s", lost)
	}
	return nil
}
