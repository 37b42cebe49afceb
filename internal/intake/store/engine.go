// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// engine is what differs between databases. All other SQL of the store is one
// text with $n parameters.
type engine interface {
	// create makes the place where a new store goes; it leaves an existing one alone.
	create() error
	// writer opens the pool that the one writing connection comes from.
	writer() (*sql.DB, error)
	// readers opens the pool for reads; they see what is committed.
	readers() (*sql.DB, error)
	// migrations returns the schema's dialect and its steps.
	migrations() (goose.Dialect, fs.FS, error)
	// begin is the statement that begins a writing transaction.
	begin() string
	// classify says what an error of the writer means for the store.
	classify(error) failure
	// upkeep runs between groups, after their callers were answered. It
	// returns how many syncs it caused.
	upkeep(ctx context.Context, conn *sql.Conn) (syncs int, err error)
	// finish runs once, before the writing connection is closed.
	finish(ctx context.Context, conn *sql.Conn) error
}

// failure is what an error of the database means for the commands of a group.
type failure int

const (
	ofCommand failure = iota // it concerns the command alone
	ofSpace                  // the group is lost, the store works again when there is space
	ofStorage                // what is on disk is no longer known: the process must end
)
