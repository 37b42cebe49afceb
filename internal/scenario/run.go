// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
)

// defaultParallel is how many scenarios run at once unless Options say otherwise.
const defaultParallel = 4

// Options say what to run against which server.
type Options struct {
	// HTTP makes the requests; nil means http.DefaultClient. Its jar and redirects are not used.
	HTTP *http.Client
	// Base is the server's address, such as http://127.0.0.1:8090.
	Base string
	// Host is the Host header; "" means that of Base.
	Host string
	// Service is the service's name.
	Service string
	// Definition is what is proven.
	Definition *v1alpha1.ServiceDefinition
	// Image names the intake that runs; it stands in the report.
	Image string
	// Parallel is how many scenarios run at once; 0 means 4.
	Parallel int
}

// UnavailableError tells that the server could not be asked: nothing is known of the definition, and a later run may tell.
type UnavailableError struct{ Err error }

// Error implements error.
func (e *UnavailableError) Error() string { return "the prover cannot be asked: " + e.Err.Error() }

// Unwrap returns what went wrong.
func (e *UnavailableError) Unwrap() error { return e.Err }

// runner is one run.
type runner struct {
	Options
	base  *url.URL
	model *form.Model
}

// Run files every scenario of the definition in every way and reports what came of it. A scenario that comes out otherwise than
// expected is no error. An error is an *UnavailableError when the server did not answer, else something wrong with o.
func Run(ctx context.Context, o Options) (Report, error) {
	r, err := newRunner(o)
	if err != nil {
		return Report{}, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	report := Report{
		Service: o.Service, Image: o.Image, StartedAt: time.Now().UTC(),
		Scenarios: make([]Result, len(o.Definition.Scenarios)),
	}
	digests := make([]string, len(report.Scenarios))
	turns := make(chan struct{}, r.Parallel)
	var running sync.WaitGroup
	for i := range o.Definition.Scenarios {
		turns <- struct{}{}
		running.Go(func() {
			defer func() { <-turns }()
			var err error
			if report.Scenarios[i], digests[i], err = r.run(ctx, &o.Definition.Scenarios[i]); err != nil {
				stop(err)
			}
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return Report{}, err
	}
	report.FinishedAt = time.Now().UTC()
	report.Digest, err = oneDigest(digests)
	return report, err
}

func newRunner(o Options) (*runner, error) {
	base, err := url.Parse(o.Base)
	if err != nil {
		return nil, fmt.Errorf("base address: %w", err)
	}
	if o.Definition == nil || len(o.Definition.Scenarios) == 0 {
		return nil, errors.New("the definition has no scenarios")
	}
	model, err := form.Load(o.Definition)
	if err != nil {
		return nil, fmt.Errorf("the definition does not compile: %w", err)
	}
	if o.HTTP == nil {
		o.HTTP = http.DefaultClient
	}
	if o.Parallel <= 0 {
		o.Parallel = defaultParallel
	}
	return &runner{Options: o, base: base, model: model}, nil
}

// oneDigest returns the digest that all scenarios were answered by.
func oneDigest(digests []string) (string, error) {
	for _, d := range digests[1:] {
		if d != digests[0] {
			return "", &UnavailableError{Err: fmt.Errorf("the server switched definitions during the run: %s and %s answered", digests[0], d)}
		}
	}
	return digests[0], nil
}

// run files one scenario in every way.
func (r *runner) run(ctx context.Context, sc *v1alpha1.Scenario) (Result, string, error) {
	began := time.Now()
	result := Result{Name: sc.Name}
	given, err := decodeGiven(sc.Given.Raw)
	if err != nil {
		return Result{}, "", fmt.Errorf("scenario %q: given: %w", sc.Name, err)
	}
	digest := ""
	for _, way := range r.ways() {
		s := r.newSession(sc)
		got, err := way.file(ctx, s, given)
		var away *UnavailableError
		switch {
		case err == nil:
		case errors.As(err, &away), ctx.Err() != nil:
			return Result{}, "", fmt.Errorf("scenario %q as %s: %w", sc.Name, way.name, err)
		default:
			got = Observed{Problem: err.Error()}
		}
		got.Way = way.name
		result.Ways = append(result.Ways, got)
		digest = s.digest
	}
	result.Message = judge(sc.Expect, result.Ways)
	result.Took = time.Since(began)
	return result, digest, nil
}

// way is one way of filing.
type way struct {
	name string
	file func(ctx context.Context, s *session, given map[string]any) (Observed, error)
}

// ways are those that the definition offers: XML only where it says how its XML looks.
func (r *runner) ways() []way {
	ways := []way{{WayForm, r.fileForm}, {WayJSON, r.fileJSON}}
	if r.Definition.Data.XML != nil {
		ways = append(ways, way{WayXML, r.fileXML})
	}
	return ways
}

// decodeGiven reads a scenario's data with integers as int64, as form.Envelope wants them.
func decodeGiven(raw []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var given map[string]any
	if err := d.Decode(&given); err != nil {
		return nil, err
	}
	plain, _ := plainNumbers(given).(map[string]any)
	return plain, nil
}

func plainNumbers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = plainNumbers(item)
		}
	case []any:
		for i, item := range v {
			v[i] = plainNumbers(item)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	}
	return value
}

// language is the one in which the scenario's applicant files.
func (r *runner) language(sc *v1alpha1.Scenario) string {
	if sc.Language != "" || len(r.Definition.Languages) == 0 {
		return sc.Language
	}
	return r.Definition.Languages[0]
}
