// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// orphan looks after what is left of a service that is gone. Usually that is revisions to collect. A service that went without its
// finalizer left something that is served: decisions against that hold all the same, and when this process saw the service alive,
// it was deleted and is withdrawn. When it did not, the service may not have been restored from a backup yet, and goes on.
func (r *Reconciler) orphan(ctx context.Context, s *scope) error {
	if err := r.gather(ctx, s); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(s)
			return nil // the namespace went with everything in it
		}
		return err
	}
	if err := r.judge(ctx, s); err != nil {
		return err
	}
	if served := s.ledger.Served(); served != nil && s.facts.namespace.DeletionTimestamp.IsZero() {
		switch {
		case s.verdicts[served.Spec.Digest].Withdraw:
			if err := r.record(ctx, s, s.stepOnServed(v1alpha1.ActionWithdraw, causeRevoked), s.verdicts[served.Spec.Digest], served.Spec.Code, nil); err != nil {
				return err
			}
		case r.living.has(s.key()):
			if err := r.withdraw(ctx, s); err != nil {
				return err
			}
		}
	}
	r.forget(s)
	return r.collect(ctx, s)
}

// collect removes the revisions of a service that is gone, once nothing is served of it and its grace is over.
func (r *Reconciler) collect(ctx context.Context, s *scope) error {
	if left := s.ledger.Ends().Sub(s.now); left > 0 {
		s.wake(left)
		return nil
	}
	return r.remove(ctx, garbage(s.revisions, 0, s.ledger.ServedDigest()))
}

// forget drops what this process remembers of a service that is gone.
func (r *Reconciler) forget(s *scope) {
	r.memory.forget(s.key())
	r.echoes.forget(s.key())
	r.living.forget(s.key())
	r.proofs.forget(s.key())
}

// gone is the scope of a service of which only the name is left.
func (r *Reconciler) gone(key types.NamespacedName) *scope {
	svc := &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	return &scope{svc: svc, now: r.clock.Now()}
}

// living are the services that this process saw alive.
type living struct{ seen sync.Map }

func (l *living) see(key types.NamespacedName)      { l.seen.Store(key, true) }
func (l *living) forget(key types.NamespacedName)   { l.seen.Delete(key) }
func (l *living) has(key types.NamespacedName) bool { _, ok := l.seen.Load(key); return ok }
