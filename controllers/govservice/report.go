// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"encoding/json"
	"fmt"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// report writes the status, once, and only when it says something new. The newest counts ride along; they alone are no reason.
func (r *Reconciler) report(ctx context.Context, s *scope) error {
	if s.quick {
		return nil
	}
	now := s.newStatus(r.Endpoints)
	if equality.Semantic.DeepEqual(s.before, *now) {
		return nil
	}
	if counts := r.Metrics(s.key(), s.ledger.ServedDigest(), s.ledger.PreviousDigest()); counts != nil {
		now.Metrics = counts
	}
	if err := r.writeStatus(ctx, s, now); err != nil {
		return client.IgnoreNotFound(err)
	}
	for _, t := range transitions(&s.before, now) {
		r.events.Eventf(s.svc, nil, t.kind, t.reason, t.action, "%s", clip(t.message, 1000))
	}
	return nil
}

func (r *Reconciler) writeStatus(ctx context.Context, s *scope, now *v1alpha1.GovServiceStatus) error {
	patch, err := statusPatch(&s.before, now, s.svc.ResourceVersion)
	if err != nil {
		return err
	}
	target := metadataOf("GovService", s.svc)
	err = r.client.Status().Patch(ctx, target, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(v1alpha1.FieldManager))
	if err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	r.echoes.note(s.key(), func(w *written) { w.version = versionOf(target) })
	return nil
}

// statusPatch is the difference of two statuses, bound to the version of the object that was seen: a status that is decided on
// what was is refused.
func statusPatch(before, now *v1alpha1.GovServiceStatus, version string) ([]byte, error) {
	was, err := json.Marshal(map[string]any{"status": before})
	if err != nil {
		return nil, fmt.Errorf("encode status: %w", err)
	}
	is, err := json.Marshal(map[string]any{"status": now, "metadata": map[string]string{"resourceVersion": version}})
	if err != nil {
		return nil, fmt.Errorf("encode status: %w", err)
	}
	patch, err := jsonpatch.CreateMergePatch(was, is)
	if err != nil {
		return nil, fmt.Errorf("compare statuses: %w", err)
	}
	return patch, nil
}

// transition is something that happened to a service.
type transition struct{ kind, reason, action, message string }

// transitions are what a person would want to be told of. Each happens once: a status that says the same again has none.
func transitions(before, now *v1alpha1.GovServiceStatus) []transition {
	var list []transition
	add := func(kind, condition, action string) {
		c := meta.FindStatusCondition(now.Conditions, condition)
		list = append(list, transition{kind, c.Reason, action, c.Message})
	}
	if turned(before, now, v1alpha1.ConditionValid, metav1.ConditionFalse) {
		add(corev1.EventTypeWarning, v1alpha1.ConditionValid, "Validate")
	}
	if turned(before, now, v1alpha1.ConditionVerified, metav1.ConditionFalse) {
		add(corev1.EventTypeWarning, v1alpha1.ConditionVerified, "Prove")
	}
	if c := meta.FindStatusCondition(now.Conditions, v1alpha1.ConditionApproved); c != nil && c.Status == metav1.ConditionFalse &&
		c.Reason != v1alpha1.ReasonAwaitingApproval && reasonOf(before, v1alpha1.ConditionApproved) != c.Reason {
		add(corev1.EventTypeWarning, v1alpha1.ConditionApproved, "Judge")
	}
	if seqOf(before) != seqOf(now) || reasonOf(before, v1alpha1.ConditionPublished) != reasonOf(now, v1alpha1.ConditionPublished) {
		if reasonOf(now, v1alpha1.ConditionPublished) != v1alpha1.ReasonNotPublished {
			add(corev1.EventTypeNormal, v1alpha1.ConditionPublished, "Publish")
		}
	}
	return list
}

func turned(before, now *v1alpha1.GovServiceStatus, condition string, to metav1.ConditionStatus) bool {
	return meta.IsStatusConditionPresentAndEqual(now.Conditions, condition, to) &&
		(!meta.IsStatusConditionPresentAndEqual(before.Conditions, condition, to) || reasonOf(before, condition) != reasonOf(now, condition))
}

func reasonOf(status *v1alpha1.GovServiceStatus, condition string) string {
	if c := meta.FindStatusCondition(status.Conditions, condition); c != nil {
		return c.Reason
	}
	return ""
}

func seqOf(status *v1alpha1.GovServiceStatus) int64 {
	if status.Published == nil {
		return 0
	}
	return status.Published.Seq
}
