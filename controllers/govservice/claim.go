// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
)

// mayUse tells whether a code is this service's or nobody's. When it is another's, the definition is not valid.
func (r *Reconciler) mayUse(ctx context.Context, s *scope, code string) (bool, error) {
	if s.ledger.HasCode(code) {
		return true, nil
	}
	have := &corev1.ConfigMap{}
	err := r.reader.Get(ctx, client.ObjectKeyFromObject(makeClaim(s.key(), code)), have)
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("read claim of code %q: %w", code, err)
	case have.Data["namespace"] == s.svc.Namespace && have.Data["service"] == s.svc.Name:
		return true, nil
	}
	s.validity = s.validity.taken(code, have)
	return false, nil
}

// taken is the validity of a definition whose code is another service's. That others ask for it too goes without saying then.
func (v validity) taken(code string, by *corev1.ConfigMap) validity {
	f := definition.Finding{
		Path: definition.Root + ".code", Rule: "code-taken", Severity: definition.Error,
		Found:   fmt.Sprintf("%q, which belongs to service %q of namespace %q, by ConfigMap %s/%s", code, by.Data["service"], by.Data["namespace"], by.Namespace, by.Name),
		Allowed: "a code of no other service", Do: "correct spec.service.code, or ask the platform team",
	}
	rest := slices.DeleteFunc(slices.Clone(v.findings), func(f v1alpha1.Finding) bool { return f.Rule == ruleCodeShared })
	v.findings = append(statusFindings([]definition.Finding{f}), rest...)
	v.findings = v.findings[:min(len(v.findings), maxFindings)]
	v.status, v.reason, v.message = metav1.ConditionFalse, v1alpha1.ReasonCodeTaken, "1 error, the first at "+f.Path+": "+f.Message()
	return v
}

// claim takes a code that mayUse allowed, before the first publication under it, by creating an object that is named after the
// code: of two agencies one creates it, and the other looks again and sees whose it is.
func (r *Reconciler) claim(ctx context.Context, s *scope, code string) error {
	if s.ledger.HasCode(code) {
		return nil
	}
	claim := makeClaim(s.key(), code)
	err := r.client.Create(ctx, claim, client.FieldOwner(v1alpha1.FieldManager))
	if err == nil {
		return nil
	}
	if !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("claim code %q: %w", code, err)
	}
	if own, look := r.mayUse(ctx, s, code); look != nil || !own {
		return errors.Join(err, look)
	}
	return nil
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
