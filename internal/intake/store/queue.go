// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"sync"
	"time"
)

// command is one change, waiting for the writer or being carried out by it.
type command struct {
	run    func(*tx) error
	bytes  int // of payload: bounds what a group holds in memory
	queued time.Time
	err    error
	done   chan error // capacity 1: the writer never waits for a caller that left
}

// queue hands commands to the writer in order. It is bounded by count and by
// bytes; whoever does not fit is told at once instead of waiting unseen.
type queue struct {
	limit, byteLimit int

	mu      sync.Mutex
	waiting []*command
	bytes   int
	closed  error         // why nothing more is taken; nil while open
	wake    chan struct{} // capacity 1
}

func newQueue(limit, byteLimit int) *queue {
	return &queue{limit: limit, byteLimit: byteLimit, wake: make(chan struct{}, 1)}
}

func (q *queue) push(c *command) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed != nil:
		return q.closed
	case len(q.waiting) >= q.limit, len(q.waiting) > 0 && q.bytes+c.bytes > q.byteLimit:
		return fmt.Errorf("%w: %d", ErrBusy, len(q.waiting))
	}
	q.waiting = append(q.waiting, c)
	q.bytes += c.bytes
	q.signal()
	return nil
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default: // a signal is pending already
	}
}

// take moves all that waits into group, but no more than max commands and room bytes;
// one command is always taken. It does not block.
func (q *queue) take(group []*command, max, room int) []*command {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(q.waiting) && n < max && (n == 0 || q.waiting[n].bytes <= room) {
		room -= q.waiting[n].bytes
		q.bytes -= q.waiting[n].bytes
		n++
	}
	group = append(group, q.waiting[:n]...)
	q.waiting = q.waiting[:copy(q.waiting, q.waiting[n:])]
	clear(q.waiting[len(q.waiting) : len(q.waiting)+n]) // let go of payloads
	return group
}

// wait blocks until something waits; false means closed and drained.
func (q *queue) wait() bool {
	for {
		q.mu.Lock()
		any, closed := len(q.waiting) > 0, q.closed != nil
		q.mu.Unlock()
		if any || closed {
			return any
		}
		<-q.wake
	}
}

// close refuses further commands with reason; those that wait are still handed out.
func (q *queue) close(reason error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed == nil {
		q.closed = reason
	}
	q.signal()
}

// look returns how many commands and bytes wait, and since when the oldest does.
func (q *queue) look() (depth, bytes int, oldest time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) > 0 {
		oldest = q.waiting[0].queued
	}
	return len(q.waiting), q.bytes, oldest
}
