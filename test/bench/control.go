// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

var clusterFigures = []string{"P1", "P7", "P9", "CONTROLLER"}

// humanDecisions is how many gates of the default policy wait for a person.
const humanDecisions = 4

// maxWrites is P1 for the default policy.
const maxWrites = 5 + (humanDecisions - 1)

// control measures one installation.
type control struct {
	*cluster
	audit    *audit
	services []*service
	figures  []figure
}

// measureCluster publishes services on a throw-away cluster, twice each.
func measureCluster(ctx context.Context, o options) (_ []figure, err error) {
	progress("cluster: starting control plane, controller and prover")
	c, err := startCluster(ctx, o.root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	agencies, err := c.agencies(ctx, o.agencies)
	if err != nil {
		return nil, err
	}
	m := &control{cluster: c, audit: &audit{path: c.plane.AuditLog()}}
	if m.services, err = c.makeServices(o.services, agencies); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{
		m.intakesRun(agencies), m.firstRevisions, m.secondRevisions, m.anchored, m.touched, m.restarted, m.idle,
	} {
		if err = step(ctx); err != nil {
			break
		}
	}
	return m.figures, err
}

func (m *control) add(figures ...figure) { m.figures = append(m.figures, figures...) }

func (m *control) intakesRun(agencies []string) func(context.Context) error {
	return func(ctx context.Context) error {
		progress("cluster: starting the intakes of %d agencies", len(agencies))
		err := eventually(ctx, 2*time.Minute, func(ctx context.Context) (string, error) {
			for _, namespace := range agencies {
				base, err := m.intakeURL(ctx, namespace)
				if err != nil {
					return "", err
				}
				if _, err := digestShown(ctx, http.DefaultClient, base+"/s/nothing"); err != nil {
					return "", err
				}
			}
			return "", nil
		})
		if err != nil {
			return err
		}
		_, err = m.audit.since(ctx)
		return err
	}
}

// firstRevisions publishes every service for the first time, some at once.
func (m *control) firstRevisions(ctx context.Context) error {
	n := len(m.services)
	progress("cluster: publishing %d services, each through %d human gates", n, humanDecisions)
	began := time.Now()
	err := each(ctx, m.services, 4, func(ctx context.Context, s *service) error {
		if err := apply(ctx, m.people["agency-editor"], s.manifest); err != nil {
			return err
		}
		return m.lead(ctx, s, "")
	})
	if err != nil {
		return err
	}
	took := time.Since(began)
	counted, err := m.audit.since(ctx)
	if err != nil {
		return err
	}
	m.add(m.writesEach("first", counted), told("P2", "first publications, scenarios included", float64(n)/took.Seconds(), "/s").because("4 at once"))
	return nil
}

// writesEach is P1. What belongs to the agencies, not to a publication, is left out: their status has a budget of its own.
func (m *control) writesEach(which string, counted writes) figure {
	n := len(m.services)
	return atMost("P1", "writes of the controller for each "+which+" publication", float64(counted.total("serviceproviders/status"))/float64(n), maxWrites, "").
		because("%s", counted.per(n))
}

// secondRevisions brings every service before its last gate, and then opens that gate for one after the other.
func (m *control) secondRevisions(ctx context.Context) error {
	progress("cluster: bringing %d changed services before their last gate", len(m.services))
	err := each(ctx, m.services, 4, func(ctx context.Context, s *service) error {
		if err := s.newEdition(); err != nil {
			return err
		}
		if err := apply(ctx, m.people["agency-editor"], s.manifest); err != nil {
			return err
		}
		return m.lead(ctx, s, lastGate())
	})
	if err != nil {
		return err
	}
	var counted writes
	progress("cluster: opening the last gate of one after the other, as a citizen watches")
	if counted, err = m.audit.since(ctx); err != nil {
		return err
	}
	var seen []sight
	for _, s := range m.services {
		one, err := m.untilVisible(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.ObjectKey, err)
		}
		seen = append(seen, one)
		if err := m.lead(ctx, s, ""); err != nil { // its status follows
			return err
		}
	}
	more, err := m.audit.since(ctx)
	if err != nil {
		return err
	}
	for resource, n := range more {
		counted[resource] += n
	}
	m.add(untilSeen(seen, m.audit.published)...)
	m.add(m.writesEach("further", counted))
	return nil
}

// sight is when a last approval was acknowledged, and when a citizen saw what it published.
type sight struct{ acknowledged, seen time.Time }

// untilSeen is P9. The instants at which the Publications were on record divide the time between controller and intake.
func untilSeen(sights []sight, published []time.Time) []figure {
	var took, recorded []time.Duration
	for i, s := range sights {
		took = append(took, max(0, s.seen.Sub(s.acknowledged)))
		if len(published) == len(sights) {
			recorded = append(recorded, max(0, published[i].Sub(s.acknowledged)))
		}
	}
	slices.Sort(took)
	slices.Sort(recorded)
	n := len(took)
	half := fmt.Sprintf("%d services, one at a time", n)
	if len(recorded) > 0 {
		half += fmt.Sprintf("; the signed record is written after %.0f ms", milliseconds(recorded[n/2]))
	}
	return []figure{
		atMost("P9", "last approval acknowledged → a citizen's page shows the digest, p50", milliseconds(took[n/2]), 100, "ms").because("%s", half),
		atMost("P9", "the same, p99", milliseconds(took[(n-1)*99/100]), 500, "ms").because("worst %.0f ms", milliseconds(took[n-1])),
	}
}

// untilVisible is P9 for one service: a citizen asks for the start page again and again on one connection.
func (m *control) untilVisible(ctx context.Context, s *service) (one sight, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	want, err := s.digest()
	if err != nil {
		return one, err
	}
	base, err := m.intakeURL(ctx, s.Namespace)
	if err != nil {
		return one, err
	}
	watching, watched := make(chan struct{}), make(chan error, 1)
	go func() {
		var err error
		one.seen, err = watch(ctx, base+"/s/"+s.Name, string(want), watching)
		watched <- err
	}()
	select {
	case <-watching:
	case err := <-watched:
		return one, errors.Join(errors.New("the page could not be watched before the approval"), err)
	}
	if one.acknowledged, err = m.approve(ctx, s, lastGate()); err != nil {
		return one, err
	}
	err = <-watched
	return one, err
}

// watch asks for a page until it shows the digest. It closes watching when it has asked once in vain.
func watch(ctx context.Context, page, digest string, watching chan<- struct{}) (time.Time, error) {
	citizen := &http.Client{Transport: &http.Transport{}}
	defer citizen.CloseIdleConnections()
	for first := true; ; first = false {
		shown, err := digestShown(ctx, citizen, page)
		if err != nil || shown == digest {
			return time.Now(), err
		}
		if first {
			close(watching)
		}
		if err := pause(ctx, time.Millisecond); err != nil { // the machine has other things to do
			return time.Time{}, err
		}
	}
}

// digestShown is the digest that a page of an intake was made from; empty on pages of no service.
func digestShown(ctx context.Context, citizen *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := citizen.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.Header.Get("Okno-Digest"), err
}

// Times for which the controller is left alone.
const (
	// anchoring is longer than the minute between two anchors of a journal, so that what has grown is anchored.
	anchoring = 65 * time.Second
	// quiet is longer than it takes to ask every intake.
	quiet = 15 * time.Second
	// resting is longer than the two minutes after which a Go program without work collects its garbage.
	resting = 130 * time.Second
	// reserve is kept for stopping everything.
	reserve = 20 * time.Second
)

// anchored waits until the journals' growth is in the agencies' status: that is no resync, and has a budget of its own.
func (m *control) anchored(ctx context.Context) error {
	progress("cluster: waiting %s for the journals' anchors", anchoring)
	if _, err := m.audit.since(ctx); err != nil {
		return err
	}
	if err := pause(ctx, anchoring); err != nil {
		return err
	}
	counted, err := m.audit.since(ctx)
	m.add(atMost("P8", "writes for metrics and journal anchors in the minute after the work", float64(counted.total())/anchoring.Seconds(), 1, "/s").
		because("%s", counted.per(1)))
	return errors.Join(err, m.remember("just after the work", false))
}

// idle is P7 for a cluster in which nothing happens, and the memory of all programs at rest.
func (m *control) idle(ctx context.Context) error {
	rest := resting
	if deadline, ok := ctx.Deadline(); ok {
		rest = max(quiet, min(rest, time.Until(deadline)-reserve))
	}
	rest = rest.Round(time.Second)
	progress("cluster: watching the idle controller for %s", rest)
	if err := pause(ctx, rest); err != nil {
		return err
	}
	counted, err := m.audit.since(ctx)
	m.add(atMost("P7", "writes while nothing happens", float64(counted.total()), 0, "").because("%s %s", rest, counted.per(1)))
	return errors.Join(err, m.remember(fmt.Sprintf("after %s of rest", rest), true))
}

// touched is P7 for a resync: every service gets an annotation, which concerns nobody, and so does the policy, for which the
// controller looks at all services again.
func (m *control) touched(ctx context.Context) error {
	progress("cluster: annotating every service and the policy")
	patch := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"metadata":{"annotations":{"bench":"%d"}}}`, time.Now().UnixNano()))
	before, err := m.reconciled(ctx)
	if err != nil {
		return err
	}
	for _, s := range m.services {
		svc := &v1alpha1.GovService{}
		svc.Namespace, svc.Name = s.Namespace, s.Name
		if err := m.platform().Patch(ctx, svc, patch); err != nil {
			return err
		}
	}
	policy := &v1alpha1.PublicationPolicy{}
	policy.Name = "default"
	if err := m.platform().Patch(ctx, policy, patch); err != nil {
		return err
	}
	if err := m.settled(ctx, before+float64(len(m.services))); err != nil {
		return err
	}
	counted, err := m.audit.since(ctx)
	if err != nil {
		return err
	}
	after, err := m.reconciled(ctx)
	m.add(atMost("P7", "writes when every service is looked at again", float64(counted.total()), 0, "").
		because("%.0f reconciles; %s", after-before, counted.per(1)))
	return err
}

// restarted is P7 for a controller that was killed and knows nothing.
func (m *control) restarted(ctx context.Context) error {
	progress("cluster: killing the controller and watching its next life")
	pids, err := m.pids("controller")
	if err != nil || len(pids) != 1 {
		return fmt.Errorf("find the controller among %v: %w", pids, err)
	}
	if err := syscall.Kill(pids[0], syscall.SIGKILL); err != nil {
		return err
	}
	err = eventually(ctx, time.Minute, func(ctx context.Context) (string, error) {
		now, err := m.pids("controller")
		if err != nil || len(now) != 1 || now[0] == pids[0] {
			return "the controller does not run again", err
		}
		_, err = m.reconciled(ctx)
		return "", err
	})
	if err != nil {
		return err
	}
	if err := m.settled(ctx, float64(len(m.services))); err != nil {
		return err
	}
	if err := pause(ctx, quiet); err != nil {
		return err
	}
	counted, err := m.audit.since(ctx)
	if err != nil {
		return err
	}
	m.add(atMost("P7", "writes after a restart", float64(counted.total()), 0, "").because("%s", counted.per(1)))
	return nil
}

// reconciled is how often the controller has looked at a service since its start.
func (m *control) reconciled(ctx context.Context) (float64, error) {
	ip, err := m.podIP(ctx, v1alpha1.SystemNamespace, "okno-controller")
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ip+":8080/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	sum := 0.0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, `controller_runtime_reconcile_total{controller="govservice"`) {
			continue
		}
		fields := strings.Fields(line)
		n, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, err
}

// settled waits until the controller has looked at services at least so often, and has nothing more to look at.
func (m *control) settled(ctx context.Context, atLeast float64) error {
	last, since := -1.0, time.Now()
	return eventually(ctx, time.Minute, func(ctx context.Context) (string, error) {
		n, err := m.reconciled(ctx)
		if err != nil {
			return "", err
		}
		if n != last {
			last, since = n, time.Now()
		}
		if n >= atLeast && time.Since(since) >= 2*time.Second {
			return "", nil
		}
		return fmt.Sprintf("the controller has looked at services %.0f times, not %.0f", n, atLeast), nil
	})
}
