// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/controllers"
	"github.com/okno-dev/okno/internal/resources"
	"github.com/okno-dev/okno/test/env"
)

// installGatewayAPI makes the API server know HTTPRoutes.
func (f *fixture) installGatewayAPI() {
	f.Helper()
	crds, err := env.ObjectsOf("testdata/gateway-api/httproutes.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, crd := range crds {
		f.create(crd)
		f.Cleanup(func() { _ = f.client.Delete(context.WithoutCancel(f.Context()), crd) })
	}
	f.eventually("HTTPRoutes to be served", func(ctx context.Context) error {
		c, err := client.New(f.config, client.Options{Scheme: controllers.Scheme()})
		if err != nil {
			return err
		}
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(resources.HTTPRouteKind)
		return c.List(ctx, list, client.InNamespace(f.ns))
	})
}

// awaitRoutes waits until of the two kinds of routes only one is there.
func (f *fixture) awaitRoutes(there, gone schema.GroupVersionKind) *unstructured.Unstructured {
	f.Helper()
	route := &unstructured.Unstructured{}
	f.eventually(there.Kind+" in place of "+gone.Kind, func(ctx context.Context) error {
		c, err := client.New(f.config, client.Options{Scheme: controllers.Scheme()}) // anew, for it remembers which kinds there are
		if err != nil {
			return err
		}
		key := client.ObjectKey{Namespace: f.ns, Name: resources.IntakeName}
		other := &unstructured.Unstructured{}
		other.SetGroupVersionKind(gone)
		if err := c.Get(ctx, key, other); !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err) {
			return fmt.Errorf("the %s: %w", gone.Kind, errors.Join(err, errors.New("it is not gone")))
		}
		route.SetGroupVersionKind(there)
		return c.Get(ctx, key, route)
	})
	return route
}

func TestAGatewayBringsPeopleToAgenciesWhereThereIsOne(t *testing.T) {
	f := newFixture(t)
	f.run()
	f.deploy()
	f.awaitRoutes(resources.IngressKind, resources.HTTPRouteKind)

	// A Gateway in a cluster that knows none is told of, and what was there serves on.
	f.gateway = resources.Gateway{Namespace: "edge", Name: "public"}
	f.run()
	f.eventually("the missing kind to be told of", func(ctx context.Context) error {
		p := &v1alpha1.ServiceProvider{}
		if err := f.client.Get(ctx, client.ObjectKey{Name: f.ns}, p); err != nil {
			return err
		}
		c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionStalled)
		if c == nil || !strings.Contains(c.Message, "HTTPRoute") || !meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("conditions %+v", p.Status.Conditions)
		}
		return nil
	})
	f.awaitRoutes(resources.IngressKind, resources.HTTPRouteKind)

	f.installGatewayAPI()
	f.run()
	route := f.awaitRoutes(resources.HTTPRouteKind, resources.IngressKind)
	if hosts, _, _ := unstructured.NestedStringSlice(route.Object, "spec", "hostnames"); len(hosts) != 1 || hosts[0] != f.ns+".localhost" {
		t.Errorf("hosts %q", hosts)
	}
	f.awaitProvider(f.ns, v1alpha1.ReasonReady)

	// Once it is there, nothing is written any more, and a route that somebody else made is left alone.
	ingress := resources.MakeIngress(&v1alpha1.ServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: f.ns}, Spec: v1alpha1.ServiceProviderSpec{Namespace: f.ns}}, resources.Settings{BaseDomain: "elsewhere.example"})
	f.create(ingress)
	count := &writes{}
	f.transport = count.wrap
	f.run()
	f.apply(f.service("permit"))
	f.await("permit", v1alpha1.ConditionReady, v1alpha1.ReasonProverAway)
	for _, write := range count.taken() {
		if strings.Contains(write, resources.IntakeName) {
			t.Errorf("written though nothing changed: %s", write)
		}
	}
	if err := f.client.Delete(t.Context(), &networkingv1.Ingress{ObjectMeta: ingress.ObjectMeta}); err != nil {
		t.Errorf("the Ingress of somebody else: %v", err)
	}

	f.gateway = resources.Gateway{}
	f.run()
	f.awaitRoutes(resources.IngressKind, resources.HTTPRouteKind)
}
