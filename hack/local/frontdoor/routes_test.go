// SPDX-License-Identifier: Apache-2.0

package frontdoor

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestMatch(t *testing.T) {
	routes := routesOf([]*networkingv1.Ingress{
		ingress("all", "", path("/", networkingv1.PathTypePrefix, "fallback")),
		ingress("fund", "fund.localhost", path("/", networkingv1.PathTypePrefix, "intake"), path("/staff", networkingv1.PathTypePrefix, "staff"), path("/staff/in", networkingv1.PathTypeExact, "login")),
		ingress("any", "*.localhost", path("/", networkingv1.PathTypePrefix, "any")),
	})
	tests := map[string]struct{ host, path, want string }{
		"TheRoot":                        {"fund.localhost", "/", "intake"},
		"SomethingUnderIt":               {"fund.localhost", "/s/pension", "intake"},
		"ALongerPrefix":                  {"fund.localhost", "/staff", "staff"},
		"SomethingUnderALongerPrefix":    {"fund.localhost", "/staff/queue", "staff"},
		"ANameThatBeginsLikeAPrefix":     {"fund.localhost", "/staffroom", "intake"},
		"AnExactPath":                    {"fund.localhost", "/staff/in", "login"},
		"SomethingUnderAnExactPath":      {"fund.localhost", "/staff/in/1", "staff"},
		"AHostThatOnlyAWildcardKnows":    {"mfc.localhost", "/", "any"},
		"AHostTooDeepForTheWildcard":     {"a.b.localhost", "/", "fallback"},
		"AHostThatNobodyAskedFor":        {"example.org", "/", "fallback"},
		"TheWildcardsParentIsNotMatched": {"localhost", "/", "fallback"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			route, ok := match(routes, tc.host, tc.path)
			if !ok || route.Service != tc.want {
				t.Errorf("service = %q, want %q", route.Service, tc.want)
			}
		})
	}
	if route, ok := match(routesOf(nil), "fund.localhost", "/"); ok {
		t.Errorf("without an Ingress %+v matches", route)
	}
}

func TestBackends(t *testing.T) {
	gone := pod("intake-3", "127.1.1.5", true)
	gone.DeletionTimestamp = &metav1.Time{}
	state := State{
		Services: []*corev1.Service{
			service("intake", "10.96.0.7", corev1.ServicePort{Name: "http", Port: 80, TargetPort: intstr.FromString("web")}, corev1.ServicePort{Name: "inner", Port: 81, TargetPort: intstr.FromInt32(8081)}),
			service("headless", corev1.ClusterIPNone),
		},
		Pods: []*corev1.Pod{pod("intake-1", "127.1.1.3", true), pod("intake-0", "127.1.1.2", true), pod("intake-2", "127.1.1.4", false), gone},
	}
	tests := map[string]struct {
		look func() ([]string, error)
		want []string
	}{
		"APortByNameThatLeadsToANamedPort": {func() ([]string, error) {
			return state.backends("fund", "intake", networkingv1.ServiceBackendPort{Name: "http"})
		}, []string{"127.1.1.2:8080", "127.1.1.3:8080"}},
		"APortByNumber": {func() ([]string, error) {
			return state.backends("fund", "intake", networkingv1.ServiceBackendPort{Number: 81})
		}, []string{"127.1.1.2:8081", "127.1.1.3:8081"}},
		"APortThatIsMissing": {func() ([]string, error) {
			return state.backends("fund", "intake", networkingv1.ServiceBackendPort{Number: 82})
		}, nil},
		"AServiceOfAnotherNamespace": {func() ([]string, error) {
			return state.backends("other", "intake", networkingv1.ServiceBackendPort{Number: 80})
		}, nil},
		"AServiceByItsName":        {func() ([]string, error) { return state.resolve("intake.fund.svc", 80) }, []string{"127.1.1.2:8080", "127.1.1.3:8080"}},
		"AServiceByItsLongName":    {func() ([]string, error) { return state.resolve("intake.fund.svc.cluster.local.", 81) }, []string{"127.1.1.2:8081", "127.1.1.3:8081"}},
		"OnePodOfAHeadlessService": {func() ([]string, error) { return state.resolve("intake-1.headless.fund.svc", 9999) }, []string{"127.1.1.3:9999"}},
		"ANameThatIsNoService":     {func() ([]string, error) { return state.resolve("example.org", 80) }, nil},
		"ANameThatIsTooShort":      {func() ([]string, error) { return state.resolve("intake.svc", 80) }, nil},
		"AServiceThatDoesNotExist": {func() ([]string, error) { return state.resolve("none.fund.svc", 80) }, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tc.look()
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if (err == nil) != (tc.want != nil) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func ingress(name, host string, paths ...networkingv1.HTTPIngressPath) *networkingv1.Ingress {
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "fund"},
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{
			Host: host, IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: paths}},
		}}},
	}
}

func path(path string, kind networkingv1.PathType, service string) networkingv1.HTTPIngressPath {
	return networkingv1.HTTPIngressPath{Path: path, PathType: &kind, Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
		Name: service, Port: networkingv1.ServiceBackendPort{Name: "http"},
	}}}
}

func service(name, clusterIP string, ports ...corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "fund"},
		Spec:       corev1.ServiceSpec{ClusterIP: clusterIP, Selector: map[string]string{"app": "intake"}, Ports: ports},
	}
}

func pod(name, address string, ready bool) *corev1.Pod {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "fund", Labels: map[string]string{"app": "intake"}},
		Spec:       corev1.PodSpec{Hostname: name, Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}}}}},
		Status:     corev1.PodStatus{PodIP: address, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}},
	}
}
