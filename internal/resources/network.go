// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// MakeService builds the stable name of the agency's intake inside the cluster.
func MakeService(p *v1alpha1.ServiceProvider) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: IntakeName, Namespace: p.Spec.Namespace, Labels: labels()},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: selector(),
			Ports: []corev1.ServicePort{
				{Name: "http", Port: PublicPort, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromString("http")},
				{Name: "inner", Port: InnerPort, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromString("inner")},
			},
		},
	}
}

// MakeNetworkPolicy builds the walls around the agency's intake: anybody may reach the public port, only the controller the inner
// one, and the intake itself reaches names and the ports on which API servers listen, at any address: where the API server is
// differs from cluster to cluster, and so does whether the policy sees its Service or its hosts.
func MakeNetworkPolicy(p *v1alpha1.ServiceProvider) *networkingv1.NetworkPolicy {
	controller := networkingv1.NetworkPolicyPeer{
		NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: v1alpha1.SystemNamespace}},
		PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{NameLabel: v1alpha1.FieldManager}},
	}
	return &networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: IntakeName, Namespace: p.Spec.Namespace, Labels: labels()},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: selector()},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{
				{Ports: ports(corev1.ProtocolTCP, PublicPort)},
				{Ports: ports(corev1.ProtocolTCP, InnerPort), From: []networkingv1.NetworkPolicyPeer{controller}},
			},
			Egress: []networkingv1.NetworkPolicyEgressRule{
				{Ports: append(ports(corev1.ProtocolUDP, 53), ports(corev1.ProtocolTCP, 53)...)},
				{Ports: ports(corev1.ProtocolTCP, 443, 6443)},
			},
		},
	}
}

// MakePodDisruptionBudget builds a budget that lets a node be drained: with one pod, a stricter one would block it for ever, and
// a short gap is what an agency with an embedded store has chosen.
func MakePodDisruptionBudget(p *v1alpha1.ServiceProvider) *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   metav1.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"},
		ObjectMeta: metav1.ObjectMeta{Name: IntakeName, Namespace: p.Spec.Namespace, Labels: labels()},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable:             new(intstr.FromInt32(1)),
			Selector:                   &metav1.LabelSelector{MatchLabels: selector()},
			UnhealthyPodEvictionPolicy: new(policyv1.AlwaysAllow),
		},
	}
}

func ports(protocol corev1.Protocol, numbers ...int32) []networkingv1.NetworkPolicyPort {
	list := make([]networkingv1.NetworkPolicyPort, 0, len(numbers))
	for _, n := range numbers {
		list = append(list, networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: new(intstr.FromInt32(n))})
	}
	return list
}
