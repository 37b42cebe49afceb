// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/config/admission"
	"github.com/okno-dev/okno/controllers"
	"github.com/okno-dev/okno/controllers/observation"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/installation"
	"github.com/okno-dev/okno/internal/prover"
	"github.com/okno-dev/okno/internal/resources"
	"github.com/okno-dev/okno/test/env"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logger())
	os.Exit(env.Main(m))
}

// fixture is an agency with a namespace of its own on the real API server, and a controller that looks at no other namespace.
type fixture struct {
	testing.TB
	config *rest.Config
	client client.Client // may do everything, as the platform team
	ns     string
	clock  *clocktesting.FakeClock
	// prover is where scenarios are run; nothing listens there unless a test says so. Empty, its pods are looked for.
	prover prover.Address
	// image is what intakes are to run.
	image string
	// gateway is the installation's, if it has one.
	gateway resources.Gateway
	// find finds intakes; nil looks for their pods, of which there are none.
	find observation.Finder
	// transport wraps the controller's requests.
	transport func(http.RoundTripper) http.RoundTripper
	// elect lets controllers choose one of them that acts.
	elect bool
	// shipped are the admission policies that the controller expects in force.
	shipped gate.Admission
	stop    func()
}

// newFixture makes the agency with a policy of the gates named, each with quorum 1; the gate scenarios opens by itself.
func newFixture(t testing.TB, gates ...string) *fixture {
	t.Helper()
	return newFixtureOn(t, env.Start(t), gates...)
}

// newFixtureOn makes it on an API server of the test's own.
func newFixtureOn(t testing.TB, config *rest.Config, gates ...string) *fixture {
	t.Helper()
	f := &fixture{
		TB: t, config: config, ns: env.Namespace(t, config, nil),
		image: "okno.dev/intake:dev", clock: clocktesting.NewFakeClock(time.Now()), prover: prover.Address{Public: "http://127.0.0.1:1", Inner: "http://127.0.0.1:1"}, stop: func() {},
	}
	var err error
	if f.shipped, err = admission.Shipped(); err != nil {
		t.Fatal(err)
	}
	if f.client, err = client.New(config, client.Options{Scheme: controllers.Scheme()}); err != nil {
		t.Fatal(err)
	}
	provider := &v1alpha1.ServiceProvider{
		ObjectMeta: metav1.ObjectMeta{Name: f.ns}, Spec: v1alpha1.ServiceProviderSpec{Namespace: f.ns, DisplayName: v1alpha1.Text{"en": "A fund"}},
	}
	f.create(provider)
	// The next test's controller sees providers of the whole cluster.
	t.Cleanup(func() { _ = f.client.Delete(context.WithoutCancel(t.Context()), provider) })
	if len(gates) > 0 {
		f.create(f.policy(gates...))
	}
	f.settle()
	t.Cleanup(func() { f.stop() })
	return f
}

// settle waits until decisions count: those made while the admission policies were new do not.
func (f *fixture) settle() {
	f.Helper()
	policies := &admissionregistrationv1.ValidatingAdmissionPolicyList{}
	if err := f.client.List(f.Context(), policies); err != nil {
		f.Fatal(err)
	}
	f.eventually("the admission policies to settle", func(context.Context) error {
		for _, p := range policies.Items {
			if age := time.Since(p.CreationTimestamp.Time); age < gate.AdmissionSettles+2*time.Second {
				return fmt.Errorf("%s is %s old", p.Name, age)
			}
		}
		return nil
	})
}

func (f *fixture) policy(gates ...string) *v1alpha1.PublicationPolicy {
	p := &v1alpha1.PublicationPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: f.ns},
		Spec: v1alpha1.PublicationPolicySpec{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: f.ns}},
		},
	}
	for _, name := range gates {
		g := v1alpha1.Gate{Name: name, Type: v1alpha1.GateHuman, Groups: []string{"okno:" + name}}
		if name == "scenarios" {
			g = v1alpha1.Gate{Name: name, Type: v1alpha1.GateScenarios}
		}
		p.Spec.Gates = append(p.Spec.Gates, g)
	}
	return p
}

// run starts the controller anew.
func (f *fixture) run() {
	f.Helper()
	f.stop()
	end := f.start()
	f.stop = func() {
		f.stop = func() {}
		end()
	}
}

// start starts a controller under its own account and its own rights, and returns what ends it.
func (f *fixture) start() (end func()) {
	f.Helper()
	account := env.As(f.config, v1alpha1.ControllerAccount, "system:serviceaccounts", "system:serviceaccounts:okno-system", "system:authenticated")
	if f.transport != nil {
		account.Wrap(f.transport)
	}
	direct, err := client.New(account, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		f.Fatal(err)
	}
	install, err := installation.Ensure(f.Context(), direct)
	if err != nil {
		f.Fatal(err)
	}
	options := controllers.CacheOptions()
	options.DefaultNamespaces = map[string]cache.Config{f.ns: {}}
	lock, err := controllers.Lock(account, f.ns)
	if err != nil {
		f.Fatal(err)
	}
	skip := true
	mgr, err := ctrl.NewManager(account, ctrl.Options{
		Scheme: controllers.Scheme(), Cache: options, Logger: logger(),
		LeaderElection: f.elect, LeaderElectionResourceLockInterface: lock, LeaderElectionReleaseOnCancel: true,
		Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0", Controller: config.Controller{SkipNameValidation: &skip},
	})
	if err != nil {
		f.Fatal(err)
	}
	address := &f.prover
	if f.prover == (prover.Address{}) {
		address = nil
	}
	err = controllers.Setup(f.Context(), mgr, controllers.Options{
		Clock: f.clock, HTTP: &http.Client{Timeout: 10 * time.Second}, Installation: install, Admission: f.shipped, ProverAddress: address, Find: f.find,
		Settings: resources.Settings{
			IntakeImage: f.image, BaseDomain: "localhost", PublicScheme: "http", PublicPort: 8080, TrustedKeys: install.TrustedKeys,
			Gateway: f.gateway,
		},
		WithdrawGrace: time.Hour, Workers: 2,
	})
	if err != nil {
		f.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.Context()))
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			f.Errorf("the controller ended: %v", err)
		}
	})
}

// logger is silent unless somebody looks for a cause.
func logger() logr.Logger {
	if os.Getenv("OKNO_TEST_LOG") == "" {
		return logr.Discard()
	}
	return logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (f *fixture) create(o client.Object) {
	f.Helper()
	if err := f.client.Create(f.Context(), o); err != nil {
		f.Fatal(err)
	}
}

// deploy says that the agency's intake runs, in the place of Kubernetes' own controllers.
func (f *fixture) deploy() {
	f.Helper()
	f.eventually("the intake to be deployed", func(ctx context.Context) error {
		set := &appsv1.StatefulSet{}
		if err := f.client.Get(ctx, client.ObjectKey{Namespace: f.ns, Name: resources.IntakeName}, set); err != nil {
			return err
		}
		set.Status = appsv1.StatefulSetStatus{ObservedGeneration: set.Generation, Replicas: 1, ReadyReplicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}
		return f.client.Status().Update(ctx, set)
	})
	f.eventually("the provider to be ready", func(ctx context.Context) error {
		p := &v1alpha1.ServiceProvider{}
		if err := f.client.Get(ctx, client.ObjectKey{Name: f.ns}, p); err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("conditions: %v", p.Status.Conditions)
		}
		return nil
	})
}
