// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
)

// ErrRevision tells that a revision is not the one that a Publication names.
var ErrRevision = errors.New("revision is not what the publication names")

// definition fetches the definition that a record names and checks that it is that one.
func (f *follower) definition(ctx context.Context, namespace string, spec *v1alpha1.PublicationSpec) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := f.revision(ctx, namespace, spec.Revision)
	if err != nil {
		return nil, fmt.Errorf("read revision %q: %w", spec.Revision, err)
	}
	// Only what is needed is decoded: whoever listens decodes the definition.
	var revision struct {
		Spec struct {
			Service    string          `json:"service"`
			Definition json.RawMessage `json:"definition"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(body, &revision); err != nil {
		return nil, fmt.Errorf("read revision %q: %w", spec.Revision, err)
	}
	canonical, got, err := canonicalOf(revision.Spec.Definition, spec.Digest)
	if err != nil {
		return nil, fmt.Errorf("hash revision %q: %w", spec.Revision, err)
	}
	if got != spec.Digest || revision.Spec.Service != spec.Service {
		return nil, fmt.Errorf("%w: %q hashes to %q, wanted %q", ErrRevision, spec.Revision, got, spec.Digest)
	}
	return canonical, nil
}

// revision returns a ServiceRevision's JSON. What the API server has in its cache is as good as what lies in its database, since
// revisions never change, and it comes sooner; the cache may only not have heard of it yet.
func (f *follower) revision(ctx context.Context, namespace, name string) ([]byte, error) {
	get := f.client.Get().Namespace(namespace).Resource("servicerevisions").Name(name)
	body, err := get.Param("resourceVersion", "0").Do(ctx).Raw()
	if apierrors.IsNotFound(err) {
		body, err = f.client.Get().Namespace(namespace).Resource("servicerevisions").Name(name).Do(ctx).Raw()
	}
	return body, err
}

// canonicalOf returns the canonical form of a definition and its digest. The JSON of an API server differs from that form by no more
// than its escapes, as a rule: when what is left without them hashes to the wanted digest, it is the canonical form, because the
// digest was taken of no other bytes.
func canonicalOf(raw []byte, want v1alpha1.Digest) ([]byte, v1alpha1.Digest, error) {
	if plain := unescaped(raw); digest.OfCanonical(plain) == want {
		return plain, want, nil
	}
	canonical, err := digest.Canonical(raw)
	if err != nil {
		return nil, "", err
	}
	return canonical, digest.OfCanonical(canonical), nil
}

// escapes are those of encoding/json which RFC 8785 does not know: it writes the characters.
var escapes = map[string]string{"u003c": "<", "u003e": ">", "u0026": "&", "u2028": "\u2028", "u2029": "\u2029"}

// unescaped returns JSON without these escapes; it is raw itself when there are none.
func unescaped(raw []byte) []byte {
	var out []byte
	rest := raw
	for {
		i := bytes.IndexByte(rest, '\\')
		if i < 0 || i+1 >= len(rest) {
			break
		}
		if out == nil {
			out = make([]byte, 0, len(raw))
		}
		if i+6 <= len(rest) {
			if char, known := escapes[string(rest[i+1:i+6])]; known {
				out, rest = append(append(out, rest[:i]...), char...), rest[i+6:]
				continue
			}
		}
		out, rest = append(out, rest[:i+2]...), rest[i+2:] // another escape, which may be of a backslash
	}
	if out == nil {
		return raw
	}
	return append(out, rest...)
}
