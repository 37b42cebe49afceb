// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/okno-dev/okno/internal/intake/store"
)

// Comparison is one run of the plain database, the store, and the plain
// database again. Figures of different runs, or machines, must not be mixed.
type Comparison struct {
	Clients       int
	Before, After Result // the plain database, in groups of Clients
	Store         Result
}

// maxDrift is how far the two baselines of a run may lie apart.
const maxDrift = 0.10

// Plain returns the plain database's applications per second in this run.
func (c Comparison) Plain() float64 { return (c.Before.PerSecond() + c.After.PerSecond()) / 2 }

// Ratio returns the store's speed as a part of the plain database's.
func (c Comparison) Ratio() float64 { return c.Store.PerSecond() / c.Plain() }

// Steady tells whether the machine was quiet enough for the ratio to count.
func (c Comparison) Steady() bool {
	return math.Abs(c.Before.PerSecond()-c.After.PerSecond()) <= maxDrift*c.Plain()
}

// SyncsEach returns syncs for each acknowledged application.
func (c Comparison) SyncsEach() float64 {
	return float64(c.Store.Syncs) / float64(c.Store.Applications)
}

// Compare measures n applications each way in fresh folders under dir, which it removes.
func Compare(ctx context.Context, dir string, clients, n int) (_ Comparison, err error) {
	c := Comparison{Clients: clients}
	if c.Before, err = PlainIn(ctx, dir, clients, n); err != nil {
		return c, fmt.Errorf("plain database: %w", err)
	}
	if c.Store, err = fileIn(ctx, dir, clients, n); err != nil {
		return c, fmt.Errorf("store: %w", err)
	}
	if c.After, err = PlainIn(ctx, dir, clients, n); err != nil {
		return c, fmt.Errorf("plain database: %w", err)
	}
	return c, nil
}

// fileIn runs File against a new store in a fresh folder under dir, which it removes.
func fileIn(ctx context.Context, dir string, clients, n int) (r Result, err error) {
	dir, err = os.MkdirTemp(dir, "store")
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := Open(ctx, dir, store.Options{})
	if err != nil {
		return Result{}, err
	}
	r, err = File(ctx, s, clients, n)
	return r, errors.Join(err, s.Close())
}

// Print writes the comparison as one line of a table.
func (c Comparison) Print(w io.Writer) {
	note := ""
	if !c.Steady() {
		note = "  (discard: the baselines differ by more than 10 %)"
	}
	fmt.Fprintf(w, "%3d clients  store %6.0f/s  plain %6.0f/s  ratio %.2f  syncs each %.3f  p50 %s  p99 %s%s\n",
		c.Clients, c.Store.PerSecond(), c.Plain(), c.Ratio(), c.SyncsEach(),
		c.Store.Latency(0.5).Round(10e3), c.Store.Latency(0.99).Round(10e3), note)
}
