// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/inner"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestAgencyObjectsAreAsRead(t *testing.T) {
	plain := &v1alpha1.ServiceProvider{
		ObjectMeta: metav1.ObjectMeta{Name: "sfr"},
		Spec:       v1alpha1.ServiceProviderSpec{Namespace: "fund"},
	}
	large := plain.DeepCopy()
	large.Spec.TimeZone = "Asia/Vladivostok"
	large.Spec.Intake = &v1alpha1.IntakeCapacity{CPU: new(resource.MustParse("1")), Memory: new(resource.MustParse("1Gi"))}
	large.Spec.Store = &v1alpha1.StoreSpec{Size: new(resource.MustParse("100Gi")), StorageClassName: "fast"}
	local := Settings{
		IntakeImage: "okno.dev/intake:dev", BaseDomain: "localhost", PublicScheme: "http", PublicPort: 8080, TrustedKeys: []string{"bmV3", "b2xk"},
	}
	secure := Settings{
		IntakeImage: "okno.dev/intake@sha256:1", BaseDomain: "gov.example", PublicScheme: "https", IngressClass: "outer", TLSSecret: "wildcard",
	}
	for name, object := range map[string]any{
		"statefulset":        MakeStatefulSet(plain, local),
		"statefulset-large":  MakeStatefulSet(large, secure),
		"service":            MakeService(plain),
		"ingress":            MakeIngress(plain, local),
		"ingress-tls":        MakeIngress(plain, secure),
		"httproute":          MakeHTTPRoute(plain, Settings{BaseDomain: "gov.example", Gateway: Gateway{Namespace: "edge", Name: "public", Listener: "https"}}),
		"serviceaccount":     MakeServiceAccount(plain),
		"binding-controller": MakeControllerBinding(plain),
		"binding-intake":     MakeIntakeBinding(plain),
		"networkpolicy":      MakeNetworkPolicy(plain),
		"pdb":                MakePodDisruptionBudget(plain),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := yaml.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("object differs from %s (-want +got):\n%s", file, diff)
			}
		})
	}
}

func TestAddressesOfAService(t *testing.T) {
	tests := map[string]struct {
		settings Settings
		form     string
	}{
		"the scheme's own port is not written": {Settings{BaseDomain: "gov.example", PublicScheme: "https"}, "https://sfr.gov.example/s/pension"},
		"a local port is":                      {Settings{BaseDomain: "localhost", PublicScheme: "http", PublicPort: 8080}, "http://sfr.localhost:8080/s/pension"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.settings.Endpoints("sfr", "pension").Form; got != tt.form {
				t.Errorf("form = %q, want %q", got, tt.form)
			}
		})
	}
}

func TestAGatewayIsNamedWithItsNamespace(t *testing.T) {
	tests := map[string]struct {
		text string
		want Gateway
		ok   bool
	}{
		"none":                    {"", Gateway{}, true},
		"a Gateway":               {"edge/public", Gateway{Namespace: "edge", Name: "public"}, true},
		"one of its listeners":    {"edge/public/https", Gateway{Namespace: "edge", Name: "public", Listener: "https"}, true},
		"no namespace":            {"public", Gateway{}, false},
		"an empty namespace":      {"/public", Gateway{}, false},
		"more than can be meant":  {"a/b/c/d", Gateway{}, false},
		"a listener of no length": {"edge/public/", Gateway{}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseGateway(tt.text)
			if got != tt.want || (err == nil) != tt.ok {
				t.Errorf("ParseGateway(%q) = %+v, %v", tt.text, got, err)
			}
		})
	}
}

func TestTheStoresCachesHaveRoomBesideTheHeap(t *testing.T) {
	const mi = 1 << 20
	for name, tt := range map[string]struct{ memory, want int64 }{
		"the default":   {128 * mi, 104 * mi},
		"a large pod":   {1000 * mi, 900 * mi},
		"a tiny pod":    {32 * mi, 16 * mi},
		"at the corner": {240 * mi, 216 * mi},
	} {
		t.Run(name, func(t *testing.T) {
			if got := heapLimit(tt.memory); got != tt.want {
				t.Errorf("limit of %d MiB is %d, want %d", tt.memory/mi, got, tt.want)
			}
		})
	}
}

func TestProbesAndTokensAreThoseOfTheInnerPort(t *testing.T) {
	if healthPath != inner.PathHealth || readyPath != inner.PathReady || audience("fund") != inner.IntakeAudience("fund") {
		t.Errorf("probes %s and %s, audience %s", healthPath, readyPath, audience("fund"))
	}
}
