// SPDX-License-Identifier: Apache-2.0

// Package locate finds the pods that the controller talks to. It goes by pod, not by Service: a proof has to stay on one prover,
// and the state that is asked for is a pod's.
package locate

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/prover"
	"github.com/okno-dev/okno/internal/resources"
)

// ProverName is the value of resources.NameLabel on provers' pods.
const ProverName = "okno-prover"

// Pods finds ready pods and remembers where they are, so that the API server is asked once for each place and not once for each
// question.
type Pods struct {
	reader client.Reader

	mu    sync.Mutex
	known map[string]string // pod IP by namespace and name label
}

// NewPods returns a finder that reads past any cache.
func NewPods(reader client.Reader) *Pods { return &Pods{reader: reader, known: map[string]string{}} }

// Intake is the base URL of the inner port of an agency's intake.
func (p *Pods) Intake(ctx context.Context, namespace string) (string, error) {
	ip, err := p.find(ctx, namespace, resources.IntakeName)
	if err != nil {
		return "", err
	}
	return address(ip, resources.InnerPort), nil
}

// Prover is where a prover listens. Provers are looked for anew each time: a proof is rare, and takes longer than the look.
func (p *Pods) Prover(ctx context.Context) (prover.Address, error) {
	p.Forget(v1alpha1.SystemNamespace, ProverName)
	ip, err := p.find(ctx, v1alpha1.SystemNamespace, ProverName)
	if err != nil {
		return prover.Address{}, err
	}
	return proverAt(ip), nil
}

// ProverOf is where a prover listens that runs an image, as its pod names it. During an update there may be provers of two images.
func (p *Pods) ProverOf(ctx context.Context, image string) (prover.Address, error) {
	list := &corev1.PodList{}
	in, of := client.InNamespace(v1alpha1.SystemNamespace), client.MatchingLabels{resources.NameLabel: ProverName}
	if err := p.reader.List(ctx, list, in, of); err != nil {
		return prover.Address{}, fmt.Errorf("look for %s of %q: %w", ProverName, image, err)
	}
	var others []string
	for i := range list.Items {
		pod := &list.Items[i]
		switch {
		case !ready(pod) || len(pod.Spec.Containers) == 0:
		case pod.Spec.Containers[0].Image == image:
			return proverAt(pod.Status.PodIP), nil
		case !slices.Contains(others, pod.Spec.Containers[0].Image):
			others = append(others, pod.Spec.Containers[0].Image)
		}
	}
	if len(others) == 0 {
		return prover.Address{}, fmt.Errorf("no %s is ready", ProverName)
	}
	slices.Sort(others)
	return prover.Address{}, fmt.Errorf("no ready %s runs it, but %s", ProverName, strings.Join(others, ", "))
}

func proverAt(ip string) prover.Address {
	return prover.Address{Public: address(ip, resources.PublicPort), Inner: address(ip, resources.InnerPort)}
}

// Forget drops what is known of a pod; who could not reach it calls this.
func (p *Pods) Forget(namespace, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, namespace+"/"+name)
}

func (p *Pods) find(ctx context.Context, namespace, name string) (string, error) {
	p.mu.Lock()
	ip, ok := p.known[namespace+"/"+name]
	p.mu.Unlock()
	if ok {
		return ip, nil
	}
	list := &corev1.PodList{}
	if err := p.reader.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{resources.NameLabel: name}); err != nil {
		return "", fmt.Errorf("look for %s in namespace %q: %w", name, namespace, err)
	}
	for i := range list.Items {
		if pod := &list.Items[i]; ready(pod) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.known[namespace+"/"+name] = pod.Status.PodIP
			return pod.Status.PodIP, nil
		}
	}
	return "", fmt.Errorf("no ready pod of %s in namespace %q", name, namespace)
}

func ready(pod *corev1.Pod) bool {
	if pod.Status.PodIP == "" || !pod.DeletionTimestamp.IsZero() {
		return false
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func address(ip string, port int) string {
	return (&url.URL{Scheme: "http", Host: net.JoinHostPort(ip, strconv.Itoa(port))}).String()
}
