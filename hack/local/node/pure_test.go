// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPathMapReplace(t *testing.T) {
	paths := newPathMap(
		[]corev1.VolumeMount{{Name: "data", MountPath: "/data"}, {Name: "keys", MountPath: "/data/keys/"}, {Name: "etc", MountPath: "/etc/okno", SubPath: "a/b"}},
		map[string]string{"data": "/run/1", "keys": "/run/2", "etc": "/run/3"},
	)
	tests := map[string]struct{ text, want string }{
		"APathAlone":              {"/data", "/run/1"},
		"AFileUnderAMount":        {"--store=/data/store.db", "--store=/run/1/store.db"},
		"AMountInsideOfAnother":   {"/data/keys/a.pem", "/run/2/a.pem"},
		"ASubPath":                {"/etc/okno/x", "/run/3/a/b/x"},
		"SeveralInOneWord":        {"/data:/etc/okno", "/run/1:/run/3/a/b"},
		"AFileURL":                {"file:///data/x?mode=ro", "file:///run/1/x?mode=ro"},
		"ALongerName":             {"/database", "/database"},
		"AnInnerPart":             {"/mnt/data", "/mnt/data"},
		"APathOfAWebAddress":      {"http://host/data/x", "http://host/data/x"},
		"ARelativePath":           {"./data", "./data"},
		"NoPath":                  {"data", "data"},
		"InsideOfAShellsQuotes":   {"cat '/data/x' > /etc/okno", "cat '/run/1/x' > /run/3/a/b"},
		"AMountsNameWithAnEnding": {"/data.bak /data-old", "/data.bak /data-old"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := paths.replace(tc.text); got != tc.want {
				t.Errorf("replace(%q) = %q, want %q", tc.text, got, tc.want)
			}
		})
	}
}

func TestVariablesExpand(t *testing.T) {
	var v variables
	v.set("A", "1")
	v.set("EMPTY", "")
	for text, want := range map[string]string{
		"$(A)":        "1",
		"x$(A)y$(A)":  "x1y1",
		"$$(A)":       "$(A)",
		"$$$(A)":      "$1",
		"$(B)":        "$(B)",
		"$(EMPTY)":    "",
		"$(A":         "$(A",
		"$A $":        "$A $",
		"$()":         "$()",
		"$(B$(A))":    "$(B1)",
		"100$ $(A) $": "100$ 1 $",
	} {
		if got := v.expand(text); got != want {
			t.Errorf("expand(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	image := Image{Entrypoint: []string{"/opt/bin/intake"}}
	env := &variables{}
	env.set("PORT", "8080")
	tests := map[string]struct {
		container corev1.Container
		want      []string
	}{
		"OnlyArguments":                 {corev1.Container{Args: []string{"--port=$(PORT)"}}, []string{"/opt/bin/intake", "--port=8080"}},
		"ACommandThatIsTheImagesOwn":    {corev1.Container{Command: []string{"/usr/bin/intake", "serve"}, Args: []string{"-v"}}, []string{"/opt/bin/intake", "serve", "-v"}},
		"ACommandThatIsAnotherProgram":  {corev1.Container{Command: []string{"/bin/sh", "-c", "exit 0"}}, []string{"/bin/sh", "-c", "exit 0"}},
		"NothingButTheImagesEntrypoint": {corev1.Container{}, []string{"/opt/bin/intake"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, commandLine(&tc.container, image, env, nil)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestField(t *testing.T) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "intake-0", Namespace: "fund", UID: "u", Labels: map[string]string{"a": "1", "b": `x"y`}, Annotations: map[string]string{"n": "v"}},
		Spec:       corev1.PodSpec{NodeName: "local", ServiceAccountName: "intake"},
	}
	for path, want := range map[string]string{
		"metadata.name": "intake-0", "metadata.namespace": "fund", "metadata.uid": "u",
		"metadata.labels['a']": "1", "metadata.labels['none']": "", "metadata.annotations['n']": "v",
		"metadata.labels": "a=\"1\"\nb=\"x\\\"y\"",
		"spec.nodeName":   "local", "spec.serviceAccountName": "intake", "status.podIP": "127.1.2.3", "status.hostIP": "127.0.0.1",
	} {
		if got, err := field(pod, "127.1.2.3", path); err != nil || got != want {
			t.Errorf("field(%q) = %q, %v; want %q", path, got, err, want)
		}
	}
	if got, err := field(pod, "", "status.phase"); err == nil {
		t.Errorf("an unknown field is %q, want an error", got)
	}
}

func TestResourceField(t *testing.T) {
	container := &corev1.Container{Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")},
	}}
	tests := map[string]struct{ resource, divisor, want string }{
		"AFractionIsRoundedUp":  {"requests.cpu", "1", "1"},
		"UnitsOfTheDivisor":     {"limits.memory", "1Mi", "64"},
		"NoDivisor":             {"limits.memory", "0", "67108864"},
		"AResourceTheNodeLacks": {"limits.memory-of-another", "1", "0"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := resourceField(container, &corev1.ResourceFieldSelector{Resource: tc.resource, Divisor: resource.MustParse(tc.divisor)})
			if err != nil || got != tc.want {
				t.Errorf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
	unlimited, err := resourceField(&corev1.Container{}, &corev1.ResourceFieldSelector{Resource: "limits.memory", Divisor: resource.MustParse("1Gi")})
	if err != nil || unlimited != "8" {
		t.Errorf("without a limit: %q, %v; want the node's 8 GiB", unlimited, err)
	}
}

func TestPodStatus(t *testing.T) {
	before, now := metav1.Unix(1000, 0), metav1.Unix(2000, 0)
	running := observed{running: &corev1.ContainerStateRunning{StartedAt: now}, started: true, ready: true}
	ended := func(code int32) observed {
		return observed{terminated: &corev1.ContainerStateTerminated{ExitCode: code}, final: true}
	}
	tests := map[string]struct {
		old     []corev1.PodCondition
		init    []observed
		states  []observed
		initial bool
		phase   corev1.PodPhase
		ready   corev1.ConditionStatus
		since   metav1.Time
	}{
		"APodWhoseContainersAreCreated": {
			states: []observed{{waiting: waiting("ContainerCreating", "")}}, initial: true,
			phase: corev1.PodPending, ready: corev1.ConditionFalse, since: now,
		},
		"APodThatRuns": {states: []observed{running}, initial: true, phase: corev1.PodRunning, ready: corev1.ConditionTrue, since: now},
		"APodThatWasReadyBefore": {
			old:    []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: before}},
			states: []observed{running}, initial: true, phase: corev1.PodRunning, ready: corev1.ConditionTrue, since: before,
		},
		"APodThatStopsToBeReady": {
			old:    []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: before}},
			states: []observed{running, {running: running.running}}, initial: true, phase: corev1.PodRunning, ready: corev1.ConditionFalse, since: now,
		},
		"APodThatIsStartedAgain": {
			states:  []observed{{waiting: waiting("CrashLoopBackOff", ""), last: &corev1.ContainerStateTerminated{ExitCode: 1}}},
			initial: true, phase: corev1.PodRunning, ready: corev1.ConditionFalse, since: now,
		},
		"APodThatEndedWell":              {states: []observed{ended(0)}, initial: true, phase: corev1.PodSucceeded, ready: corev1.ConditionFalse, since: now},
		"APodOfWhichOneContainerFailed":  {states: []observed{ended(0), ended(2)}, initial: true, phase: corev1.PodFailed, ready: corev1.ConditionFalse, since: now},
		"APodOfWhichOneContainerRunsYet": {states: []observed{ended(0), running}, initial: true, phase: corev1.PodRunning, ready: corev1.ConditionFalse, since: now},
		"APodThatIsNotInitialised": {
			init: []observed{running}, states: []observed{{waiting: waiting("PodInitializing", "")}},
			phase: corev1.PodPending, ready: corev1.ConditionFalse, since: now,
		},
		"APodThatCouldNotBeInitialised": {
			init: []observed{ended(1)}, states: []observed{{waiting: waiting("PodInitializing", "")}},
			phase: corev1.PodFailed, ready: corev1.ConditionFalse, since: now,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{Status: corev1.PodStatus{Conditions: tc.old}}
			pod.Spec.InitContainers = make([]corev1.Container, len(tc.init))
			pod.Spec.Containers = make([]corev1.Container, len(tc.states))
			got := podStatus(pod, observation{address: "127.1.2.3", init: tc.init, containers: tc.states, initialised: tc.initial, now: now})
			if got.Phase != tc.phase {
				t.Errorf("phase = %s, want %s", got.Phase, tc.phase)
			}
			for _, condition := range got.Conditions {
				if condition.Type == corev1.PodReady && (condition.Status != tc.ready || !condition.LastTransitionTime.Equal(&tc.since)) {
					t.Errorf("ready = %+v, want %s since %s", condition, tc.ready, tc.since)
				}
			}
			pod.Status = got
			again := podStatus(pod, observation{address: "127.1.2.3", init: tc.init, containers: tc.states, initialised: tc.initial, now: metav1.Unix(3000, 0)})
			if !sameStatus(got, again) {
				t.Errorf("nothing new was observed, and the status differs:\n%s", cmp.Diff(got, again))
			}
		})
	}
}

func TestRestored(t *testing.T) {
	now := metav1.Unix(2000, 0)
	statuses := []corev1.ContainerStatus{{Name: "a", RestartCount: 4, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
	if got := restored(statuses, "a", now); got.restarts != 5 || got.last == nil || got.last.Reason != "NodeStopped" {
		t.Errorf("of a container that ran: %+v", got)
	}
	statuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 143}}
	if got := restored(statuses, "a", now); got.restarts != 5 || got.last == nil || got.last.ExitCode != 143 {
		t.Errorf("of a container that was stopped: %+v", got)
	}
	if got := restored(statuses, "b", now); got.restarts != 0 || got.last != nil {
		t.Errorf("of a container that never ran: %+v", got)
	}
}

func TestWatch(t *testing.T) {
	bad := errors.New("bad")
	tests := map[string]struct {
		results []error // the last one repeats
		initial bool
		want    bool
	}{
		"AProgramThatComesUp":      {results: []error{bad, bad, nil}, initial: false, want: true},
		"AProgramThatNeverComesUp": {results: []error{bad}, initial: true, want: false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			calls := 0
			check := func(context.Context) error {
				calls++
				return tc.results[min(calls, len(tc.results))-1]
			}
			var verdicts []bool
			watch(ctx, &corev1.Probe{PeriodSeconds: 1, FailureThreshold: 1}, check, tc.initial, func(ok bool, _ error) {
				verdicts = append(verdicts, ok)
				cancel()
			})
			if diff := cmp.Diff([]bool{tc.want}, verdicts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	pool := &addresses{x: 1, y: 2, next: 2}
	first, err := pool.take("")
	if err != nil {
		t.Fatal(err)
	}
	pool.free(first)
	second, err := pool.take("")
	if err != nil || second == first {
		t.Errorf("an address just freed was given again: %q, %v", second, err)
	}
	if again, err := pool.take(first); err != nil || again != first {
		t.Errorf("the wanted address is free, and %q, %v was given", again, err)
	}
	given := map[string]bool{first: true, second: true}
	for range maxPods - 2 {
		address, err := pool.take(first)
		if err != nil || given[address] {
			t.Fatalf("given twice: %q, %v", address, err)
		}
		given[address] = true
	}
	if address, err := pool.take(""); err == nil {
		t.Errorf("%q was given when all are in use", address)
	}
}

func TestRepository(t *testing.T) {
	for reference, want := range map[string]string{
		"okno.dev/intake": "okno.dev/intake", "okno.dev/intake:dev": "okno.dev/intake", "host:5000/intake": "host:5000/intake",
		"host:5000/intake:dev": "host:5000/intake", "okno.dev/intake:dev@sha256:00": "okno.dev/intake",
	} {
		if got := repository(reference); got != want {
			t.Errorf("repository(%q) = %q, want %q", reference, got, want)
		}
	}
}
