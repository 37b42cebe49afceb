// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/intake/store"
)

const (
	// maxProofs bounds how many definitions are proved at once.
	maxProofs = 16
	// forgotten is how long nobody has asked anything of a proof that whoever started it has not ended: he must have died. Scenarios
	// follow each other at once.
	forgotten = 30 * time.Second
	// maxDefinition bounds a proof request, in bytes: 192 KiB of canonical definition with room for other ways to write it.
	maxDefinition = 1 << 20
)

// ProverServer serves definitions to scenarios, each on a host and a throw-away store of its own. It writes nothing that lasts and
// reaches nobody.
type ProverServer struct {
	options Options
	dir     string
	inner   http.Handler

	mu     sync.Mutex
	proofs map[string]*proof
}

type proof struct {
	server  *Server
	store   *store.Store
	dir     string
	started time.Time

	// Of ProverServer.mu:
	asking int       // requests under way
	asked  time.Time // when the last one came or was answered
}

// NewProver returns a prover that keeps its throw-away stores under dir. Options.Store is not used.
func NewProver(o Options, dir string) (*ProverServer, error) {
	o.Mode, o.ClientRate = Prover, 0
	if err := o.complete(); err != nil {
		return nil, err
	}
	p := &ProverServer{options: o, dir: dir, proofs: map[string]*proof{}}
	mux := http.NewServeMux()
	ok := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }
	mux.HandleFunc("GET "+inner.PathHealth, ok)
	mux.HandleFunc("GET "+inner.PathReady, ok)
	mux.Handle("GET "+inner.PathState, authorised(o, http.HandlerFunc(p.state)))
	mux.Handle("POST "+inner.PathProofs, authorised(o, http.HandlerFunc(p.start)))
	mux.Handle("DELETE "+inner.PathProofs+"/{id}", authorised(o, http.HandlerFunc(p.end)))
	p.inner = mux
	return p, nil
}

// Public serves the scenarios: the Host says which proof.
func (p *ProverServer) Public() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		var proof *proof
		if id, ok := strings.CutSuffix(host, "."+inner.ProverDomain); ok {
			proof = p.ask(id)
		}
		if proof == nil {
			// Nothing that a service answers: scenarios must not take the end of their proof for a failure.
			http.Error(w, "no such proof", http.StatusMisdirectedRequest)
			return
		}
		defer p.answered(proof)
		proof.server.Public().ServeHTTP(w, r)
	})
}

// ask is the proof that a request is for, or nil.
func (p *ProverServer) ask(id string) *proof {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := p.proofs[id]
	if asked != nil {
		asked.asking++
		asked.asked = p.options.Clock()
	}
	return asked
}

func (p *ProverServer) answered(asked *proof) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked.asking--
	asked.asked = p.options.Clock()
}

// Inner serves who asks for proofs.
func (p *ProverServer) Inner() http.Handler { return p.inner }

// errFull tells that too many proofs run.
var errFull = errors.New("too many proofs run")

// Start serves a definition under a host of its own until it is ended or forgotten.
func (p *ProverServer) Start(ctx context.Context, request inner.ProofRequest) (*inner.Proof, error) {
	if p.isFull() {
		p.endForgotten()
	}
	if p.isFull() {
		return nil, errFull
	}
	zone := p.options.Location
	if request.TimeZone != "" {
		var err error
		if zone, err = time.LoadLocation(request.TimeZone); err != nil {
			return nil, err
		}
	}
	canonical, err := digest.Canonical(request.Definition)
	if err != nil {
		return nil, err
	}
	release, err := newRelease(request.Service, request.Digest, canonical, "")
	if err != nil {
		return nil, err
	}
	if err := release.compiles(); err != nil {
		return nil, err
	}
	id := strings.ToLower(rand.Text())
	dir, err := os.MkdirTemp(p.dir, "proof-")
	if err != nil {
		return nil, err
	}
	proof, err := p.open(ctx, id, dir, zone)
	if err == nil {
		if err = proof.server.Serve(ctx, request.Service, canonical); err == nil {
			err = p.add(id, proof)
		}
		if err != nil {
			err = errors.Join(err, proof.store.Close())
		}
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &inner.Proof{ID: id, Host: id + "." + inner.ProverDomain, Base: "/", Image: p.options.Image()}, nil
}

func (p *ProverServer) open(ctx context.Context, id, dir string, zone *time.Location) (*proof, error) {
	s, err := store.Open(ctx, filepath.Join(dir, "proof.db"), store.Options{})
	if err != nil {
		return nil, err
	}
	o := p.options
	o.Location = zone
	o.Store, o.BaseURL = s, "http://"+id+"."+inner.ProverDomain
	server, err := New(ctx, o)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	now := p.options.Clock()
	return &proof{server: server, store: s, dir: dir, started: now, asked: now}, nil
}

func (p *ProverServer) isFull() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.proofs) >= maxProofs
}

func (p *ProverServer) add(id string, proof *proof) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.proofs) >= maxProofs {
		return errFull
	}
	p.proofs[id] = proof
	return nil
}

// End drops a proof and its store. It tells whether there was one.
func (p *ProverServer) End(id string) (bool, error) {
	p.mu.Lock()
	proof := p.proofs[id]
	delete(p.proofs, id)
	p.mu.Unlock()
	if proof == nil {
		return false, nil
	}
	return true, errors.Join(proof.store.Close(), os.RemoveAll(proof.dir))
}

// Run ends proofs that were forgotten, and all of them when ctx ends.
func (p *ProverServer) Run(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			p.endAll(func(*proof) bool { return true })
			return
		case <-tick.C:
			p.endForgotten()
		}
	}
}

// endForgotten ends the proofs of which nobody has asked anything for a while.
func (p *ProverServer) endForgotten() {
	before := p.options.Clock().Add(-forgotten)
	p.endAll(func(proof *proof) bool { return proof.asking == 0 && proof.asked.Before(before) })
}

// endAll ends the proofs that are over.
func (p *ProverServer) endAll(over func(*proof) bool) {
	var ids []string
	p.mu.Lock()
	for id, proof := range p.proofs {
		if over(proof) {
			ids = append(ids, id)
		}
	}
	p.mu.Unlock()
	for _, id := range ids {
		if _, err := p.End(id); err != nil {
			p.options.Log.Warn("cannot drop a proof", "err", err)
		}
	}
}

// start answers POST /inner/v1/proofs.
func (p *ProverServer) start(w http.ResponseWriter, r *http.Request) {
	var request inner.ProofRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDefinition)).Decode(&request); err != nil {
		http.Error(w, "read proof request: "+err.Error(), http.StatusBadRequest)
		return
	}
	proof, err := p.Start(context.WithoutCancel(r.Context()), request)
	switch {
	case errors.Is(err, errFull):
		w.Header().Set("Retry-After", "5")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	case err != nil:
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
	default:
		if err := writeJSON(w, http.StatusCreated, "application/json", proof); err != nil {
			p.options.Log.Debug("cannot answer a proof request", "err", err)
		}
	}
}

// end answers DELETE /inner/v1/proofs/{id}.
func (p *ProverServer) end(w http.ResponseWriter, r *http.Request) {
	found, err := p.End(r.PathValue("id"))
	switch {
	case err != nil:
		p.options.Log.Warn("cannot drop a proof", "err", err)
		http.Error(w, "cannot drop the proof", http.StatusInternalServerError)
	case !found:
		http.Error(w, "no such proof", http.StatusNotFound)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// state tells the image and what is being proved.
func (p *ProverServer) state(w http.ResponseWriter, _ *http.Request) {
	state := inner.State{Image: p.options.Image(), PublicKeyIDs: p.options.KeyIDs, Services: []inner.Service{}, Counts: []inner.Counts{}}
	p.mu.Lock()
	for _, proof := range p.proofs {
		for _, e := range proof.server.catalogue.all() {
			state.Services = append(state.Services, inner.Service{
				Service: e.service, Digest: e.digest, Revision: e.revision, Seq: e.seq, Since: proof.started, Action: string(e.action),
			})
		}
	}
	p.mu.Unlock()
	slices.SortFunc(state.Services, func(a, b inner.Service) int { return strings.Compare(a.Digest, b.Digest) })
	if err := writeJSON(w, http.StatusOK, "application/json", state); err != nil {
		p.options.Log.Debug("cannot write the state", "err", err)
	}
}
