// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/sqlite/*.sql
var sqliteMigrations embed.FS

// checkpointPages is how many pages go into the write-ahead log before they
// are moved into the database: 8 MiB of 4 KiB pages.
const checkpointPages = 2048

// readerRest is how long a reader that nobody needs keeps its connection, and with it a megabyte of cached pages.
const readerRest = 30 * time.Second

// sqliteEngine keeps the store in one file with a write-ahead log.
type sqliteEngine struct{ path string } // absolute

// create makes the file readable by its owner alone; SQLite gives its other files the same mode.
func (e *sqliteEngine) create() error {
	f, err := os.OpenFile(e.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (e *sqliteEngine) open(extra url.Values, pragmas ...string) (*sql.DB, error) {
	extra["_pragma"] = append([]string{"busy_timeout(5000)"}, pragmas...)
	extra.Set("_dqs", "0")
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: e.path}).EscapedPath(), RawQuery: extra.Encode()}
	return sql.Open("sqlite", name.String())
}

func (e *sqliteEngine) writer() (*sql.DB, error) {
	db, err := e.open(url.Values{"_txlock": {"immediate"}},
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"temp_store(MEMORY)",    // savepoints' journals never touch the disk
		"secure_delete(ON)",     // what is deleted is overwritten: drafts are personal data
		"wal_autocheckpoint(0)", // upkeep does it, where a failed sync is seen
		"cache_size(-8000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func (e *sqliteEngine) readers() (*sql.DB, error) {
	db, err := e.open(url.Values{}, "query_only(1)", "cache_size(-1000)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(4)
	db.SetConnMaxIdleTime(readerRest)
	return db, nil
}

func (e *sqliteEngine) migrations() (goose.Dialect, fs.FS, error) {
	steps, err := fs.Sub(sqliteMigrations, "migrations/sqlite")
	return goose.DialectSQLite3, steps, err
}

func (e *sqliteEngine) begin() string { return "begin immediate" }

func (e *sqliteEngine) classify(err error) failure {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return ofCommand
	}
	switch failed.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return ofSpace
	case sqlite3.SQLITE_IOERR:
		if failed.Code() == sqlite3.SQLITE_IOERR_SHMSIZE { // the log's index could not grow
			return ofSpace
		}
		return ofStorage
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return ofStorage
	}
	return ofCommand
}

// upkeep moves a grown write-ahead log into the database.
func (e *sqliteEngine) upkeep(ctx context.Context, conn *sql.Conn) (int, error) {
	written := 0
	err := conn.Raw(func(driver any) (err error) {
		written, _, err = driver.(sqlite.DBStatus).Status(sqlite.DBStatusCacheWrite, false)
		return err
	})
	if err != nil || written < checkpointPages {
		return 0, err
	}
	if err := e.checkpoint(ctx, conn, "PASSIVE"); err != nil {
		return 0, err
	}
	err = conn.Raw(func(driver any) error {
		_, _, err := driver.(sqlite.DBStatus).Status(sqlite.DBStatusCacheWrite, true)
		return err
	})
	return 2, err // the log, then the database
}

func (e *sqliteEngine) checkpoint(ctx context.Context, conn *sql.Conn, mode string) error {
	var busy, inLog, moved int
	if err := conn.QueryRowContext(ctx, "pragma wal_checkpoint("+mode+")").Scan(&busy, &inLog, &moved); err != nil {
		return fmt.Errorf("move the write-ahead log into the database: %w", err)
	}
	return nil
}

func (e *sqliteEngine) finish(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "pragma optimize")
	return err
}
