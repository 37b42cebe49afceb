// SPDX-License-Identifier: Apache-2.0

package resources

import (
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Kinds of the way of people to an agency's intake. An installation uses one of them.
var (
	IngressKind   = networkingv1.SchemeGroupVersion.WithKind("Ingress")
	HTTPRouteKind = schema.GroupVersionKind{Group: gatewayGroup, Version: "v1", Kind: "HTTPRoute"}
)

const gatewayGroup = "gateway.networking.k8s.io"

// MakeIngress builds the way of people to the agency's intake. The inner port is not on it.
func MakeIngress(p *v1alpha1.ServiceProvider, s Settings) *networkingv1.Ingress {
	host := s.Host(p.Name)
	ingress := &networkingv1.Ingress{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"},
		ObjectMeta: metav1.ObjectMeta{Name: IntakeName, Namespace: p.Spec.Namespace, Labels: labels()},
		Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{
			Host: host,
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{
				Path: "/", PathType: new(networkingv1.PathTypePrefix),
				Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
					Name: IntakeName, Port: networkingv1.ServiceBackendPort{Name: "http"},
				}},
			}}}},
		}}},
	}
	if s.IngressClass != "" {
		ingress.Spec.IngressClassName = &s.IngressClass
	}
	if s.TLSSecret != "" {
		ingress.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{host}, SecretName: s.TLSSecret}}
	}
	return ingress
}

// MakeHTTPRoute builds the way of people to the agency's intake through the installation's Gateway. Whether routes of the agency's
// namespace may join it is the Gateway's to say, and so is TLS. The inner port is not on it.
func MakeHTTPRoute(p *v1alpha1.ServiceProvider, s Settings) *unstructured.Unstructured {
	parent := map[string]any{"group": gatewayGroup, "kind": "Gateway", "namespace": s.Gateway.Namespace, "name": s.Gateway.Name}
	if s.Gateway.Listener != "" {
		parent["sectionName"] = s.Gateway.Listener
	}
	route := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"parentRefs": []any{parent},
		"hostnames":  []any{s.Host(p.Name)},
		"rules": []any{map[string]any{
			"matches":     []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}},
			"backendRefs": []any{map[string]any{"name": IntakeName, "port": int64(PublicPort)}},
		}},
	}}}
	route.SetGroupVersionKind(HTTPRouteKind)
	route.SetNamespace(p.Spec.Namespace)
	route.SetName(IntakeName)
	route.SetLabels(labels())
	return route
}
