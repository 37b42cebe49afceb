// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/okno-dev/okno/internal/intake/journal"
)

// definitionGrace is how long a definition is kept that nobody serves yet: it
// is remembered first and served a moment later.
const definitionGrace = time.Hour

// RememberDefinition keeps the canonical raw JSON of a definition. Whoever
// calls it has checked that body hashes to digest. Remembering it again is
// free; another body under the same digest is ErrConflict.
func (s *Store) RememberDefinition(ctx context.Context, digest string, body []byte) error {
	return s.do(ctx, len(body), func(t *tx) error {
		if t.w.state.definitions[digest] {
			var stored string
			if err := t.scan([]any{&stored}, `select body from definition where digest = $1`, digest); err != nil {
				return err
			}
			if stored != string(body) {
				return fmt.Errorf("definition %q has another body: %w", digest, ErrConflict)
			}
			_, err := t.exec(`update definition set remembered_at = $1 where digest = $2`, stamp(t.now), digest)
			return err
		}
		t.remembered = digest
		_, err := t.exec(`insert into definition (digest, remembered_at, body) values ($1, $2, $3)`, digest, stamp(t.now), string(body))
		return err
	})
}

// RememberServed keeps what is served of a service from now on. A sequence
// number that is not higher than the stored one is ignored. Serving a
// definition that was not remembered is ErrNotFound.
func (s *Store) RememberServed(ctx context.Context, v Served) error {
	if len(v.Publication) == 0 {
		v.Publication = json.RawMessage("null")
	}
	return s.do(ctx, len(v.Publication), func(t *tx) error {
		act := journal.ServiceWithdrawn
		if v.Action != ActionWithdraw {
			act = journal.DefinitionServed
			if err := t.requireDefinition(v.Digest); err != nil {
				return err
			}
		}
		n, err := t.exec(`
			insert into served (service, seq, action, digest, revision, since, publication) values ($1, $2, $3, $4, $5, $6, $7)
			on conflict (service) do update set seq = excluded.seq, action = excluded.action, digest = excluded.digest,
				revision = excluded.revision, since = excluded.since, publication = excluded.publication
			where excluded.seq > served.seq`,
			v.Service, v.Seq, v.Action, v.Digest, v.Revision, stamp(v.Since), string(v.Publication))
		if err != nil || n == 0 {
			return err
		}
		// What is served supersedes what waited to be, unless that is newer.
		if _, err := t.exec(`delete from pending where service = $1 and seq <= $2`, v.Service, v.Seq); err != nil {
			return err
		}
		o := journal.NewObject(nil)
		o.String("action", v.Action)
		o.String("revision", v.Revision)
		o.Int("seq", v.Seq)
		t.record(journal.Record{
			Entry:  journal.Entry{Actor: journal.Controller, Act: act, Subject: v.Service, Service: v.Service, Digest: v.Digest},
			Detail: o.Bytes(),
		})
		return nil
	})
}

// CollectDefinitions drops the definitions that no service names as served (or
// last served) or pending, no draft and no application refers to, and that were not
// remembered within the last hour. It returns how many.
func (s *Store) CollectDefinitions(ctx context.Context) (int, error) {
	dropped := 0
	err := s.do(ctx, 0, func(t *tx) error {
		used := t.w.state.inUse()
		var unused []string
		err := t.each(func(scan func(...any) error) error {
			var digest string
			err := scan(&digest)
			if !used[digest] {
				unused = append(unused, digest)
			}
			return err
		}, `select digest from definition where remembered_at < $1 and digest not in (select digest from served)
			and digest not in (select digest from pending)`,
			stamp(t.now.Add(-definitionGrace)))
		if err != nil {
			return err
		}
		for _, digest := range unused {
			if _, err := t.exec(`delete from definition where digest = $1`, digest); err != nil {
				return err
			}
		}
		t.forgotten, dropped = unused, len(unused)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return dropped, nil
}

// Served returns the newest Served of every service, by service.
func (s *Store) Served(ctx context.Context) ([]Served, error) {
	all, err := s.servedRows(ctx, `select `+servedColumns+` from served order by service`)
	if err != nil {
		return nil, fmt.Errorf("read what is served: %w", err)
	}
	return all, nil
}

func (s *Store) servedRows(ctx context.Context, query string) ([]Served, error) {
	rows, err := s.readDB.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Served
	for rows.Next() {
		var (
			v           Served
			since       int64
			publication string
		)
		if err := rows.Scan(&v.Service, &v.Seq, &v.Action, &v.Digest, &v.Revision, &since, &publication); err != nil {
			return nil, err
		}
		v.Since, v.Publication = instant(since), json.RawMessage(publication)
		all = append(all, v)
	}
	return all, rows.Err()
}

// HasDefinition tells whether a definition is remembered.
func (s *Store) HasDefinition(ctx context.Context, digest string) (bool, error) {
	var known bool
	err := s.readDB.QueryRowContext(ctx, `select exists (select 1 from definition where digest = $1)`, digest).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("look for a definition: %w", err)
	}
	return known, nil
}

// Definition returns the canonical raw JSON of a remembered definition.
func (s *Store) Definition(ctx context.Context, digest string) ([]byte, error) {
	var body string
	err := s.readDB.QueryRowContext(ctx, `select body from definition where digest = $1`, digest).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("definition %q: %w", digest, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read definition: %w", err)
	}
	return []byte(body), nil
}
