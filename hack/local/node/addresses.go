// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"sync"
)

// maxPods is how many addresses a node can give.
const maxPods = 250

// addresses hands out loopback addresses, one per pod, 127.x.y.2 and above.
// x and y follow from the node's folder, so that several local clusters on one
// machine do not meet.
type addresses struct {
	x, y byte
	mu   sync.Mutex
	used [256]bool
	next int
}

// newAddresses fails where the machine's loopback has one address only.
func newAddresses(dir string) (*addresses, error) {
	hash := fnv.New32a()
	hash.Write([]byte(dir))
	sum := hash.Sum32()
	a := &addresses{x: byte(1 + sum%254), y: byte(sum >> 16), next: 2}
	l, err := net.Listen("tcp", net.JoinHostPort(a.format(2), "0"))
	if err != nil {
		return nil, fmt.Errorf("pods need loopback addresses of their own, as Linux has: %w", err)
	}
	_ = l.Close()
	return a, nil
}

func (a *addresses) format(last int) string {
	return net.IPv4(127, a.x, a.y, byte(last)).String()
}

// take gives wanted again when it is free, else another address. Addresses are
// given in turn, so that one just freed is not met by those who remember it.
func (a *addresses) take(wanted string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range maxPods {
		if last := 2 + i; a.format(last) == wanted && !a.used[last] {
			a.used[last] = true
			return wanted, nil
		}
	}
	for range maxPods {
		last := a.next
		a.next = 2 + (a.next-1)%maxPods
		if !a.used[last] {
			a.used[last] = true
			return a.format(last), nil
		}
	}
	return "", errors.New("all pod addresses are in use")
}

func (a *addresses) free(address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for last := range a.used {
		if a.format(last) == address {
			a.used[last] = false
		}
	}
}
