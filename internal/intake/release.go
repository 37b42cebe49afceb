// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/calendar"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/form"
)

// ErrDigest tells that a definition does not hash to the digest that it is known by. It is never served.
var ErrDigest = errors.New("definition does not hash to its digest")

// release is a definition as it is served: decoded, checked and compiled once, immutable from then on.
type release struct {
	service  string
	digest   string
	revision string
	size     int // of the canonical definition, in bytes
	def      *v1alpha1.ServiceDefinition
	calendar *calendar.Calendar

	// model compiles the form at first use: the start page needs none.
	model func() (*form.Model, error)
	// exports are the OpenAPI document and the schemas, made at first use.
	exports func() (*exports, error)
}

// newRelease reads a definition in its canonical form, which must hash to want.
func newRelease(service, want string, canonical []byte, baseURL string) (*release, error) {
	if err := verify(want, canonical); err != nil {
		return nil, err
	}
	r := &release{
		service: service, digest: want, revision: digest.RevisionName(service, v1alpha1.Digest(want)), size: len(canonical),
		def: new(v1alpha1.ServiceDefinition),
	}
	if err := json.Unmarshal(canonical, &served{ServiceDefinition: r.def}); err != nil {
		return nil, fmt.Errorf("decode definition: %w", err)
	}
	if len(r.def.Languages) == 0 {
		return nil, errors.New("definition has no languages")
	}
	days, err := calendar.Builtin(r.def.Process.Calendar)
	if err != nil {
		return nil, err
	}
	r.calendar = days
	r.model = sync.OnceValues(func() (*form.Model, error) { return compile(r.def) })
	r.exports = sync.OnceValues(func() (*exports, error) {
		model, err := r.model()
		if err != nil {
			return nil, err
		}
		return makeExports(r, model, baseURL)
	})
	return r, nil
}

// served is what is served of a definition: all but its scenarios, which are most of its bytes.
type served struct {
	*v1alpha1.ServiceDefinition
	Scenarios skipped `json:"scenarios"`
}

// skipped is JSON that is passed over.
type skipped struct{}

// UnmarshalJSON implements json.Unmarshaler.
func (skipped) UnmarshalJSON([]byte) error { return nil }

// compile loads a form.
func compile(def *v1alpha1.ServiceDefinition) (model *form.Model, err error) {
	err = guarded(func() (err error) {
		model, err = form.Load(def)
		return err
	})
	return model, err
}

// guarded makes a panic an error: whatever a definition makes of the compiler, the server and what it serves go on.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("reading the definition panicked: %v", p)
		}
	}()
	return do()
}

// compiles tells whether the whole form compiles, with every expression: those of a form that was served before are compiled when
// they are needed.
func (r *release) compiles() error {
	model, err := r.model()
	if err != nil {
		return err
	}
	return guarded(model.Ready)
}

// verify checks that a canonical form hashes to a digest.
func verify(want string, canonical []byte) error {
	if got := digest.OfCanonical(canonical); string(got) != want {
		return fmt.Errorf("%w: it is %q, not %q", ErrDigest, got, want)
	}
	return nil
}

// key is what releases are kept by. The same content under two names is two releases: their URLs differ.
func (r *release) key() releaseKey { return releaseKey{r.service, r.digest} }

type releaseKey struct{ service, digest string }
