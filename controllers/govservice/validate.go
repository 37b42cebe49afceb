// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/lint"
)

// maxFindings is how many findings the status has room for.
const maxFindings = 50

// validate judges the definition by the rules. The body is read once for a new digest; what is snapshotted already was valid, and
// is judged by the rules that it was made under.
func (r *Reconciler) validate(ctx context.Context, s *scope) error {
	if s.isSkewed() {
		s.validity = validity{
			status: metav1.ConditionUnknown, reason: v1alpha1.ReasonSchemaSkew,
			message: "the definition reads differently although nobody changed it: another version of the CRD is in force; nothing is snapshotted until that is mended",
		}
		return nil
	}
	v, ok := r.known(s)
	if !ok {
		body, err := r.body(ctx, s)
		if err != nil {
			return err
		}
		v = r.judgeRules(s, body)
		r.memory.remember(s.key(), remembered{generation: s.svc.Generation, digest: s.digest, validity: v})
	}
	if s.provider == nil && v.status == metav1.ConditionTrue {
		v.status, v.reason = metav1.ConditionFalse, v1alpha1.ReasonNoProvider
		v.message = "no ServiceProvider names this namespace: the platform team registers agencies"
	}
	s.validity = v
	return r.warnOfSharedCode(ctx, s)
}

// isSkewed tells that the digest changed while the generation did not: the API server prunes by another schema than before.
func (s *scope) isSkewed() bool {
	was := s.before
	return was.ObservedGeneration == s.svc.Generation && was.LatestDigest != "" && s.digest != "" && was.LatestDigest != string(s.digest)
}

// known finds what is known of the definition without reading it: from this process's memory, or from the status when the
// revision exists, which proves that the status was not invented.
func (r *Reconciler) known(s *scope) (validity, bool) {
	if m, ok := r.memory.recall(s.key()); ok && m.generation == s.svc.Generation && m.digest == s.digest {
		return m.validity, true
	}
	if s.before.LatestDigest != string(s.digest) || s.ownRevision() == nil || s.ownRevision().Spec.RulePack != r.rules.Version {
		return validity{}, false
	}
	c := meta.FindStatusCondition(s.before.Conditions, v1alpha1.ConditionValid)
	if c == nil || c.Status != metav1.ConditionTrue || c.ObservedGeneration != s.svc.Generation || tellsOfSharedCode(s.before.Findings) {
		return validity{}, false
	}
	return validity{status: c.Status, reason: c.Reason, message: c.Message, findings: s.before.Findings}, true
}

// ownRevision is the service's revision of the present definition in the cache, or nil.
func (s *scope) ownRevision() *v1alpha1.ServiceRevision {
	for i := range s.revisions {
		if s.digest != "" && s.revisions[i].Spec.Digest == s.digest && s.revisions[i].DeletionTimestamp.IsZero() {
			return &s.revisions[i]
		}
	}
	return nil
}

// body reads the service past the cache, once. A cache that is behind is a conflict like any other.
func (r *Reconciler) body(ctx context.Context, s *scope) (*v1alpha1.GovService, error) {
	if s.body != nil {
		return s.body, nil
	}
	full := &v1alpha1.GovService{}
	if err := r.reader.Get(ctx, client.ObjectKeyFromObject(s.svc), full); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, stale{unseen: "the deletion"}
		}
		return nil, fmt.Errorf("read definition: %w", err)
	}
	if full.Generation != s.svc.Generation || full.UID != s.svc.UID {
		return nil, stale{unseen: "the newest definition"}
	}
	s.body = full
	return full, nil
}

func (r *Reconciler) judgeRules(s *scope, body *v1alpha1.GovService) validity {
	found := lint.Lint(body.Spec.Service.Raw(), lint.Options{Pack: r.rules, At: s.now})
	found = definition.Sort(append(found, lint.Spec(&body.Spec)...))
	v := validity{status: metav1.ConditionTrue, reason: v1alpha1.ReasonValid, findings: statusFindings(found)}
	errs, reason := errorsOf(found)
	switch own := s.ownRevision(); {
	case errs == 0:
		v.message = plural(len(found), "no errors", "no errors, 1 warning", "no errors, %d warnings")
	case own != nil && own.Spec.RulePack != r.rules.Version && onlyLaw(found):
		v.reason = v1alpha1.ReasonRulesChange
		v.message = fmt.Sprintf("judged by rules %s; rules %s find %s", own.Spec.RulePack, r.rules.Version, plural(errs, "", "1 error", "%d errors"))
	default:
		v.status, v.reason = metav1.ConditionFalse, reason
		v.message = plural(errs, "", "1 error", "%d errors") + ", the first at " + found[0].Path + ": " + found[0].Message()
	}
	return v
}

// onlyLaw tells whether every error is one of the rules of law, which a newer pack may have brought. Nothing else excuses an error.
func onlyLaw(found []definition.Finding) bool {
	return !slices.ContainsFunc(found, func(f definition.Finding) bool {
		return f.Severity == definition.Error && (f.Article == "" || f.Reason == definition.Unsupported)
	})
}

// errorsOf counts the errors and says why the definition is invalid: Unsupported only when nothing else is wrong.
func errorsOf(found []definition.Finding) (n int, reason string) {
	reason = v1alpha1.ReasonUnsupported
	for _, f := range found {
		if f.Severity != definition.Error {
			continue
		}
		n++
		if f.Reason != definition.Unsupported {
			reason = v1alpha1.ReasonInvalid
		}
	}
	return n, reason
}

func statusFindings(found []definition.Finding) []v1alpha1.Finding {
	var list []v1alpha1.Finding
	for _, f := range found[:min(len(found), maxFindings)] {
		list = append(list, v1alpha1.Finding{
			Path: clip(f.Path, 512), Severity: string(f.Severity), Rule: clip(f.Rule, 80), Message: clip(f.Message(), 1024), Article: clip(f.Article, 128),
		})
	}
	return list
}

// clip bounds a text for the status without cutting a character: an overlong message must never keep the status from being
// written.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len("…")], "") + "…"
}

func plural(n int, none, one, many string) string {
	switch n {
	case 0:
		return none
	case 1:
		return one
	default:
		return fmt.Sprintf(many, n)
	}
}

// memory is what the rules said of each service's definition, so that nothing is read twice.
type memory struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]remembered
}

type remembered struct {
	generation int64
	digest     v1alpha1.Digest
	validity   validity
}

func (m *memory) recall(key types.NamespacedName) (remembered, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.byKey[key]
	return known, ok
}

func (m *memory) remember(key types.NamespacedName, what remembered) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byKey == nil {
		m.byKey = map[types.NamespacedName]remembered{}
	}
	m.byKey[key] = what
}

func (m *memory) forget(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.byKey, key)
}
