// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// claim takes the service's code for this service before its first publication under it, by creating an object that is named
// after the code: two agencies cannot both create it. It tells whether the code is the service's; when it is another's, the
// definition is not valid.
func (r *Reconciler) claim(ctx context.Context, s *scope, code string) (bool, error) {
	if s.ledger.HasCode(code) {
		return true, nil
	}
	want := makeClaim(s.key(), code)
	err := r.client.Create(ctx, want, client.FieldOwner(v1alpha1.FieldManager))
	if err == nil {
		return true, nil
	}
	if !apierrors.IsAlreadyExists(err) {
		return false, fmt.Errorf("claim code %q: %w", code, err)
	}
	have := &corev1.ConfigMap{}
	if err := r.reader.Get(ctx, client.ObjectKeyFromObject(want), have); err != nil {
		return false, fmt.Errorf("read claim of code %q: %w", code, err)
	}
	if have.Data["namespace"] == s.svc.Namespace && have.Data["service"] == s.svc.Name {
		return true, nil
	}
	s.validity.status, s.validity.reason = metav1.ConditionFalse, v1alpha1.ReasonCodeTaken
	s.validity.message = fmt.Sprintf("code %q belongs to service %q of namespace %q, by ConfigMap %s/%s: correct spec.service.code, or ask the platform team",
		code, have.Data["service"], have.Data["namespace"], have.Namespace, have.Name)
	return false, nil
}

func makeClaim(service client.ObjectKey, code string) *corev1.ConfigMap {
	sum := sha256.Sum256([]byte(code))
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: v1alpha1.SystemNamespace, Name: "okno-code-" + hex.EncodeToString(sum[:10]),
			Labels: map[string]string{"app.kubernetes.io/part-of": "okno"},
		},
		Data: map[string]string{"code": code, "namespace": service.Namespace, "service": service.Name},
	}
}
