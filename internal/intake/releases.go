// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"container/list"
	"context"
	"runtime"
	"sync"
	"time"
)

const (
	// roomForReleases bounds the canonical definitions, in bytes, whose releases are held. A release in memory is about four times
	// as large as its definition.
	roomForReleases = 1 << 20
	// releaseLife is how long a release is held that nobody asks for. Reading it again takes milliseconds, and most of an agency's
	// services rest most of the time.
	releaseLife = time.Minute
)

// releases holds the releases that people came for lately; any other is a definition in the store. Who comes first for one has it
// read, and all who come meanwhile wait for the same.
type releases struct {
	read  func(context.Context, releaseKey) (*release, error)
	clock func() time.Time
	room  int
	// turns bounds how many are read at once: that is work for processors, and more at once than they are only takes memory.
	turns chan struct{}

	mu    sync.Mutex
	held  map[releaseKey]*list.Element
	order list.List // of *held, the one used last in front
	size  int
}

// held is a release or the promise of one.
type held struct {
	key     releaseKey
	used    time.Time
	ready   chan struct{} // closed when release or err stands
	release *release
	err     error
}

func newReleases(room int, clock func() time.Time, read func(context.Context, releaseKey) (*release, error)) *releases {
	return &releases{
		read: read, clock: clock, room: room, turns: make(chan struct{}, runtime.GOMAXPROCS(0)), held: map[releaseKey]*list.Element{},
	}
}

// get returns a release. A caller that leaves does not disturb others who wait for it.
func (r *releases) get(ctx context.Context, key releaseKey) (*release, error) {
	r.mu.Lock()
	place := r.held[key]
	if place == nil {
		place = r.order.PushFront(&held{key: key, ready: make(chan struct{})})
		r.held[key] = place
		go r.fulfil(context.WithoutCancel(ctx), place)
	}
	r.order.MoveToFront(place)
	h := place.Value.(*held)
	h.used = r.clock()
	r.mu.Unlock()
	select {
	case <-h.ready:
		return h.release, h.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fulfil reads what was promised. What could not be read is forgotten, so that the next who comes tries again.
func (r *releases) fulfil(ctx context.Context, place *list.Element) {
	h := place.Value.(*held)
	r.turns <- struct{}{}
	var release *release
	err := guarded(func() (err error) {
		release, err = r.read(ctx, h.key)
		return err
	})
	<-r.turns
	r.mu.Lock()
	defer r.mu.Unlock()
	h.release, h.err = release, err
	defer close(h.ready)
	switch {
	case r.held[h.key] != place: // given up or replaced meanwhile
	case err != nil:
		r.order.Remove(place)
		delete(r.held, h.key)
	default:
		r.size += release.size
		r.shrink()
	}
}

// ready is what all releases wait for that were never promised.
var ready = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// put holds a release that is at hand already.
func (r *releases) put(release *release) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if place := r.held[release.key()]; place != nil {
		r.drop(place)
	}
	r.held[release.key()] = r.order.PushFront(&held{key: release.key(), used: r.clock(), ready: ready, release: release})
	r.size += release.size
	r.shrink()
}

// shrink gives up those that were used longest ago, but never the last one. The caller holds mu.
func (r *releases) shrink() {
	for r.size > r.room && r.order.Len() > 1 {
		r.drop(r.order.Back())
	}
}

// expire gives up those that nobody has used since an instant, and tells how many.
func (r *releases) expire(since time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for place := r.order.Back(); place != nil && place.Value.(*held).used.Before(since); place = r.order.Back() {
		r.drop(place)
		n++
	}
	return n
}

// drop gives one up. Whoever has it goes on with it. The caller holds mu.
func (r *releases) drop(place *list.Element) {
	h := r.order.Remove(place).(*held)
	delete(r.held, h.key)
	if h.release != nil {
		r.size -= h.release.size
	}
}
