// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/resources"
)

// held is why a new image is not taken.
type held struct {
	proving string // it is about to be proven, or would be if a prover ran it
	refused string // what is served failed on it
}

func (h held) back() bool { return h.proving != "" || h.refused != "" }

// hold tells whether the intake's image is to change and what the agency serves is not proven on the new one. An intake that is not
// there yet takes any image: citizens who are served by an unproven one fare better than those who are served by none.
func (k *Keeper) hold(ctx context.Context, p *v1alpha1.ServiceProvider) (held, error) {
	have := &appsv1.StatefulSet{}
	err := k.Reader.Get(ctx, client.ObjectKey{Namespace: p.Spec.Namespace, Name: resources.IntakeName}, have)
	if apierrors.IsNotFound(err) {
		return held{}, nil
	}
	if err != nil {
		return held{}, fmt.Errorf("read intake: %w", err)
	}
	if image := imageOf(have); image == "" || image == k.Settings.IntakeImage {
		return held{}, nil
	}
	records, err := k.servedRecords(ctx, p.Spec.Namespace)
	if err != nil || len(records) == 0 {
		return held{}, err
	}
	program, err := k.program(ctx)
	if err != nil {
		return held{proving: fmt.Sprintf("the intake image %s waits for a prover that runs it: %v", k.Settings.IntakeImage, err)}, nil
	}
	revisions, err := k.revisionsOf(ctx, p.Spec.Namespace, records)
	if err != nil {
		return held{}, err
	}
	t := judge(program, records, revisions)
	if t.passed() {
		return held{}, nil
	}
	if refused := t.refused(); refused != "" {
		return held{refused: fmt.Sprintf("the intake image %s is not taken, since what is served fails on it: %s", k.Settings.IntakeImage, refused)}, nil
	}
	h := held{proving: fmt.Sprintf("what is served is being proven on the intake image %s; the former image serves meanwhile", k.Settings.IntakeImage)}
	if err := k.Trials.ensure(p.Name, p.Spec.Namespace, resources.TimeZone(p), program, t.unproven); err != nil {
		h.proving = fmt.Sprintf("what is served cannot be proven on the intake image %s: %v", k.Settings.IntakeImage, err)
	}
	return h, nil
}

// proverTime bounds the question to the prover, which holds up the agencies that come after.
const proverTime = 3 * time.Second

// program is what the prover of the new image runs.
func (k *Keeper) program(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, proverTime)
	defer cancel()
	return k.Trials.prover.Image(ctx)
}

func imageOf(set *appsv1.StatefulSet) string {
	for _, c := range set.Spec.Template.Spec.Containers {
		if c.Name == resources.ContainerName {
			return c.Image
		}
	}
	return ""
}

// servedRecords are the records of what an agency serves.
func (k *Keeper) servedRecords(ctx context.Context, namespace string) ([]v1alpha1.PublicationSpec, error) {
	list := &v1alpha1.PublicationList{}
	if err := k.Client.List(ctx, list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list publications: %w", err)
	}
	verified := func(r *v1alpha1.Publication) bool { return k.Keys.VerifyPublication(r.Spec, r.Namespace) == nil }
	return served(list.Items, verified, k.Clock.Now()), nil
}

// revisionsOf are the revisions that records name, by name, as far as they are there.
func (k *Keeper) revisionsOf(ctx context.Context, namespace string, records []v1alpha1.PublicationSpec) (map[string]*v1alpha1.ServiceRevision, error) {
	revisions := map[string]*v1alpha1.ServiceRevision{}
	for _, record := range records {
		rev := &v1alpha1.ServiceRevision{}
		err := k.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: record.Revision}, rev, client.UnsafeDisableDeepCopy)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("read revision %q: %w", record.Revision, err)
		}
		if err == nil {
			revisions[rev.Name] = rev
		}
	}
	return revisions, nil
}
