// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	// decisions are all that the namespace has; those about the revision are in input too.
	decisions []v1alpha1.Approval
	// unread says what could not be read and why.
	unread []string
}

// find reads the service or revision called name: NAME where only one of them is called so, govservice/NAME, servicerevision/NAME. Of a
// service it takes the revision of its present definition, by hashing it: what the status says may be old.
func (c *cluster) find(ctx context.Context, name string) (*matter, error) {
	kind, name, err := kindOf(name)
	if err != nil {
		return nil, err
	}
	svc, rev := &v1alpha1.GovService{}, &v1alpha1.ServiceRevision{}
	isService, isRevision := false, false
	if kind != kindRevision {
		if isService, err = c.read(ctx, svc, "GovService", name); err != nil {
			return nil, err
		}
	}
	if kind != kindService {
		if isRevision, err = c.read(ctx, rev, "ServiceRevision", name); err != nil {
			return nil, err
		}
	}
	switch {
	case isService && isRevision:
		return nil, usageError{fmt.Errorf("%q is both a GovService and a ServiceRevision: name %s/%s or %s/%s", name, kindService, name, kindRevision, name)}
	case isService:
		return c.presentOf(ctx, svc)
	case isRevision:
		return matterOf(c.namespace, rev)
	case kind != "":
		return nil, fmt.Errorf("namespace %q has no %s %q", c.namespace, kind, name)
	default:
		return nil, fmt.Errorf("namespace %q has no GovService and no ServiceRevision %q", c.namespace, name)
	}
}

// What stands before a name to say which kind is meant.
const (
	kindService  = "govservice"
	kindRevision = "servicerevision"
)

// kindOf takes a name apart, as kubectl does; kind is "" when nothing stands before it.
func kindOf(argument string) (kind, name string, err error) {
	kind, name, found := strings.Cut(argument, "/")
	if !found {
		return "", argument, nil
	}
	switch kind {
	case kindService, "govservices", "gsvc":
		return kindService, name, nil
	case kindRevision, "servicerevisions", "srev":
		return kindRevision, name, nil
	default:
		return "", "", usageError{fmt.Errorf("%q: name a service or a revision, such as %s/NAME or %s/NAME", argument, kindService, kindRevision)}
	}
}

// read tells whether there is an object of this name.
func (c *cluster) read(ctx context.Context, into client.Object, kind, name string) (bool, error) {
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, into)
	if err == nil || apierrors.IsNotFound(err) {
		return err == nil, nil
	}
	return false, fmt.Errorf("read %s %q: %w", kind, name, err)
}

// presentOf is the revision of a service's present definition. A revision of its name that holds other content is none: a decision on
// it would be about what nobody named.
func (c *cluster) presentOf(ctx context.Context, svc *v1alpha1.GovService) (*matter, error) {
	d, err := digest.Of(svc.Spec.Service.Raw())
	var faults *digest.FaultError
	if errors.As(err, &faults) {
		return &matter{namespace: c.namespace, svc: svc, service: svc.Name}, nil // its findings say so
	}
	if err != nil {
		return nil, fmt.Errorf("definition of GovService %q: %w", svc.Name, err)
	}
	m := &matter{namespace: c.namespace, svc: svc, service: svc.Name, revision: digest.RevisionName(svc.Name, d)}
	rev := &v1alpha1.ServiceRevision{}
	found, err := c.read(ctx, rev, "ServiceRevision", m.revision)
	if err != nil || !found || rev.Spec.Digest != d || rev.Spec.Service != svc.Name {
		return m, err
	}
	if err := isWhatItSays(rev); err != nil {
		return nil, err
	}
	m.rev = rev
	return m, nil
}

func matterOf(namespace string, rev *v1alpha1.ServiceRevision) (*matter, error) {
	if err := isWhatItSays(rev); err != nil {
		return nil, err
	}
	return &matter{namespace: namespace, service: rev.Spec.Service, revision: rev.Name, rev: rev}, nil
}

// isWhatItSays tells whether a revision's definition has the digest that a decision on it would name.
func isWhatItSays(rev *v1alpha1.ServiceRevision) error {
	d, err := digest.Of(rev.Spec.Definition.Raw())
	if err != nil {
		return fmt.Errorf("definition of ServiceRevision %q: %w", rev.Name, err)
	}
	if d != rev.Spec.Digest {
		return fmt.Errorf("ServiceRevision %q says that its digest is %s, and its definition has %s: tell the platform team", rev.Name, rev.Spec.Digest, d)
	}
	return nil
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
		{"Approvals", &m.input.ApprovalsKnown, func(ctx context.Context, _ *gate.Input) error { return c.readApprovals(ctx, m) }},
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

// readApprovals takes the decisions on the revision by name or by content for the judgement. Those on others only tell who withdrew
// what was served before it.
func (c *cluster) readApprovals(ctx context.Context, m *matter) error {
	list := &v1alpha1.ApprovalList{}
	if err := c.List(ctx, list, client.InNamespace(c.namespace)); err != nil {
		return err
	}
	m.decisions = list.Items
	in := &m.input
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
	kept := &corev1.ConfigMap{}
	err = c.Get(ctx, client.ObjectKey{Namespace: v1alpha1.SystemNamespace, Name: gate.TraceName}, kept)
	if apierrors.IsNotFound(err) {
		return nil // the controller has not looked yet
	}
	if err != nil {
		return err
	}
	trace, err := gate.ParseTrace(kept.Data)
	in.AdmissionAlteredUntil = trace.AlteredUntil
	return err
}
