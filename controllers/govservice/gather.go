// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/ledger"
)

// gather reads everything that the phases decide on from the cache. An error leaves all undecided: "could not be read" never
// passes for "there is none".
func (r *Reconciler) gather(ctx context.Context, s *scope) error {
	s.digest = v1alpha1.Digest(s.svc.Spec.Service.Digest())
	var err error
	if s.provider, err = providerOf(ctx, r.client, s.svc.Namespace); err != nil {
		return err
	}
	if s.ledger, s.untrusted, err = r.ledgerOf(ctx, s.key()); err != nil {
		return err
	}
	if s.revisions, err = r.revisionsOf(ctx, s.key()); err != nil {
		return err
	}
	if r.echoes.missing(s) {
		return errEcho
	}
	s.facts, err = r.factsOf(ctx, r.client, s.svc.Namespace, s.digest, s.ledger.ServedDigest(), s.pinnedDigest())
	return err
}

// factsOf reads what judgements on digests rest on through from, in two turns: the decisions first, and then the admission policies.
// So a decision that was forged while a policy was altered is never seen without the alteration or its trace.
func (r *Reconciler) factsOf(ctx context.Context, from client.Reader, namespace string, digests ...v1alpha1.Digest) (facts, error) {
	f := facts{namespace: &metav1.PartialObjectMetadata{}, approvals: map[v1alpha1.Digest][]v1alpha1.Approval{}}
	f.namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	policies := &v1alpha1.PublicationPolicyList{}
	approvals := make([][]v1alpha1.Approval, len(digests))
	reads := []func() error{
		func() error {
			return wrap("read namespace", from.Get(ctx, client.ObjectKey{Name: namespace}, f.namespace))
		},
		func() error { return wrap("list policies", from.List(ctx, policies)) },
	}
	for i, d := range digests {
		reads = append(reads, func() (err error) {
			approvals[i], err = approvalsOf(ctx, from, namespace, d)
			return err
		})
	}
	if err := atOnce(reads...); err != nil {
		return f, err
	}
	for i, d := range digests {
		f.approvals[d] = approvals[i]
	}
	// A policy that cannot be read decides nothing; what only stops a service goes on without it.
	f.policies, f.policiesProblem = gate.Covering(policies.Items, f.namespace.Labels)
	var err error
	f.admission, err = r.admissionOf(ctx, from)
	return f, err
}

// atOnce reads several things at the same time: what is read past the cache costs a round trip each.
func atOnce(reads ...func() error) error {
	errs := make([]error, len(reads))
	var all sync.WaitGroup
	for i, read := range reads {
		all.Go(func() { errs[i] = read() })
	}
	all.Wait()
	return errors.Join(errs...)
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// providerOf is the agency of a namespace. Of two that claim it the older one has it.
func providerOf(ctx context.Context, from client.Reader, namespace string) (*v1alpha1.ServiceProvider, error) {
	list := &v1alpha1.ServiceProviderList{}
	if err := from.List(ctx, list, client.MatchingFields{"spec.namespace": namespace}); err != nil {
		return nil, fmt.Errorf("list providers: %w", err)
	}
	if len(list.Items) == 0 {
		return nil, nil
	}
	oldest := slices.MinFunc(list.Items, func(a, b v1alpha1.ServiceProvider) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return &oldest, nil
}

// ledgerOf are a service's records that verify, and the names of those that do not.
func (r *Reconciler) ledgerOf(ctx context.Context, key client.ObjectKey) (ledger.Ledger, []string, error) {
	list := &v1alpha1.PublicationList{}
	if err := r.client.List(ctx, list, client.InNamespace(key.Namespace), client.MatchingFields{"spec.service": key.Name}); err != nil {
		return nil, nil, fmt.Errorf("list publications: %w", err)
	}
	trusted, untrusted := r.trust.split(list.Items)
	return ledger.Of(trusted), untrusted, nil
}

func (r *Reconciler) revisionsOf(ctx context.Context, key client.ObjectKey) ([]v1alpha1.ServiceRevision, error) {
	list := &v1alpha1.ServiceRevisionList{}
	if err := r.client.List(ctx, list, client.InNamespace(key.Namespace), client.MatchingFields{"spec.service": key.Name}); err != nil {
		return nil, fmt.Errorf("list revisions: %w", err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.ServiceRevision) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return list.Items, nil
}

// approvalsOf are the decisions on a digest, read through from.
func approvalsOf(ctx context.Context, from client.Reader, namespace string, digest v1alpha1.Digest) ([]v1alpha1.Approval, error) {
	if digest == "" {
		return nil, nil
	}
	list := &v1alpha1.ApprovalList{}
	byDigest := client.MatchingFields{"spec.subject.digest": string(digest)}
	if err := from.List(ctx, list, client.InNamespace(namespace), byDigest); err != nil {
		return nil, fmt.Errorf("list approvals: %w", err)
	}
	return list.Items, nil
}
