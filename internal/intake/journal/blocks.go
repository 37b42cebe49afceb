// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"database/sql"
	"fmt"
)

// Verification reads in one goroutine and hashes in another; rows travel in
// blocks that are used again, so that memory stays the same for any log.
const (
	blocks    = 4
	blockRows = 128
)

type block struct {
	rows  []row
	bytes []byte // what the rows point into
}

type row struct {
	index                    uint64
	leaf, hash, salt, detail []byte // salt and detail are nil when erased
}

// keep copies what the database lends until its next row.
func (b *block) keep(lent sql.RawBytes) []byte {
	if lent == nil {
		return nil
	}
	start := len(b.bytes)
	b.bytes = append(b.bytes, lent...)
	return b.bytes[start:len(b.bytes):len(b.bytes)]
}

// readBlocks sends all entries in order.
func readBlocks(ctx context.Context, db Database, full chan<- *block, free <-chan *block) error {
	rows, err := db.QueryContext(ctx, `
		select e.idx, e.leaf, e.hash, d.salt, d.detail
		from journal_entry e left join journal_detail d on d.idx = e.idx order by e.idx`)
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	defer rows.Close()
	for more := true; more; {
		b := <-free
		b.rows, b.bytes = b.rows[:0], b.bytes[:0]
		for len(b.rows) < blockRows {
			if more = rows.Next(); !more {
				break
			}
			var (
				r                        row
				leaf, hash, salt, detail sql.RawBytes
			)
			if err := rows.Scan(&r.index, &leaf, &hash, &salt, &detail); err != nil {
				full <- b
				return tampered("entry %d cannot be read: %w", r.index, err)
			}
			r.leaf, r.hash, r.salt, r.detail = b.keep(leaf), b.keep(hash), b.keep(salt), b.keep(detail)
			b.rows = append(b.rows, r)
		}
		full <- b
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	return nil
}
