// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/page"
	"github.com/okno-dev/okno/web"
)

// Mode is what a server is for.
type Mode int

// Modes.
const (
	// Public serves citizens what Publications say.
	Public Mode = iota
	// Prover serves one definition to scenarios, which set the clock of each request; nothing is counted.
	Prover
	// Author serves a definition to its author on loopback.
	Author
)

// TokenVerifier checks the bearer tokens of the inner port; signature.Keys does.
type TokenVerifier interface {
	VerifyToken(token, audience string, now time.Time) error
}

// Options are a server's settings.
type Options struct {
	// Store keeps what the server promises. The server does not close it.
	Store *store.Store
	// Keys check the tokens of the inner port; nil refuses every token.
	Keys TokenVerifier
	// KeyIDs are the keys whose Publications are believed, for the state.
	KeyIDs []string
	// Audience is what tokens of the inner port must be bound to.
	Audience string
	// Clock tells the time; default time.Now.
	Clock func() time.Time
	// Location is the agency's time zone: terms and dates are counted in it. Default UTC.
	Location *time.Location
	// Provider is the agency's name in the header of pages that belong to no service.
	Provider string
	// BaseURL is where people reach the server, such as https://pension.example.org. https makes cookies Secure.
	BaseURL string
	// Mode is what the server is for.
	Mode Mode
	// Image names the image that runs; it is asked when somebody wants to know. Default "unknown".
	Image func() string
	// Log gets a line for each request and for what operators must know. It never gets personal data. Default slog.Default.
	Log *slog.Logger
	// ClientRate is how many writing requests a second one client may make on average; 0 means no limit.
	ClientRate float64
}

func (o *Options) complete() error {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Image == nil {
		o.Image = func() string { return "unknown" }
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if _, err := url.Parse(o.BaseURL); err != nil {
		return fmt.Errorf("base URL: %w", err)
	}
	return nil
}

// Server is an agency's intake. Its methods may be called from many goroutines.
type Server struct {
	options   Options
	store     *store.Store
	log       *slog.Logger
	https     bool
	catalogue *catalogue
	releases  *releases
	renderer  *page.Renderer
	static    *page.Static
	limiter   *limiter
	streams   *slots
	metrics   *metrics
	lastWork  atomic.Int64 // when something was done last, in nanoseconds since 1970 by the machine's clock
	public    http.Handler
	inner     http.Handler
}

// New returns a server that serves what its store remembers.
func New(ctx context.Context, o Options) (*Server, error) {
	if o.Store == nil {
		return nil, errors.New("an intake needs a store")
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	s := &Server{
		options: o, store: o.Store, log: o.Log,
		https:     len(o.BaseURL) > 8 && o.BaseURL[:8] == "https://",
		catalogue: newCatalogue(),
		limiter:   newLimiter(o.ClientRate),
		streams:   newSlots(o.Mode == Public),
	}
	s.releases = newReleases(roomForReleases, o.Clock, s.remembered)
	if err := s.loadPages(); err != nil {
		return nil, err
	}
	s.metrics = newMetrics(s)
	s.worked(time.Now())
	if err := s.restore(ctx); err != nil {
		return nil, err
	}
	s.public = s.publicHandler()
	s.inner = s.innerHandler()
	return s, nil
}

func (s *Server) loadPages() error {
	texts, err := page.LoadTexts(web.FS, "locales/shared", "locales/intake")
	if err != nil {
		return err
	}
	if s.static, err = page.LoadStatic(web.FS, "static"); err != nil {
		return err
	}
	s.renderer, err = page.Parse(web.FS, "templates", "intake", texts, s.static, s.options.Location)
	return err
}

// Public is the handler for citizens and their programs.
func (s *Server) Public() http.Handler { return s.public }

// Inner is the handler for the controller and for probes.
func (s *Server) Inner() http.Handler { return s.inner }

// housekeeping is how often Run looks for what is due.
const housekeeping = time.Second

// restAfter is how long nobody must have asked for anything before memory is given back.
const restAfter = 20 * time.Second

// purgeEvery is how often expired drafts and forgotten uploads are deleted.
const purgeEvery = 10 * time.Minute

// Run does what is due by the clock until ctx ends: Publications that become effective, drafts that expire.
func (s *Server) Run(ctx context.Context) {
	tick := time.NewTicker(housekeeping)
	defer tick.Stop()
	var purged, rested time.Time
	for {
		now := s.options.Clock()
		expired := s.releases.expire(now.Add(-releaseLife)) > 0
		if worked := time.Unix(0, s.lastWork.Load()); time.Since(worked) >= restAfter && (expired || worked.After(rested)) {
			// What a busy hour took is given back: an agency's intake rests most of its life, beside many others.
			debug.FreeOSMemory()
			rested = time.Now()
		}
		if err := s.promote(ctx, now); err != nil && ctx.Err() == nil {
			s.log.Error("cannot switch to a publication that became effective", "err", err)
		}
		if now.Sub(purged) >= purgeEvery {
			purged = now
			s.purge(ctx, now)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Server) purge(ctx context.Context, now time.Time) {
	if n, err := s.store.PurgeDrafts(ctx, now); err != nil {
		s.log.Warn("cannot purge expired drafts", "err", err)
	} else if n > 0 {
		s.log.Info("expired drafts were deleted", "count", n)
	}
	if _, err := s.store.CollectDefinitions(ctx); err != nil {
		s.log.Warn("cannot collect definitions that nothing refers to", "err", err)
	}
	s.limiter.forget(now)
}

// worked notes that the server has had something to do, by the machine's clock.
func (s *Server) worked(at time.Time) { s.lastWork.Store(at.UnixNano()) }
