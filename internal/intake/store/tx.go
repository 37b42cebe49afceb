// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/okno-dev/okno/internal/intake/journal"
)

// querier is what *sql.DB, *sql.Conn and *sql.Tx have in common for reading.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// changes is what a command wants to become of the writer's state and of the
// journal. It is staged while the command runs and taken over only when the
// command has succeeded, so that a failing one leaves no trace in memory.
type changes struct {
	number     int64
	counts     []countChange
	due        []dueChange
	remembered string
	forgotten  []string
	unfiled    int64 // bytes of files that wait to be filed: more or fewer
	records    []journal.Record
	changed    bool // the command has changed something in the database
}

type countChange struct {
	subject
	tally
}

type dueChange struct {
	term
	open int64
}

func (c *changes) reset() {
	*c = changes{counts: c.counts[:0], due: c.due[:0], records: c.records[:0]}
}

// tx is a command's view of the group's transaction.
type tx struct {
	w   *writer
	now time.Time // one instant for the whole group
	changes
}

// background: a group is never interrupted by anyone.
var background = context.Background()

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	stmt, err := t.w.stmt(query) //nolint:sqlclosecheck // prepared once, closed with the store
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(background, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if n > 0 {
		t.wrote()
	}
	return n, err
}

// wrote notes that the command has changed something.
func (t *tx) wrote() { t.changed, t.w.wrote = true, true }

// scan reads one row; sql.ErrNoRows when there is none.
func (t *tx) scan(dest []any, query string, args ...any) error {
	stmt, err := t.w.stmt(query) //nolint:sqlclosecheck // prepared once, closed with the store
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(background, args...).Scan(dest...)
}

// each reads all rows; read is called with each row's Scan.
func (t *tx) each(read func(scan func(...any) error) error, query string, args ...any) error {
	stmt, err := t.w.stmt(query) //nolint:sqlclosecheck // prepared once, closed with the store
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(background, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// record puts an act into the journal, at the group's instant.
func (t *tx) record(r journal.Record) {
	r.At = t.now
	t.records = append(t.records, r)
}

// nextEntry returns the journal index that the next recorded act will have.
func (t *tx) nextEntry() uint64 { return t.w.journal.Next() + uint64(len(t.records)) }

// count changes the counts of a definition of a service.
func (t *tx) count(service, digest string, change tally) {
	t.counts = append(t.counts, countChange{subject{service, digest}, change})
}

// term changes how many open cases have this deadline.
func (t *tx) term(service, digest string, deadline, open int64) {
	t.due = append(t.due, dueChange{term{subject{service, digest}, deadline}, open})
}

// nextNumber issues the counter for one application.
func (t *tx) nextNumber() int64 {
	t.number = t.w.state.lastNumber + 1
	return t.number
}

// append puts the recorded acts into the journal, which is written with the group.
func (t *tx) append() error {
	t.w.wrote = t.w.wrote || len(t.records) > 0
	for _, r := range t.records {
		if err := t.w.journal.Append(r); err != nil {
			return err
		}
	}
	return nil
}

// requireDefinition refuses what would leave a case without its definition.
func (t *tx) requireDefinition(digest string) error {
	if !t.w.state.definitions[digest] {
		return fmt.Errorf("definition %q: %w", digest, ErrNotFound)
	}
	return nil
}
