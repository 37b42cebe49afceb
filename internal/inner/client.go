// SPDX-License-Identifier: Apache-2.0

package inner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxAnswer bounds what the client reads of an answer: 10 000 services with their counts fit.
const maxAnswer = 16 << 20

// Client speaks to one inner port.
type Client struct {
	// HTTP is the client that carries the requests; nil means http.DefaultClient. Set a timeout.
	HTTP *http.Client
	// Base is the port's URL, such as http://okno-intake.agency.svc:8081.
	Base string
	// Token returns a bearer token for the port's audience; it is asked once a request, since tokens live two minutes.
	Token func() string
}

// StatusError is an answer other than success.
type StatusError struct {
	Method, Path string
	Status       int
	// Detail is what the other side said, at most a few hundred characters.
	Detail string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s answered %d: %s", e.Method, e.Path, e.Status, e.Detail)
}

// State asks what the intake serves.
func (c *Client) State(ctx context.Context) (*State, error) {
	var state State
	if err := c.do(ctx, http.MethodGet, PathState, nil, &state); err != nil {
		return nil, err
	}
	return &state, nil
}

// StartProof asks a prover to serve a definition.
func (c *Client) StartProof(ctx context.Context, request ProofRequest) (*Proof, error) {
	var proof Proof
	if err := c.do(ctx, http.MethodPost, PathProofs, request, &proof); err != nil {
		return nil, err
	}
	return &proof, nil
}

// EndProof ends a proof and drops its store. It tells whether there still was one: provers forget their proofs when they restart, and
// those of which nobody asks anything.
func (c *Client) EndProof(ctx context.Context, id string) (found bool, err error) {
	err = c.do(ctx, http.MethodDelete, PathProofs+"/"+url.PathEscape(id), nil, nil)
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}

func (c *Client) do(ctx context.Context, method, path string, body, answer any) error {
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encode request to %s: %w", path, err)
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Base, "/")+path, reader)
	if err != nil {
		return fmt.Errorf("make request to %s: %w", path, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != nil {
		req.Header.Set("Authorization", "Bearer "+c.Token())
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		detail, _ := io.ReadAll(io.LimitReader(resp.Body, 512))
		return &StatusError{Method: method, Path: path, Status: resp.StatusCode, Detail: strings.TrimSpace(string(detail))}
	}
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(answer); err != nil {
		return fmt.Errorf("read answer of %s: %w", path, err)
	}
	return nil
}
