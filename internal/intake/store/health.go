// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/okno-dev/okno/internal/intake/journal"
)

// Stats says how the writer is doing; numbers count since Open.
type Stats struct {
	Commands     int64 // answered, with or without an error
	Batches      int64 // groups committed
	Syncs        int64 // syncs asked of the disk: one for each commit, two for each log that was moved into the database
	LargestBatch int64
	QueueDepth   int           // commands that wait for the writer
	QueueBytes   int           // their payload
	InBatch      int           // commands being carried out
	Oldest       time.Duration // how long the oldest command has been without an answer; 0 when none waits
	LastAnswer   time.Time     // zero before the first
}

// Stats returns the present state. Health follows from it: Oldest grows beyond
// any commit's time only when nothing completes.
func (s *Store) Stats() Stats {
	c := &s.writer.counted
	stats := Stats{
		Commands: c.commands.Load(), Batches: c.groups.Load(), Syncs: c.syncs.Load(),
		LargestBatch: c.largest.Load(), InBatch: int(c.inGroup.Load()),
	}
	if last := c.lastAnswer.Load(); last != 0 {
		stats.LastAnswer = instant(last)
	}
	now := s.options.Clock()
	depth, bytes, oldest := s.writer.queue.look()
	stats.QueueDepth, stats.QueueBytes = depth, bytes
	if depth > 0 {
		stats.Oldest = now.Sub(oldest)
	}
	if since := c.groupSince.Load(); since != 0 {
		stats.Oldest = max(stats.Oldest, now.Sub(instant(since)))
	}
	return stats
}

// Checkpoint returns the journal's present checkpoint.
func (s *Store) Checkpoint(ctx context.Context) (journal.Checkpoint, error) {
	var c journal.Checkpoint
	err := s.snapshot(ctx, func(db querier) (err error) {
		c, err = journal.ReadCheckpoint(ctx, db)
		return err
	})
	return c, err
}

// VerifyJournal reads the whole journal and compares it with itself and with
// checkpoints that are known from elsewhere.
func (s *Store) VerifyJournal(ctx context.Context, known ...journal.Checkpoint) (journal.Report, error) {
	var report journal.Report
	err := s.snapshot(ctx, func(db querier) (err error) {
		report, err = journal.Verify(ctx, db, known...)
		return err
	})
	return report, err
}

// snapshot runs reads that must agree with each other.
func (s *Store) snapshot(ctx context.Context, read func(querier) error) error {
	tx, err := s.readDB.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return read(tx)
}

// JournalEntry returns the open part of journal entry index.
func (s *Store) JournalEntry(ctx context.Context, index uint64) (journal.Entry, error) {
	return journal.ReadEntry(ctx, s.readDB, index)
}

// InclusionProof returns the audit path of journal entry index in the first size entries.
func (s *Store) InclusionProof(ctx context.Context, index, size uint64) ([][]byte, error) {
	return journal.InclusionProof(ctx, s.readDB, index, size)
}

// ConsistencyProof returns the proof that the journal's first size1 entries are a prefix of its first size2.
func (s *Store) ConsistencyProof(ctx context.Context, size1, size2 uint64) ([][]byte, error) {
	return journal.ConsistencyProof(ctx, s.readDB, size1, size2)
}
