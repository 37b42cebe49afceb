// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"strings"
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
// owns the connection; transactions are the caller's. What is appended is
// written by Flush, many rows with each statement.
type Writer struct {
	head
	entries []entryRow
	nodes   []nodeRow
	stmts   statements
}

// entryRow is an entry with its detail, and nodeRow a stored node, on their way into the database.
type entryRow struct {
	index              uint64
	leaf, hash, detail []byte
	salt               [SaltSize]byte
}

type nodeRow struct {
	id   compact.NodeID
	hash []byte
}

// rowsAtOnce is how many entries one statement inserts when so many are there.
const rowsAtOnce = 8

// statements are prepared once: those for one entry, those for rowsAtOnce of them, and the others.
type statements struct{ entry, entries, detail, details, node, head *sql.Stmt }

// NewWriter continues the log that the database holds.
func NewWriter(ctx context.Context, conn *sql.Conn) (*Writer, error) {
	w := &Writer{}
	const entry, detail = `insert into journal_entry (idx, leaf, hash) values `, `insert into journal_detail (idx, salt, detail) values `
	for _, s := range []struct {
		stmt  **sql.Stmt
		query string
	}{
		{&w.stmts.entry, entry + places(1)},
		{&w.stmts.entries, entry + places(rowsAtOnce)},
		{&w.stmts.detail, detail + places(1)},
		{&w.stmts.details, detail + places(rowsAtOnce)},
		{&w.stmts.node, `insert into journal_node (level, idx, hash) values ` + places(1)},
		{&w.stmts.head, `update journal_head set size = $1, root = $2, hashes = $3`},
	} {
		var err error
		if *s.stmt, err = conn.PrepareContext(ctx, s.query); err != nil { //nolint:sqlclosecheck // closed by Close
			return nil, fmt.Errorf("prepare the journal's statements: %w", err)
		}
	}
	return w, w.Reload(ctx, conn)
}

// places are the parameters of rows of three values: ($1, $2, $3), ($4, $5, $6).
func places(rows int) string {
	var text strings.Builder
	for n := range rows {
		if n > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "($%d, $%d, $%d)", 3*n+1, 3*n+2, 3*n+3)
	}
	return text.String()
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
	if err := w.Append(first); err != nil {
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
	w.head = h
	w.written()
	return nil
}

// Origin returns the log's name.
func (w *Writer) Origin() string { return w.origin }

// Next returns the index that the next entry will have.
func (w *Writer) Next() uint64 { return w.rng.End() }

// Mark is a point in the log to return to before it is flushed.
type Mark struct {
	size           uint64
	hashes         [][]byte
	entries, nodes int
}

// Mark remembers the present end of the log.
func (w *Writer) Mark() Mark {
	return Mark{w.rng.End(), slices.Clone(w.rng.Hashes()), len(w.entries), len(w.nodes)}
}

// Reset forgets what was appended since the mark.
func (w *Writer) Reset(m Mark) {
	r, err := tree.NewRange(0, m.size, m.hashes)
	if err != nil {
		panic(err) // a mark is always a range that existed
	}
	w.rng, w.entries, w.nodes = r, w.entries[:m.entries], w.nodes[:m.nodes]
}

// Append makes the record the next entry, under a salt of its own.
func (w *Writer) Append(rec Record) error {
	e := entryRow{index: w.rng.End(), detail: rec.Detail}
	if e.detail == nil {
		e.detail = []byte("{}")
	}
	rand.Read(e.salt[:]) // never fails: crypto/rand ends the process instead
	rec.Commitment = Commit(e.salt[:], e.detail)
	e.leaf = rec.Leaf()
	e.hash = rfc6962.DefaultHasher.HashLeaf(e.leaf)
	err := w.rng.Append(e.hash, func(id compact.NodeID, hash []byte) {
		if isStored(id) {
			w.nodes = append(w.nodes, nodeRow{id, hash})
		}
	})
	if err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	w.entries = append(w.entries, e)
	return nil
}

// Flush writes what was appended, and the head once for all of it; it must run
// before the commit. It does nothing when nothing was appended.
func (w *Writer) Flush(ctx context.Context) error {
	if len(w.entries) == 0 {
		return nil
	}
	root, err := rootOf(w.rng)
	if err != nil {
		return err
	}
	if err := w.write(ctx); err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	hashes := make([]byte, 0, len(w.rng.Hashes())*HashSize)
	for _, hash := range w.rng.Hashes() {
		hashes = append(hashes, hash...)
	}
	if _, err := w.stmts.head.ExecContext(ctx, w.rng.End(), root[:], hashes); err != nil {
		return fmt.Errorf("write the journal's head: %w", err)
	}
	w.root = root
	w.written()
	return nil
}

// write inserts the rows of what was appended.
func (w *Writer) write(ctx context.Context) error {
	for rest := w.entries; len(rest) > 0; {
		n, entries, details := 1, w.stmts.entry, w.stmts.detail
		if len(rest) >= rowsAtOnce {
			n, entries, details = rowsAtOnce, w.stmts.entries, w.stmts.details
		}
		opened, kept := make([]any, 0, 3*rowsAtOnce), make([]any, 0, 3*rowsAtOnce)
		for i := range rest[:n] {
			e := &rest[i]
			opened = append(opened, e.index, string(e.leaf), e.hash)
			kept = append(kept, e.index, e.salt[:], string(e.detail))
		}
		if _, err := entries.ExecContext(ctx, opened...); err != nil {
			return err
		}
		if _, err := details.ExecContext(ctx, kept...); err != nil {
			return err
		}
		rest = rest[n:]
	}
	for _, node := range w.nodes {
		if _, err := w.stmts.node.ExecContext(ctx, node.id.Level, node.id.Index, node.hash); err != nil {
			return err
		}
	}
	return nil
}

// written forgets what was on its way, and lets go of it.
func (w *Writer) written() {
	clear(w.entries)
	clear(w.nodes)
	w.entries, w.nodes = w.entries[:0], w.nodes[:0]
}

// Close releases the prepared statements.
func (w *Writer) Close() {
	for _, s := range []*sql.Stmt{w.stmts.entry, w.stmts.entries, w.stmts.detail, w.stmts.details, w.stmts.node, w.stmts.head} {
		s.Close()
	}
}
