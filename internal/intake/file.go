// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/page"
	"github.com/okno-dev/okno/internal/process"
)

// Unrouted is the queue of applications that no routing rule took and for which there is no default. A miss is a state that the
// agency sees and mends, never a refusal.
const Unrouted = "unrouted"

// takes tells whether the service takes applications now, or why not. Limits are those of what is served: a draft on a former
// revision cannot outlive the closing day.
func (s *Server) takes(c *call) error {
	switch c.entry.stateAt(c.now) {
	case suspended:
		return refuse(http.StatusForbidden, "suspended")
	case withdrawn:
		return refuse(http.StatusForbidden, "withdrawn")
	}
	limits := c.served.def.Limits
	switch {
	case limits == nil:
		return nil
	case limits.OpensAt != nil && c.now.Before(limits.OpensAt.Time):
		return refuse(http.StatusForbidden, "notOpen", s.spoken(limits.OpensAt.Time)...)
	case limits.ClosesAt != nil && !c.now.Before(limits.ClosesAt.Time):
		return refuse(http.StatusForbidden, "closed", s.spoken(limits.ClosesAt.Time)...)
	case limits.MaxApplications > 0:
		return s.hasRoom(c, limits.MaxApplications)
	}
	return nil
}

// spoken is a moment for a text: Ru and En, since a page of a refusal speaks both languages.
func (s *Server) spoken(t time.Time) []any {
	local := t.In(s.options.Location)
	at := local.Format(", 15:04")
	return []any{"Ru", page.Day("ru", local) + at, "En", page.Day("en", local) + at}
}

// hasRoom tells whether the announced number of applications is not reached yet, before anybody fills in a form in vain. The store
// decides exactly, when one is filed.
func (s *Server) hasRoom(c *call, limit int64) error {
	counts, err := s.store.CountsAt(c.Context(), c.now)
	if err != nil {
		return err
	}
	var submitted int64
	for _, count := range counts {
		if count.Service == c.entry.service {
			submitted += count.Submitted
		}
	}
	if submitted >= limit {
		return refuse(http.StatusForbidden, "full")
	}
	return nil
}

// file acknowledges an application, whichever way it came: one normalisation, one validator, then routing and the term. filing
// carries what the way knows (its name, the draft or the uploads, the idempotency key); the rest is filled in here. It tells
// what is owed as release.owed does, known before anything is stored.
func (s *Server) file(c *call, envelope *form.Envelope, broken []form.Violation, filing store.Filing) (store.Receipt, []v1alpha1.Fee, error) {
	if err := s.takes(c); err != nil {
		return store.Receipt{}, nil, err
	}
	model, err := c.model()
	if err != nil {
		return store.Receipt{}, nil, err
	}
	violations := slices.Concat(broken, model.Validate(envelope, s.formNow(c)))
	if len(violations) > 0 {
		return store.Receipt{}, nil, invalid(violations)
	}
	// Only now it is known what is handed in: validation has dropped the documents of pages that are not asked.
	filing.FileIDs = make([]string, len(envelope.Documents))
	for i, a := range envelope.Documents {
		filing.FileIDs[i] = a.ID
	}
	if err := s.complete(c, model, envelope, &filing); err != nil {
		return store.Receipt{}, nil, err
	}
	owed := c.release.owed(model, envelope, filing.FiledAt)
	// The caller may leave; what was handed to the store is finished all the same.
	receipt, err := s.store.FileApplication(c.Context(), filing)
	if err != nil {
		return store.Receipt{}, nil, err
	}
	if filing.Queue == Unrouted && !receipt.Replayed {
		s.metrics.unrouted.WithLabelValues(filing.Service).Inc()
		s.log.Warn("no routing rule takes an application", "service", filing.Service, "digest", filing.Digest)
	}
	return receipt, owed, nil
}

// complete fills in where the application goes and by when it must be decided.
func (s *Server) complete(c *call, model *form.Model, envelope *form.Envelope, filing *store.Filing) error {
	filedAt := c.now.In(s.options.Location)
	body, err := model.EncodeJSON(envelope)
	if err != nil {
		return err
	}
	destination, _ := model.Route(envelope, s.formNow(c))
	if destination.Unit == "" {
		destination.Unit, destination.Queue = "", Unrouted
	}
	filing.Service, filing.Digest, filing.Revision = c.release.service, c.release.digest, c.release.revision
	filing.Envelope, filing.Language, filing.FiledAt = body, envelope.Language, filedAt
	filing.Unit, filing.Queue = destination.Unit, destination.Queue
	filing.Deadline, filing.DeadlineProvisional = process.Deadline(c.release.def.Process, filedAt, s.options.Location, c.release.calendar)
	filing.Preview = s.options.Mode == Prover
	if limits := c.served.def.Limits; limits != nil {
		filing.LimitTotal = limits.MaxApplications
	}
	return nil
}

// replayed returns the receipt that an idempotency key or a draft already has.
func (s *Server) replayed(c *call, filing store.Filing) (store.Receipt, bool) {
	receipt, err := s.store.Replay(c.Context(), filing)
	return receipt, err == nil
}

// countRejected counts a submission that validation refused. It is a count, not a promise: should it fail, the applicant still
// gets the answer.
func (s *Server) countRejected(c *call, err error) {
	var r *refusal
	if !errors.As(err, &r) || len(r.violations) == 0 || s.options.Mode == Prover {
		return
	}
	codes := make([]string, len(r.violations))
	for i, v := range r.violations {
		codes[i] = v.Code
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), 5*time.Second)
	defer cancel()
	if err := s.store.CountRejected(ctx, c.release.service, c.release.digest, codes); err != nil {
		s.log.Warn("cannot count a rejected submission", "service", c.release.service, "err", err)
	}
}
