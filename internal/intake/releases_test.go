// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shelf is where tests read releases from. It counts how often each was read.
type shelf struct {
	mu    sync.Mutex
	reads map[string]int
	fail  func(digest string) error
	begun chan struct{} // told when a read begins
	held  chan struct{} // a read waits for it; nil waits for nothing
}

func (s *shelf) read(_ context.Context, key releaseKey) (*release, error) {
	if s.held != nil {
		s.begun <- struct{}{}
		<-s.held
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads[key.digest]++
	if s.fail != nil {
		if err := s.fail(key.digest); err != nil {
			return nil, err
		}
	}
	return &release{service: key.service, digest: key.digest, size: 10}, nil
}

func TestReleasesUsedLongestAgoMakeRoom(t *testing.T) {
	kept := &shelf{reads: map[string]int{}}
	c := &clock{now: noon}
	r := newReleases(30, c.Now, kept.read)
	get := func(digests ...string) {
		t.Helper()
		for _, d := range digests {
			c.Add(time.Second)
			if got, err := r.get(t.Context(), releaseKey{service, d}); err != nil || got.digest != d {
				t.Fatalf("%s: %v, %v", d, got, err)
			}
		}
	}
	get("a", "b", "c", "a") // b was used longest ago
	get("d", "a", "c", "d")
	if diff := cmp.Diff(map[string]int{"a": 1, "b": 1, "c": 1, "d": 1}, kept.reads); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	get("b", "a")
	if diff := cmp.Diff(map[string]int{"a": 2, "b": 2, "c": 1, "d": 1}, kept.reads); diff != "" {
		t.Errorf("reads after b came again (-want +got):\n%s", diff)
	}
	if n := r.expire(c.Now()); n != 2 || r.size != 10 {
		t.Errorf("%d expired and %d bytes are held, want 2, and the one that was used just now", n, r.size)
	}
	r.put(&release{service: service, digest: "large", size: 1000})
	get("large")
	if len(r.held) != 1 || r.size != 1000 || kept.reads["large"] != 0 {
		t.Errorf("%d releases of %d bytes are held, want the large one alone", len(r.held), r.size)
	}
}

func TestReleaseIsReadOnceForAllWhoComeAtOnce(t *testing.T) {
	kept := &shelf{reads: map[string]int{}, begun: make(chan struct{}, 1), held: make(chan struct{})}
	r := newReleases(30, time.Now, kept.read)
	leaving, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := r.get(leaving, releaseKey{service, "a"})
		left <- err
	}()
	<-kept.begun
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("who left waits on: %v", err)
	}
	got := make(chan *release)
	for range 8 {
		go func() {
			found, err := r.get(t.Context(), releaseKey{service, "a"})
			if err != nil {
				t.Error(err)
			}
			got <- found
		}()
	}
	close(kept.held)
	first := <-got
	for range 7 {
		if again := <-got; again != first {
			t.Error("two who came at once have different releases")
		}
	}
	if kept.reads["a"] != 1 {
		t.Errorf("it was read %d times", kept.reads["a"])
	}
}

func TestReleaseThatCannotBeReadIsTriedAgain(t *testing.T) {
	failures := []error{errors.New("no such definition"), nil}
	kept := &shelf{reads: map[string]int{}, fail: func(digest string) error {
		if digest == "bad" {
			panic("what no reader expects")
		}
		err := failures[0]
		failures = failures[1:]
		return err
	}}
	r := newReleases(30, time.Now, kept.read)
	if _, err := r.get(t.Context(), releaseKey{service, "a"}); err == nil {
		t.Error("no error")
	}
	if _, err := r.get(t.Context(), releaseKey{service, "a"}); err != nil {
		t.Errorf("the second time: %v", err)
	}
	if _, err := r.get(t.Context(), releaseKey{service, "bad"}); err == nil || !strings.Contains(err.Error(), "panicked") {
		t.Errorf("a panic is %v", err)
	}
	if r.size != 10 || len(r.held) != 1 {
		t.Errorf("%d bytes of %d releases are held, want those of the one that was read", r.size, len(r.held))
	}
}

// Memory for one revision is enough to serve two: a draft on the former one, and the newer one.
func TestRevisionsTakeTurnsInLittleMemory(t *testing.T) {
	f := start(t)
	f.releases.room = 1
	b := toCheck(f)
	former := b.header.Get("Okno-Digest")
	second := definition(t, titled("Второе"))
	f.publish(publication(t, 2, second), second)
	for range 2 {
		if got := f.heading(); got != "Второе" {
			t.Errorf("new visitors see %q", got)
		}
		if a := f.fileJSON(resident); a.status != http.StatusCreated {
			t.Errorf("an application on the new revision: %d", a.status)
		}
		if b.get(b.url.Path); b.header.Get("Okno-Digest") != former {
			t.Errorf("the draft stands on %q", b.header.Get("Okno-Digest"))
		}
		if len(f.releases.held) != 1 {
			t.Errorf("%d releases are held in the room of one", len(f.releases.held))
		}
	}
	f.releases.expire(f.clock.Now().Add(time.Second))
	b.choose("", "Подтверждаю").press("Подтвердить")
	if number, _ := b.receipt(); number == "" {
		t.Error("the draft could not be sent")
	}
}
