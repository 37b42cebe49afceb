// SPDX-License-Identifier: Apache-2.0

package inner

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestClientSpeaksToAPort(t *testing.T) {
	want := State{
		Image:    "sha256:1",
		Services: []Service{{Service: "pension", Digest: "sha256:2", Revision: "pension-2", Seq: 3, Since: time.Unix(5, 0).UTC(), Action: "Publish"}},
		Counts:   []Counts{{Service: "pension", Digest: "sha256:2", Started: 4, Submitted: 3, RejectedByValidation: 2, InProgress: 1}},
	}
	tokens := 0
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+PathState, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		json.NewEncoder(w).Encode(want)
	})
	mux.HandleFunc("POST "+PathProofs, func(w http.ResponseWriter, r *http.Request) {
		var request ProofRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil || string(request.Definition) != `{"code":"1"}` {
			http.Error(w, "bad definition", http.StatusUnprocessableEntity)
			return
		}
		w.WriteHeader(http.StatusCreated)
		json.NewEncoder(w).Encode(Proof{ID: "abc", Host: "abc." + ProverDomain, Base: "/", Image: "i"})
	})
	mux.HandleFunc("DELETE "+PathProofs+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != "abc" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	client := &Client{Base: server.URL + "/", Token: func() string { tokens++; return "t" }}

	got, err := client.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	proof, err := client.StartProof(t.Context(), ProofRequest{Definition: json.RawMessage(`{"code":"1"}`)})
	if err != nil || proof.Host != "abc.prover" {
		t.Errorf("StartProof = %+v, %v", proof, err)
	}
	if found, err := client.EndProof(t.Context(), "abc"); err != nil || !found {
		t.Errorf("ended: %t, %v", found, err)
	}
	if found, err := client.EndProof(t.Context(), "gone after a restart"); err != nil || found {
		t.Errorf("ended what is gone: %t, %v", found, err)
	}
	if tokens != 4 {
		t.Errorf("asked for %d tokens, want one a request", tokens)
	}

	var status *StatusError
	_, err = client.StartProof(t.Context(), ProofRequest{Definition: json.RawMessage(`{}`)})
	if !errors.As(err, &status) || status.Status != http.StatusUnprocessableEntity || status.Detail != "bad definition" {
		t.Errorf("err = %v, want the status and what the port said", err)
	}
}
