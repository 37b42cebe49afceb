// SPDX-License-Identifier: Apache-2.0

package frontdoor_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"

	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/hack/local/frontdoor"
	"github.com/okno-dev/okno/hack/local/node/nodetest"
)

func TestMain(m *testing.M) { nodetest.Main(m) }

// TestWorkloadsThroughTheDoor runs a Deployment and a StatefulSet with a claim
// as people and pods meet them.
func TestWorkloadsThroughTheDoor(t *testing.T) {
	cluster := nodetest.StartPlane(t)
	door, err := frontdoor.Listen(frontdoor.Options{Config: cluster.Config("okno:front-door", controlplane.Masters), Address: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(door.Close)
	if err := door.Serve(t.Context()); err != nil {
		t.Fatal(err)
	}
	cluster.RunNode(t, door.Proxy())
	client := kubernetes.NewForConfigOrDie(cluster.Config("okno:test", controlplane.Masters))
	create(t, client)
	w := &world{client: client, door: "http://" + door.Address()}

	w.await(t, http.MethodGet, "shop.localhost", "/healthz", http.StatusOK)
	w.await(t, http.MethodPut, "store.localhost", "/note.txt?text=kept", http.StatusOK)
	if name := w.await(t, http.MethodPost, "store.localhost", "/env/POD_NAME", http.StatusOK); name != "store-0" {
		t.Errorf("pod name = %q", name)
	}
	for _, url := range []string{"http://store.default.svc/note.txt", "http://store-0.store-pods.default.svc.cluster.local:8080/note.txt", "http://store.localhost/note.txt"} {
		if text := w.await(t, http.MethodPost, "shop.localhost", "/fetch?url="+url, http.StatusOK); !strings.HasSuffix(text, "kept") {
			t.Errorf("%s from inside of a pod: %s", url, text)
		}
	}

	if text := w.await(t, http.MethodGet, "nobody.localhost", "/", http.StatusNotFound); !strings.Contains(text, "http://shop.localhost:") || !strings.Contains(text, "http://store.localhost:") {
		t.Errorf("an unknown host does not learn of the others: %s", text)
	}

	// A pod that is replaced finds its volume again.
	if err := client.CoreV1().Pods("default").Delete(t.Context(), "store-0", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if text := w.await(t, http.MethodGet, "store.localhost", "/note.txt", http.StatusOK); text != "kept" {
		t.Errorf("after the pod was replaced: %q", text)
	}
	w.eventually(t, "the workloads' and the ingress's status", func(ctx context.Context) (bool, string) {
		deployment, err := client.AppsV1().Deployments("default").Get(ctx, "shop", metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		set, err := client.AppsV1().StatefulSets("default").Get(ctx, "store", metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		ingress, err := client.NetworkingV1().Ingresses("default").Get(ctx, "store", metav1.GetOptions{})
		if err != nil {
			return false, err.Error()
		}
		return deployment.Status.AvailableReplicas == 2 && set.Status.ReadyReplicas == 1 && len(ingress.Status.LoadBalancer.Ingress) == 1,
			fmt.Sprintf("%+v %+v %+v", deployment.Status, set.Status, ingress.Status)
	})
	if err := client.AppsV1().Deployments("default").Delete(t.Context(), "shop", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if text := w.await(t, http.MethodGet, "shop.localhost", "/healthz", http.StatusServiceUnavailable); !strings.Contains(text, "no ready pod") {
		t.Errorf("a service without pods: %s", text)
	}
}

func create(t *testing.T, client kubernetes.Interface) {
	t.Helper()
	two, one := int32(2), int32(1)
	template := func(app, folder string) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app}}, Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "program", Image: nodetest.Image, Args: []string{"$(POD_IP):8080", folder},
				Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
				Env:   []corev1.EnvVar{variable("POD_IP", "status.podIP"), variable("POD_NAME", "metadata.name")},
				ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
					Path: "/healthz", Port: intstr.FromString("http"),
				}}},
			}},
		}}
	}
	store := template("store", "/data")
	store.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}
	apps, core, networking := client.AppsV1(), client.CoreV1(), client.NetworkingV1()
	_, err := apps.Deployments("default").Create(t.Context(), &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "shop"}, Spec: appsv1.DeploymentSpec{
		Replicas: &two, Selector: selector("shop"), Template: template("shop", "/"),
	}}, metav1.CreateOptions{})
	fatal(t, err)
	_, err = apps.StatefulSets("default").Create(t.Context(), &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "store"}, Spec: appsv1.StatefulSetSpec{
		Replicas: &one, ServiceName: "store-pods", Selector: selector("store"), Template: store,
		VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}, Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		}}},
	}}, metav1.CreateOptions{})
	fatal(t, err)
	port := []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}}
	for _, service := range []*corev1.Service{
		{ObjectMeta: metav1.ObjectMeta{Name: "shop"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "shop"}, Ports: port}},
		{ObjectMeta: metav1.ObjectMeta{Name: "store"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "store"}, Ports: port}},
		{ObjectMeta: metav1.ObjectMeta{Name: "store-pods"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "store"}, Ports: port, ClusterIP: corev1.ClusterIPNone}},
	} {
		_, err := core.Services("default").Create(t.Context(), service, metav1.CreateOptions{})
		fatal(t, err)
	}
	prefix := networkingv1.PathTypePrefix
	for _, name := range []string{"shop", "store"} {
		_, err := networking.Ingresses("default").Create(t.Context(), &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: networkingv1.IngressSpec{
			Rules: []networkingv1.IngressRule{{Host: name + ".localhost", IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
				Paths: []networkingv1.HTTPIngressPath{{Path: "/", PathType: &prefix, Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
					Name: name, Port: networkingv1.ServiceBackendPort{Name: "http"},
				}}}},
			}}}},
		}}, metav1.CreateOptions{})
		fatal(t, err)
	}
}

func selector(app string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
}

func variable(name, field string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: field}}}
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type world struct {
	client kubernetes.Interface
	door   string
}

// await asks until the answer has the code, and returns its body.
func (w *world) await(t *testing.T, method, host, path string, code int) string {
	t.Helper()
	var body string
	w.eventually(t, fmt.Sprintf("%s %s%s to answer %d", method, host, path, code), func(ctx context.Context) (bool, string) {
		request, err := http.NewRequestWithContext(ctx, method, w.door+path, nil)
		if err != nil {
			return false, err.Error()
		}
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, err.Error()
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		body = string(text)
		return err == nil && response.StatusCode == code, response.Status + " " + body
	})
	return body
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
