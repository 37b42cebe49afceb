// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Report is what a verification found.
type Report struct {
	Checkpoint Checkpoint
	// Erased counts entries whose detail is gone. Their proofs still hold.
	Erased uint64
	// FirstBad is the first index that differs; it has a meaning only beside an error.
	FirstBad uint64
}

// Verify reads the whole log, recomputes every hash, and compares it with the
// stored hashes, the head and the known checkpoints, which may be older than
// the head. It streams: memory does not grow with the log. The error wraps
// ErrTampered when the log is not what it was; Report.FirstBad then names the
// first entry that differs, as exactly as the remaining hashes can tell.
//
// db must be one transaction, else entries appended meanwhile look like forgery.
func Verify(ctx context.Context, db Database, known ...Checkpoint) (Report, error) {
	h, err := readHead(ctx, db)
	if err != nil {
		return Report{}, err
	}
	v := &verifier{rng: tree.NewEmptyRange(0), inner: map[compact.NodeID][]byte{}, known: known, origin: h.origin}
	if err := v.entries(ctx, db); err != nil {
		return Report{Erased: v.erased, FirstBad: v.rng.End()}, err
	}
	return v.finish(ctx, db, h)
}

type verifier struct {
	rng    *compact.Range
	inner  map[compact.NodeID][]byte // recomputed nodes that must be stored; one for 256 entries, dropped once compared
	known  []Checkpoint
	origin string
	erased uint64
	last   []byte
}

// entries checks all entries in order while the next ones are being read.
func (v *verifier) entries(ctx context.Context, db Database) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	full, free := make(chan *block, blocks), make(chan *block, blocks)
	for range blocks {
		free <- &block{}
	}
	var readErr error
	go func() {
		defer close(full)
		readErr = readBlocks(ctx, db, full, free)
	}()
	var bad error
	for b := range full { // to the end also after a finding: the database is free again only then
		if bad == nil {
			bad = v.block(b)
		}
		if bad != nil {
			cancel()
		}
		free <- b
	}
	if bad != nil {
		return bad
	}
	return readErr
}

func (v *verifier) block(b *block) error {
	for _, r := range b.rows {
		if err := v.entry(r.index, r.leaf, r.hash, r.salt, r.detail); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) entry(index uint64, leaf, hash, salt, detail []byte) error {
	want := v.rng.End()
	if index != want {
		return tampered("entry %d is missing, %d follows", want, index)
	}
	computed := rfc6962.DefaultHasher.HashLeaf(leaf)
	if !bytes.Equal(computed, hash) {
		return tampered("entry %d does not have its hash", index)
	}
	commitment, err := commitmentIn(leaf)
	switch {
	case err != nil:
		return tampered("entry %d: %w", index, err)
	case salt == nil && detail == nil:
		v.erased++
	case Commit(salt, detail) != commitment:
		return tampered("entry %d: the detail is not the one committed to", index)
	}
	v.last = append(v.last[:0], leaf...)
	if index == 0 {
		if first, err := ParseEntry(leaf); err != nil || first.Act != JournalOpened || first.Subject != v.origin {
			return tampered("entry 0 does not open the log %q", v.origin)
		}
	}
	if err := v.rng.Append(computed, func(id compact.NodeID, hash []byte) {
		if isStored(id) {
			v.inner[id] = hash
		}
	}); err != nil {
		return err
	}
	return v.compareKnown()
}

// compareKnown compares with the checkpoints that end at this very entry.
func (v *verifier) compareKnown() error {
	for _, c := range v.known {
		if c.Size != v.rng.End() {
			continue
		}
		root, err := rootOf(v.rng)
		if err != nil {
			return err
		}
		if root != c.RootHash || c.Origin != v.origin {
			return tampered("the first %d entries are not those of the known checkpoint", c.Size)
		}
	}
	return nil
}

// finish compares what was recomputed with the stored nodes and the head.
func (v *verifier) finish(ctx context.Context, db Database, h head) (Report, error) {
	report := Report{Erased: v.erased, FirstBad: v.rng.End()}
	if first, err := v.compareNodes(ctx, db); err != nil {
		report.FirstBad = first
		return report, err
	}
	root, err := rootOf(v.rng)
	if err != nil {
		return report, err
	}
	if v.rng.End() != h.rng.End() {
		report.FirstBad = min(v.rng.End(), h.rng.End())
		return report, tampered("the log has %d entries, its head says %d", v.rng.End(), h.rng.End())
	}
	if root != h.root || !v.rng.Equal(h.rng) {
		return report, tampered("the head does not follow from the entries")
	}
	report.Checkpoint = Checkpoint{Origin: h.origin, Size: v.rng.End(), RootHash: root}
	for _, c := range v.known {
		if c.Size > v.rng.End() {
			return report, tampered("the log has %d entries, a known checkpoint %d", v.rng.End(), c.Size)
		}
	}
	if v.rng.End() == 0 {
		return report, tampered("the log has no first entry")
	}
	last, err := ParseEntry(v.last)
	if err != nil {
		report.FirstBad--
		return report, tampered("entry %d: %w", report.FirstBad, err)
	}
	report.Checkpoint.At = last.At
	return report, nil
}

func (v *verifier) compareNodes(ctx context.Context, db Database) (uint64, error) {
	rows, err := db.QueryContext(ctx, `select level, idx, hash from journal_node order by level, idx`)
	if err != nil {
		return v.rng.End(), fmt.Errorf("read the journal's nodes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var (
			id   compact.NodeID
			hash sql.RawBytes
		)
		if err := rows.Scan(&id.Level, &id.Index, &hash); err != nil {
			return 0, tampered("node: %w", err)
		}
		first, _ := id.Coverage()
		if !bytes.Equal(v.inner[id], hash) {
			return first, tampered("node %d of level %d does not follow from the entries", id.Index, id.Level)
		}
		delete(v.inner, id)
	}
	if err := rows.Err(); err != nil {
		return v.rng.End(), fmt.Errorf("read the journal's nodes: %w", err)
	}
	for id := range v.inner {
		first, _ := id.Coverage()
		return first, tampered("node %d of level %d is missing", id.Index, id.Level)
	}
	return 0, nil
}
