// SPDX-License-Identifier: Apache-2.0

package durability

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/okno-dev/okno/hack/local/process"
	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/test/bench/lone"
)

const root = "../.."

// office is the real intake, started again after each of its deaths, and those who file by its JSON API.
type office struct {
	dir, program, service string
	body                  []byte
	acks                  acknowledged
}

func newOffice(t *testing.T) *office {
	t.Helper()
	program, err := lone.Build(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{dir: t.TempDir(), program: program, acks: acknowledged{}}
	o.body = sample(t, "applications/pension.json")
	if o.service, err = lone.Prepare(t.Context(), o.dir, sample(t, "pension-delivery/govservice.yaml")); err != nil {
		t.Fatal(err)
	}
	return o
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", "samples", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (o *office) start(t *testing.T, wrapper ...string) *lone.Intake {
	t.Helper()
	in, err := lone.Start(t.Context(), lone.Options{Program: o.program, Dir: o.dir, Wrapper: wrapper})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Kill() })
	return in
}

// receipt is what the intake answers.
type receipt struct {
	Number string
	status int
}

// post files under key i. An error is the connection's: the intake died.
func (o *office) post(ctx context.Context, client *http.Client, in *lone.Intake, i int) (receipt, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, in.Applications(o.service), bytes.NewReader(o.body))
	if err != nil {
		return receipt{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key(i))
	// Without it the transport would send a request again by itself, and hide what the first one was answered.
	request.GetBody = nil
	response, err := client.Do(request)
	if err != nil {
		return receipt{}, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return receipt{}, err
	}
	r := receipt{status: response.StatusCode}
	if r.status != http.StatusCreated && r.status != http.StatusOK {
		return r, fmt.Errorf("answered %s: %.300s", response.Status, answer)
	}
	return r, json.Unmarshal(answer, &r)
}

// file lets clients file under keys, and calls seen with each acknowledgement the moment it is there, one at a time. It returns
// what was answered with a status other than 200 and 201.
func (o *office) file(t *testing.T, in *lone.Intake, clients int, keys []int, seen func(i int, r receipt)) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}, Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		queued = make(chan int, len(keys))
	)
	for _, i := range keys {
		queued <- i
	}
	close(queued)
	for range clients {
		all.Go(func() {
			for i := range queued {
				r, err := o.post(t.Context(), client, in, i)
				if err != nil {
					o.gone(t, in, i, err)
					return
				}
				mu.Lock()
				seen(i, r)
				mu.Unlock()
			}
		})
	}
	all.Wait()
}

// gone requires that a request without an answer is so because the intake was killed.
func (o *office) gone(t *testing.T, in *lone.Intake, i int, cause error) {
	select {
	case <-in.Done():
	case <-time.After(5 * time.Second):
		t.Errorf("%s has no answer although the intake lives: %v", key(i), cause)
	}
}

// take remembers an acknowledgement. The same key must always have the same number, and be new only once.
func (o *office) take(t *testing.T, i int, r receipt) {
	before, known := o.acks[i]
	switch {
	case known && before != r.Number:
		t.Errorf("%s has two numbers, %s and %s", key(i), before, r.Number)
	case known && r.status != http.StatusOK:
		t.Errorf("%s was filed anew after its acknowledgement", key(i))
	}
	o.acks[i] = r.Number
}

// open returns the first n keys that have no acknowledgement yet.
func (o *office) open(n int) []int {
	var keys []int
	for i := 0; len(keys) < n; i++ {
		if o.acks[i] == "" {
			keys = append(keys, i)
		}
	}
	return keys
}

// check requires that the store has the acknowledged applications and no others.
func (o *office) check(t *testing.T) {
	t.Helper()
	s, err := store.Open(t.Context(), lone.StorePath(o.dir), store.Options{})
	if err != nil {
		t.Fatalf("what was left does not open: %v", err)
	}
	defer s.Close()
	o.acks.checkStored(t, s, len(o.acks))
}

// TestTheIntakeKilledAtItsAnswer kills the real intake with SIGKILL the moment a client has its answer, round after round on the
// same store. After each restart the clients send again what was not answered, under the same keys, and at the end everything.
func TestTheIntakeKilledAtItsAnswer(t *testing.T) {
	rounds := 10
	if soaking() {
		rounds = 200
	}
	o := newOffice(t)
	const perRound, clients = 80, 8
	sent, repeated, highest := 0, 0, 0
	for round := range rounds {
		in := o.start(t)
		keys := o.open(perRound)
		left := 1 + rand.IntN(perRound/2)
		o.file(t, in, clients, keys, func(i int, r receipt) {
			if r.status == http.StatusOK {
				repeated++
			}
			o.take(t, i, r)
			if left--; left == 0 {
				in.Kill()
			}
		})
		if left > 0 {
			t.Fatalf("round %d: the intake died %d answers before its time; its log ends with:\n%s", round, left, process.Tail(in.Log, 3000))
		}
		highest = max(highest, keys[len(keys)-1])
	}
	in := o.start(t)
	everything := make([]int, highest+1)
	for i := range everything {
		everything[i] = i
	}
	o.file(t, in, clients, everything, func(i int, r receipt) {
		sent++
		o.take(t, i, r)
	})
	if sent != len(everything) {
		t.Errorf("%d of %d were answered in the end", sent, len(everything))
	}
	if exit := in.Stop(20 * time.Second); exit.Code != 0 {
		t.Errorf("it ended with code %d", exit.Code)
	}
	t.Logf("%d kills, %d applications, %d of them were on disk although their answer was lost", rounds, len(o.acks), repeated)
	o.check(t)
}
