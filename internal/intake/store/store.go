// SPDX-License-Identifier: Apache-2.0

// Package store keeps what an agency's intake has promised to keep: filed
// applications, drafts, files, the definitions they were made on, counts, and
// the journal of every act.
//
// Writes are commands to one writer, which commits them in groups; a command
// returns after the sync of its group, so what is acknowledged is on disk.
// Reads have connections of their own and see what is committed.
//
// The store is one SQLite file beside a lock file. It must lie on a local file
// system whose fsync can be trusted.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/okno-dev/okno/internal/intake/journal"
)

// Options are the store's settings; each zero value has a default.
type Options struct {
	// Clock tells the time that acts are recorded with; default time.Now.
	Clock func() time.Time
	// Fatal is called once when storage failed (a sync, a read, a damaged
	// file). By default it logs and ends the process: after a failed sync the
	// kernel may report success for data that it dropped.
	Fatal func(error)
	// MaxBatch is how many commands share one commit at most; default 128.
	MaxBatch int
	// QueueLimit is how many commands may wait before ErrBusy; default 4096.
	QueueLimit int
	// MaxUnfiledBytes bounds the files of all drafts and uploads together, so that nobody fills the disk without
	// applying; default 2 GiB.
	MaxUnfiledBytes int64
}

// queueBytes bounds the payload of all waiting commands.
const queueBytes = 64 << 20

// Store is an open store. Its methods may be called from many goroutines.
type Store struct {
	options   Options
	engine    engine
	lock      *os.File
	writeDB   *sql.DB
	readDB    *sql.DB
	writer    *writer
	secretKey []byte
	closing   func() error
}

func (o *Options) complete() {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Fatal == nil {
		o.Fatal = func(err error) {
			slog.Error("the store cannot go on", "err", err)
			os.Exit(1)
		}
	}
	if o.MaxBatch <= 0 {
		o.MaxBatch = 128
	}
	if o.QueueLimit <= 0 {
		o.QueueLimit = 4096
	}
	if o.MaxUnfiledBytes <= 0 {
		o.MaxUnfiledBytes = 2 << 30
	}
}

// Open opens the store at path, creating it when there is none. It takes the
// lock (ErrLocked names the file when another process has it), migrates the
// schema, verifies the journal's head, and clears away uploads that a crash interrupted.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	o.complete()
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	s := &Store{options: o, engine: &sqliteEngine{path: path}}
	if s.lock, err = lockFile(path + ".lock"); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %q: %w", path, err), s.release())
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %q: %w", path, err), s.Close())
	}
	return s, nil
}

func (s *Store) start(ctx context.Context) (err error) {
	if err := s.engine.create(); err != nil {
		return err
	}
	if s.writeDB, err = s.engine.writer(); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if s.readDB, err = s.engine.readers(); err != nil {
		return err
	}
	conn, err := s.writeDB.Conn(ctx)
	if err != nil {
		return err
	}
	if err := s.prepare(ctx, conn); err != nil {
		return errors.Join(err, conn.Close())
	}
	s.closing = sync.OnceValue(s.shutDown)
	go s.writer.run()
	return nil
}

func (s *Store) migrate(ctx context.Context) error {
	dialect, steps, err := s.engine.migrations()
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, s.writeDB, steps,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// prepare brings up the writer on its connection.
func (s *Store) prepare(ctx context.Context, conn *sql.Conn) error {
	if err := s.initialise(ctx, conn); err != nil {
		return err
	}
	if _, err := journal.CheckHead(ctx, conn); err != nil {
		return err
	}
	if err := conn.QueryRowContext(ctx, `select secret_key from store`).Scan(&s.secretKey); err != nil {
		return fmt.Errorf("read the store's row: %w", err)
	}
	state, err := loadState(ctx, conn)
	if err != nil {
		return err
	}
	log, err := journal.NewWriter(ctx, conn)
	if err != nil {
		return err
	}
	s.writer = &writer{
		engine: s.engine, conn: conn, stmts: map[string]*sql.Stmt{},
		queue: newQueue(s.options.QueueLimit, queueBytes), state: state, journal: log,
		maxBatch: s.options.MaxBatch, maxUnfiled: s.options.MaxUnfiledBytes, clock: s.options.Clock, fatal: s.options.Fatal,
		stopped: make(chan struct{}),
	}
	s.writer.tx.w = s.writer
	return nil
}

// initialise gives a new store its key and its journal, and an old one a clean start.
func (s *Store) initialise(ctx context.Context, conn *sql.Conn) (err error) {
	if _, err := conn.ExecContext(ctx, s.engine.begin()); err != nil {
		return err
	}
	defer func() {
		end := "commit"
		if err != nil {
			end = "rollback"
		}
		_, ended := conn.ExecContext(ctx, end)
		err = errors.Join(err, ended)
	}()
	var exists bool
	if err := conn.QueryRowContext(ctx, `select exists (select 1 from store)`).Scan(&exists); err != nil {
		return err
	}
	if !exists {
		key := make([]byte, 32)
		rand.Read(key) // never fails: crypto/rand ends the process instead
		if _, err := conn.ExecContext(ctx, `insert into store (one, secret_key, last_number) values (1, $1, 0)`, key); err != nil {
			return err
		}
		return journal.Create(ctx, conn, "okno.dev/journal/"+newID(), s.options.Clock())
	}
	for _, clean := range []string{
		`delete from chunk where file in (select seq from file where kind = 'Uploading')`,
		`delete from file where kind = 'Uploading'`,
	} {
		if _, err := conn.ExecContext(ctx, clean); err != nil {
			return err
		}
	}
	return nil
}

// Close answers what is queued, refuses what comes later, and closes the
// store. Closing again answers the same.
func (s *Store) Close() error { return s.closing() }

func (s *Store) shutDown() error {
	s.writer.queue.close(ErrStopped)
	<-s.writer.stopped
	err := s.engine.finish(background, s.writer.conn)
	for _, stmt := range s.writer.stmts {
		err = errors.Join(err, stmt.Close())
	}
	s.writer.journal.Close()
	return errors.Join(err, s.writer.conn.Close(), s.release())
}

func (s *Store) release() error {
	var errs []error
	for _, db := range []*sql.DB{s.readDB, s.writeDB} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// syncDir makes the names of newly created files durable.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
