// SPDX-License-Identifier: Apache-2.0

package definitions_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/config/admission"
	"github.com/okno-dev/okno/controllers"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/installation"
	"github.com/okno-dev/okno/internal/prover"
	"github.com/okno-dev/okno/internal/resources"
	"github.com/okno-dev/okno/test/definitions/bad"
	"github.com/okno-dev/okno/test/env"
)

// agency is a namespace on the real API server with a controller that looks at no other.
type agency struct {
	*testing.T
	client client.Client
	raw    dynamic.ResourceInterface
	ns     string
}

// TestBadDefinitionsAreToldAlikeInEveryWay sends the whole table to a real API server. What it refuses, it refuses at the place and,
// where the words are a rule's, in the words of lint; what it stores has in its status what lint finds. A good definition beside
// them all becomes valid.
func TestBadDefinitionsAreToldAlikeInEveryWay(t *testing.T) {
	a := newAgency(t)
	table := readTable(t)
	stored := map[string][]definition.Finding{}
	number := 0
	for _, group := range table.Groups {
		if group.Stage == bad.Unread {
			continue
		}
		for _, c := range group.Cases {
			number++
			name := fmt.Sprintf("bad-%d", number)
			t.Run(c.Name, func(t *testing.T) {
				manifest, err := table.Of(a.ns+"."+name).Manifest(&c, name)
				if err != nil {
					t.Fatal(err)
				}
				findings := lint(t, manifest)
				wantOne(t, &c, findings)
				err = a.apply(t.Context(), manifest)
				switch {
				case group.Stage == bad.Refused && err == nil:
					t.Error("the API server stores it")
				case group.Stage == bad.Refused:
					wantRefused(t, err, findings[0])
				case err != nil:
					t.Error(err)
				default:
					stored[name] = findings
				}
			})
		}
	}
	for name, findings := range stored {
		a.wantStatus(name, findings)
	}
}

// apply sends a manifest as kubectl apply does of what is not there yet.
func (a *agency) apply(ctx context.Context, manifest []byte) error {
	var object unstructured.Unstructured
	if err := object.UnmarshalJSON(manifest); err != nil {
		return err
	}
	_, err := a.raw.Create(ctx, &object, metav1.CreateOptions{FieldManager: "agency", FieldValidation: metav1.FieldValidationStrict})
	return err
}

// wantRefused compares the API server's answer with the finding of lint.
func wantRefused(t *testing.T, err error, f definition.Finding) {
	t.Helper()
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		t.Fatalf("no answer of the API server: %v", err)
	}
	said := err.Error()
	switch f.Rule {
	case "unknown-field":
		if !strings.Contains(said, fmt.Sprintf("unknown field %q", f.Path)) {
			t.Errorf("lint speaks of %s, the API server of: %s", f.Path, said)
		}
		return
	case "too-large":
		if !strings.Contains(said, "too large") {
			t.Errorf("lint finds it too large, the API server says: %s", said)
		}
		return
	}
	if strings.Contains(said, "failed to convert original object to typed object: ") {
		// The policy that stamps the author speaks before the schema does, of the same place; it names entries of lists by their keys.
		if !strings.Contains(inBrackets.ReplaceAllString(said, ""), "."+inBrackets.ReplaceAllString(f.Path, "")+": expected ") {
			t.Errorf("lint speaks of %s, the API server says: %s", f.Path, said)
		}
		return
	}
	details := status.Status().Details
	if details == nil {
		t.Fatalf("lint speaks of %s, the API server of no place: %s", f.Path, said)
	}
	var places []string
	for _, cause := range details.Causes {
		place := cause.Field
		switch {
		case strings.Contains(cause.Message, "some validation rules were not checked"), strings.Contains(cause.Message, "Checked value must be of type"):
			continue // what follows from the others
		case place == "<nil>":
			place = "metadata.name" // what the rule about the whole object is about
		}
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	if !slices.Equal(places, []string{f.Path}) {
		t.Errorf("lint speaks of %s, the API server of %q: %s", f.Path, places, said)
	}
	if f.Rule == "schema-rule" && !strings.Contains(said, f.Allowed) {
		t.Errorf("lint allows %q, the API server says: %s", f.Allowed, said)
	}
}

var inBrackets = regexp.MustCompile(`\[[^\]]*\]`)

// wantStatus waits for the controller's word on a service and compares it with lint's.
func (a *agency) wantStatus(name string, findings []definition.Finding) {
	a.Helper()
	svc := &v1alpha1.GovService{}
	env.Eventually(a, name+" to be judged", func(ctx context.Context) error {
		if err := a.client.Get(ctx, client.ObjectKey{Namespace: a.ns, Name: name}, svc); err != nil {
			return err
		}
		if meta.FindStatusCondition(svc.Status.Conditions, v1alpha1.ConditionValid) == nil {
			return errors.New("no condition Valid")
		}
		return nil
	})
	var want []v1alpha1.Finding
	for _, f := range findings {
		want = append(want, v1alpha1.Finding{Path: f.Path, Severity: string(f.Severity), Rule: f.Rule, Message: f.Message(), Article: f.Article})
	}
	if diff := cmp.Diff(want, svc.Status.Findings); diff != "" {
		a.Errorf("%s: the status tells otherwise (-lint +status):\n%s", name, diff)
	}
	status, reason := metav1.ConditionTrue, v1alpha1.ReasonValid
	if len(findings) > 0 && findings[0].Severity == definition.Error {
		status, reason = metav1.ConditionFalse, v1alpha1.ReasonInvalid
		if findings[0].Reason == definition.Unsupported {
			reason = v1alpha1.ReasonUnsupported
		}
	}
	valid := meta.FindStatusCondition(svc.Status.Conditions, v1alpha1.ConditionValid)
	if valid.Status != status || valid.Reason != reason || status == metav1.ConditionFalse && !strings.Contains(valid.Message, findings[0].Path) {
		a.Errorf("%s: Valid=%s/%s %q, want %s/%s for %v", name, valid.Status, valid.Reason, valid.Message, status, reason, findings)
	}
}

// newAgency makes a namespace with a provider and runs the controller under its own account and rights.
func newAgency(t *testing.T) *agency {
	t.Helper()
	admin := env.Start(t)
	a := &agency{T: t, ns: env.Namespace(t, admin, nil)}
	var err error
	if a.client, err = client.New(admin, client.Options{Scheme: controllers.Scheme()}); err != nil {
		t.Fatal(err)
	}
	services, err := dynamic.NewForConfig(admin)
	if err != nil {
		t.Fatal(err)
	}
	a.raw = services.Resource(v1alpha1.GroupVersion.WithResource("govservices")).Namespace(a.ns)
	provider := &v1alpha1.ServiceProvider{
		ObjectMeta: metav1.ObjectMeta{Name: a.ns}, Spec: v1alpha1.ServiceProviderSpec{Namespace: a.ns, DisplayName: v1alpha1.Text{"en": "A library"}},
	}
	if err := a.client.Create(t.Context(), provider); err != nil {
		t.Fatal(err)
	}
	// The next test's controller sees providers of the whole cluster.
	t.Cleanup(func() { _ = a.client.Delete(context.WithoutCancel(t.Context()), provider) })
	a.control(env.As(admin, v1alpha1.ControllerAccount, "system:serviceaccounts", "system:serviceaccounts:okno-system", "system:authenticated"))
	return a
}

// control runs the controller until the test ends.
func (a *agency) control(account *rest.Config) {
	a.Helper()
	direct, err := client.New(account, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		a.Fatal(err)
	}
	install, err := installation.Ensure(a.Context(), direct)
	if err != nil {
		a.Fatal(err)
	}
	shipped, err := admission.Shipped()
	if err != nil {
		a.Fatal(err)
	}
	options := controllers.CacheOptions()
	options.DefaultNamespaces = map[string]cache.Config{a.ns: {}}
	skip := true
	mgr, err := ctrl.NewManager(account, ctrl.Options{
		Scheme: controllers.Scheme(), Cache: options, Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		Controller: config.Controller{SkipNameValidation: &skip},
	})
	if err != nil {
		a.Fatal(err)
	}
	err = controllers.Setup(a.Context(), mgr, controllers.Options{
		Clock: clock.RealClock{}, HTTP: &http.Client{Timeout: 10 * time.Second}, Installation: install, Admission: shipped,
		ProverAddress: &prover.Address{Public: "http://127.0.0.1:1", Inner: "http://127.0.0.1:1"},
		Settings:      resources.Settings{IntakeImage: "okno.dev/intake:dev", BaseDomain: "localhost", PublicScheme: "http", PublicPort: 8080, TrustedKeys: install.TrustedKeys},
		WithdrawGrace: time.Hour, Workers: 2,
	})
	if err != nil {
		a.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(a.Context()))
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	a.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			a.Errorf("the controller ended: %v", err)
		}
	})
}
