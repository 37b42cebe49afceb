// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/test/env"
)

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
