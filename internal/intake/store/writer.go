// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/okno-dev/okno/internal/intake/journal"
)

// writer is the one goroutine that changes the store. It commits in groups:
// while a commit waits for the disk, commands gather; as soon as the sync has
// returned, all that wait become the next group. No timer is involved, so a
// lonely command is not delayed and a crowd shares its syncs.
//
//	queue ──► begin ──► [ command ► journal ]… ──► state, head ──► commit+sync ──► answers ──► upkeep
//	                        └── error, panic: its own answer        └── failed: nobody is told it succeeded
//
// A command that fails has changed nothing, as a rule: it looks before it writes. Should one fail halfway, its group is undone and
// carried out again with each command in a savepoint of its own, which would cost all others a third more.
type writer struct {
	engine  engine
	conn    *sql.Conn
	stmts   map[string]*sql.Stmt
	queue   *queue
	state   *state
	journal *journal.Writer
	tx      tx

	maxBatch   int
	maxUnfiled int64
	clock      func() time.Time
	fatal      func(error)

	group   []*command
	wrote   bool // the group changed a row, so that its commit syncs
	counted counters
	stopped chan struct{}
}

// counters are what Stats shows; written by the writer alone.
type counters struct {
	commands, groups, syncs, largest atomic.Int64
	lastAnswer                       atomic.Int64 // stamp
	inGroup                          atomic.Int64 // commands being carried out
	groupSince                       atomic.Int64 // stamp; 0 between groups
}

// groupBytes bounds the payload that one transaction carries.
const groupBytes = 4 << 20

func (w *writer) stmt(query string) (*sql.Stmt, error) {
	if s := w.stmts[query]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(background, query)
	if err != nil {
		return nil, fmt.Errorf("prepare %.60q: %w", query, err)
	}
	w.stmts[query] = s
	return s, nil
}

// control runs a statement that moves the transaction and changes no row.
func (w *writer) control(statement string) error {
	stmt, err := w.stmt(statement) //nolint:sqlclosecheck // prepared once, closed with the store
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(background)
	return err
}

// run carries out commands until the queue is closed and drained, or storage failed.
func (w *writer) run() {
	defer close(w.stopped)
	for w.queue.wait() {
		err := w.commitGroup()
		if err == nil {
			err = w.upkeep()
		}
		if w.mustStop(err) {
			w.stop(err)
			return
		}
	}
}

// commitGroup carries out one group and answers its callers. The error is the
// one that lost the group, nil otherwise.
func (w *writer) commitGroup() error {
	w.group, w.wrote = w.group[:0], false
	w.tx.now = w.clock()
	w.counted.groupSince.Store(stamp(w.tx.now))
	defer w.counted.groupSince.Store(0)
	err := w.carryOut()
	if err == nil {
		err = w.commit()
	}
	if err != nil {
		err = w.abandon(err)
		if w.mustStop(err) {
			return err // stop answers, after the process had its chance to end
		}
	}
	w.answer(err)
	return err
}

// errHalfDone is when a command failed after it had changed something.
var errHalfDone = errors.New("a command failed halfway")

// carryOut runs all that waits in a transaction, including what arrives meanwhile. An error means that the transaction is lost.
func (w *writer) carryOut() error {
	err := w.gather(false)
	if !errors.Is(err, errHalfDone) {
		return err
	}
	if err := w.undo(); err != nil {
		return err
	}
	return w.gather(true)
}

// gather begins the transaction and runs the group, which grows by what arrives meanwhile; careful means with savepoints.
func (w *writer) gather(careful bool) error {
	if err := w.control(w.engine.begin()); err != nil {
		w.group = w.queue.take(w.group, 1, groupBytes)
		return err
	}
	room, looked := groupBytes, false
	for done := 0; done < w.maxBatch && room > 0; {
		w.group = w.queue.take(w.group, w.maxBatch-len(w.group), room)
		if done == len(w.group) {
			if looked {
				return nil
			}
			// Those that the last commit has answered may be about to come again: who can run now, runs before
			// the disk is asked. Where nobody can, this takes no time.
			looked = true
			runtime.Gosched()
			continue
		}
		looked = false // as long as somebody comes, others may be about to
		w.counted.inGroup.Store(int64(len(w.group)))
		for ; done < len(w.group); done++ {
			room -= w.group[done].bytes
			if err := w.carryOutOne(w.group[done], careful); err != nil {
				return err
			}
		}
	}
	return nil
}

// carryOutOne runs a command. Its own failure becomes its answer; the returned error is one that concerns the whole group.
func (w *writer) carryOutOne(c *command, careful bool) error {
	if careful {
		return w.carryOutCarefully(c)
	}
	w.tx.reset()
	switch c.err = w.protect(c); {
	case c.err == nil:
		w.state.apply(&w.tx.changes)
	case w.engine.classify(c.err) != ofCommand:
		return c.err
	case w.tx.changed:
		return errHalfDone
	}
	return nil
}

// carryOutCarefully runs a command in a savepoint, which undoes what it changed before it failed.
func (w *writer) carryOutCarefully(c *command) error {
	w.tx.reset()
	mark := w.journal.Mark()
	if err := w.control("savepoint command"); err != nil {
		return err
	}
	if c.err = w.protect(c); c.err == nil {
		err := w.control("release command")
		w.state.apply(&w.tx.changes)
		return err
	}
	w.journal.Reset(mark)
	if w.engine.classify(c.err) != ofCommand {
		return c.err
	}
	if err := w.control("rollback to command"); err != nil {
		return err
	}
	return w.control("release command")
}

// protect runs the command and journals its acts; a panic fails it alone.
func (w *writer) protect(c *command) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("command panicked: %v", p)
		}
	}()
	if err := c.run(&w.tx); err != nil {
		return err
	}
	return w.tx.append()
}

// commit writes what the group changed in common and makes it durable: when it
// returns nil, the disk has it.
func (w *writer) commit() error {
	if err := w.state.flush(&w.tx); err != nil {
		return err
	}
	if err := w.journal.Flush(background); err != nil {
		return err
	}
	return w.control("commit")
}

// errStateLost is when the writer could not learn anew what is committed.
var errStateLost = errors.New("committed state cannot be read")

// mustStop tells whether going on could acknowledge what is not on disk.
func (w *writer) mustStop(err error) bool {
	return err != nil && (errors.Is(err, errStateLost) || w.engine.classify(err) == ofStorage)
}

// abandon undoes a group that cannot be committed. It returns the cause, or a
// graver one when not even that succeeded.
func (w *writer) abandon(cause error) error {
	if w.engine.classify(cause) == ofStorage {
		return cause
	}
	if err := w.undo(); err != nil {
		return fmt.Errorf("%w, after %w", err, cause)
	}
	if w.engine.classify(cause) == ofSpace {
		return fmt.Errorf("%w: %w", ErrFull, cause)
	}
	return cause
}

// undo rolls the transaction back and learns anew what is committed.
func (w *writer) undo() error {
	// The database may have rolled back by itself, then this fails and nothing is left to undo.
	_ = w.control("rollback")
	w.wrote = false
	state, err := loadState(background, w.conn)
	if err == nil {
		w.state = state
		err = w.journal.Reload(background, w.conn)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errStateLost, err)
	}
	return nil
}

// answer tells the callers of the group: their own outcome after a commit, the group's error without one.
func (w *writer) answer(groupErr error) {
	if groupErr == nil {
		w.counted.groups.Add(1)
	}
	if groupErr == nil && w.wrote {
		w.counted.syncs.Add(1)
	}
	w.counted.commands.Add(int64(len(w.group)))
	w.counted.largest.Store(max(w.counted.largest.Load(), int64(len(w.group))))
	w.counted.lastAnswer.Store(stamp(w.clock()))
	w.counted.inGroup.Store(0)
	for i, c := range w.group {
		if groupErr != nil {
			c.err = groupErr
		}
		c.done <- c.err
		w.group[i] = nil // let go of the payload
	}
	w.group = w.group[:0]
}

func (w *writer) upkeep() error {
	syncs, err := w.engine.upkeep(background, w.conn)
	w.counted.syncs.Add(int64(syncs))
	return err
}

// stop ends all work after storage failed. The process is expected to end in
// fatal; whoever is still there afterwards learns that nothing was acknowledged.
func (w *writer) stop(cause error) {
	w.fatal(fmt.Errorf("storage failed, nothing more is acknowledged: %w", cause))
	reason := fmt.Errorf("%w: %w", ErrStopped, cause)
	w.queue.close(reason)
	for {
		w.answer(reason)
		if w.group = w.queue.take(w.group, w.maxBatch, groupBytes); len(w.group) == 0 {
			return
		}
	}
}

// do queues a command and waits until the group that carried it out is on disk.
func (s *Store) do(ctx context.Context, bytes int, run func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &command{run: run, bytes: bytes, queued: s.options.Clock(), done: make(chan error, 1)}
	if err := s.writer.queue.push(c); err != nil {
		return err
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("waiting for the commit: %w", ctx.Err())
	}
}
