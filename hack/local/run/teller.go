// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// teller tells a person what happens, with the time since the start.
type teller struct {
	out   io.Writer
	start time.Time
}

func newTeller(out io.Writer) *teller { return &teller{out: out, start: time.Now()} }

func (t *teller) say(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }

// step announces what is done, does it, and adds to a failure what to do.
func (t *teller) step(ctx context.Context, title string, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.line(title)
	err := do(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.Canceled):
		return context.Cause(ctx) // what ended the run tells more than what it interrupted
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("%s: %w", title, err)
}

// line writes one line of the story.
func (t *teller) line(text string) {
	since := time.Since(t.start).Round(time.Second)
	fmt.Fprintf(t.out, "%3d:%02d  %s\n", int(since.Minutes()), int(since.Seconds())%60, text)
}

// indented writes what a step's program says below its title.
type indented struct {
	out io.Writer
	mu  sync.Mutex
	mid bool // the last write did not end its line
}

func (w *indented) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, c := range text {
		if !w.mid {
			b.WriteString("        ")
		}
		b.WriteByte(c)
		w.mid = c != '\n'
	}
	if _, err := io.WriteString(w.out, b.String()); err != nil {
		return 0, err
	}
	return len(text), nil
}
