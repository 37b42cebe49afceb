// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// index lets reconcilers find what belongs to a service, a digest or an agency without looking at everything.
func index(ctx context.Context, indexer client.FieldIndexer) error {
	for _, i := range []struct {
		object client.Object
		field  string
		value  func(client.Object) string
	}{
		{&v1alpha1.GovService{}, "spec.service.code", func(o client.Object) string { return o.(*v1alpha1.GovService).Spec.Service.Code() }},
		{&v1alpha1.ServiceRevision{}, "spec.service", func(o client.Object) string { return o.(*v1alpha1.ServiceRevision).Spec.Service }},
		{&v1alpha1.Publication{}, "spec.service", func(o client.Object) string { return o.(*v1alpha1.Publication).Spec.Service }},
		{&v1alpha1.Approval{}, "spec.subject.digest", func(o client.Object) string { return string(o.(*v1alpha1.Approval).Spec.Subject.Digest) }},
		{&v1alpha1.ServiceProvider{}, "spec.namespace", func(o client.Object) string { return o.(*v1alpha1.ServiceProvider).Spec.Namespace }},
	} {
		if err := indexer.IndexField(ctx, i.object, i.field, func(o client.Object) []string { return []string{i.value(o)} }); err != nil {
			return fmt.Errorf("index %T by %s: %w", i.object, i.field, err)
		}
	}
	return nil
}
