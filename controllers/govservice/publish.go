// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/ledger"
	"github.com/okno-dev/okno/internal/signature"
)

// publish writes the next record. One consistent read of decisions and policies stands before it, and its number makes it
// collide with any other: of two controllers one writes it, and what it says was true when it was written.
func (r *Reconciler) publish(ctx context.Context, s *scope) error {
	next, ok := s.nextStep()
	if !ok {
		return nil
	}
	verdict, err := r.freshVerdict(ctx, s, next)
	if err != nil {
		return err
	}
	if !next.confirms(verdict) {
		return stale{unseen: "the newest decisions"}
	}
	code, err := r.codeOf(ctx, s, next)
	if err != nil {
		return err
	}
	if next.action == v1alpha1.ActionPublish {
		if free, err := r.claim(ctx, s, code); err != nil || !free {
			return err
		}
		if err := r.addFinalizer(ctx, s); err != nil {
			return err
		}
	}
	return r.record(ctx, s, next, verdict, code, nil)
}

// freshVerdict judges once more on what the API server says now.
func (r *Reconciler) freshVerdict(ctx context.Context, s *scope, next step) (gate.Verdict, error) {
	rev := s.servedFacts()
	if rev == nil || rev.Digest != next.digest {
		rev = revisionFacts(s.target)
	}
	fresh := s.facts
	var err error
	if fresh.policies, err = r.policiesOf(ctx, r.reader, s.namespace); err != nil {
		return gate.Verdict{}, err
	}
	approvals, err := r.approvalsOf(ctx, r.reader, s.svc.Namespace, next.digest)
	if err != nil {
		return gate.Verdict{}, err
	}
	fresh.approvals = map[v1alpha1.Digest][]v1alpha1.Approval{next.digest: approvals}
	return gate.Judge(s.input(*rev, fresh)), nil
}

// codeOf is the service's code in the definition of a step. It stands in the body, which is hashed once more before it is served;
// records that follow a record of the same digest repeat what that one says.
func (r *Reconciler) codeOf(ctx context.Context, s *scope, next step) (string, error) {
	if published := s.ledger.PublishedAs(next.digest); published != nil {
		return published.Spec.Code, nil
	}
	rev := &v1alpha1.ServiceRevision{}
	if err := r.reader.Get(ctx, client.ObjectKey{Namespace: s.svc.Namespace, Name: next.revision}, rev); err != nil {
		return "", fmt.Errorf("read revision: %w", err)
	}
	if d, err := digest.Of(rev.Spec.Definition.Raw()); err != nil || d != next.digest {
		return "", fmt.Errorf("revision %q does not hash to %s: it is not published", rev.Name, next.digest)
	}
	var def struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(rev.Spec.Definition.Raw(), &def); err != nil {
		return "", fmt.Errorf("read code of revision %q: %w", rev.Name, err)
	}
	return def.Code, nil
}

// record signs and creates the record of a step and adds it to the ledger.
func (r *Reconciler) record(ctx context.Context, s *scope, next step, verdict gate.Verdict, code string, effective *metav1.Time) error {
	spec, err := r.makeRecord(s, next, verdict, code)
	if err != nil {
		return err
	}
	spec.EffectiveAt = effective
	if err := r.Installation.Signer.SignPublication(spec); err != nil {
		return fmt.Errorf("sign record %d: %w", spec.Seq, err)
	}
	publication := &v1alpha1.Publication{
		ObjectMeta: metav1.ObjectMeta{
			Name: ledger.RecordName(s.svc.Name, spec.Seq), Namespace: s.svc.Namespace, Labels: recordLabels(s.svc.Name, spec.Digest),
		},
		Spec: *spec,
	}
	if err := r.client.Create(ctx, publication, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return fmt.Errorf("create record %q: %w", publication.Name, err)
	}
	r.echoes.note(s.key(), func(w *written) { w.seq = spec.Seq })
	s.ledger = append(slices.Clip(s.ledger), *publication)
	return r.judge(ctx, s) // the status tells what the record made of it
}

func (r *Reconciler) makeRecord(s *scope, next step, verdict gate.Verdict, code string) (*v1alpha1.PublicationSpec, error) {
	spec := &v1alpha1.PublicationSpec{
		Installation: r.Installation.Name, Namespace: s.svc.Namespace, Service: s.svc.Name,
		Seq: s.ledger.NextSeq(), Action: next.action, Code: code, Revision: next.revision, Digest: next.digest,
		Cause: next.cause, DecidedAt: metav1.NewTime(s.now.Truncate(time.Second)),
	}
	if next.action == v1alpha1.ActionPublish {
		spec.Policies, spec.Decisions = verdict.Policies, verdict.Decisions
		if s.target.Status.Report != nil {
			spec.Report = s.target.Status.Report.SHA256
		}
	}
	if last := s.ledger.Last(); last != nil {
		hash, err := signature.RecordHash(last.Spec)
		if err != nil {
			return nil, fmt.Errorf("hash of record %q: %w", last.Name, err)
		}
		spec.Previous = hash
	}
	return spec, nil
}

// addFinalizer sees that a service that is served cannot vanish without a record. It stands before the first record.
func (r *Reconciler) addFinalizer(ctx context.Context, s *scope) error {
	if controllerutil.ContainsFinalizer(s.svc, v1alpha1.WithdrawFinalizer) {
		return nil
	}
	return r.setFinalizers(ctx, s, append(slices.Clone(s.svc.Finalizers), v1alpha1.WithdrawFinalizer))
}

// setFinalizers replaces the finalizers of exactly the object that was seen. The service itself is never written back: the
// cached one has no body.
func (r *Reconciler) setFinalizers(ctx context.Context, s *scope, finalizers []string) error {
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/resourceVersion", "value": s.svc.ResourceVersion},
		{"op": "add", "path": "/metadata/finalizers", "value": finalizers},
	})
	if err != nil {
		return fmt.Errorf("encode finalizers: %w", err)
	}
	target := metadataOf("GovService", s.svc)
	if err := r.client.Patch(ctx, target, client.RawPatch(types.JSONPatchType, patch), client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return fmt.Errorf("set finalizers: %w", err)
	}
	r.echoes.note(s.key(), func(w *written) { w.version = versionOf(target) })
	s.svc.ResourceVersion, s.svc.Finalizers = target.ResourceVersion, target.Finalizers
	return nil
}
