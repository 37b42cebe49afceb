// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/okno-dev/okno/internal/intake/store"
)

// plainRows are the inserts of one filing, and the updates of one group, with
// values of the sizes that the store writes.
var plainRows = struct{ perFiling, perGroup []string }{
	perFiling: []string{
		`insert into application (seq, number, service, digest, revision, language, way, filed_at, unit, queue,
			deadline, deadline_provisional, state, preview, entry, envelope)
		values ($1, '2026-0000017-4', $3, $4, 'pension-delivery-5891b5b522', 'ru', 'JSON', 1788264000123456, 'Отдел выплат', 'pensions',
			1788264000123456, false, 'Filed', false, $1, $5)`,
		`insert into request_key (client, key, request_hash, seq) values ('load', $2, $6, $1)`,
		`insert into journal_entry (idx, leaf, hash) values ($1, $7, $6)`,
		`insert into journal_detail (idx, salt, detail) values ($1, $6, $7)`,
	},
	perGroup: []string{
		`update store set last_number = $1`,
		`update journal_head set size = $1, root = $6, hashes = $6`,
		`insert into counts values ($3, $4, $1, $1, 0, $1, 0, $1) on conflict (service, digest) do update set submitted = excluded.submitted`,
		`insert into due values (1788264000123456, $3, $4, $1) on conflict (deadline, service, digest) do update set open = excluded.open`,
	},
}

// Plain inserts the same rows as n filings into the same schema with the same
// durability, in groups of one size, from one goroutine, by plain prepared
// statements: what the database alone can do. Its store in dir is useless afterwards.
func Plain(ctx context.Context, dir string, group, n int) (_ Result, err error) {
	s, err := Open(ctx, dir, store.Options{})
	if err != nil {
		return Result{}, err
	}
	if err := s.Close(); err != nil {
		return Result{}, err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "okno.db")+
		"?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)&_pragma=wal_autocheckpoint(2048)&_pragma=cache_size(-8000)")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return Result{}, err
	}
	defer conn.Close()
	p := plain{ctx: ctx, conn: conn, stmts: map[string]*sql.Stmt{}}
	began := time.Now()
	for done := 1; done <= n; done += group { // entry 0 exists
		if err := p.group(done, min(group, n-done+1)); err != nil {
			return Result{}, err
		}
	}
	return Result{Applications: int64(n), Elapsed: time.Since(began)}, nil
}

// PlainIn runs Plain in a fresh folder under dir, which it removes.
func PlainIn(ctx context.Context, dir string, group, n int) (_ Result, err error) {
	dir, err = os.MkdirTemp(dir, "plain")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return Plain(ctx, dir, group, n)
}

type plain struct {
	ctx   context.Context
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

func (p *plain) group(first, n int) error {
	if err := p.exec("begin immediate"); err != nil {
		return err
	}
	for i := first; i < first+n; i++ {
		for _, query := range plainRows.perFiling {
			if err := p.row(query, i); err != nil {
				return err
			}
		}
	}
	for _, query := range plainRows.perGroup {
		if err := p.row(query, first+n); err != nil {
			return err
		}
	}
	return p.exec("commit")
}

func (p *plain) row(query string, i int) error {
	hash := sha256.Sum256(fmt.Append(nil, i))
	values := []any{i, fmt.Sprintf("1788264000123456789-%d", i), Service, Digest, string(envelope), hash[:], plainLeaf}
	return p.exec(query, values...)
}

const plainLeaf = `{"act":"ApplicationFiled","actor":"Applicant","at":"2026-09-01T12:00:00.123456Z",` +
	`"commitment":"mnnsvzc0duyhh0Oytx7Q1uFR8ccW+y1Kvn/SM0zRgqg=","digest":"` + Digest + `",` +
	`"service":"pension-delivery","starts":true,"subject":"2026-0000017-4"}`

func (p *plain) exec(query string, values ...any) error {
	stmt := p.stmts[query]
	if stmt == nil {
		var err error
		if stmt, err = p.conn.PrepareContext(p.ctx, query); err != nil {
			return err
		}
		p.stmts[query] = stmt
	}
	_, err := stmt.ExecContext(p.ctx, values...)
	return err
}
