// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// head is the one row that carries the end of the log from transaction to transaction.
type head struct {
	origin string
	root   Hash
	rng    *compact.Range
}

func readHead(ctx context.Context, db Database) (head, error) {
	var (
		h            head
		size         uint64
		root, hashes []byte
	)
	err := db.QueryRowContext(ctx, `select origin, size, root, hashes from journal_head`).Scan(&h.origin, &size, &root, &hashes)
	if err != nil {
		return head{}, fmt.Errorf("read the journal's head: %w", err)
	}
	if len(root) != HashSize || len(hashes)%HashSize != 0 {
		return head{}, tampered("the head's hashes have %d and %d bytes", len(root), len(hashes))
	}
	copy(h.root[:], root)
	split := make([][]byte, 0, len(hashes)/HashSize)
	for ; len(hashes) > 0; hashes = hashes[HashSize:] {
		split = append(split, hashes[:HashSize:HashSize])
	}
	if h.rng, err = tree.NewRange(0, size, split); err != nil {
		return head{}, tampered("head: %w", err)
	}
	return h, nil
}

// ReadCheckpoint returns the checkpoint of the last committed entry.
func ReadCheckpoint(ctx context.Context, db Database) (Checkpoint, error) {
	h, err := readHead(ctx, db)
	if err != nil {
		return Checkpoint{}, err
	}
	at, err := timeOfLast(ctx, db, h.rng.End())
	if err != nil {
		return Checkpoint{}, err
	}
	return Checkpoint{Origin: h.origin, Size: h.rng.End(), RootHash: h.root, At: at}, nil
}

// timeOfLast is read from the entry, never stored beside it: what is not under the root could be altered unseen.
func timeOfLast(ctx context.Context, db Database, size uint64) (time.Time, error) {
	if size == 0 {
		return time.Time{}, nil
	}
	e, err := ReadEntry(ctx, db, size-1)
	return e.At, err
}

// ReadEntry returns the open part of entry index.
func ReadEntry(ctx context.Context, db Database, index uint64) (Entry, error) {
	var leaf []byte
	if err := db.QueryRowContext(ctx, `select leaf from journal_entry where idx = $1`, index).Scan(&leaf); err != nil {
		return Entry{}, fmt.Errorf("read journal entry %d: %w", index, err)
	}
	e, err := ParseEntry(leaf)
	if err != nil {
		return Entry{}, tampered("entry %d: %w", index, err)
	}
	return e, nil
}

// CheckHead verifies the end of the log in O(log size): the root follows from
// the head's hashes, these from the stored nodes, the last entries hash to
// what stands beside them, and no entry lies beyond. It is what a store does
// at each start; Verify reads everything.
func CheckHead(ctx context.Context, db Database) (Checkpoint, error) {
	h, err := readHead(ctx, db)
	if err != nil {
		return Checkpoint{}, err
	}
	size := h.rng.End()
	root, err := rootOf(h.rng)
	if err != nil {
		return Checkpoint{}, err
	}
	if root != h.root {
		return Checkpoint{}, tampered("the head's root does not follow from its hashes")
	}
	stored, err := nodes(ctx, db, compact.RangeNodes(0, size, nil))
	if err != nil {
		return Checkpoint{}, err
	}
	for i, hash := range h.rng.Hashes() {
		if !bytes.Equal(hash, stored[i]) {
			return Checkpoint{}, tampered("the head's hash %d differs from the entries below it", i)
		}
	}
	if err := checkTail(ctx, db, size); err != nil {
		return Checkpoint{}, err
	}
	at, err := timeOfLast(ctx, db, size)
	return Checkpoint{Origin: h.origin, Size: size, RootHash: root, At: at}, err
}

// checkTail rehashes the last 256 entries and refuses entries beyond the head.
func checkTail(ctx context.Context, db Database, size uint64) error {
	next := size - min(size, 1<<stride)
	rows, err := db.QueryContext(ctx, `select idx, leaf, hash from journal_entry where idx >= $1 order by idx`, next)
	if err != nil {
		return fmt.Errorf("read the journal's tail: %w", err)
	}
	defer rows.Close()
	for ; rows.Next(); next++ {
		var (
			index      uint64
			leaf, hash []byte
		)
		if err := rows.Scan(&index, &leaf, &hash); err != nil {
			return fmt.Errorf("read the journal's tail: %w", err)
		}
		if index != next {
			return tampered("entry %d is missing", next)
		}
		if !bytes.Equal(rfc6962.DefaultHasher.HashLeaf(leaf), hash) {
			return tampered("entry %d does not have its hash", index)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the journal's tail: %w", err)
	}
	if next != size {
		return tampered("the log has %d entries, its head says %d", next, size)
	}
	return nil
}
