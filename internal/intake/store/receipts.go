// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const receiptColumns = `number, filed_at, deadline, deadline_provisional, service, digest, unit, queue, language`

func scanReceipt(scan func(...any) error, r *Receipt, more ...any) error {
	var (
		filed    int64
		deadline sql.NullInt64
	)
	err := scan(append([]any{
		&r.Number, &filed, &deadline, &r.DeadlineProvisional,
		&r.Service, &r.Digest, &r.Unit, &r.Queue, &r.Language,
	}, more...)...)
	r.FiledAt = instant(filed)
	if deadline.Valid {
		r.Deadline = instant(deadline.Int64)
	}
	return err
}

// scanner reads one row of a query, the writer's or a reader's; sql.ErrNoRows when there is none.
type scanner func(dest []any, query string, args ...any) error

// Replay returns the receipt that the key of this client, or this draft, was
// answered with. It only reads. ErrNotFound: neither was ever filed;
// ErrKeyReused: the key was, with another RequestHash. Of f it looks at
// Client, IdempotencyKey, RequestHash and DraftID alone.
func (s *Store) Replay(ctx context.Context, f Filing) (r Receipt, err error) {
	err = s.snapshot(ctx, func(db querier) (err error) {
		r, err = replay(func(dest []any, query string, args ...any) error {
			return db.QueryRowContext(ctx, query, args...).Scan(dest...)
		}, &f)
		return err
	})
	return r, err
}

func replay(scan scanner, f *Filing) (Receipt, error) {
	seq, err := filedBefore(scan, f)
	if errors.Is(err, sql.ErrNoRows) {
		return Receipt{}, fmt.Errorf("receipt: %w", ErrNotFound)
	}
	if err != nil {
		return Receipt{}, err
	}
	r := Receipt{Replayed: true}
	err = scanReceipt(func(dest ...any) error {
		return scan(dest, `select `+receiptColumns+` from application where seq = $1`, seq)
	}, &r)
	return r, err
}

// filedBefore finds the application by its key, then by its draft; sql.ErrNoRows when there is none.
func filedBefore(scan scanner, f *Filing) (seq int64, err error) {
	err = sql.ErrNoRows
	if f.IdempotencyKey != "" {
		var hash []byte
		err = scan([]any{&hash, &seq},
			`select request_hash, seq from request_key where client = $1 and key = $2`, f.Client, f.IdempotencyKey)
		if err == nil && string(hash) != string(f.RequestHash[:]) {
			return 0, ErrKeyReused
		}
	}
	if f.DraftID != "" && errors.Is(err, sql.ErrNoRows) {
		err = scan([]any{&seq}, `select seq from filed_draft where draft_hash = $1`, idHash(f.DraftID))
	}
	return seq, err
}
