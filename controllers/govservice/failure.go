// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"errors"
	"net"
	"net/http"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// reportFailure tells of an error that trying again will hardly mend, such as a quota that is used up or a right that is missing.
// It is tried again all the same. The other conditions stay as they were; their observedGeneration tells how old they are.
func (r *Reconciler) reportFailure(ctx context.Context, s *scope, failure error) {
	if s.svc.UID == "" || !s.svc.DeletionTimestamp.IsZero() || passes(failure) {
		return
	}
	st := state{s, s.before.DeepCopy()}
	st.status.ObservedGeneration = s.svc.Generation
	message := clip(failure.Error(), 1024)
	st.set(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRefused, message)
	st.set(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRefused, message)
	meta.RemoveStatusCondition(&st.status.Conditions, v1alpha1.ConditionReconciling)
	if equality.Semantic.DeepEqual(s.before, *st.status) {
		return
	}
	if err := r.writeStatus(ctx, s, st.status); err != nil {
		log.FromContext(ctx).Info("the failure could not be told", "because", err.Error())
	}
}

// passes tells whether an error is of the kind that passes: the network, an overloaded or restarting API server, the end of the
// program.
func passes(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	var network net.Error
	if errors.As(err, &network) {
		return true
	}
	var api apierrors.APIStatus
	if !errors.As(err, &api) {
		return false
	}
	switch code := api.Status().Code; code {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests, http.StatusNotFound, http.StatusGone:
		return true
	default:
		return code == 0 || code >= http.StatusInternalServerError
	}
}
