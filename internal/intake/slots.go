// SPDX-License-Identifier: Apache-2.0

package intake

import "sync"

const (
	// maxStreams is how many requests with files are taken in at once, and maxClientStreams how many of one client: each holds a
	// connection and memory for minutes.
	maxStreams       = 64
	maxClientStreams = 6
)

// slots count the requests with files that are under way.
type slots struct {
	mu      sync.Mutex
	all     int
	clients map[string]int
	// fair bounds each client too; a prover has but one.
	fair bool
}

func newSlots(fair bool) *slots { return &slots{clients: map[string]int{}, fair: fair} }

// take takes a slot. The caller calls release when it was given one.
func (s *slots) take(client string) (release func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= maxStreams || s.fair && s.clients[client] >= maxClientStreams {
		return nil, false
	}
	s.all++
	s.clients[client]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if s.clients[client]--; s.clients[client] == 0 {
			delete(s.clients, client)
		}
	}, true
}
