// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// maxObjects bounds what one input makes.
const maxObjects = 6

// FuzzReconcile sends the API server what nobody should: a JSON object in each line, with NAMESPACE for the agency's, under accounts
// that may do everything. Then it changes a service that has nothing to do with it: that must be looked at as if nothing had
// happened, and nothing may panic.
func FuzzReconcile(f *testing.F) {
	for _, seed := range inputs() {
		f.Add([]byte(seed))
	}
	x := newFixture(f, "scenarios", "moderator")
	x.run()
	x.apply(x.service("canary"))
	x.revision("canary")
	n := 0
	f.Fuzz(func(t *testing.T, input []byte) {
		one := *x
		one.TB = t
		made := one.send(input)
		n++
		one.patchSpec("canary", fmt.Sprintf(`{"revisionHistoryLimit":%d}`, n%50))
		svc := one.get("canary")
		one.eventually("the canary to be looked at", func(context.Context) error {
			if now := one.get("canary"); now.Status.ObservedGeneration < svc.Generation {
				return fmt.Errorf("generation %d of %d", now.Status.ObservedGeneration, svc.Generation)
			}
			return nil
		})
		if got := panics(t); got > 0 {
			t.Fatalf("%v panics", got)
		}
		one.removeAll(made)
	})
}

// send makes what the API server takes of an input, and returns it.
func (f *fixture) send(input []byte) []client.Object {
	f.Helper()
	platform, controller := f.as("platform"), f.as(v1alpha1.ControllerAccount)
	var made []client.Object
	for line := range bytes.Lines(bytes.ReplaceAll(input, []byte("NAMESPACE"), []byte(f.ns))) {
		object := &unstructured.Unstructured{}
		if json.Unmarshal(line, &object.Object) != nil || len(made) == maxObjects {
			continue
		}
		kind := object.GetKind()
		if object.GetName() == "canary" || strings.HasPrefix(object.GetName(), "canary-") {
			continue
		}
		object.SetAPIVersion(v1alpha1.GroupVersion.String())
		object.SetNamespace(f.ns)
		as := platform
		switch kind {
		case "ServiceRevision", "Publication":
			as = controller
		case "PublicationPolicy", "ServiceProvider":
			object.SetNamespace("")
		case "GovService", "Approval":
		default:
			continue
		}
		if as.Create(f.Context(), object) == nil {
			made = append(made, object)
		}
	}
	return made
}

// TestInputsAreTaken: what the fuzzer begins with gets past the API server where it should.
func TestInputsAreTaken(t *testing.T) {
	f := newFixture(t)
	var got []int
	for _, input := range inputs() {
		made := f.send([]byte(input))
		got = append(got, len(made))
		f.removeAll(made)
	}
	if diff := cmp.Diff([]int{1, 1, 0, 0, 0, 0, 2, 3, 1, 3, 1, 1}, got); diff != "" {
		t.Errorf("objects of each input (-want +got):\n%s", diff)
	}
}

// removeAll removes what can be removed: records cannot.
func (f *fixture) removeAll(made []client.Object) {
	f.Helper()
	for _, o := range made {
		as := f.client
		if o.GetObjectKind().GroupVersionKind().Kind == "ServiceRevision" {
			as = f.as(v1alpha1.ControllerAccount)
		}
		_ = as.Delete(f.Context(), o)
	}
}

// panics is how often the reconciler has panicked; the library goes on after it.
func panics(t *testing.T) float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if family.GetName() != "controller_runtime_reconcile_panics_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			sum += m.GetCounter().GetValue()
		}
	}
	return sum
}

// inputs are objects that differ in what is wrong with them.
func inputs() []string {
	digest := "sha256:" + strings.Repeat("0", 64)
	revision := func(name, service, definition string) string {
		return fmt.Sprintf(`{"kind":"ServiceRevision","metadata":{"name":%q},"spec":{"service":%q,"digest":%q,"definition":%s,"author":"x","rulePack":"x"}}`, name, service, digest, definition)
	}
	approval := func(name, subject string) string {
		return fmt.Sprintf(`{"kind":"Approval","metadata":{"name":%q},"spec":{"subject":{"kind":"ServiceRevision","name":%q,"digest":%q},"gate":"moderator","decision":"Approve"}}`, name, subject, digest)
	}
	service := func(name, definition string) string {
		return fmt.Sprintf(`{"kind":"GovService","metadata":{"name":%q},"spec":{"service":%s}}`, name, definition)
	}
	publication := fmt.Sprintf(`{"kind":"Publication","metadata":{"name":"stray-000001"},"spec":{"installation":"okno","namespace":"NAMESPACE","service":"stray","seq":1,"action":"Publish","code":"1","revision":"stray-0000000000","digest":%q,"decidedAt":%q,"signature":{"keyID":%q,"value":"bm9uZQ=="}}}`,
		digest, "2026-11-21T12:00:00Z", strings.Repeat("0", 64))
	sample := func(name, old, changed string) string {
		text, err := os.ReadFile("../config/samples/first-service/govservice.yaml")
		if err != nil {
			panic(err)
		}
		raw, err := yaml.YAMLToJSON(text)
		if err != nil || !strings.Contains(string(raw), old) {
			panic(fmt.Sprint("the sample has no ", old, err))
		}
		return strings.Replace(strings.Replace(string(raw), `"name":"parking-permit"`, fmt.Sprintf(`"name":%q`, name), 1), old, changed, 1)
	}
	return []string{
		sample("unlike", `"languages":["ru"`, `"languages":["de","ru"`),
		sample("odd", `"when":"`, `"when":"app.nothing.at(all) `),
		``,
		`{"kind":"GovService"}`,
		service("empty", `{}`),
		service("null", `null`),
		revision("permit-0000000000", "permit", `{"code":[]}`) + "\n" + approval("early", "permit-0000000000"),
		revision("stray-0000000000", "stray", `{"code":7}`) + "\n" + publication + "\n" + approval("stray", "stray-0000000000"),
		revision("deep-0000000000", "deep", strings.Repeat(`{"a":`, 90)+`1`+strings.Repeat(`}`, 90)),
		approval("nameless", "-") + "\n" + approval("dashes", "a-b-c-d") + "\n" + approval("alone", "x"),
		`{"kind":"PublicationPolicy","metadata":{"name":"odd"},"spec":{"namespaceSelector":{"matchLabels":{"no":"one"}},"gates":[{"name":"a","type":"Human","requires":["b"]},{"name":"b","type":"Human","requires":["a"]}]}}`,
		`{"kind":"ServiceProvider","metadata":{"name":"twin"},"spec":{"namespace":"NAMESPACE","displayName":{"en":"A twin"}}}`,
	}
}
