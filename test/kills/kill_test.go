// SPDX-License-Identifier: Apache-2.0

package kills

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/signature"
)

// TestKilledAtRandomMomentsTheControllerEndsWhereACalmOneDoes ends the controller with SIGKILL again and again while services are
// applied, approved, rejected, stopped, reverted, deleted and brought back.
func TestKilledAtRandomMomentsTheControllerEndsWhereACalmOneDoes(t *testing.T) {
	kills, services := 2, 2
	if os.Getenv("OKNO_SOAK") != "" {
		kills, services = 50, 6
	}
	p := newPlane(t)
	p.agency("witnesses")
	p.start()
	calm := p.lives("calm", services)
	p.kill()
	if t.Failed() {
		return
	}
	killed := 0
	for round := 1; killed < kills && !t.Failed(); round++ {
		name := fmt.Sprintf("killed-%d", round)
		ends, n := p.disturbed(name, services, kills-killed)
		killed += n
		if diff := cmp.Diff(calm, ends); diff != "" {
			t.Errorf("%s, %d kills (-calm +killed):\n%s", name, n, diff)
		}
		for i := range services {
			p.verify(client.ObjectKey{Namespace: fmt.Sprintf("%s-%d", name, i%2), Name: fmt.Sprintf("service-%d", i)})
		}
	}
	t.Logf("%d kills", killed)
	p.quiet()
}

// longest is how long a controller lives at most before it is killed. It needs about a second to begin; some never come that far.
const longest = 3 * time.Second

// disturbed leads n services while the controller is killed up to limit times, and returns where they end and how often it was. It
// leaves no controller behind.
func (p *plane) disturbed(round string, n, limit int) (map[string]ending, int) {
	p.Helper()
	var over atomic.Bool
	var killing sync.WaitGroup
	killed := 0
	p.start()
	killing.Go(func() {
		for killed < limit && !over.Load() {
			alive := time.NewTimer(rand.N(longest))
			select {
			case <-alive.C:
			case <-p.turn.controller.Done():
			}
			p.kill()
			killed++
			p.start()
		}
	})
	ends := p.lives(round, n)
	over.Store(true)
	killing.Wait()
	p.kill()
	return ends, killed
}

// verify checks that a service's records are numbered without a gap, and that each is signed and names the hash of the one before.
func (p *plane) verify(key client.ObjectKey) {
	p.Helper()
	previous := ""
	for i, record := range p.records(key) {
		if record.Spec.Seq != int64(i+1) {
			p.Errorf("%s: record %d has number %d", key, i+1, record.Spec.Seq)
		}
		if err := p.keys.VerifyPublication(record.Spec, key.Namespace); err != nil {
			p.Errorf("%s: record %d: %v", key, i+1, err)
		}
		if record.Spec.Previous != previous {
			p.Errorf("%s: record %d follows %q, want %q", key, i+1, record.Spec.Previous, previous)
		}
		var err error
		if previous, err = signature.RecordHash(record.Spec); err != nil {
			p.Fatal(err)
		}
	}
}

// quiet starts the controller once more and sees a new service through: by then everything old has been looked at, for a controller
// works off what it finds at its start first. In the audit log nothing may stand but what made the new one.
func (p *plane) quiet() {
	p.Helper()
	p.kill()
	from := len(p.audited())
	p.start()
	witness := p.life(p.T, "witnesses", "witness")
	witness.publish("A title")
	witness.awaitCondition(v1alpha1.ConditionPublished, v1alpha1.ReasonPublished)
	p.kill()
	var others []string
	for _, write := range p.audited()[from:] {
		if !strings.Contains(write, " witnesses/") {
			others = append(others, write)
		}
	}
	slices.Sort(others)
	if diff := cmp.Diff([]string{"create configmaps"}, others); diff != "" { // the claim of the witness's code
		p.Errorf("writes of a restarted controller (-want +got):\n%s", diff)
	}
}

// audited are the controller's writes, Events and leases apart, from the API server's audit log.
func (p *plane) audited() []string {
	p.Helper()
	file, err := os.Open(p.cluster.AuditLog())
	if err != nil {
		p.Fatal(err)
	}
	defer file.Close()
	var writes []string
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return writes
		}
		if err != nil {
			p.Fatal(err)
		}
		var e struct {
			Stage     string
			Verb      string
			User      struct{ Username string }
			ObjectRef struct{ Resource, Subresource, Namespace, Name string }
		}
		if err := json.Unmarshal(line, &e); err != nil {
			p.Fatal(err)
		}
		ref := e.ObjectRef
		if e.Stage != "ResponseComplete" || e.User.Username != v1alpha1.ControllerAccount || ref.Resource == "events" || ref.Resource == "leases" ||
			!slices.Contains([]string{"create", "update", "patch", "delete", "deletecollection"}, e.Verb) {
			continue
		}
		write := e.Verb + " " + strings.TrimSuffix(ref.Resource+"/"+ref.Subresource, "/")
		if ref.Resource != "configmaps" { // whose names are hashes
			write += " " + ref.Namespace + "/" + ref.Name
		}
		writes = append(writes, write)
	}
}
