// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

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

// service is the sample service with a code of its own; edits change its definition.
func (f *fixture) service(name string, edits ...func(definition map[string]any)) *v1alpha1.GovService {
	f.Helper()
	return &v1alpha1.GovService{
		ObjectMeta: metav1.ObjectMeta{Namespace: f.ns, Name: name},
		Spec:       v1alpha1.GovServiceSpec{Service: f.definition(name, edits...)},
	}
}

func (f *fixture) definition(name string, edits ...func(definition map[string]any)) v1alpha1.Definition {
	f.Helper()
	text, err := os.ReadFile("../config/samples/first-service/govservice.yaml")
	if err != nil {
		f.Fatal(err)
	}
	var object struct {
		Spec struct{ Service map[string]any }
	}
	if err := yaml.Unmarshal(text, &object); err != nil {
		f.Fatal(err)
	}
	def := object.Spec.Service
	def["code"] = f.ns + "." + name
	for _, edit := range edits {
		edit(def)
	}
	raw, err := json.Marshal(def)
	if err != nil {
		f.Fatal(err)
	}
	return v1alpha1.NewDefinition(raw)
}

func titled(en string) func(map[string]any) {
	return func(def map[string]any) { def["title"].(map[string]any)["en"] = en }
}

// as acts as a person of the agency's or the platform's; all of them may do everything, so that only the gates judge.
func (f *fixture) as(person string) client.Client {
	f.Helper()
	c, err := client.New(env.As(f.config, person, "system:masters"), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		f.Fatal(err)
	}
	return c
}

// apply makes the agency want what svc says.
func (f *fixture) apply(svc *v1alpha1.GovService) {
	f.Helper()
	c := f.as("agency-editor")
	err := c.Create(f.Context(), svc.DeepCopy())
	if client.IgnoreAlreadyExists(err) != nil {
		f.Fatal(err)
	}
	if err == nil {
		return
	}
	patch, err := json.Marshal([]map[string]any{{"op": "add", "path": "/spec", "value": svc.Spec}})
	if err != nil {
		f.Fatal(err)
	}
	if err := c.Patch(f.Context(), svc.DeepCopy(), client.RawPatch(types.JSONPatchType, patch)); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) patchSpec(name, merge string) {
	f.Helper()
	svc := &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Namespace: f.ns, Name: name}}
	if err := f.as("agency-editor").Patch(f.Context(), svc, client.RawPatch(types.MergePatchType, []byte(`{"spec":`+merge+`}`))); err != nil {
		f.Fatal(err)
	}
}

// decide makes a decision of a person at a gate on a revision and returns the approval's name.
func (f *fixture) decide(person, gate string, decision v1alpha1.Decision, rev *v1alpha1.ServiceRevision, edits ...func(*v1alpha1.Approval)) string {
	f.Helper()
	a := &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: f.ns, Name: strings.ToLower(rev.Name + "-" + gate + "-" + rand.Text()[:6])},
		Spec: v1alpha1.ApprovalSpec{
			Subject: v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: rev.Name, Digest: rev.Spec.Digest}, Gate: gate, Decision: decision,
		},
	}
	for _, edit := range edits {
		edit(a)
	}
	if err := f.as(person).Create(f.Context(), a); err != nil {
		f.Fatal(err)
	}
	return a.Name
}

// report says how a revision's scenarios came out, in the place of the prover.
func (f *fixture) report(rev *v1alpha1.ServiceRevision, passed, failed int32) {
	f.Helper()
	now := metav1.NewTime(f.clock.Now())
	status, reason := metav1.ConditionTrue, v1alpha1.ReasonVerified
	if failed > 0 {
		status, reason = metav1.ConditionFalse, v1alpha1.ReasonScenariosFailed
	}
	body, err := json.Marshal(map[string]any{"status": v1alpha1.ServiceRevisionStatus{
		Conditions: []metav1.Condition{{Type: v1alpha1.ConditionVerified, Status: status, Reason: reason, LastTransitionTime: now}},
		Report:     &v1alpha1.ScenarioReport{SHA256: strings.Repeat("0", 64), Image: "i", StartedAt: now, FinishedAt: now, Passed: passed, Failed: failed},
	}})
	if err != nil {
		f.Fatal(err)
	}
	c, err := client.New(env.As(f.config, v1alpha1.ControllerAccount, "system:masters"), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		f.Fatal(err)
	}
	if err := c.Status().Patch(f.Context(), rev.DeepCopy(), client.RawPatch(types.MergePatchType, body)); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) eventually(what string, check func(context.Context) error) {
	f.Helper()
	env.Eventually(f.TB, what, check)
}

// get returns a service as it stands.
func (f *fixture) get(name string) *v1alpha1.GovService {
	f.Helper()
	svc := &v1alpha1.GovService{}
	if err := f.client.Get(f.Context(), client.ObjectKey{Namespace: f.ns, Name: name}, svc); err != nil {
		f.Fatal(err)
	}
	return svc
}

// await waits until a service's status of its present generation has a condition with a reason.
func (f *fixture) await(name, condition, reason string) *v1alpha1.GovService {
	f.Helper()
	var svc *v1alpha1.GovService
	f.eventually(fmt.Sprintf("%s: %s/%s", name, condition, reason), func(context.Context) error {
		svc = f.get(name)
		c := meta.FindStatusCondition(svc.Status.Conditions, condition)
		if c == nil || c.Reason != reason || svc.Status.ObservedGeneration != svc.Generation {
			return fmt.Errorf("generation %d of %d: %s", svc.Status.ObservedGeneration, svc.Generation, conditions(svc))
		}
		return nil
	})
	return svc
}

// awaitServed waits until a title's digest is what the status says is published.
func (f *fixture) awaitServed(name string, digest v1alpha1.Digest) *v1alpha1.GovService {
	f.Helper()
	var svc *v1alpha1.GovService
	f.eventually(fmt.Sprintf("%s serves %s", name, digest), func(context.Context) error {
		svc = f.get(name)
		if svc.Status.Published == nil || svc.Status.Published.Digest != string(digest) || svc.Status.ObservedGeneration != svc.Generation {
			return fmt.Errorf("published %v: %s", svc.Status.Published, conditions(svc))
		}
		return nil
	})
	return svc
}

func conditions(svc *v1alpha1.GovService) string {
	var b strings.Builder
	for _, c := range svc.Status.Conditions {
		fmt.Fprintf(&b, "\n  %s=%s/%s: %s", c.Type, c.Status, c.Reason, c.Message)
	}
	return b.String()
}

// revision waits for the revision of a service's present definition.
func (f *fixture) revision(name string) *v1alpha1.ServiceRevision {
	f.Helper()
	rev := &v1alpha1.ServiceRevision{}
	f.eventually("the revision of "+name, func(ctx context.Context) error {
		svc := f.get(name)
		want := digestOf(f, svc)
		list := &v1alpha1.ServiceRevisionList{}
		if err := f.client.List(ctx, list, client.InNamespace(f.ns)); err != nil {
			return err
		}
		for _, r := range list.Items {
			if r.Spec.Digest == want && r.Spec.Service == name {
				rev = r.DeepCopy()
				return nil
			}
		}
		return fmt.Errorf("none of %d is of %s:%s", len(list.Items), want, conditions(svc))
	})
	return rev
}

// records are a service's Publications, as "seq action revision cause".
func (f *fixture) records(name string) []string {
	f.Helper()
	list := &v1alpha1.PublicationList{}
	if err := f.client.List(f.Context(), list, client.InNamespace(f.ns), client.MatchingFields{"spec.service": name}); err != nil {
		f.Fatal(err)
	}
	var lines []string
	for _, p := range list.Items {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", p.Spec.Seq, p.Spec.Action, p.Spec.Revision, p.Spec.Cause)))
	}
	return lines
}

// publish brings a service's present definition through gates human to its publication.
func (f *fixture) publish(name string, gates ...string) *v1alpha1.ServiceRevision {
	f.Helper()
	rev := f.revision(name)
	if meta.FindStatusCondition(rev.Status.Conditions, v1alpha1.ConditionVerified) == nil {
		f.report(rev, 1, 0)
	}
	for _, gate := range gates {
		f.decide(gate+"-officer", gate, v1alpha1.DecisionApprove, rev)
	}
	f.awaitServed(name, rev.Spec.Digest)
	return rev
}
