// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/intake/store"
)

// stuckAfter is how long a command may wait before the process is not alive: nothing completes, and only a restart helps.
const stuckAfter = 60 * time.Second

// innerHandler serves the controller and probes. Probes need no token; they tell nothing.
func (s *Server) innerHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+inner.PathHealth, s.healthz)
	mux.HandleFunc("GET "+inner.PathReady, s.readyz)
	mux.Handle("GET "+inner.PathMetrics, s.metrics.handler())
	mux.Handle("GET "+inner.PathState, s.authorised(http.HandlerFunc(s.innerState)))
	return mux
}

// authorised lets through who holds a token of the installation for this audience.
func (s *Server) authorised(next http.Handler) http.Handler {
	return authorised(s.options, next)
}

func authorised(o Options, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || o.Keys == nil {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a bearer token of the installation is needed", http.StatusUnauthorized)
			return
		}
		if err := o.Keys.VerifyToken(token, o.Audience, o.Clock()); err != nil {
			o.Log.Warn("inner port refused a token", "err", err)
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// alive tells why the process is not alive: commands wait and none completes. Without work to do it is alive.
func alive(st store.Stats) error {
	if st.Oldest > stuckAfter {
		return fmt.Errorf("the store has answered no command for %s", st.Oldest.Round(time.Second))
	}
	return nil
}

// healthz tells whether the process is alive.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	if err := alive(s.store.Stats()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// readyz answers 200 as soon as the server exists: it is made only after the store was read.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) { s.healthz(w, r) }

func (s *Server) innerState(w http.ResponseWriter, r *http.Request) {
	state, err := s.state(r)
	if err != nil {
		s.log.Error("cannot tell the state", "err", err)
		http.Error(w, "cannot read the store", http.StatusInternalServerError)
		return
	}
	if err := writeJSON(w, http.StatusOK, "application/json", state); err != nil {
		s.log.Debug("cannot write the state", "err", err)
	}
}

func (s *Server) state(r *http.Request) (*inner.State, error) {
	state := &inner.State{Image: s.options.Image(), PublicKeyIDs: s.options.KeyIDs, Services: []inner.Service{}, Counts: []inner.Counts{}}
	for _, e := range s.catalogue.all() {
		state.Services = append(state.Services, inner.Service{
			Service: e.service, Digest: e.digest, Revision: e.revision, Seq: e.seq, Since: e.since, Action: string(e.action),
		})
	}
	counts, err := s.store.CountsAt(r.Context(), s.options.Clock())
	if err != nil {
		return nil, err
	}
	for _, c := range counts {
		state.Counts = append(state.Counts, inner.Counts{
			Service: c.Service, Digest: c.Digest, Revision: digest.RevisionName(c.Service, v1alpha1.Digest(c.Digest)),
			Started: c.Started, Submitted: c.Submitted, RejectedByValidation: c.RejectedByValidation,
			InProgress: c.InProgress, Overdue: c.Overdue,
		})
	}
	checkpoint, err := s.store.Checkpoint(r.Context())
	if err != nil {
		return nil, err
	}
	if checkpoint.Size > 0 {
		state.Checkpoint = &inner.Checkpoint{
			Origin: checkpoint.Origin, Size: checkpoint.Size,
			RootHash: base64.StdEncoding.EncodeToString(checkpoint.RootHash[:]), At: checkpoint.At,
		}
	}
	return state, nil
}
