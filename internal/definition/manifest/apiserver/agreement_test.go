// SPDX-License-Identifier: Apache-2.0

// Package apiserver holds the test that the strict reader and the API server agree.
package apiserver

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/definition/manifest"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/test/env"
)

func TestMain(m *testing.M) { os.Exit(env.Main(m)) }

// Every place of a manifest is broken in one way or another; what the API server refuses, drops or changes, the strict reader
// refuses, and what the reader accepts is stored as it stands. The reader alone refuses what would make digests lie.
func TestTheStrictReaderAgreesWithTheAPIServer(t *testing.T) {
	client, err := dynamic.NewForConfig(env.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	services := client.Resource(v1alpha1.GroupVersion.WithResource("govservices")).Namespace("default")
	good := goodManifest(t)
	places := placesOf(good, nil)
	accepted, refused := 0, 0
	for i, place := range places {
		broken, what := breakAt(good, place, i)
		text, err := json.Marshal(broken)
		if err != nil {
			t.Fatal(err)
		}
		file, findings := manifest.ParseFile(text)
		findings = slices.DeleteFunc(findings, func(f definition.Finding) bool { return f.Severity != definition.Error })

		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(text); err != nil {
			continue // no kind: it cannot even be sent
		}
		stored, err := services.Create(t.Context(), &object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: "Strict"})
		serverChanges := err != nil || changed(t, file, stored)
		switch {
		case serverChanges && len(findings) == 0:
			t.Errorf("%s: the reader accepts what the API server refuses or changes: %v", what, err)
		case !serverChanges && len(findings) > 0 && !onlyStricter(findings):
			t.Errorf("%s: the reader refuses what the API server stores as it stands: %v", what, findings)
		}
		if serverChanges {
			refused++
		} else {
			accepted++
		}
	}
	t.Logf("%d places: %d accepted, %d refused", len(places), accepted, refused)
	if accepted < 50 || refused < 200 {
		t.Errorf("%d accepted and %d refused: too few of one kind to tell anything", accepted, refused)
	}
}

// stricter are the rules that the reader has beyond the API server's.
var stricter = []string{"null-value", "big-integer", "rounded-number", "invalid-utf8", "too-large", "too-deep"}

func onlyStricter(findings []definition.Finding) bool {
	return !slices.ContainsFunc(findings, func(f definition.Finding) bool { return !slices.Contains(stricter, f.Rule) })
}

// changed tells whether the API server stored another definition than the reader read.
func changed(t *testing.T, file *manifest.File, stored *unstructured.Unstructured) bool {
	t.Helper()
	service, _, err := unstructured.NestedMap(stored.Object, "spec", "service")
	if err != nil {
		t.Fatal(err)
	}
	after, _, err := digest.JSON(service)
	if err != nil {
		t.Fatal(err)
	}
	before, _, err := digest.JSON(json.RawMessage(file.Raw))
	return err != nil || string(before) != string(after)
}

func goodManifest(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../../../lint/testdata/base.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var service map[string]any
	if err := yaml.Unmarshal(text, &service); err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "GovService",
		"metadata": map[string]any{"name": "card", "namespace": "default"},
		"spec":     map[string]any{"service": service},
	}
}

// placesOf lists the paths of all values below spec, in a fixed order.
func placesOf(value any, path []any) [][]any {
	var places [][]any
	visit := func(key, child any) {
		at := append(slices.Clone(path), key)
		if len(at) > 1 {
			places = append(places, at)
		}
		places = append(places, placesOf(child, at)...)
	}
	switch v := value.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			if len(path) > 0 || key == "spec" {
				visit(key, v[key])
			}
		}
	case []any:
		for i := range v {
			visit(i, v[i])
		}
	}
	return places
}

// ways are the ways to break a place, or to leave it whole in another way; each place is broken in one of them, in turn.
var ways = []struct {
	name string
	make func(old any) any
}{
	{"removed", nil},
	{"a number", func(any) any { return 7 }},
	{"another text", func(old any) any { return fmt.Sprint(old) + "a" }},
	{"an empty text", func(any) any { return "" }},
	{"an unknown field inside", func(old any) any { return with(old, "colour", "red") }},
	{"an empty object", func(any) any { return map[string]any{} }},
	{"a very long text", func(any) any { return strings.Repeat("я", 9000) }},
	{"an entry twice", twice},
	{"null", func(any) any { return nil }},
	{"a fraction", func(any) any { return 0.5 }},
	{"an empty list", func(any) any { return []any{} }},
	{"true", func(any) any { return true }},
	{"the same again", func(old any) any { return old }},
}

func with(old any, key string, value any) any {
	object, ok := old.(map[string]any)
	if !ok {
		return map[string]any{key: value}
	}
	object[key] = value
	return object
}

func twice(old any) any {
	list, ok := old.([]any)
	if !ok || len(list) == 0 {
		return []any{old, old}
	}
	return append(list, list[0])
}

// breakAt returns a copy of the manifest with the place broken in the i-th way, and says what was done.
func breakAt(good map[string]any, place []any, i int) (map[string]any, string) {
	copied := deepCopy(good).(map[string]any)
	way := ways[i%len(ways)]
	what := fmt.Sprintf("%v: %s", place, way.name)
	var parent any = copied
	for _, key := range place[:len(place)-1] {
		parent = child(parent, key)
	}
	last := place[len(place)-1]
	switch p := parent.(type) {
	case map[string]any:
		if way.make == nil {
			delete(p, last.(string))
			return copied, what
		}
		p[last.(string)] = way.make(p[last.(string)])
	case []any:
		if way.make == nil {
			p[last.(int)] = map[string]any{}
			return copied, what
		}
		p[last.(int)] = way.make(p[last.(int)])
	}
	return copied, what
}

func child(value, key any) any {
	if object, ok := value.(map[string]any); ok {
		return object[key.(string)]
	}
	return value.([]any)[key.(int)]
}

func deepCopy(value any) any {
	switch v := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(v))
		for key, item := range v {
			object[key] = deepCopy(item)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = deepCopy(item)
		}
		return list
	default:
		return v
	}
}
