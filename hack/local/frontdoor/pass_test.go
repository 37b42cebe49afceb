// SPDX-License-Identifier: Apache-2.0

package frontdoor

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPostsAreAnsweredInFull holds open the moment at which the door has sent a
// request's last byte and has not yet seen that it was the last: an answer that
// begins then must not be cut off. On a busy machine this happens by itself.
func TestPostsAreAnsweredInFull(t *testing.T) {
	const part = 5 << 10 // more than a server holds back
	request := strings.Repeat("x", 2000)
	looked := make(chan struct{}, 1)
	pod := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got, err := io.ReadAll(r.Body); err != nil || len(got) != len(request) {
			t.Errorf("the pod reads %d of %d bytes: %v", len(got), len(request), err)
		}
		_, _ = io.WriteString(w, strings.Repeat("a", part))
		_ = http.NewResponseController(w).Flush()
		<-looked
		_, _ = io.WriteString(w, strings.Repeat("b", part))
	}))
	defer pod.Close()
	answered := make(chan struct{}, 1)
	var log strings.Builder
	d := &Door{log: slog.New(slog.NewTextHandler(&log, nil))}
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = &lateEnd{ReadCloser: r.Body, left: len(request), answered: answered, looked: looked}
		d.pass(w, r, []string{pod.Listener.Addr().String()}, r.Host)
	}))
	defer door.Close()
	for i := range 50 { // over one kept-alive connection
		response, err := http.Post(door.URL, "application/json", strings.NewReader(request)) //nolint:noctx // a test on loopback
		if err != nil {
			t.Fatal(err)
		}
		answered <- struct{}{}
		got, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if want := strings.Repeat("a", part) + strings.Repeat("b", part); err != nil || string(got) != want {
			t.Fatalf("post %d: %s, %d of %d bytes: %v\n%s", i, response.Status, len(got), len(want), err, &log)
		}
	}
}

// lateEnd is a request's body whose end is looked for after the answer has
// begun to arrive.
type lateEnd struct {
	io.ReadCloser
	left             int
	answered, looked chan struct{}
}

func (b *lateEnd) Read(p []byte) (int, error) {
	if b.left == 0 {
		<-b.answered
		n, err := b.ReadCloser.Read(p)
		b.looked <- struct{}{}
		return n, err
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= n
	if errors.Is(err, io.EOF) && n > 0 {
		err = nil
	}
	return n, err
}
