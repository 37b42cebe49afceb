// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/okno-dev/okno/internal/intake/journal"
)

// maxCodes bounds what one refused submission may write.
const maxCodes = 100

// CountRejected counts a submission that validation refused. Of it only the
// codes are recorded; they must come from the definition, not from the applicant.
func (s *Store) CountRejected(ctx context.Context, service, digest string, codes []string) error {
	codes = slices.Clone(codes)
	slices.Sort(codes)
	codes = slices.Compact(codes)
	o := journal.NewObject(nil)
	o.Strings("codes", codes[:min(len(codes), maxCodes)])
	detail := o.Bytes()
	return s.do(ctx, len(detail), func(t *tx) error {
		t.count(service, digest, tally{rejected: 1})
		t.record(journal.Record{
			Entry: journal.Entry{
				Actor: journal.Applicant, Act: journal.ApplicationRejected,
				Subject: service, Service: service, Digest: digest,
			},
			Detail: detail,
		})
		return nil
	})
}

// Counts returns the counts of every service and definition, overdue ones as
// of now; see CountsAt.
func (s *Store) Counts(ctx context.Context) ([]Counts, error) {
	return s.CountsAt(ctx, s.options.Clock())
}

// CountsAt returns the counts of every service and definition in that order.
// Overdue are cases in progress whose deadline lies before now. It reads
// folded rows only: its cost does not grow with the applications.
func (s *Store) CountsAt(ctx context.Context, now time.Time) ([]Counts, error) {
	rows, err := s.readDB.QueryContext(ctx, `
		select c.service, c.digest, c.started, c.submitted, c.rejected, c.in_progress, coalesce(d.open, 0)
		from counts c
		left join (select service, digest, sum(open) as open from due where deadline < $1 group by service, digest) d
			on d.service = c.service and d.digest = c.digest
		order by c.service, c.digest`, stamp(now))
	if err != nil {
		return nil, fmt.Errorf("read counts: %w", err)
	}
	defer rows.Close()
	var all []Counts
	for rows.Next() {
		var c Counts
		if err := rows.Scan(&c.Service, &c.Digest, &c.Started, &c.Submitted, &c.RejectedByValidation,
			&c.InProgress, &c.Overdue); err != nil {
			return nil, fmt.Errorf("read counts: %w", err)
		}
		all = append(all, c)
	}
	return all, rows.Err()
}
