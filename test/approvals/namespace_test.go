// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/hack/local/controlplane/controlplanetest"
	"github.com/okno-dev/okno/test/env"
)

// TestANamespaceWithRecordsCanBeDeleted runs Kubernetes' own controllers: records that nobody may delete must not keep a namespace
// in Terminating, and deleting one in time must not become a way to remove a decision.
func TestANamespaceWithRecordsCanBeDeleted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cluster, err := controlplane.Start(ctx, controlplane.Options{Dir: t.TempDir(), BinDir: controlplanetest.BinDir(t), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Stop)
	config := cluster.Config("okno:tests", controlplane.Masters)
	if err := env.Install(ctx, config, root(t)); err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, config: config, admin: clientOf(t, config), namespace: env.Namespace(t, config, nil), policy: readPolicy(t)}
	o.applyPeople()
	svc := o.sample()
	if err := o.as("editor", editors).Create(ctx, svc); err != nil {
		t.Fatal(err)
	}
	o.snapshot(svc)
	o.decide("officer", "rejection", "security", func(s *v1alpha1.ApprovalSpec) { s.Decision = v1alpha1.DecisionReject })
	if err := o.controller().Create(ctx, o.publication("record")); err != nil {
		t.Fatal(err)
	}

	t.Run("the garbage collector may not remove a record", func(t *testing.T) {
		collector := o.as("system:serviceaccount:kube-system:generic-garbage-collector", controlplane.Masters)
		refused(t, collector.Delete(ctx, &v1alpha1.Approval{ObjectMeta: metav1.ObjectMeta{Namespace: o.namespace, Name: "rejection"}}), "an Approval is a record")
	})
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: o.namespace}}
	if err := o.admin.Delete(ctx, ns); err != nil {
		t.Fatal(err)
	}
	// As the controller does when the namespace goes: there is no place left for a record of the withdrawal.
	env.Eventually(t, "the service is deleted", func(ctx context.Context) error {
		err := o.admin.Get(ctx, client.ObjectKeyFromObject(svc), svc)
		if err == nil && svc.DeletionTimestamp.IsZero() {
			return errors.New("it lives")
		}
		return err
	})
	let := client.RawPatch(types.JSONPatchType, []byte(`[{"op":"remove","path":"/metadata/finalizers"}]`))
	if err := o.controller().Patch(ctx, svc, let); err != nil {
		t.Fatal(err)
	}
	env.Eventually(t, "the namespace is gone", func(ctx context.Context) error {
		err := o.admin.Get(ctx, client.ObjectKeyFromObject(ns), ns)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(err, errors.New(string(ns.Status.Phase)))
	})
}
