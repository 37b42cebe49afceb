// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/hack/local/controlplane/controlplanetest"
)

func TestRestartKeepsTheCluster(t *testing.T) {
	options := controlplane.Options{Dir: t.TempDir(), BinDir: controlplanetest.BinDir(t), Unsafe: true}
	cluster := start(t, options)
	client := clientOf(t, cluster.Config("okno:test", controlplane.Masters))
	if _, err := client.CoreV1().ConfigMaps("default").Create(t.Context(), configMap("kept"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(t.TempDir(), "admin.kubeconfig")
	if err := cluster.Kubeconfig(kubeconfig, "okno:test", controlplane.Masters); err != nil {
		t.Fatal(err)
	}
	cluster.Stop()

	cluster = start(t, options)
	defer cluster.Stop()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clientOf(t, config).CoreV1().ConfigMaps("default").Get(t.Context(), "kept", metav1.GetOptions{}); err != nil {
		t.Errorf("with the kubeconfig of before the restart: %v", err)
	}
}

func TestCluster(t *testing.T) {
	cluster := start(t, controlplane.Options{Dir: t.TempDir(), BinDir: controlplanetest.BinDir(t), Unsafe: true})
	defer cluster.Stop()
	admin := clientOf(t, cluster.Config("okno:test", controlplane.Masters))

	t.Run("KnowsAPersonByTheCertificateAndRefusesWhatRBACDoesNotGrant", func(t *testing.T) {
		person := clientOf(t, cluster.Config("ministry", "okno:approvers"))
		review, err := person.AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if user := review.Status.UserInfo; user.Username != "ministry" || user.Groups[0] != "okno:approvers" {
			t.Errorf("user = %+v", user)
		}
		if _, err := person.CoreV1().Secrets("default").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
			t.Errorf("listing secrets: %v, want forbidden", err)
		}
	})
	t.Run("RefusesStrangers", func(t *testing.T) {
		config := rest.AnonymousClientConfig(cluster.Config("nobody"))
		_, err := clientOf(t, config).CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{})
		if !apierrors.IsUnauthorized(err) {
			t.Errorf("listing namespaces without a certificate: %v, want unauthorized", err)
		}
	})
	t.Run("MutatesByPolicyWithoutAWebhook", func(t *testing.T) {
		_, err := admin.AdmissionregistrationV1().MutatingAdmissionPolicies().List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Errorf("listing mutating admission policies: %v", err)
		}
	})
	t.Run("WritesTheAuditLogWithoutReads", func(t *testing.T) {
		if _, err := admin.CoreV1().ConfigMaps("default").Create(t.Context(), configMap("audited"), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := admin.CoreV1().ConfigMaps("default").Get(t.Context(), "audited", metav1.GetOptions{}); err != nil {
			t.Fatal(err)
		}
		verbs := map[string]int{}
		for _, event := range audited(t, cluster.AuditLog()) {
			if event.ObjectRef.Name == "audited" && event.User.Username == "okno:test" {
				verbs[event.Verb]++
			}
		}
		if verbs["create"] != 1 || verbs["get"] != 0 {
			t.Errorf("verbs = %v, want one create and no get", verbs)
		}
	})
}

func TestStartTellsWhatIsNotBuilt(t *testing.T) {
	_, err := controlplane.Start(t.Context(), controlplane.Options{Dir: t.TempDir(), BinDir: t.TempDir()})
	if !errors.Is(err, controlplane.ErrNotBuilt) {
		t.Errorf("err = %v, want %v", err, controlplane.ErrNotBuilt)
	}
}

type event struct {
	Verb      string
	User      struct{ Username string }
	ObjectRef struct{ Name string }
}

func audited(t *testing.T, path string) []event {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var events []event
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

func start(t *testing.T, options controlplane.Options) *controlplane.Cluster {
	t.Helper()
	cluster, err := controlplane.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	return cluster
}

func clientOf(t *testing.T, config *rest.Config) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
