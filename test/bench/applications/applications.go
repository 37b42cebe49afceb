// SPDX-License-Identifier: Apache-2.0

// Package applications measures how fast an intake acknowledges applications,
// as a part of what HTTP and the database could do without any intake (P12).
package applications

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/okno-dev/okno/internal/intake/store/storetest"
)

// Load is what is sent.
type Load struct {
	URL     string      // of the intake's POST …/applications
	Header  http.Header // content type and whatever else the intake wants; Idempotency-Key is set by the load
	Body    []byte      // one valid application, sent again and again under new keys
	Clients int         // at once
	N       int         // applications in all
	Rate    float64     // applications a second that Paced sends
	Dir     string      // for the plain database's files; the same disk as the intake's store
}

// Figures are one run. Rates are applications a second.
type Figures struct {
	Intake                        float64 // acknowledged with 201
	HTTPBefore, HTTPAfter         float64 // a handler that reads the body and answers as many bytes
	DatabaseBefore, DatabaseAfter float64 // the same rows by plain statements in groups of Clients
	P50, P99, Worst               time.Duration
	AnswerBytes                   int
}

// Bound is the rate of an intake that would cost nothing but its parts: 1/(1/http + 1/database).
func (f Figures) Bound() float64 {
	return 1 / (2/(f.HTTPBefore+f.HTTPAfter) + 2/(f.DatabaseBefore+f.DatabaseAfter))
}

// Ratio is the figure P12.
func (f Figures) Ratio() float64 { return f.Intake / f.Bound() }

// Steady tells whether both baselines held within 10 %; else the run does not count.
func (f Figures) Steady() bool {
	near := func(a, b float64) bool { return math.Abs(a-b) <= 0.05*(a+b) }
	return near(f.HTTPBefore, f.HTTPAfter) && near(f.DatabaseBefore, f.DatabaseAfter)
}

// Measure runs baselines, intake, baselines.
func Measure(ctx context.Context, load Load) (Figures, error) {
	var f Figures
	answer, err := load.probe(ctx)
	if err != nil {
		return f, err
	}
	f.AnswerBytes = len(answer)
	load.Rate = 0
	if f.HTTPBefore, f.DatabaseBefore, err = load.baselines(ctx, answer); err != nil {
		return f, err
	}
	took, elapsed, err := load.send(ctx, load.URL)
	if err != nil {
		return f, fmt.Errorf("intake: %w", err)
	}
	f.Intake = float64(load.N) / elapsed.Seconds()
	f.P50, f.P99, f.Worst = took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	f.HTTPAfter, f.DatabaseAfter, err = load.baselines(ctx, answer)
	return f, err
}

// Paced files N applications at Rate and returns how long each took, ascending. An application is timed from the instant at which
// it was due, so that one slow answer is felt by all that wait behind it.
func Paced(ctx context.Context, l Load) ([]time.Duration, error) {
	took, _, err := l.send(ctx, l.URL)
	return took, err
}

// probe files one application and returns the intake's answer.
func (l Load) probe(ctx context.Context) ([]byte, error) {
	client := &http.Client{}
	defer client.CloseIdleConnections()
	return l.post(ctx, client, l.URL, fmt.Sprintf("probe-%d", time.Now().UnixNano()))
}

func (l Load) baselines(ctx context.Context, answer []byte) (web, database float64, err error) {
	if web, err = l.bare(ctx, answer); err != nil {
		return 0, 0, fmt.Errorf("bare handler: %w", err)
	}
	plain, err := storetest.PlainIn(ctx, l.Dir, l.Clients, l.N)
	if err != nil {
		return 0, 0, fmt.Errorf("plain database: %w", err)
	}
	return web, plain.PerSecond(), nil
}

// bare measures net/http alone: a handler that reads the body and answers what the intake answered.
func (l Load) bare(ctx context.Context, answer []byte) (_ float64, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(answer)
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		closed := server.Close()
		if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
			closed = errors.Join(closed, ended)
		}
		err = errors.Join(err, closed)
	}()
	_, elapsed, err := l.send(ctx, "http://"+listener.Addr().String()+"/applications")
	return float64(l.N) / elapsed.Seconds(), err
}

// send posts N applications from all clients, as fast as they are answered or at Rate, and returns how long each took, ascending.
func (l Load) send(ctx context.Context, url string) ([]time.Duration, time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: l.Clients, MaxConnsPerHost: l.Clients}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		next atomic.Int64
		took = make([]time.Duration, l.N)
		all  sync.WaitGroup
	)
	began := time.Now()
	for range l.Clients {
		all.Go(func() {
			for i := next.Add(1); i <= int64(l.N) && ctx.Err() == nil; i = next.Add(1) {
				sent := l.due(ctx, began, i)
				if _, err := l.post(ctx, client, url, fmt.Sprintf("load-%d-%d", began.UnixNano(), i)); err != nil {
					cancel(err)
				}
				took[i-1] = time.Since(sent)
			}
		})
	}
	all.Wait()
	elapsed := time.Since(began)
	slices.Sort(took)
	return took, elapsed, context.Cause(ctx)
}

// due waits until application i may be sent and returns when that was.
func (l Load) due(ctx context.Context, began time.Time, i int64) time.Time {
	if l.Rate <= 0 {
		return time.Now()
	}
	at := began.Add(time.Duration(float64(i) / l.Rate * float64(time.Second)))
	wait := time.NewTimer(time.Until(at))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
	return at
}

func (l Load) post(ctx context.Context, client *http.Client, url, key string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(l.Body))
	if err != nil {
		return nil, err
	}
	request.Header = l.Header.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	request.Header.Set("Idempotency-Key", key)
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusCreated {
		return nil, fmt.Errorf("%s answered %s: %.300s", url, response.Status, answer)
	}
	return answer, nil
}
