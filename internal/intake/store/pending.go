// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
)

const servedColumns = `service, seq, action, digest, revision, since, publication`

// RememberPending keeps a record that becomes effective at v.Since, so that it is obeyed then also after a restart without
// anybody to ask. It replaces the service's former pending record unless that has a higher sequence number. Its definition
// is kept; one that was not remembered is ErrNotFound, unless it is a withdrawal.
func (s *Store) RememberPending(ctx context.Context, v Served) error {
	return s.do(ctx, len(v.Publication), func(t *tx) error {
		if v.Action != ActionWithdraw {
			if err := t.requireDefinition(v.Digest); err != nil {
				return err
			}
		}
		_, err := t.exec(`
			insert into pending (`+servedColumns+`) values ($1, $2, $3, $4, $5, $6, $7)
			on conflict (service) do update set seq = excluded.seq, action = excluded.action, digest = excluded.digest,
				revision = excluded.revision, since = excluded.since, publication = excluded.publication
			where excluded.seq >= pending.seq`,
			v.Service, v.Seq, v.Action, v.Digest, v.Revision, stamp(v.Since), string(v.Publication))
		return err
	})
}

// Pending returns the records that were remembered and not served yet, by service.
func (s *Store) Pending(ctx context.Context) ([]Served, error) {
	all, err := s.servedRows(ctx, `select `+servedColumns+` from pending order by service`)
	if err != nil {
		return nil, fmt.Errorf("read what is pending: %w", err)
	}
	return all, nil
}
