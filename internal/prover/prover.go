// SPDX-License-Identifier: Apache-2.0

// Package prover has a running prover serve a revision, and runs the revision's scenarios against it.
package prover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/scenario"
)

// Address is where a prover listens.
type Address struct {
	// Public is the base URL of its scenario listener.
	Public string
	// Inner is the base URL of its inner port.
	Inner string
}

// Prover runs scenarios.
type Prover struct {
	// HTTP carries the requests.
	HTTP *http.Client
	// Locate finds one running prover. All requests of one proof go to it.
	Locate func(context.Context) (Address, error)
	// Token makes a token for the prover's inner port.
	Token func() string
}

// forgetTime bounds the request that ends a proof.
const forgetTime = 5 * time.Second

// end ends a proof, also when ctx has ended: the prover would keep the throw-away store for a while.
func end(ctx context.Context, client *inner.Client, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetTime)
	defer cancel()
	found, err := client.EndProof(ctx, id)
	if err != nil {
		return fmt.Errorf("end proof: %w", err)
	}
	if !found {
		return errGone
	}
	return nil
}

var errGone = errors.New("the prover ended the proof before its scenarios had run")

// Image identifies the program of the prover that is found, as the reports of its proofs do.
func (p *Prover) Image(ctx context.Context) (string, error) {
	address, err := p.Locate(ctx)
	if err != nil {
		return "", err
	}
	client := &inner.Client{HTTP: p.HTTP, Base: address.Inner, Token: p.Token}
	state, err := client.State(ctx)
	if err != nil {
		return "", fmt.Errorf("ask the prover: %w", err)
	}
	if state.Image == "" {
		return "", errors.New("the prover does not tell which image it runs")
	}
	return state.Image, nil
}

// Prove runs all scenarios of rev, whose body must be at hand, with terms counted in a time zone. An error tells that they could
// not be run; scenarios that fail are in the report.
func (p *Prover) Prove(ctx context.Context, rev *v1alpha1.ServiceRevision, timeZone string) (*v1alpha1.ScenarioReport, error) {
	def, err := rev.Spec.Definition.Decode()
	if err != nil {
		return nil, err
	}
	address, err := p.Locate(ctx)
	if err != nil {
		return nil, err
	}
	client := &inner.Client{HTTP: p.HTTP, Base: address.Inner, Token: p.Token}
	proof, err := client.StartProof(ctx, inner.ProofRequest{
		Service: rev.Spec.Service, Namespace: rev.Namespace, Digest: string(rev.Spec.Digest), Definition: rev.Spec.Definition.Raw(),
		TimeZone: timeZone,
	})
	if err != nil {
		return nil, fmt.Errorf("start proof: %w", err)
	}
	report, err := scenario.Run(ctx, scenario.Options{
		HTTP: p.HTTP, Base: address.Public, Host: proof.Host, Service: rev.Spec.Service, Definition: def, Image: proof.Image,
	})
	// What was not served to the end proves nothing, neither for the definition nor against it.
	if gone := end(ctx, client, proof.ID); err != nil || gone != nil {
		return nil, cmp.Or(err, gone)
	}
	if report.Digest != string(rev.Spec.Digest) {
		return nil, fmt.Errorf("the prover answered with digest %q instead of %q", report.Digest, rev.Spec.Digest)
	}
	status, err := report.Status()
	if err != nil {
		return nil, err
	}
	return &status, nil
}
