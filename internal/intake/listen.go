// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// patience is how long a server waits for a client, at each step.
type patience struct {
	// header and request are how long the headers and the whole request may take to come.
	header, request time.Duration
	// answer is how long sending the answer may take, from the end of the headers on: longer than request, so that whoever was too
	// slow learns it.
	answer time.Duration
	// idle is how long a connection without a request is kept.
	idle time.Duration
}

var standing = patience{header: 10 * time.Second, request: 30 * time.Second, answer: 40 * time.Second, idle: 90 * time.Second}

const (
	// maxHeader bounds the headers of a request, in bytes.
	maxHeader = 32 << 10
	// uploadTime is how long a request with files may take: 50 MiB at 1 Mbit/s.
	uploadTime = 8 * time.Minute
	// drainTime is how long requests that have begun may take when the server stops.
	drainTime = 20 * time.Second
)

// Listener is what both an intake and a prover are.
type Listener interface {
	Public() http.Handler
	Inner() http.Handler
	Run(ctx context.Context)
}

// Listen serves a server's public and inner port and runs its housekeeping until ctx ends, then lets requests that have begun finish.
func Listen(ctx context.Context, server Listener, public, inner string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	group.Go(func() { server.Run(ctx) })
	// In this order: who learns at the inner port that the intake is ready finds the public one open.
	for _, port := range []struct {
		address string
		handler http.Handler
	}{{public, server.Public()}, {inner, server.Inner()}} {
		listener, err := net.Listen("tcp", port.address)
		if err != nil {
			cancel(fmt.Errorf("serve %s: %w", port.address, err))
			break
		}
		group.Go(func() {
			if err := serveOn(ctx, listener, port.handler); err != nil {
				cancel(fmt.Errorf("serve %s: %w", port.address, err))
			}
		})
	}
	<-ctx.Done()
	group.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// newHTTPServer bounds what one connection may take of the machine.
func newHTTPServer(handler http.Handler, p patience) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: p.header, ReadTimeout: p.request, WriteTimeout: p.answer, IdleTimeout: p.idle,
		MaxHeaderBytes: maxHeader,
	}
}

// serveOn serves on a listener until ctx ends, and closes it.
func serveOn(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := newHTTPServer(handler, standing)
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		stopped <- server.Shutdown(drain)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// allowTime lets a request with files take longer than others, by the clock of the machine.
func (c *call) allowTime() {
	control := http.NewResponseController(c.w)
	until := time.Now().Add(uploadTime)
	// A recorder of a test has no connection; there is nothing to bound then.
	_ = control.SetReadDeadline(until)
	_ = control.SetWriteDeadline(until)
}
