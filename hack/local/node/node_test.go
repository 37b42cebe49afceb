// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"

	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/hack/local/node/nodetest"
)

func TestMain(m *testing.M) { nodetest.Main(m) }

// TestPods runs its parts on one cluster, since a cluster takes seconds.
func TestPods(t *testing.T) {
	cluster := nodetest.StartPlane(t)
	cluster.RunNode(t, "http://127.0.0.1:1")
	client := kubernetes.NewForConfigOrDie(cluster.Config("okno:test", controlplane.Masters))
	w := &world{client: client, cluster: cluster}
	t.Run("RunWithVolumesVariablesAndToken", w.testVolumes)
	t.Run("AreStartedAgainWhenTheyEndAndShowTheirLog", w.testRestart)
	t.Run("AreStartedAgainWhenTheyAreUnhealthy", w.testLiveness)
	t.Run("EndForGoodWhenTheirPolicySaysSo", w.testCompletion)
	t.Run("SayWhatTheyWaitFor", w.testMissing)
	t.Run("SayWhatIsNotSupported", w.testUnsupported)
	t.Run("StopKindlyWhenDeleted", w.testDeletion)
	t.Run("RunAgainAfterTheNodeStopped", w.testNodeRestart)
}

type world struct {
	client  kubernetes.Interface
	cluster *nodetest.Cluster
}

func (w *world) testVolumes(t *testing.T) {
	w.create(t, &corev1.ConfigMap{ObjectMeta: named("settings"), Data: map[string]string{"colour": "blue"}})
	w.create(t, &corev1.Secret{ObjectMeta: named("keys"), StringData: map[string]string{"pin": "1234"}})
	w.create(t, &corev1.PersistentVolumeClaim{ObjectMeta: named("data"), Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
	}})
	pod := program("volumes", "/data")
	container := &pod.Spec.Containers[0]
	container.Env = append(container.Env,
		corev1.EnvVar{Name: "PIN", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: local("keys"), Key: "pin"}}},
		corev1.EnvVar{Name: "COLOUR_FILE", Value: "/etc/settings/colour"},
		corev1.EnvVar{Name: "AUDIENCE_TOKEN_FILE", Value: "/var/run/tokens/intake"},
	)
	lifetime := int64(600)
	pod.Spec.Volumes = []corev1.Volume{
		{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}},
		{Name: "settings", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: local("settings")}}},
		{Name: "tokens", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: "intake", Path: "intake", ExpirationSeconds: &lifetime}},
		}}}},
	}
	container.VolumeMounts = []corev1.VolumeMount{
		{Name: "data", MountPath: "/data", SubPath: "store"}, {Name: "settings", MountPath: "/etc/settings"}, {Name: "tokens", MountPath: "/var/run/tokens"},
	}
	w.create(t, pod)
	address := w.ready(t, "volumes").Status.PodIP

	put(t, "http://"+address+":8080/note.txt?text=kept")
	claim, err := w.client.CoreV1().PersistentVolumeClaims("default").Get(t.Context(), "data", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	folder := fmt.Sprintf("default_data_%s", claim.UID)
	if text := readFile(t, filepath.Join(w.cluster.Dir, "volumes", folder, "store", "note.txt")); text != "kept" {
		t.Errorf("file in the claim's folder = %q", text)
	}
	variable := func(name string) string { return post(t, "http://"+address+":8080/env/"+name) }
	if pin := variable("PIN"); pin != "1234" {
		t.Errorf("PIN = %q", pin)
	}
	if colour := readFile(t, variable("COLOUR_FILE")); colour != "blue" {
		t.Errorf("colour = %q", colour)
	}
	if token := readFile(t, variable("AUDIENCE_TOKEN_FILE")); strings.Count(token, ".") != 2 {
		t.Errorf("token = %q, want a JWT", token)
	}
	if token := readFile(t, filepath.Join(variable("OKNO_SERVICEACCOUNT_DIR"), "token")); strings.Count(token, ".") != 2 {
		t.Errorf("service account token = %q, want a JWT", token)
	}
	if kubeconfig := readFile(t, variable("KUBECONFIG")); !strings.Contains(kubeconfig, w.cluster.URL()) {
		t.Errorf("kubeconfig = %s", kubeconfig)
	}
	if proxy := variable("HTTP_PROXY"); proxy != "http://127.0.0.1:1" {
		t.Errorf("HTTP_PROXY = %q", proxy)
	}
}

func (w *world) testRestart(t *testing.T) {
	w.create(t, program("restart", "/"))
	address := w.ready(t, "restart").Status.PodIP
	_, err := http.Post("http://"+address+":8080/exit", "", nil)
	if err == nil {
		t.Error("the program answered after its end")
	}
	w.await(t, "restart", "to run again", func(p *corev1.Pod) bool {
		s := p.Status.ContainerStatuses
		return len(s) == 1 && s[0].Ready && s[0].RestartCount == 1 && s[0].LastTerminationState.Terminated != nil && s[0].LastTerminationState.Terminated.ExitCode == 7
	})
	if log := w.log(t, "restart", &corev1.PodLogOptions{Previous: true}); !strings.HasSuffix(log, "ending as asked\n") {
		t.Errorf("log of the run before = %q", log)
	}
	one := int64(1)
	if log := w.log(t, "restart", &corev1.PodLogOptions{TailLines: &one}); !strings.HasPrefix(log, "serving / on "+address) {
		t.Errorf("last line of the log = %q", log)
	}
}

func (w *world) testLiveness(t *testing.T) {
	pod := program("liveness", "/")
	pod.Spec.Containers[0].LivenessProbe = &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("http")}},
		PeriodSeconds: 1, FailureThreshold: 1,
	}
	w.create(t, pod)
	address := w.ready(t, "liveness").Status.PodIP
	post(t, "http://"+address+":8080/sick")
	w.await(t, "liveness", "to run again", func(p *corev1.Pod) bool {
		return p.Status.ContainerStatuses[0].RestartCount == 1 && p.Status.ContainerStatuses[0].Ready
	})
}

func (w *world) testCompletion(t *testing.T) {
	for name, tc := range map[string]struct {
		script string
		want   corev1.PodPhase
	}{
		"well": {script: "exit 0", want: corev1.PodSucceeded},
		"ill":  {script: "echo no; exit 3", want: corev1.PodFailed},
	} {
		pod := program(name, "/")
		pod.Spec.RestartPolicy = corev1.RestartPolicyNever
		pod.Spec.Containers[0].Command = []string{"/bin/sh", "-c", tc.script}
		pod.Spec.Containers[0].Args = nil
		w.create(t, pod)
		w.await(t, name, "to end", func(p *corev1.Pod) bool { return p.Status.Phase == tc.want })
	}
}

func (w *world) testMissing(t *testing.T) {
	pod := program("missing", "/")
	pod.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: local("later")}}}
	w.create(t, pod)
	w.await(t, "missing", "to name the config map", func(p *corev1.Pod) bool {
		s := p.Status.ContainerStatuses
		return len(s) == 1 && s[0].State.Waiting != nil && strings.Contains(s[0].State.Waiting.Message, `"later"`)
	})
	w.create(t, &corev1.ConfigMap{ObjectMeta: named("later"), Data: map[string]string{"A": "b"}})
	w.ready(t, "missing")
}

func (w *world) testUnsupported(t *testing.T) {
	pod := program("unsupported", "/")
	pod.Spec.Volumes = []corev1.Volume{{Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}}}
	w.create(t, pod)
	w.await(t, "unsupported", "to be refused", func(p *corev1.Pod) bool {
		s := p.Status.ContainerStatuses
		return len(s) == 1 && s[0].State.Waiting != nil && strings.Contains(s[0].State.Waiting.Message, "not supported by the local node")
	})
}

func (w *world) testDeletion(t *testing.T) {
	w.create(t, program("deleted", "/"))
	w.ready(t, "deleted")
	if err := w.client.CoreV1().Pods("default").Delete(t.Context(), "deleted", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.eventually(t, "the pod to be gone", func(ctx context.Context) (bool, string) {
		_, err := w.client.CoreV1().Pods("default").Get(ctx, "deleted", metav1.GetOptions{})
		return apierrors.IsNotFound(err), fmt.Sprint(err)
	})
	if log := readFile(t, filepath.Join(w.cluster.Dir, "logs", "default_deleted_program.log")); !strings.HasSuffix(log, "stopping kindly\n") {
		t.Errorf("log = %q", log)
	}
}

func (w *world) testNodeRestart(t *testing.T) {
	w.create(t, program("again", "/"))
	w.create(t, program("gone", "/"))
	before, gone := w.ready(t, "again"), w.ready(t, "gone")
	w.cluster.Node.Stop()
	now := int64(0)
	if err := w.client.CoreV1().Pods("default").Delete(t.Context(), "gone", metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	stopped, err := w.client.CoreV1().Pods("default").Get(t.Context(), "again", metav1.GetOptions{})
	if err != nil || isReady(stopped) {
		t.Errorf("after the node's stop: %v, ready %v", err, isReady(stopped))
	}
	w.cluster.StartNode(t)
	after := w.ready(t, "again")
	if after.UID != before.UID || after.Status.ContainerStatuses[0].ContainerID == before.Status.ContainerStatuses[0].ContainerID {
		t.Errorf("want the same pod with a new process, got %+v", after.Status.ContainerStatuses)
	}
	if _, err := os.Stat(filepath.Join(w.cluster.Dir, "pods", string(gone.UID))); !os.IsNotExist(err) {
		t.Errorf("the folder of a pod that went meanwhile: %v, want it gone", err)
	}
}

// program is a pod that serves folder and is ready when it answers.
func program(name, folder string) *corev1.Pod {
	grace := int64(5)
	return &corev1.Pod{ObjectMeta: named(name), Spec: corev1.PodSpec{
		TerminationGracePeriodSeconds: &grace,
		Containers: []corev1.Container{{
			Name: "program", Image: nodetest.Image, Args: []string{"$(POD_IP):8080", folder},
			Ports:          []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
			Env:            []corev1.EnvVar{{Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "status.podIP"}}}},
			ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}},
		}},
	}}
}

func (w *world) create(t *testing.T, object any) {
	t.Helper()
	var err error
	switch object := object.(type) {
	case *corev1.Pod:
		_, err = w.client.CoreV1().Pods("default").Create(t.Context(), object, metav1.CreateOptions{})
	case *corev1.ConfigMap:
		_, err = w.client.CoreV1().ConfigMaps("default").Create(t.Context(), object, metav1.CreateOptions{})
	case *corev1.Secret:
		_, err = w.client.CoreV1().Secrets("default").Create(t.Context(), object, metav1.CreateOptions{})
	case *corev1.PersistentVolumeClaim:
		_, err = w.client.CoreV1().PersistentVolumeClaims("default").Create(t.Context(), object, metav1.CreateOptions{})
	default:
		err = fmt.Errorf("cannot create a %T", object)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) ready(t *testing.T, name string) *corev1.Pod {
	t.Helper()
	return w.await(t, name, "to be ready", isReady)
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func (w *world) await(t *testing.T, name, what string, done func(*corev1.Pod) bool) *corev1.Pod {
	t.Helper()
	var found *corev1.Pod
	w.eventually(t, "pod "+name+" "+what, func(ctx context.Context) (bool, string) {
		pod, err := w.client.CoreV1().Pods("default").Get(ctx, name, metav1.GetOptions{})
		found = pod
		return err == nil && done(pod), fmt.Sprintf("%v %+v", err, pod.Status)
	})
	return found
}

func (w *world) eventually(t *testing.T, what string, check func(context.Context) (bool, string)) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, seen := check(t.Context())
		if ok {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("waited in vain for %s; last seen: %s", what, seen)
		case <-tick.C:
		}
	}
}

func (w *world) log(t *testing.T, pod string, options *corev1.PodLogOptions) string {
	t.Helper()
	text, err := w.client.CoreV1().Pods("default").GetLogs(pod, options).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func put(t *testing.T, url string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	do(t, request)
}

func post(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, request)
}

func do(t *testing.T, request *http.Request) string {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %s %v", request.Method, request.URL, response.Status, text, err)
	}
	return string(text)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name, Namespace: "default"} }

func local(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }
