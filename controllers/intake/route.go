// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/resources"
)

// route is the way of people to an agency's intake: through the installation's Gateway, or by an Ingress where it has none.
func (k *Keeper) route(p *v1alpha1.ServiceProvider) client.Object {
	if k.Settings.Gateway != (resources.Gateway{}) {
		return resources.MakeHTTPRoute(p, k.Settings)
	}
	return resources.MakeIngress(p, k.Settings)
}

// removeFormerRoute removes the route of the other kind, which an installation leaves behind when it comes to a Gateway or gives one
// up: two ways to one host would differ one day. It is looked for once in each process, since only another setting makes one. A route
// that somebody else made is left alone.
func (k *Keeper) removeFormerRoute(ctx context.Context, p *v1alpha1.ServiceProvider) error {
	if _, done := k.routed.Load(p.Name); done {
		return nil
	}
	former := &metav1.PartialObjectMetadata{}
	former.SetGroupVersionKind(resources.HTTPRouteKind)
	if k.Settings.Gateway != (resources.Gateway{}) {
		former.SetGroupVersionKind(resources.IngressKind)
	}
	err := k.Reader.Get(ctx, client.ObjectKey{Namespace: p.Spec.Namespace, Name: resources.IntakeName}, former)
	switch {
	case err != nil && client.IgnoreNotFound(err) != nil && !meta.IsNoMatchError(err):
		return fmt.Errorf("look for the former route: %w", err)
	case err == nil && former.Annotations[HashAnnotation] != "":
		if err := k.Client.Delete(ctx, former, client.Preconditions{UID: &former.UID}); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("remove the former route: %w", err)
		}
	}
	k.routed.Store(p.Name, true)
	return nil
}
