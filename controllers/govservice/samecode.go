// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
)

// ruleCodeShared is the rule of the finding that another service asks for the same code. It is no rule of lint's, which sees one
// service alone.
const ruleCodeShared = "code-shared"

// warnOfSharedCode tells a service that others ask for its code, as each of them is told. Who gets it is decided by the claim at the
// first publication, and until then nobody's definition is wrong.
func (r *Reconciler) warnOfSharedCode(ctx context.Context, s *scope) error {
	code := s.svc.Spec.Service.Code()
	others, err := r.servicesWithCode(ctx, code, s.key())
	if err != nil {
		return err
	}
	s.validity = s.validity.warned(code, s.svc.Namespace, others, s.ledger.HasCode(code))
	return nil
}

// manySharing is how many services of one code are looked at: an agency that gives all of its services one code must not make the
// controller look at all of them for each.
const manySharing = 16

// servicesWithCode are the services that ask for a code, but for one; of many, any.
func (r *Reconciler) servicesWithCode(ctx context.Context, code string, but types.NamespacedName) ([]types.NamespacedName, error) {
	if code == "" {
		return nil, nil
	}
	list := &v1alpha1.GovServiceList{}
	byCode := client.MatchingFields{"spec.service.code": code}
	if err := r.client.List(ctx, list, byCode, client.Limit(manySharing+1), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list services with code %q: %w", code, err)
	}
	var others []types.NamespacedName
	for i := range list.Items {
		if key := client.ObjectKeyFromObject(&list.Items[i]); key != but {
			others = append(others, key)
		}
	}
	return others, nil
}

// warned adds the finding that others ask for the code. Another agency's drafts are its own business: only services of the same
// namespace are named.
func (v validity) warned(code, namespace string, others []types.NamespacedName, owned bool) validity {
	if len(others) == 0 {
		return v
	}
	who := whoShares(namespace, others)
	do := "agree on who keeps it and correct spec.service.code of the other: the one that is published first gets it"
	if owned {
		do = "leave it: this service was published under it, and the other cannot be"
	}
	finding := definition.Finding{
		Path: definition.Root + ".code", Rule: ruleCodeShared, Severity: definition.Warning,
		Found: fmt.Sprintf("%q, which %s asks for too", code, who), Allowed: "a code of no other service", Do: do,
	}
	// Before the other warnings; what the rules found is remembered elsewhere and stays as it is.
	first := slices.IndexFunc(v.findings, func(f v1alpha1.Finding) bool { return f.Severity != string(definition.Error) })
	if first < 0 {
		first = len(v.findings)
	}
	v.findings = slices.Insert(slices.Clone(v.findings), first, statusFindings([]definition.Finding{finding})...)
	v.findings = v.findings[:min(len(v.findings), maxFindings)]
	if v.status == metav1.ConditionTrue {
		v.message += fmt.Sprintf("; %s asks for the code %q too", who, code)
	}
	return v
}

// whoShares says who else asks for a code, always in the same words for the same services.
func whoShares(namespace string, others []types.NamespacedName) string {
	var own []string
	for _, other := range others {
		if other.Namespace == namespace {
			own = append(own, other.Name)
		}
	}
	switch {
	case len(others) >= manySharing: // not all of them are known
		return "more than one service"
	case len(own) > 0:
		return fmt.Sprintf("service %q of this namespace", slices.Min(own))
	default:
		return "a service of another agency"
	}
}

// tellsOfSharedCode tells whether findings were made while others asked for the code, which may have changed since.
func tellsOfSharedCode(findings []v1alpha1.Finding) bool {
	return slices.ContainsFunc(findings, func(f v1alpha1.Finding) bool { return f.Rule == ruleCodeShared })
}

// servicesOfSameCode are the others that ask for a service's code: they are told when it comes and when it goes.
func (r *Reconciler) servicesOfSameCode(ctx context.Context, o client.Object) []reconcile.Request {
	svc := o.(*v1alpha1.GovService)
	others, err := r.servicesWithCode(ctx, svc.Spec.Service.Code(), client.ObjectKeyFromObject(svc))
	if err != nil {
		return nil // only a cache that was never started fails
	}
	requests := make([]reconcile.Request, 0, len(others))
	for _, other := range others {
		requests = append(requests, reconcile.Request{NamespacedName: other})
	}
	return requests
}

// codeChanged lets through what may make or end a shared code. Both the old and the new code are then looked at.
func codeChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.(*v1alpha1.GovService).Spec.Service.Code() != e.ObjectNew.(*v1alpha1.GovService).Spec.Service.Code()
	}}
}
