// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// stride is how many levels of the tree share one stored level: of the inner
// nodes only the roots of perfect subtrees of 2^8, 2^16 … leaves are kept, and
// the levels between are recomputed from at most 128 hashes.
const stride = 8

var tree = &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// isStored tells whether the node is kept in its own row; leaves' hashes stand beside their entries.
func isStored(id compact.NodeID) bool { return id.Level > 0 && id.Level%stride == 0 }

// node returns the hash of the root of a perfect subtree, computed from what is stored below it.
func node(ctx context.Context, db Database, id compact.NodeID) ([]byte, error) {
	level := id.Level / stride * stride
	first, count := id.Index<<(id.Level-level), uint64(1)<<(id.Level-level)
	query, args := `select hash from journal_node where level = $1 and idx >= $2 and idx < $3 order by idx`,
		[]any{level, first, first + count}
	if level == 0 {
		query, args = `select hash from journal_entry where idx >= $1 and idx < $2 order by idx`, args[1:]
	}
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the journal's hashes: %w", err)
	}
	defer rows.Close()
	r := tree.NewEmptyRange(0)
	for rows.Next() {
		var hash []byte
		if err := rows.Scan(&hash); err != nil {
			return nil, fmt.Errorf("read the journal's hashes: %w", err)
		}
		if err := r.Append(hash, nil); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the journal's hashes: %w", err)
	}
	if r.End() != count {
		return nil, tampered("level %d has %d of the %d hashes from %d on", level, r.End(), count, first)
	}
	return r.GetRootHash(nil)
}

// nodes returns the hashes of all ids.
func nodes(ctx context.Context, db Database, ids []compact.NodeID) ([][]byte, error) {
	hashes := make([][]byte, len(ids))
	for i, id := range ids {
		hash, err := node(ctx, db, id)
		if err != nil {
			return nil, err
		}
		hashes[i] = hash
	}
	return hashes, nil
}

// rootOf returns the root over a range that starts at the first entry.
func rootOf(r *compact.Range) (Hash, error) {
	var root Hash
	hash, err := r.GetRootHash(nil)
	if err != nil {
		return root, err
	}
	if hash == nil {
		hash = rfc6962.DefaultHasher.EmptyRoot()
	}
	copy(root[:], hash)
	return root, nil
}
