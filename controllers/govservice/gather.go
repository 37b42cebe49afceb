// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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
	s.namespace = &metav1.PartialObjectMetadata{}
	s.namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := r.client.Get(ctx, client.ObjectKey{Name: s.svc.Namespace}, s.namespace); err != nil {
		return fmt.Errorf("read namespace: %w", err)
	}
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
	s.facts, err = r.factsOf(ctx, r.client, s.namespace, s.digest, s.ledger.ServedDigest(), s.pinnedDigest())
	return err
}

// factsOf reads what judgements on digests rest on through from.
func (r *Reconciler) factsOf(ctx context.Context, from client.Reader, namespace *metav1.PartialObjectMetadata, digests ...v1alpha1.Digest) (facts, error) {
	f := facts{approvals: map[v1alpha1.Digest][]v1alpha1.Approval{}}
	policies := &v1alpha1.PublicationPolicyList{}
	if err := from.List(ctx, policies); err != nil {
		return f, fmt.Errorf("list policies: %w", err)
	}
	// A policy that cannot be read decides nothing; what only stops a service goes on without it.
	f.policies, f.policiesProblem = gate.Covering(policies.Items, namespace.Labels)
	for _, d := range digests {
		var err error
		if f.approvals[d], err = approvalsOf(ctx, from, namespace.Name, d); err != nil {
			return f, err
		}
	}
	var err error
	f.admission, err = r.admissionOf(ctx, from)
	return f, err
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
