// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"time"
)

// subject is what counts are kept of.
type subject struct{ service, digest string }

// tally is a row of counts, or a change to one.
type tally struct{ started, submitted, rejected, inProgress, drafts, cases int64 }

func (t *tally) add(d tally) {
	t.started += d.started
	t.submitted += d.submitted
	t.rejected += d.rejected
	t.inProgress += d.inProgress
	t.drafts += d.drafts
	t.cases += d.cases
}

// term is a deadline of a subject's open cases.
type term struct {
	subject
	deadline int64
}

// state is what the writer knows without asking the database: a copy of small
// rows that nearly every command changes. It includes the commands of the
// present group and is written back once for the group.
type state struct {
	lastNumber  int64
	counts      map[subject]*tally
	submitted   map[string]int64 // by service, over all its definitions
	definitions map[string]bool
	unfiled     int64 // bytes of files of drafts and of uploads, complete or coming in

	numbered bool // lastNumber changed in this group
	touched  map[subject]bool
	due      map[term]int64
}

// loadState reads the committed state.
func loadState(ctx context.Context, db querier) (*state, error) {
	s := &state{
		counts: map[subject]*tally{}, submitted: map[string]int64{}, definitions: map[string]bool{},
		touched: map[subject]bool{}, due: map[term]int64{},
	}
	if err := db.QueryRowContext(ctx, `select last_number from store`).Scan(&s.lastNumber); err != nil {
		return nil, fmt.Errorf("read the store's row: %w", err)
	}
	if err := db.QueryRowContext(ctx, `select
		(select coalesce(sum(size), 0) from file where kind <> 'Application') +
		(select coalesce(sum(length(bytes)), 0) from chunk where file in (select seq from file where kind = 'Uploading'))`).Scan(&s.unfiled); err != nil {
		return nil, fmt.Errorf("read sizes of files: %w", err)
	}
	rows, err := db.QueryContext(ctx, `select service, digest, started, submitted, rejected, in_progress, drafts, cases from counts`)
	if err != nil {
		return nil, fmt.Errorf("read counts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			k subject
			t tally
		)
		if err := rows.Scan(&k.service, &k.digest, &t.started, &t.submitted, &t.rejected, &t.inProgress, &t.drafts, &t.cases); err != nil {
			return nil, fmt.Errorf("read counts: %w", err)
		}
		s.counts[k] = &t
		s.submitted[k.service] += t.submitted
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read counts: %w", err)
	}
	return s, s.loadDefinitions(ctx, db)
}

func (s *state) loadDefinitions(ctx context.Context, db querier) error {
	rows, err := db.QueryContext(ctx, `select digest from definition`)
	if err != nil {
		return fmt.Errorf("read definitions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var digest string
		if err := rows.Scan(&digest); err != nil {
			return fmt.Errorf("read definitions: %w", err)
		}
		s.definitions[digest] = true
	}
	return rows.Err()
}

// apply takes over what a command staged.
func (s *state) apply(c *changes) {
	if c.number != 0 {
		s.lastNumber, s.numbered = c.number, true
	}
	for _, d := range c.counts {
		t := s.counts[d.subject]
		if t == nil {
			t = &tally{}
			s.counts[d.subject] = t
		}
		t.add(d.tally)
		s.submitted[d.service] += d.submitted
		s.touched[d.subject] = true
	}
	for _, d := range c.due {
		s.due[d.term] += d.open
	}
	if c.remembered != "" {
		s.definitions[c.remembered] = true
	}
	s.unfiled += c.unfiled
	for _, digest := range c.forgotten {
		delete(s.definitions, digest)
	}
}

// flush writes the group's changes, a row for each thing touched.
func (s *state) flush(t *tx) error {
	if s.numbered {
		if _, err := t.exec(`update store set last_number = $1`, s.lastNumber); err != nil {
			return err
		}
		s.numbered = false
	}
	for k := range s.touched {
		c := s.counts[k]
		if _, err := t.exec(`
			insert into counts (service, digest, started, submitted, rejected, in_progress, drafts, cases)
			values ($1, $2, $3, $4, $5, $6, $7, $8)
			on conflict (service, digest) do update set started = excluded.started, submitted = excluded.submitted,
				rejected = excluded.rejected, in_progress = excluded.in_progress, drafts = excluded.drafts, cases = excluded.cases`,
			k.service, k.digest, c.started, c.submitted, c.rejected, c.inProgress, c.drafts, c.cases); err != nil {
			return err
		}
	}
	clear(s.touched)
	for k, open := range s.due {
		if _, err := t.exec(`
			insert into due (deadline, service, digest, open) values ($1, $2, $3, $4)
			on conflict (deadline, service, digest) do update set open = due.open + excluded.open`,
			k.deadline, k.service, k.digest, open); err != nil {
			return err
		}
	}
	clear(s.due)
	return nil
}

// inUse tells whether a kept draft or application refers to the digest.
func (s *state) inUse() map[string]bool {
	used := map[string]bool{}
	for k, t := range s.counts {
		if t.drafts > 0 || t.cases > 0 {
			used[k.digest] = true
		}
	}
	return used
}

// stamp and instant are how times are kept: microseconds since 1970, in UTC.
func stamp(t time.Time) int64 { return t.UnixMicro() }

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// optional keeps a zero time as null.
func optional(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}
