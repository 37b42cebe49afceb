// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/okno-dev/okno/api/v1alpha1"
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
	code, err := s.codeOf(next)
	if err != nil {
		return err
	}
	if next.action == v1alpha1.ActionPublish {
		if free, err := r.mayUse(ctx, s, code); err != nil || !free {
			return err
		}
	}
	verdict, err := r.freshVerdict(ctx, s, next)
	if err != nil {
		return err
	}
	if !next.confirms(verdict) {
		return stale{unseen: "the newest decisions"}
	}
	if next.action == v1alpha1.ActionPublish {
		if err := r.claim(ctx, s, code); err != nil {
			return err
		}
		if err := r.addFinalizer(ctx, s); err != nil {
			return err
		}
	}
	return r.record(ctx, s, next, verdict, code, nil)
}

// hold sees that a service that is served has the finalizer, whoever took it away.
func (r *Reconciler) hold(ctx context.Context, s *scope) error {
	if s.ledger.Served() == nil {
		return nil
	}
	return r.addFinalizer(ctx, s)
}

// freshVerdict judges once more on what the API server says now.
func (r *Reconciler) freshVerdict(ctx context.Context, s *scope, next step) (gate.Verdict, error) {
	rev := s.servedFacts()
	if rev == nil || rev.Digest != next.digest {
		rev = revisionFacts(s.target)
	}
	fresh, err := r.factsOf(ctx, r.reader, s.svc.Namespace, next.digest)
	if err != nil {
		return gate.Verdict{}, err
	}
	return gate.Judge(s.input(*rev, fresh)), nil
}

// codeOf is the service's code in the definition of a step. It stands in the body, which the cache hashed when it read the code;
// records that follow a record of the same digest repeat what that one says.
func (s *scope) codeOf(next step) (string, error) {
	if published := s.ledger.PublishedAs(next.digest); published != nil {
		return published.Spec.Code, nil
	}
	rev := revisionNamed(s.revisions, next.revision)
	if rev == nil || rev.Spec.Definition.Digest() != string(next.digest) {
		return "", fmt.Errorf("revision %q does not hash to %s: it is not published", next.revision, next.digest)
	}
	return rev.Spec.Definition.Code(), nil
}

// record signs and creates the record of a step and adds it to the ledger.
func (r *Reconciler) record(ctx context.Context, s *scope, next step, verdict gate.Verdict, code string, effective *metav1.Time) error {
	spec, err := r.makeRecord(s, next, verdict, code)
	if err != nil {
		return err
	}
	spec.EffectiveAt = effective
	var publication *v1alpha1.Publication
	for range maxForged {
		if publication, err = r.createRecord(ctx, s, *spec); !apierrors.IsAlreadyExists(err) {
			break
		}
		if forged, look := r.isForged(ctx, publication); look != nil || !forged {
			return errors.Join(err, look)
		}
		spec.Seq++ // the number is taken by what is no record
	}
	if err != nil {
		return err
	}
	spec = &publication.Spec
	r.echoes.note(s.key(), func(w *written) { w.seq = spec.Seq })
	s.ledger = append(slices.Clip(s.ledger), *publication)
	return r.judge(ctx, s) // the status tells what the record made of it
}

// maxForged is how many numbers that are taken by what is no record are passed over at a time.
const maxForged = 32

// createRecord signs and creates a record. It returns what it tried to create also when that exists.
func (r *Reconciler) createRecord(ctx context.Context, s *scope, spec v1alpha1.PublicationSpec) (*v1alpha1.Publication, error) {
	if err := r.Installation.Signer.SignPublication(&spec); err != nil {
		return nil, fmt.Errorf("sign record %d: %w", spec.Seq, err)
	}
	publication := &v1alpha1.Publication{
		ObjectMeta: metav1.ObjectMeta{
			Name: ledger.RecordName(s.svc.Name, spec.Seq), Namespace: s.svc.Namespace, Labels: recordLabels(s.svc.Name, spec.Digest),
		},
		Spec: spec,
	}
	// Strict: a CRD that is older than this controller must refuse a field that it does not know; dropped, it would leave a record
	// that its own signature contradicts.
	strict := client.FieldValidation(metav1.FieldValidationStrict)
	if err := r.client.Create(ctx, publication, client.FieldOwner(v1alpha1.FieldManager), strict); err != nil {
		return publication, fmt.Errorf("create record %q: %w", publication.Name, err)
	}
	return publication, nil
}

// isForged tells whether the object that has a record's name is no record of this installation.
func (r *Reconciler) isForged(ctx context.Context, record *v1alpha1.Publication) (bool, error) {
	there := &v1alpha1.Publication{}
	if err := r.reader.Get(ctx, client.ObjectKeyFromObject(record), there); err != nil {
		return false, fmt.Errorf("read record %q: %w", record.Name, err)
	}
	return !r.trust.holds(there), nil
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
	if s.provider != nil {
		spec.Checkpoint = r.Checkpoint(s.provider)
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
