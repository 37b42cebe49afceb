// SPDX-License-Identifier: Apache-2.0

package frontdoor

import (
	"fmt"
	"net"
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// State is what routes follow from.
type State struct {
	Ingresses []*networkingv1.Ingress
	Services  []*corev1.Service
	Pods      []*corev1.Pod
}

// Route sends requests for a host and path to a port of a Service.
type Route struct {
	Host, Path string
	// Exact routes match the path alone, others what lies under it too.
	Exact              bool
	Namespace, Service string
	Port               networkingv1.ServiceBackendPort
}

// routesOf lists what Ingresses ask for, the most specific first: a host
// before any host, longer paths before shorter ones, exact before prefix. Of two
// that ask for the same the older Ingress wins.
func routesOf(ingresses []*networkingv1.Ingress) []Route {
	ingresses = append([]*networkingv1.Ingress{}, ingresses...)
	sort.SliceStable(ingresses, func(i, j int) bool {
		return ingresses[i].CreationTimestamp.Before(&ingresses[j].CreationTimestamp)
	})
	var routes []Route
	add := func(i *networkingv1.Ingress, route Route, backend *networkingv1.IngressBackend) {
		if backend == nil || backend.Service == nil {
			return
		}
		route.Namespace, route.Service, route.Port = i.Namespace, backend.Service.Name, backend.Service.Port
		routes = append(routes, route)
	}
	for _, i := range ingresses {
		add(i, Route{Path: "/"}, i.Spec.DefaultBackend)
		for _, rule := range i.Spec.Rules {
			if rule.HTTP == nil {
				add(i, Route{Host: rule.Host, Path: "/"}, i.Spec.DefaultBackend)
				continue
			}
			for _, path := range rule.HTTP.Paths {
				exact := path.PathType != nil && *path.PathType == networkingv1.PathTypeExact
				add(i, Route{Host: rule.Host, Path: path.Path, Exact: exact}, &path.Backend)
			}
		}
	}
	sort.SliceStable(routes, func(i, j int) bool { return isMoreSpecific(routes[i], routes[j]) })
	return routes
}

func isMoreSpecific(a, b Route) bool {
	switch {
	case (a.Host == "") != (b.Host == ""):
		return a.Host != ""
	case isWildcard(a.Host) != isWildcard(b.Host):
		return !isWildcard(a.Host)
	case len(a.Path) != len(b.Path):
		return len(a.Path) > len(b.Path)
	}
	return a.Exact && !b.Exact
}

func isWildcard(host string) bool { return strings.HasPrefix(host, "*.") }

// match finds the route of a request.
func match(routes []Route, host, path string) (Route, bool) {
	for _, route := range routes {
		if route.matchesHost(host) && route.matchesPath(path) {
			return route, true
		}
	}
	return Route{}, false
}

func (r Route) matchesHost(host string) bool {
	if isWildcard(r.Host) {
		_, parent, ok := strings.Cut(host, ".")
		return ok && parent == r.Host[2:]
	}
	return r.Host == "" || r.Host == host
}

// matchesPath compares whole path elements, as Ingress asks for: /a is a prefix
// of /a and /a/b, not of /ab.
func (r Route) matchesPath(path string) bool {
	if r.Exact {
		return path == r.Path
	}
	prefix := strings.TrimSuffix(r.Path, "/")
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

// backends are the addresses of the ready pods behind a port of a Service.
func (s State) backends(namespace, service string, port networkingv1.ServiceBackendPort) ([]string, error) {
	found := s.service(namespace, service)
	if found == nil {
		return nil, fmt.Errorf("service %s/%s does not exist", namespace, service)
	}
	for _, p := range found.Spec.Ports {
		if p.Name == port.Name && port.Name != "" || p.Port == port.Number {
			return s.addresses(found, p.TargetPort, p.Port, ""), nil
		}
	}
	return nil, fmt.Errorf("service %s/%s has no port %s", namespace, service, portText(port))
}

func portText(port networkingv1.ServiceBackendPort) string {
	if port.Name != "" {
		return strconv.Quote(port.Name)
	}
	return strconv.Itoa(int(port.Number))
}

func (s State) service(namespace, name string) *corev1.Service {
	for _, service := range s.Services {
		if service.Namespace == namespace && service.Name == name {
			return service
		}
	}
	return nil
}

// addresses are those of the Service's ready pods, or of the pod with the
// given host name only.
func (s State) addresses(service *corev1.Service, target intstr.IntOrString, port int32, hostname string) []string {
	if len(service.Spec.Selector) == 0 {
		return nil
	}
	selector := labels.SelectorFromSet(service.Spec.Selector)
	var list []string
	for _, pod := range s.Pods {
		if pod.Namespace != service.Namespace || !selector.Matches(labels.Set(pod.Labels)) || hostname != "" && pod.Spec.Hostname != hostname {
			continue
		}
		if !service.Spec.PublishNotReadyAddresses && !serves(pod) {
			continue
		}
		if number := targetPort(pod, target, port); number != 0 && pod.Status.PodIP != "" {
			list = append(list, net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(int(number))))
		}
	}
	sort.Strings(list)
	return list
}

// serves tells whether a pod may get requests: it is ready and stays.
func serves(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// targetPort is the pod's port that a Service's port leads to; 0 when the pod
// has no port of that name.
func targetPort(pod *corev1.Pod, target intstr.IntOrString, port int32) int32 {
	if target.Type == intstr.Int {
		if target.IntVal != 0 {
			return target.IntVal
		}
		return port
	}
	for _, container := range pod.Spec.Containers {
		for _, p := range container.Ports {
			if p.Name == target.StrVal {
				return p.ContainerPort
			}
		}
	}
	return 0
}

// resolve finds the address behind a Service's name as cluster DNS would:
// <service>.<namespace>.svc[.cluster.local], with the host name of a pod before
// it for one pod of a headless Service. A headless Service's port is the pods'.
func (s State) resolve(host string, port int32) ([]string, error) {
	name := strings.TrimSuffix(strings.TrimSuffix(host, "."), ".cluster.local")
	parts := strings.Split(strings.TrimSuffix(name, ".svc"), ".")
	if !isServiceName(host) || len(parts) < 2 || len(parts) > 3 {
		return nil, fmt.Errorf("%q is not the name of a service", host)
	}
	hostname := ""
	if len(parts) == 3 {
		hostname, parts = parts[0], parts[1:]
	}
	service := s.service(parts[1], parts[0])
	if service == nil {
		return nil, fmt.Errorf("service %s/%s does not exist", parts[1], parts[0])
	}
	if service.Spec.ClusterIP == corev1.ClusterIPNone {
		return s.addresses(service, intstr.FromInt32(port), port, hostname), nil
	}
	for _, p := range service.Spec.Ports {
		if p.Port == port {
			return s.addresses(service, p.TargetPort, p.Port, hostname), nil
		}
	}
	return nil, fmt.Errorf("service %s/%s has no port %d", parts[1], parts[0], port)
}

func isServiceName(host string) bool {
	host = strings.TrimSuffix(host, ".")
	return strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local")
}
