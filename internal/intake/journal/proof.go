// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// InclusionProof returns the RFC 6962 audit path of entry index in the tree of
// the first size entries. It reads O(log size) stored nodes, 256 rows at most
// for each stored level.
func InclusionProof(ctx context.Context, db Database, index, size uint64) ([][]byte, error) {
	want, err := proof.Inclusion(index, size)
	if err != nil {
		return nil, err
	}
	return build(ctx, db, want)
}

// ConsistencyProof returns the RFC 6962 proof that the first size1 entries are
// a prefix of the first size2.
func ConsistencyProof(ctx context.Context, db Database, size1, size2 uint64) ([][]byte, error) {
	want, err := proof.Consistency(size1, size2)
	if err != nil {
		return nil, err
	}
	return build(ctx, db, want)
}

func build(ctx context.Context, db Database, want proof.Nodes) ([][]byte, error) {
	hashes, err := nodes(ctx, db, want.IDs)
	if err != nil {
		return nil, err
	}
	return want.Rehash(hashes, rfc6962.DefaultHasher.HashChildren)
}

// VerifyInclusion checks that leaf is entry index of the log that c fixes.
func VerifyInclusion(c Checkpoint, index uint64, leaf []byte, path [][]byte) error {
	return proof.VerifyInclusion(rfc6962.DefaultHasher, index, c.Size,
		rfc6962.DefaultHasher.HashLeaf(leaf), path, c.RootHash[:])
}

// VerifyConsistency checks that the log fixed by older is a prefix of newer's.
func VerifyConsistency(older, newer Checkpoint, path [][]byte) error {
	if older.Origin != newer.Origin {
		return tampered("checkpoints of two logs, %q and %q", older.Origin, newer.Origin)
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, older.Size, newer.Size,
		path, older.RootHash[:], newer.RootHash[:])
}
