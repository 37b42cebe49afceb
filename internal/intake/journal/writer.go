// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Record is an act to be recorded: the entry without its commitment, and the
// detail that the commitment will be made to.
type Record struct {
	Entry
	Detail []byte // RFC 8785; nil is the empty object
}

// Writer is the log's single sequencer. It belongs to the one goroutine that
// owns the connection; transactions and savepoints are the caller's.
type Writer struct {
	head
	dirty                                      bool
	insertEntry, insertDetail, insertNode, set *sql.Stmt
}

// NewWriter continues the log that the database holds.
func NewWriter(ctx context.Context, conn *sql.Conn) (*Writer, error) {
	w := &Writer{}
	for _, s := range []struct {
		stmt  **sql.Stmt
		query string
	}{
		{&w.insertEntry, `insert into journal_entry (idx, leaf, hash) values ($1, $2, $3)`},
		{&w.insertDetail, `insert into journal_detail (idx, salt, detail) values ($1, $2, $3)`},
		{&w.insertNode, `insert into journal_node (level, idx, hash) values ($1, $2, $3)`},
		{&w.set, `update journal_head set size = $1, root = $2, hashes = $3`},
	} {
		var err error
		if *s.stmt, err = conn.PrepareContext(ctx, s.query); err != nil { //nolint:sqlclosecheck // closed by Close
			return nil, fmt.Errorf("prepare the journal's statements: %w", err)
		}
	}
	return w, w.Reload(ctx, conn)
}

// Create starts a log called origin with its first entry, inside the caller's transaction.
func Create(ctx context.Context, conn *sql.Conn, origin string, at time.Time) error {
	empty, err := rootOf(tree.NewEmptyRange(0))
	if err != nil {
		return err
	}
	const insert = `insert into journal_head (one, origin, size, root, hashes) values (1, $1, 0, $2, $3)`
	if _, err := conn.ExecContext(ctx, insert, origin, empty[:], []byte{}); err != nil {
		return fmt.Errorf("create the journal's head: %w", err)
	}
	w, err := NewWriter(ctx, conn)
	if err != nil {
		return err
	}
	defer w.Close()
	first := Record{Entry: Entry{At: at, Actor: System, Act: JournalOpened, Subject: origin}}
	if err := w.Append(ctx, first); err != nil {
		return err
	}
	return w.Flush(ctx)
}

// Reload takes up the head as the database has it, after a transaction was lost.
func (w *Writer) Reload(ctx context.Context, db Database) error {
	h, err := readHead(ctx, db)
	if err != nil {
		return err
	}
	w.head, w.dirty = h, false
	return nil
}

// Origin returns the log's name.
func (w *Writer) Origin() string { return w.origin }

// Next returns the index that the next entry will have.
func (w *Writer) Next() uint64 { return w.rng.End() }

// Mark is a point in the log to return to when a savepoint is rolled back.
type Mark struct {
	size   uint64
	hashes [][]byte
	dirty  bool
}

// Mark remembers the present end of the log.
func (w *Writer) Mark() Mark {
	return Mark{w.rng.End(), slices.Clone(w.rng.Hashes()), w.dirty}
}

// Reset forgets what was appended since the mark.
func (w *Writer) Reset(m Mark) {
	r, err := tree.NewRange(0, m.size, m.hashes)
	if err != nil {
		panic(err) // a mark is always a range that existed
	}
	w.rng, w.dirty = r, m.dirty
}

// Append writes the record as the next entry, under a salt of its own.
func (w *Writer) Append(ctx context.Context, rec Record) error {
	detail := rec.Detail
	if detail == nil {
		detail = []byte("{}")
	}
	var salt [SaltSize]byte
	rand.Read(salt[:]) // never fails: crypto/rand ends the process instead
	rec.Commitment = Commit(salt[:], detail)
	leaf, index := rec.Leaf(), w.rng.End()
	hash := rfc6962.DefaultHasher.HashLeaf(leaf)
	if _, err := w.insertEntry.ExecContext(ctx, index, string(leaf), hash); err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	if _, err := w.insertDetail.ExecContext(ctx, index, salt[:], string(detail)); err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	var failed error
	err := w.rng.Append(hash, func(id compact.NodeID, hash []byte) {
		if failed == nil && isStored(id) {
			_, failed = w.insertNode.ExecContext(ctx, id.Level, id.Index, hash)
		}
	})
	w.dirty = true
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	return nil
}

// Flush writes the head once for all entries of a transaction; it must run
// before the commit. It does nothing when nothing was appended.
func (w *Writer) Flush(ctx context.Context) error {
	if !w.dirty {
		return nil
	}
	root, err := rootOf(w.rng)
	if err != nil {
		return err
	}
	hashes := make([]byte, 0, len(w.rng.Hashes())*HashSize)
	for _, hash := range w.rng.Hashes() {
		hashes = append(hashes, hash...)
	}
	if _, err := w.set.ExecContext(ctx, w.rng.End(), root[:], hashes); err != nil {
		return fmt.Errorf("write the journal's head: %w", err)
	}
	w.root, w.dirty = root, false
	return nil
}

// Close releases the prepared statements.
func (w *Writer) Close() {
	for _, s := range []*sql.Stmt{w.insertEntry, w.insertDetail, w.insertNode, w.set} {
		s.Close()
	}
}
