// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/config/admission"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/gate"
)

// matter is a revision with everything that a judgement of it rests on.
type matter struct {
	namespace string
	service   string
	// svc is nil when the GovService is gone or a revision was named directly.
	svc *v1alpha1.GovService
	// revision is the name that the judgement is about, rev the object, nil while the controller has not made it.
	revision string
	rev      *v1alpha1.ServiceRevision
	input    gate.Input
	// unread says what could not be read and why.
	unread []string
}

// find reads the service or revision called name. Of a service it takes the revision of its present definition, by hashing it: what
// the status says may be old.
func (c *cluster) find(ctx context.Context, name string) (*matter, error) {
	m := &matter{namespace: c.namespace}
	svc := &v1alpha1.GovService{}
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, svc)
	switch {
	case err == nil:
		d, err := digest.Of(svc.Spec.Service.Raw())
		if err != nil {
			return nil, fmt.Errorf("definition of GovService %q: %w", name, err)
		}
		m.svc, m.service, m.revision = svc, name, digest.RevisionName(name, d)
	case apierrors.IsNotFound(err):
		m.revision = name
	default:
		return nil, fmt.Errorf("read GovService %q: %w", name, err)
	}
	return m, c.findRevision(ctx, m)
}

func (c *cluster) findRevision(ctx context.Context, m *matter) error {
	rev := &v1alpha1.ServiceRevision{}
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: m.revision}, rev)
	switch {
	case err == nil:
		m.rev, m.service = rev, rev.Spec.Service
		return nil
	case apierrors.IsNotFound(err) && m.svc != nil:
		return nil // not made yet
	case apierrors.IsNotFound(err):
		return fmt.Errorf("namespace %q has no GovService and no ServiceRevision %q", c.namespace, m.revision)
	default:
		return fmt.Errorf("read ServiceRevision %q: %w", m.revision, err)
	}
}

// gather reads what a judgement of m's revision rests on. What may not be read is noted and leaves its Known flag false.
func (c *cluster) gather(ctx context.Context, m *matter, now time.Time) {
	m.input = gate.Input{Now: now, Revision: gate.RevisionOf(m.rev)}
	for _, fact := range []struct {
		name  string
		known *bool
		read  func(context.Context, *gate.Input) error
	}{
		{"PublicationPolicies", &m.input.PoliciesKnown, c.readPolicies},
		{"Approvals", &m.input.ApprovalsKnown, c.readApprovals},
		{"Publications", &m.input.PublicationsKnown, c.readPublications},
		{"admission policies", &m.input.AdmissionKnown, c.readAdmission},
	} {
		if err := fact.read(ctx, &m.input); err != nil {
			m.unread = append(m.unread, fmt.Sprintf("%s: %v", fact.name, err))
			continue
		}
		*fact.known = true
	}
}

func (c *cluster) readPolicies(ctx context.Context, in *gate.Input) error {
	namespace := &corev1.Namespace{}
	if err := c.Get(ctx, client.ObjectKey{Name: c.namespace}, namespace); err != nil {
		return err
	}
	list := &v1alpha1.PublicationPolicyList{}
	if err := c.List(ctx, list); err != nil {
		return err
	}
	var err error
	in.Policies, err = gate.Covering(list.Items, namespace.Labels)
	return err
}

// readApprovals takes the decisions on the revision by name or by content; on other revisions there is nothing to say.
func (c *cluster) readApprovals(ctx context.Context, in *gate.Input) error {
	list := &v1alpha1.ApprovalList{}
	if err := c.List(ctx, list, client.InNamespace(c.namespace)); err != nil {
		return err
	}
	for _, a := range list.Items {
		if a.Spec.Subject.Name == in.Revision.Name || a.Spec.Subject.Digest == in.Revision.Digest {
			in.Approvals = append(in.Approvals, a)
		}
	}
	return nil
}

func (c *cluster) readPublications(ctx context.Context, in *gate.Input) error {
	list := &v1alpha1.PublicationList{}
	if err := c.List(ctx, list, client.InNamespace(c.namespace)); err != nil {
		return err
	}
	for _, p := range list.Items {
		if p.Spec.Service == in.Revision.Service {
			in.Publications = append(in.Publications, p)
		}
	}
	return nil
}

func (c *cluster) readAdmission(ctx context.Context, in *gate.Input) error {
	shipped, err := admission.Shipped()
	if err != nil {
		return err
	}
	var (
		mutating           admissionregistrationv1.MutatingAdmissionPolicyList
		mutatingBindings   admissionregistrationv1.MutatingAdmissionPolicyBindingList
		validating         admissionregistrationv1.ValidatingAdmissionPolicyList
		validatingBindings admissionregistrationv1.ValidatingAdmissionPolicyBindingList
	)
	for _, list := range []client.ObjectList{&mutating, &mutatingBindings, &validating, &validatingBindings} {
		if err := c.List(ctx, list); err != nil {
			return err
		}
	}
	inForce := gate.Admission{
		Mutating: mutating.Items, MutatingBindings: mutatingBindings.Items,
		Validating: validating.Items, ValidatingBindings: validatingBindings.Items,
	}
	in.AdmissionAltered = gate.AdmissionAltered(shipped, inForce)
	in.AdmissionSince = gate.AdmissionSince(shipped, inForce)
	return nil
}
