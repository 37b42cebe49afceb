// SPDX-License-Identifier: Apache-2.0

// Package govservice makes the catalogue serve what the approved revisions of a GovService say.
//
//	GovService ─validate─► Valid ─snapshot─► ServiceRevision ─prove─► Verified ─judge─► Approved ─publish─► Publication
//
// Each phase builds the input of one decision, lets a pure function decide, and carries the answer out. Every object that a phase
// creates has a name that follows from its content or its number, so that a repeated or doubled step collides with itself. Losing
// the status, the cache or the process therefore loses nothing.
package govservice

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/recorder"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/lint"
)

// Reconciler reconciles GovServices.
type Reconciler struct {
	Options
	client    client.Client // reads the cache, writes
	reader    client.Reader // reads the API server: once before a Publication, and a definition's body when its digest is new
	events    recorder.EventRecorder
	clock     clock.PassiveClock
	rules     *lint.Pack
	trust     trust
	living    living
	memory    memory
	echoes    echoes
	admission admission
	proofs    *proofs
}

type phase func(context.Context, *scope) error

// Reconcile brings one service a step further. A service that is gone leaves revisions to collect.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	svc := &v1alpha1.GovService{}
	err := r.client.Get(ctx, req.NamespacedName, svc)
	if client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, err
	}
	s := &scope{svc: svc, before: *svc.Status.DeepCopy(), now: r.clock.Now()}
	phases := []phase{r.gather, r.hold, r.validate, r.snapshot, r.prove, r.judge, r.publish, r.prune, r.report}
	switch {
	case err != nil:
		s = r.gone(req.NamespacedName)
		phases = []phase{r.orphan}
	case !svc.DeletionTimestamp.IsZero():
		phases = []phase{r.gather, r.finalize}
	default:
		r.living.see(req.NamespacedName)
	}
	if err = r.run(ctx, s, phases); err != nil {
		r.reportFailure(ctx, s, err)
	}
	return ctrl.Result{RequeueAfter: s.requeue}, err
}

// run runs phases until one fails. That the cache is behind is no failure: what it has not seen yet brings the service back.
func (r *Reconciler) run(ctx context.Context, s *scope, phases []phase) error {
	for _, p := range phases {
		err := p(ctx, s)
		var behind stale
		switch {
		case errors.As(err, &behind), errors.Is(err, errEcho), apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
			log.FromContext(ctx).V(1).Info("looking again soon", "because", err.Error())
			s.wake(staleRetry)
			if errors.Is(err, errEcho) {
				s.wake(echoRetry)
			}
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// staleRetry is when to look again at the latest after the cache showed to be behind.
const staleRetry = time.Second

// stale is the error of a phase that cannot go on before the cache has seen something.
type stale struct{ unseen string }

func (e stale) Error() string { return "the cache has not seen " + e.unseen }
