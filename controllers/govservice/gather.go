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
	if s.ledger, err = r.ledgerOf(ctx, s.key()); err != nil {
		return err
	}
	if s.revisions, err = r.revisionsOf(ctx, s.key()); err != nil {
		return err
	}
	if r.echoes.missing(s) {
		return errEcho
	}
	if s.facts.policies, err = r.policiesOf(ctx, r.client, s.namespace); err != nil {
		return err
	}
	s.facts.approvals = map[v1alpha1.Digest][]v1alpha1.Approval{}
	for _, d := range []v1alpha1.Digest{s.digest, s.ledger.ServedDigest()} {
		if s.facts.approvals[d], err = r.approvalsOf(ctx, r.client, s.svc.Namespace, d); err != nil {
			return err
		}
	}
	return r.gatherAdmission(ctx, s)
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

func (r *Reconciler) ledgerOf(ctx context.Context, key client.ObjectKey) (ledger.Ledger, error) {
	list := &v1alpha1.PublicationList{}
	if err := r.client.List(ctx, list, client.InNamespace(key.Namespace), client.MatchingFields{"spec.service": key.Name}); err != nil {
		return nil, fmt.Errorf("list publications: %w", err)
	}
	return ledger.Of(list.Items), nil
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

// policiesOf are the policies that cover a namespace, read through from.
func (r *Reconciler) policiesOf(ctx context.Context, from client.Reader, namespace *metav1.PartialObjectMetadata) ([]v1alpha1.PublicationPolicy, error) {
	list := &v1alpha1.PublicationPolicyList{}
	if err := from.List(ctx, list); err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	return gate.Covering(list.Items, namespace.Labels)
}

// approvalsOf are the decisions on a digest, read through from.
func (r *Reconciler) approvalsOf(ctx context.Context, from client.Reader, namespace string, digest v1alpha1.Digest) ([]v1alpha1.Approval, error) {
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
