// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

const (
	headerTime  = 10 * time.Second
	idleTime    = 90 * time.Second
	maxHeader   = 32 << 10
	requestTime = 30 * time.Second
	// uploadTime is how long a request with files may take: 50 MiB at 1 Mbit/s.
	uploadTime = 8 * time.Minute
	// drainTime is how long requests that have begun may take when the server stops.
	drainTime = 20 * time.Second
)

// Listen serves on an address until ctx ends, then lets requests that have begun finish.
func Listen(ctx context.Context, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return ServeOn(ctx, listener, handler)
}

// ServeOn is Listen on a listener that is open already. It closes it.
func ServeOn(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: requestTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader,
	}
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
