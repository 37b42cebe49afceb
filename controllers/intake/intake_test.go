// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/resources"
)

func TestWhatIsThereCoversWhatIsWanted(t *testing.T) {
	want := map[string]any{"a": int64(1), "list": []any{map[string]any{"name": "x", "port": int64(80)}}}
	tests := map[string]struct {
		have any
		want bool
	}{
		"the same":                        {map[string]any{"a": int64(1), "list": []any{map[string]any{"name": "x", "port": int64(80)}}}, true},
		"defaults beside it":              {map[string]any{"a": int64(1), "b": "default", "list": []any{map[string]any{"name": "x", "port": int64(80), "protocol": "TCP"}}}, true},
		"numbers of another kind":         {map[string]any{"a": float64(1), "list": []any{map[string]any{"name": "x", "port": float64(80)}}}, true},
		"a field that somebody changed":   {map[string]any{"a": int64(2), "list": []any{map[string]any{"name": "x", "port": int64(80)}}}, false},
		"a field that somebody removed":   {map[string]any{"list": []any{map[string]any{"name": "x", "port": int64(80)}}}, false},
		"an item that somebody added":     {map[string]any{"a": int64(1), "list": []any{map[string]any{"name": "x", "port": int64(80)}, map[string]any{"name": "y"}}}, false},
		"something of another shape":      {map[string]any{"a": int64(1), "list": "x"}, false},
		"nothing at all where a map was":  {nil, false},
		"a change deep inside of an item": {map[string]any{"a": int64(1), "list": []any{map[string]any{"name": "x", "port": int64(81)}}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := covers(tt.have, want); got != tt.want {
				t.Errorf("covers = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestWhatIsAppliedHoldsNothingThatTheServerFillsIn(t *testing.T) {
	p := &v1alpha1.ServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: "sfr"}, Spec: v1alpha1.ServiceProviderSpec{Namespace: "fund"}}
	first, err := desired(resources.MakeStatefulSet(p, resources.Settings{IntakeImage: "a"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"status", "creationTimestamp"} {
		if _, ok := first.Object[path]; ok {
			t.Errorf("it holds %s", path)
		}
	}
	spec := first.Object["spec"].(map[string]any)
	volumes := spec["template"].(map[string]any)["spec"].(map[string]any)["volumes"]
	if diff := cmp.Diff([]any{map[string]any{"name": "tmp", "emptyDir": map[string]any{}}}, volumes); diff != "" {
		t.Errorf("volumes (-want +got):\n%s", diff)
	}
	if claim := spec["volumeClaimTemplates"].([]any)[0].(map[string]any); claim["status"] != nil {
		t.Error("the claim holds a status")
	}
	again, err := desired(resources.MakeStatefulSet(p, resources.Settings{IntakeImage: "a"}))
	if err != nil {
		t.Fatal(err)
	}
	other, err := desired(resources.MakeStatefulSet(p, resources.Settings{IntakeImage: "b"}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Object, again.Object); diff != "" {
		t.Errorf("twice built differs:\n%s", diff)
	}
	if first.GetAnnotations()[HashAnnotation] == other.GetAnnotations()[HashAnnotation] {
		t.Error("another image has the same hash")
	}
}

func TestAnIntakeRunsWhenItsWantedPodIsReady(t *testing.T) {
	tests := map[string]struct {
		generation int64
		status     appsv1.StatefulSetStatus
		want       bool
	}{
		"nothing was seen yet":              {1, appsv1.StatefulSetStatus{}, false},
		"the pod is starting":               {1, appsv1.StatefulSetStatus{ObservedGeneration: 1, UpdatedReplicas: 1}, false},
		"the pod is ready":                  {1, appsv1.StatefulSetStatus{ObservedGeneration: 1, UpdatedReplicas: 1, ReadyReplicas: 1, CurrentRevision: "x", UpdateRevision: "x"}, true},
		"the change was not seen":           {2, appsv1.StatefulSetStatus{ObservedGeneration: 1, UpdatedReplicas: 1, ReadyReplicas: 1}, false},
		"the old pod is ready, not the new": {2, appsv1.StatefulSetStatus{ObservedGeneration: 2, UpdatedReplicas: 0, ReadyReplicas: 1, CurrentRevision: "x", UpdateRevision: "y"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Generation: tt.generation}, Status: tt.status}
			if got := isReady(set); got != tt.want {
				t.Errorf("ready = %v, want %v", got, tt.want)
			}
		})
	}
}
