// SPDX-License-Identifier: Apache-2.0

// Package env gives tests a real API server with Okno's CRDs and admission policies. Under hack/test.sh all packages share one;
// a package that is tested alone starts its own. Either way tests keep to namespaces of their own.
package env

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/hack/local/controlplane/controlplanetest"
)

// Variable names the kubeconfig of the API server that packages share.
const Variable = "OKNO_TEST_KUBECONFIG"

var own struct {
	sync.Mutex
	config *rest.Config
	stop   func()
}

// Main runs a package's tests and stops the API server that they may have started:
//
//	func TestMain(m *testing.M) { os.Exit(env.Main(m)) }
func Main(m *testing.M) int {
	code := m.Run()
	if own.stop != nil {
		own.stop()
	}
	return code
}

// Start returns access to the API server as a member of system:masters, starting it when nobody has. Without the built control
// plane it skips the test.
func Start(t testing.TB) *rest.Config {
	t.Helper()
	own.Lock()
	defer own.Unlock()
	log.SetLogger(logr.Discard())
	if own.config == nil {
		config, stop, err := start(t)
		if err != nil {
			t.Fatal(err)
		}
		own.config, own.stop = config, stop
	}
	return rest.CopyConfig(own.config)
}

func start(t testing.TB) (*rest.Config, func(), error) {
	if path := os.Getenv(Variable); path != "" {
		config, err := clientcmd.BuildConfigFromFlags("", path)
		if err != nil {
			return nil, nil, err
		}
		config.QPS, config.Burst = 500, 1000
		return config, func() {}, nil
	}
	bin := controlplanetest.BinDir(t)
	dir, err := os.MkdirTemp("", "okno-env")
	if err != nil {
		return nil, nil, err
	}
	cluster, err := Launch(t.Context(), dir, bin, controlplanetest.ModuleRoot(t))
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	stop := func() {
		cluster.Stop()
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	return cluster.Config("okno:tests", controlplane.Masters), stop, nil
}

// Launch starts an API server without controllers over data folder dir and installs what lies in root/config.
func Launch(ctx context.Context, dir, bin, root string) (*controlplane.Cluster, error) {
	cluster, err := controlplane.Start(ctx, controlplane.Options{Dir: dir, BinDir: bin, Unsafe: true, WithoutControllers: true})
	if err != nil {
		return nil, err
	}
	if err := Install(ctx, cluster.Config("okno:tests", controlplane.Masters), root); err != nil {
		cluster.Stop()
		return nil, err
	}
	return cluster, nil
}

// As acts as a user of groups, by impersonation.
func As(config *rest.Config, user string, groups ...string) *rest.Config {
	config = rest.CopyConfig(config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: groups}
	return config
}

// Namespace makes a namespace of the test's own with labels and returns its name. It is left behind: without controllers none is
// ever emptied.
func Namespace(t testing.TB, config *rest.Config, labels map[string]string) string {
	t.Helper()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Labels: labels}}
	ns, err = client.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

// Eventually polls until check returns nil, and fails the test with its last error after a generous while.
func Eventually(t testing.TB, what string, check func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", what, last))
	}
}
