// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/gate"
)

// snapshot creates the revision of a valid definition. It takes no owner: the controller collects revisions itself, and a
// revision that is served must not go with its service.
func (r *Reconciler) snapshot(ctx context.Context, s *scope) error {
	if s.revision = s.ownRevision(); s.revision != nil || !s.isValid() {
		return nil
	}
	name := digest.RevisionName(s.svc.Name, s.digest)
	if taken := revisionNamed(s.revisions, name); taken != nil {
		return s.nameTaken(taken)
	}
	body, err := r.body(ctx, s)
	if err != nil {
		return err
	}
	if d, err := digest.Of(body.Spec.Service.Raw()); err != nil || d != s.digest {
		return stale{unseen: "the newest definition"}
	}
	rev := makeRevision(body, name, s.digest, r.rules.Version)
	rev.Spec.Author = s.author(body)
	err = r.client.Create(ctx, rev, client.FieldOwner(v1alpha1.FieldManager))
	if apierrors.IsAlreadyExists(err) {
		return r.foreign(ctx, s, name, err)
	}
	if err != nil {
		return fmt.Errorf("create revision %q: %w", name, err)
	}
	r.echoes.note(s.key(), func(w *written) { w.revision = name })
	rev.Spec.Definition.Strip(string(s.digest))
	rev.Spec.Definition.KeepCode(s.svc.Spec.Service.Code())
	s.revision = rev
	s.revisions = append([]v1alpha1.ServiceRevision{*rev}, s.revisions...)
	return nil
}

// foreign looks at a revision that exists although the service has none of this name: the cache is behind, or it belongs to
// somebody else.
func (r *Reconciler) foreign(ctx context.Context, s *scope, name string, exists error) error {
	taken := &v1alpha1.ServiceRevision{}
	if err := r.reader.Get(ctx, client.ObjectKey{Namespace: s.svc.Namespace, Name: name}, taken); err != nil {
		return fmt.Errorf("read revision %q: %w", name, err)
	}
	if taken.Spec.Service == s.svc.Name && taken.Spec.Digest == s.digest {
		return exists
	}
	return s.nameTaken(taken)
}

func revisionNamed(revisions []v1alpha1.ServiceRevision, name string) *v1alpha1.ServiceRevision {
	for i := range revisions {
		if revisions[i].Name == name {
			return &revisions[i]
		}
	}
	return nil
}

// nameTaken tells what it means that a revision with our name is not ours: one that is going is waited for, another is an
// obstacle that only a changed definition removes.
func (s *scope) nameTaken(taken *v1alpha1.ServiceRevision) error {
	if !taken.DeletionTimestamp.IsZero() {
		return stale{unseen: "the former revision of this name go"}
	}
	s.validity.status, s.validity.reason = metav1.ConditionFalse, v1alpha1.ReasonNameTaken
	s.validity.message = fmt.Sprintf("revision %q holds another definition, with digest %s: change any text of the definition", taken.Name, taken.Spec.Digest)
	return nil
}

// author is who wrote the definition, as admission stamped it. It is nobody when the stamp may be older than the admission policies
// in force, or these are not as shipped: anybody could have written it then. The stamp is certainly younger when the service is, or
// when a revision of what stood there before is.
func (s *scope) author(body *v1alpha1.GovService) string {
	stamped := body.Annotations[v1alpha1.AuthorAnnotation]
	sure := latest(s.facts.admission.since, s.facts.admission.alteredUntil).Add(gate.AdmissionSettles)
	certain := body.CreationTimestamp.After(sure)
	for _, rev := range s.revisions {
		certain = certain || (rev.Spec.Digest != s.digest && rev.CreationTimestamp.After(sure))
	}
	if stamped == "" || !certain || len(s.facts.admission.altered) > 0 {
		return v1alpha1.UnknownAuthor
	}
	return stamped
}

func makeRevision(svc *v1alpha1.GovService, name string, d v1alpha1.Digest, pack string) *v1alpha1.ServiceRevision {
	return &v1alpha1.ServiceRevision{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: svc.Namespace, Labels: recordLabels(svc.Name, d)},
		Spec: v1alpha1.ServiceRevisionSpec{
			Service: svc.Name, Digest: d, Definition: v1alpha1.NewDefinition(svc.Spec.Service.Raw()), RulePack: pack,
		},
	}
}

// recordLabels are for people who select; code keys on the full digest. A user's labels are never copied: a GitOps tool that
// tracks by label would prune what it finds them on.
func recordLabels(service string, d v1alpha1.Digest) map[string]string {
	hex := string(d)[len("sha256:"):]
	return map[string]string{v1alpha1.ServiceLabel: service, v1alpha1.DigestLabel: hex[:63]}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
