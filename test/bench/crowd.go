// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/test/env"
)

// A crowd is the many services that stand beside those that are measured: published once, and never changed. They are the small
// sample, of agencies of their own, under a policy that their scenarios alone satisfy.
const (
	// crowdLabel marks the namespaces of the crowd's agencies.
	crowdLabel = "bench.okno.dev/crowd"
	// crowdPerAgency is how many services an agency of the crowd has at most.
	crowdPerAgency = 100
	// firstOfCrowd is the number of the first, so that no code is another's.
	firstOfCrowd = 5000
)

// publishCrowd publishes n services of the crowd, and tells how fast that went and what it took.
func (m *control) publishCrowd(ctx context.Context, n int) error {
	progress("cluster: publishing a crowd of %d services", n)
	if err := m.lettingCrowdIn(ctx); err != nil {
		return err
	}
	agencies, err := m.agencies(ctx, "crowd", (n+crowdPerAgency-1)/crowdPerAgency, map[string]string{crowdLabel: "yes"})
	if err != nil {
		return err
	}
	if err := m.intakesRun(agencies)(ctx); err != nil {
		return err
	}
	if m.crowd, err = m.makeServices("config/samples/first-service/govservice.yaml", "crowd", firstOfCrowd, n, agencies); err != nil {
		return err
	}
	began := time.Now()
	err = each(ctx, m.crowd, 6, func(ctx context.Context, s *service) error {
		if err := apply(ctx, m.people["agency-editor"], s.manifest); err != nil {
			return err
		}
		return m.lead(ctx, s, "")
	})
	if err != nil {
		return err
	}
	took := time.Since(began)
	counted, err := m.audit.since(ctx)
	m.add(
		told("P1", "writes of the controller for each publication that needs no person", float64(counted.total("serviceproviders/status"))/float64(n), "").
			because("%s", counted.per(n)),
		told("P2", "such publications, scenarios included", float64(n)/took.Seconds(), "/s").because("6 at once"),
	)
	return err
}

// lettingCrowdIn keeps the default policy off the crowd's namespaces, and gives them one of their own.
func (m *control) lettingCrowdIn(ctx context.Context) error {
	policies, err := env.ObjectsOf(filepath.Join(m.root, "config/policy/default.yaml"))
	if err != nil {
		return err
	}
	others := metav1.LabelSelectorRequirement{Key: crowdLabel, Operator: metav1.LabelSelectorOpDoesNotExist}
	selector, err := asMap(metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{others}})
	if err != nil {
		return err
	}
	if err := unstructured.SetNestedMap(policies[0].Object, selector, "spec", "namespaceSelector"); err != nil {
		return err
	}
	if err := apply(ctx, m.platform(), policies...); err != nil {
		return err
	}
	return client.IgnoreAlreadyExists(m.platform().Create(ctx, &v1alpha1.PublicationPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "crowd"},
		Spec: v1alpha1.PublicationPolicySpec{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{crowdLabel: "yes"}},
			Gates:             []v1alpha1.Gate{{Name: "scenarios", Type: v1alpha1.GateScenarios}},
		},
	}))
}

// all are the services that are measured and the crowd.
func (m *control) all() []*service { return append(append([]*service{}, m.services...), m.crowd...) }

// weighed is what a controller holds that has started anew and come to rest.
type weighed struct {
	services int
	memory
}

// weigh restarts the controller and takes its memory when it rests.
func (m *control) weigh(ctx context.Context) (weighed, error) {
	if err := m.restart(ctx); err != nil {
		return weighed{}, err
	}
	progress("cluster: letting the controller rest for %s", resting)
	if err := pause(ctx, resting); err != nil {
		return weighed{}, err
	}
	pids, err := m.pids("controller")
	if err != nil || len(pids) != 1 {
		return weighed{}, fmt.Errorf("find the controller among %v: %w", pids, err)
	}
	held, err := memoryOf(pids[0])
	return weighed{len(m.all()), held}, err
}

// each is P6: what each service more has added.
func (w weighed) each(more weighed) figure {
	added := (more.resident - w.resident) * 1024 / float64(max(1, more.services-w.services))
	return atMost("P6", "memory of the controller for each further service, at rest after a restart", added, 10, "KiB").
		because("%.1f MiB with %d services, %.1f MiB with %d; without the program's file %.1f and %.1f", w.resident, w.services, more.resident, more.services, w.anonymous, more.anonymous)
}
