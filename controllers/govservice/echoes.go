// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"errors"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// errEcho tells that the cache has not seen what this process wrote itself. To go on would be to write what is refused.
var errEcho = errors.New("the cache has not seen the controller's own last write")

// Waiting for an echo. One that does not come, since the object was removed before anybody looked, is given up.
const (
	echoRetry = 20 * time.Millisecond
	maxMisses = 250
)

// echoes are the last writes of this process about each service, as far as the cache may not have seen them. They only save
// writes: every write is safe against a cache that is behind.
type echoes struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]*written
}

// written is what was written about a service.
type written struct {
	version  int64  // of the service
	seq      int64  // of its newest record
	revision string // created last
	misses   int
}

func (e *echoes) note(key types.NamespacedName, what func(*written)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.byKey == nil {
		e.byKey = map[types.NamespacedName]*written{}
	}
	if e.byKey[key] == nil {
		e.byKey[key] = &written{}
	}
	what(e.byKey[key])
}

// missing tells whether s, as gathered, lacks something that was written. What is there is forgotten.
func (e *echoes) missing(s *scope) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.byKey[s.key()]
	if w == nil {
		return false
	}
	there := versionOf(s.svc) >= w.version && s.ledger.NextSeq() > w.seq &&
		(w.revision == "" || revisionNamed(s.revisions, w.revision) != nil)
	if w.misses++; there || w.misses > maxMisses {
		delete(e.byKey, s.key())
		return false
	}
	return true
}

func (e *echoes) forget(key types.NamespacedName) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.byKey, key)
}

// versionOf is an object's resourceVersion as a number, by which versions of one kind can be compared; 0 when it is none.
func versionOf(o client.Object) int64 {
	n, err := strconv.ParseInt(o.GetResourceVersion(), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
