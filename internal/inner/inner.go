// SPDX-License-Identifier: Apache-2.0

// Package inner is what the controller and an intake say to each other on the intake's inner port: the types, the paths, and a
// small client. It imports neither side, so that both may import it.
package inner

import (
	"encoding/json"
	"time"
)

// Paths of the inner port.
const (
	// PathHealth answers 200 while the process does its work, for liveness probes. It asks for no token.
	PathHealth = "/healthz"
	// PathReady answers 200 once the intake knows what to serve, for readiness probes. It asks for no token.
	PathReady = "/readyz"
	// PathMetrics answers metrics in the Prometheus text format.
	PathMetrics = "/metrics"
	// PathState answers State.
	PathState = "/inner/v1/state"
	// PathProofs takes a ProofRequest by POST, in provers only; PathProofs + "/" + id ends one by DELETE.
	PathProofs = "/inner/v1/proofs"
)

// ScenarioNow is the header that sets the clock of one request, RFC 3339. Only a prover's scenario listener obeys it.
const ScenarioNow = "Okno-Scenario-Now"

// ProverDomain is the suffix of the Host names under which a prover serves its proofs: <id>.prover.
const ProverDomain = "prover"

// IntakeAudience is the audience that a token for the intake of a namespace is bound to.
func IntakeAudience(namespace string) string { return namespace + "/okno-intake" }

// ProverAudience is the audience that a token for the prover is bound to.
const ProverAudience = "okno-system/okno-prover"

// State is what an intake serves and has taken in. It holds no personal data.
type State struct {
	// Image is the digest or name of the image that the intake runs.
	Image string `json:"image"`
	// Services are what is served, by name.
	Services []Service `json:"services"`
	// Counts are exact numbers for each service and digest that anybody ever applied on.
	Counts []Counts `json:"counts"`
	// Checkpoint is the journal's head; nil in an empty journal.
	Checkpoint *Checkpoint `json:"checkpoint,omitempty"`
	// PublicKeyIDs are the keys whose Publications the intake believes.
	PublicKeyIDs []string `json:"publicKeyIDs,omitempty"`
}

// Service is what an intake serves of one service.
type Service struct {
	Service  string    `json:"service"`
	Digest   string    `json:"digest"`
	Revision string    `json:"revision"`
	Seq      int64     `json:"seq"`
	Since    time.Time `json:"since"`
	// Action is the Publication's: Publish, Withdraw, Suspend, Resume.
	Action string `json:"action"`
	// Problem says why the intake does not yet follow a newer Publication; empty when it follows.
	Problem string `json:"problem,omitempty"`
}

// Counts are exact numbers of one service on one definition, folded from the journal.
type Counts struct {
	Service  string `json:"service"`
	Digest   string `json:"digest"`
	Revision string `json:"revision,omitempty"`
	// Started is how many applications were begun: a first accepted POST.
	Started int64 `json:"started"`
	// Submitted is how many were acknowledged.
	Submitted int64 `json:"submitted"`
	// RejectedByValidation is how many attempts to send were refused for errors.
	RejectedByValidation int64 `json:"rejectedByValidation"`
	// InProgress is how many acknowledged applications have no decision yet.
	InProgress int64 `json:"inProgress"`
	// Overdue is how many of those are past their deadline.
	Overdue int64 `json:"overdue"`
}

// Checkpoint is the head of a journal.
type Checkpoint struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
	// RootHash is the Merkle root, base64.
	RootHash string    `json:"rootHash"`
	At       time.Time `json:"at"`
}

// ProofRequest asks a prover to serve a definition on its scenario listener.
type ProofRequest struct {
	Service    string          `json:"service"`
	Namespace  string          `json:"namespace"`
	Digest     string          `json:"digest"`
	Definition json.RawMessage `json:"definition"`
	// TimeZone is the agency's IANA time zone, in which terms are counted; the prover's own when absent.
	TimeZone string `json:"timeZone,omitempty"`
}

// Proof is a definition that a prover serves. Its service has the same paths as on a public intake, under Host.
type Proof struct {
	ID string `json:"id"`
	// Host is the Host header of requests to this proof, "<id>.prover".
	Host string `json:"host"`
	// Base is the path prefix, "/".
	Base string `json:"base"`
	// Image is the digest or name of the image that the prover runs; reports carry it.
	Image string `json:"image"`
}
