// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/ledger"
)

// finalize records that a deleted service is withdrawn, with a grace in which it may come back without a gap, and lets it go.
// Cases that are under way finish: the agency's store has their definition.
func (r *Reconciler) finalize(ctx context.Context, s *scope) error {
	if !controllerutil.ContainsFinalizer(s.svc, v1alpha1.WithdrawFinalizer) {
		return nil
	}
	// A namespace that is going takes no more records, and its intake goes with it.
	if s.facts.namespace.DeletionTimestamp.IsZero() {
		if err := r.withdraw(ctx, s); err != nil {
			return err
		}
	}
	return r.setFinalizers(ctx, s, slices.DeleteFunc(slices.Clone(s.svc.Finalizers), func(f string) bool { return f == v1alpha1.WithdrawFinalizer }))
}

func (r *Reconciler) withdraw(ctx context.Context, s *scope) error {
	// The cache may not have seen the last record yet, and after this there is no second look.
	list := &v1alpha1.PublicationList{}
	byService := client.MatchingFields{"spec.service": s.svc.Name}
	if err := r.reader.List(ctx, list, client.InNamespace(s.svc.Namespace), byService); err != nil {
		return fmt.Errorf("list publications: %w", err)
	}
	trusted, _ := r.trust.split(list.Items)
	s.ledger = ledger.Of(trusted)
	if s.ledger.Served() == nil {
		return nil
	}
	deleted := s.now
	if at := s.svc.DeletionTimestamp; at != nil {
		deleted = at.Time
	}
	effective := metav1.NewTime(deleted.Add(r.WithdrawGrace).Truncate(time.Second))
	return r.record(ctx, s, s.stepOnServed(v1alpha1.ActionWithdraw, causeDeleted), gate.Verdict{}, s.ledger.Last().Spec.Code, &effective)
}
