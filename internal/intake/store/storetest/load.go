// SPDX-License-Identifier: Apache-2.0

// Package storetest puts load on a store and measures it beside the plain
// database underneath. Benchmarks and durability tests share it.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/okno-dev/okno/internal/intake/store"
)

// Service and Digest are what the filings are about.
const (
	Service = "pension-delivery"
	Digest  = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
)

// envelope is an application of about 2 KiB, half of it Cyrillic.
var envelope = json.RawMessage(`{"data":{"surname":"Константинопольская","firstName":"Александра","snils":"112-233-445 95",` +
	`"address":"` + strings.Repeat("г. Санкт-Петербург, Невский проспект, д. 1; ", 20) + `",` +
	`"account":"` + strings.Repeat("40817810099910004312 ", 20) + `"},"documents":[{"id":"passport","fileId":"f1"}],"language":"ru"}`)

// Filing returns a filing of about 2 KiB; a key makes it one that must not be doubled.
func Filing(key string) store.Filing {
	now := time.Now()
	return store.Filing{
		Service: Service, Digest: Digest, Revision: Service + "-5891b5b522", Client: "load", IdempotencyKey: key,
		Envelope: envelope, Language: "ru", Way: store.JSON, FiledAt: now, Unit: "Отдел выплат", Queue: "pensions",
		Deadline: now.Truncate(24*time.Hour).AddDate(0, 0, 10), Starts: true,
	}
}

// Open opens a store in dir that remembers Digest.
func Open(ctx context.Context, dir string, o store.Options) (*store.Store, error) {
	s, err := store.Open(ctx, filepath.Join(dir, "okno.db"), o)
	if err != nil {
		return nil, err
	}
	if err := s.RememberDefinition(ctx, Digest, []byte(`{}`)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Result is one measurement.
type Result struct {
	Applications int64
	Elapsed      time.Duration
	Syncs        int64           // 0 where the subject does not count them
	Latencies    []time.Duration // of each application, ascending; empty where there are no clients
}

// Latency returns the q-quantile of the latencies, 0 < q ≤ 1.
func (r Result) Latency(q float64) time.Duration {
	if len(r.Latencies) == 0 {
		return 0
	}
	return r.Latencies[max(0, int(math.Ceil(q*float64(len(r.Latencies))))-1)]
}

// PerSecond returns applications per second.
func (r Result) PerSecond() float64 { return float64(r.Applications) / r.Elapsed.Seconds() }

// File has clients file n applications together, each client the next as soon
// as its last was acknowledged.
func File(ctx context.Context, s *store.Store, clients, n int) (Result, error) {
	before := s.Stats()
	var (
		took   = make([]time.Duration, n)
		next   atomic.Int64
		failed atomic.Pointer[error]
		all    sync.WaitGroup
	)
	began := time.Now()
	for client := range clients {
		all.Go(func() {
			for i := next.Add(1); i <= int64(n) && failed.Load() == nil; i = next.Add(1) {
				sent := time.Now()
				if _, err := s.FileApplication(ctx, Filing(fmt.Sprintf("%d-%d-%d", began.UnixNano(), client, i))); err != nil {
					failed.Store(&err)
				}
				took[i-1] = time.Since(sent)
			}
		})
	}
	all.Wait()
	r := Result{Applications: int64(n), Elapsed: time.Since(began), Syncs: s.Stats().Syncs - before.Syncs, Latencies: took}
	slices.Sort(took)
	if err := failed.Load(); err != nil {
		return r, *err
	}
	return r, nil
}
