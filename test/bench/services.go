// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/persons"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/test/env"
)

// service is one of the many that are made from the sample.
type service struct {
	client.ObjectKey
	manifest *unstructured.Unstructured
}

// lastGate is where the last human decision is made.
func lastGate() string {
	all := persons.All()
	return all[len(all)-1].Gate
}

// agencies registers n agencies as the platform team does, and returns their namespaces, which have labels more.
func (c *cluster) agencies(ctx context.Context, kind string, n int, labels map[string]string) ([]string, error) {
	provider, err := env.ObjectsOf(filepath.Join(c.root, "config/samples/pension-delivery/provider.yaml"))
	if err != nil {
		return nil, err
	}
	people, err := env.ObjectsOf(filepath.Join(c.root, "config/samples/people.yaml"))
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range n {
		name := fmt.Sprintf("%s-%d", kind, i+1)
		names = append(names, name)
		for _, o := range append(provider, people...) {
			o = o.DeepCopy()
			switch {
			case o.GetKind() == "Namespace":
				o.SetName(name)
				own := map[string]string{v1alpha1.ProviderLabel: name}
				maps.Copy(own, labels)
				o.SetLabels(own)
			case o.GetKind() == "ServiceProvider":
				o.SetName(name)
				err = unstructured.SetNestedField(o.Object, name, "spec", "namespace")
			case o.GetNamespace() != "":
				o.SetNamespace(name)
			}
			if err := errors.Join(err, apply(ctx, c.platform(), o)); err != nil {
				return nil, err
			}
		}
	}
	return names, nil
}

// makeServices makes n services of a sample, in the agencies by turns: each has its own name and codes, numbered from first, and the
// fewest scenarios that are allowed.
func (c *cluster) makeServices(sample, name string, first, n int, agencies []string) ([]*service, error) {
	objects, err := env.ObjectsOf(filepath.Join(c.root, sample))
	if err != nil {
		return nil, err
	}
	services := make([]*service, n)
	for i := range services {
		s := &service{client.ObjectKey{Namespace: agencies[i%len(agencies)], Name: fmt.Sprintf("%s-%d", name, i+1)}, objects[0].DeepCopy()}
		s.manifest.SetNamespace(s.Namespace)
		s.manifest.SetName(s.Name)
		if err := s.individualise(first + i); err != nil {
			return nil, err
		}
		services[i] = s
	}
	return services, nil
}

func (s *service) individualise(i int) error {
	definition, ok, err := unstructured.NestedMap(s.manifest.Object, "spec", "service")
	if err != nil || !ok {
		return fmt.Errorf("the sample has no definition: %w", err)
	}
	own := func(code any) string {
		text := fmt.Sprint(code)
		return fmt.Sprintf("%s%04d", text[:max(0, len(text)-4)], i)
	}
	definition["code"] = own(definition["code"])
	codes, _ := definition["registryCodes"].([]any)
	for _, code := range codes {
		if entry, ok := code.(map[string]any); ok {
			entry["code"] = own(entry["code"])
		}
	}
	all, _ := definition["scenarios"].([]any)
	definition["scenarios"] = oneOfEach(all)
	return unstructured.SetNestedMap(s.manifest.Object, definition, "spec", "service")
}

// asMap is an API type as an unstructured object has it.
func asMap(value any) (map[string]any, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	return fields, json.Unmarshal(raw, &fields)
}

// oneOfEach keeps the first scenario of each outcome: fewer are refused.
func oneOfEach(scenarios []any) []any {
	var kept []any
	seen := map[string]bool{}
	for _, s := range scenarios {
		scenario, _ := s.(map[string]any)
		outcome, _, _ := unstructured.NestedString(scenario, "expect", "outcome")
		if !seen[outcome] {
			kept = append(kept, s)
		}
		seen[outcome] = true
	}
	return kept
}

// newEdition changes the title.
func (s *service) newEdition() error {
	path := []string{"spec", "service", "title"}
	title, _, err := unstructured.NestedStringMap(s.manifest.Object, path...)
	if err != nil {
		return err
	}
	for language := range title {
		title[language] += " 2"
	}
	return unstructured.SetNestedStringMap(s.manifest.Object, title, path...)
}

// digest is what approvers approve.
func (s *service) digest() (v1alpha1.Digest, error) {
	definition, _, err := unstructured.NestedMap(s.manifest.Object, "spec", "service")
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(definition)
	if err != nil {
		return "", err
	}
	return digest.Of(raw)
}

// approve records the decision of the person at the gate and returns when it was acknowledged.
func (c *cluster) approve(ctx context.Context, s *service, gate string) (time.Time, error) {
	person, ok := persons.Decider(gate)
	if !ok {
		return time.Time{}, permanent{fmt.Errorf("nobody decides at gate %q", gate)}
	}
	d, err := s.digest()
	if err != nil {
		return time.Time{}, err
	}
	revision := digest.RevisionName(s.Name, d)
	decision := &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: revision + "-" + gate},
		Spec: v1alpha1.ApprovalSpec{
			Subject: v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: revision, Digest: d},
			Gate:    gate, Decision: v1alpha1.DecisionApprove,
		},
	}
	err = c.people[person.Name].Create(ctx, decision)
	return time.Now(), err
}

// publishWithin bounds the way of one service through its gates.
const publishWithin = 3 * time.Minute

// lead lets the persons decide where the service waits, until it is published, or until it waits at the gate leave.
func (c *cluster) lead(ctx context.Context, s *service, leave string) error {
	decided := map[string]bool{}
	err := eventually(ctx, publishWithin, func(ctx context.Context) (string, error) {
		now := &v1alpha1.GovService{}
		if err := c.platform().Get(ctx, s.ObjectKey, now); err != nil {
			return "", err
		}
		gate, published, err := standing(now)
		switch {
		case err != nil:
			return "", err
		case published, gate != "" && gate == leave:
			return "", nil
		case gate != "" && !decided[gate]:
			decided[gate] = true
			_, err := c.approve(ctx, s, gate)
			return "decisions", err
		}
		return "its gates wait for " + fmt.Sprint(now.Status.Pending), nil
	})
	if err != nil {
		return fmt.Errorf("publish %s: %w", s.ObjectKey, err)
	}
	return nil
}

// standing tells at which human gate a service waits, or that its present definition is published.
func standing(svc *v1alpha1.GovService) (gate string, published bool, err error) {
	status := svc.Status
	if status.ObservedGeneration != svc.Generation {
		return "", false, nil
	}
	if valid := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionValid); valid != nil && valid.Status == metav1.ConditionFalse {
		return "", false, permanent{fmt.Errorf("%s: %s", valid.Reason, valid.Message)}
	}
	if status.Pending == nil {
		return "", status.Published != nil && status.Published.Revision == status.LatestRevision, nil
	}
	if status.Pending.Revision != status.LatestRevision || len(status.Pending.WaitingFor) == 0 {
		return "", false, nil
	}
	gate, _, _ = strings.Cut(status.Pending.WaitingFor[0], ":")
	return gate, false, nil
}

// each does something with every service, several at a time, and stops at the first failure.
func each(ctx context.Context, services []*service, atOnce int, do func(context.Context, *service) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		next atomic.Int64
		all  sync.WaitGroup
	)
	for range atOnce {
		all.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(services) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := do(ctx, services[i]); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}
