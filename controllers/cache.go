// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"crypto/sha256"
	"encoding/json"
	"sync"
	"unique"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
)

// Scheme knows the kinds that the controller reads and writes, and no others.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		v1alpha1.AddToScheme, corev1.AddToScheme, appsv1.AddToScheme, networkingv1.AddToScheme,
		policyv1.AddToScheme, rbacv1.AddToScheme, admissionregistrationv1.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
	return scheme
}

// CacheOptions keep the cache small: what grows with a service is its metadata, its status, a digest and a code, never its definition.
// Only kinds that something watches may be read through it.
func CacheOptions() cache.Options {
	d := &digests{known: map[[sha256.Size]byte]kept{}}
	return cache.Options{
		ReaderFailOnMissingInformer: true,
		DefaultTransform:            stripMetadata,
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.GovService{}:      {Transform: d.stripService},
			&v1alpha1.ServiceRevision{}: {Transform: d.stripRevision},
			&v1alpha1.Publication{}:     {Transform: stripRecord},
			&v1alpha1.Approval{}:        {Transform: stripRecord},
		},
	}
}

// stripMetadata drops what no controller reads: managed fields and the manifest that kubectl apply leaves in an annotation, which
// holds the whole definition once more.
func stripMetadata(in any) (any, error) {
	object, err := meta.Accessor(in)
	if err != nil {
		return in, nil //nolint:nilerr // a tombstone has no metadata and stays as it is
	}
	object.SetManagedFields(nil)
	if annotations := object.GetAnnotations(); annotations[corev1.LastAppliedConfigAnnotation] != "" {
		delete(annotations, corev1.LastAppliedConfigAnnotation)
		object.SetAnnotations(annotations)
	}
	return in, nil
}

// kept is what the cache keeps of a definition.
type kept struct {
	digest v1alpha1.Digest // "" of what cannot be hashed honestly: validation reads it and says why
	code   string          // "" where none can be read
}

// digests remember what is kept of bytes seen lately: a status write brings the whole definition again, and a plain hash of it is
// fifty times cheaper than its canonical form.
type digests struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]kept
}

// maxDigests bounds what is remembered, at about 250 bytes each.
const maxDigests = 2048

func (d *digests) of(raw []byte) kept {
	key := sha256.Sum256(raw)
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.known[key]; ok {
		return known
	}
	k := kept{code: codeOf(raw)}
	if sum, err := digest.Of(raw); err == nil {
		k.digest = sum
	}
	if len(d.known) >= maxDigests {
		clear(d.known)
	}
	d.known[key] = k
	return k
}

// codeOf is the code that a definition declares, or "" where that is no text.
func codeOf(raw []byte) string {
	var def struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(raw, &def); err != nil {
		return ""
	}
	return def.Code
}

func (d *digests) stripService(in any) (any, error) {
	if svc, ok := in.(*v1alpha1.GovService); ok {
		d.strip(&svc.Spec.Service)
		share(svc.Status.Conditions)
	}
	return stripMetadata(in)
}

func (d *digests) stripRevision(in any) (any, error) {
	if rev, ok := in.(*v1alpha1.ServiceRevision); ok {
		d.strip(&rev.Spec.Definition)
		share(rev.Status.Conditions)
		if rev.Status.Report != nil {
			rev.Status.Report.Scenarios = nil // what they came to is in its counts; who wants each reads the revision
		}
	}
	return stripRecord(in)
}

// stripRecord drops also the labels, which are for people who select: code keys on the spec.
func stripRecord(in any) (any, error) {
	if record, ok := in.(client.Object); ok {
		record.SetLabels(nil)
	}
	return stripMetadata(in)
}

// share keeps the words of conditions once for all services that say the same.
func share(conditions []metav1.Condition) {
	for i := range conditions {
		c := &conditions[i]
		c.Type, c.Reason, c.Message = unique.Make(c.Type).Value(), unique.Make(c.Reason).Value(), unique.Make(c.Message).Value()
		c.Status = metav1.ConditionStatus(unique.Make(string(c.Status)).Value())
	}
}

// strip keeps the digest and the code of a definition and drops its body. A transform may see an object twice.
func (d *digests) strip(def *v1alpha1.Definition) {
	if def.Raw() != nil {
		k := d.of(def.Raw())
		def.Strip(string(k.digest))
		def.KeepCode(k.code)
	}
}
