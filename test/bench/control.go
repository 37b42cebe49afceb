// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

var clusterFigures = []string{"P1", "P6", "P7", "P9", "CONTROLLER"}

// humanDecisions is how many gates of the default policy wait for a person.
const humanDecisions = 4

// maxWrites is P1 for the default policy.
const maxWrites = 5 + (humanDecisions - 1)

// control measures one installation.
type control struct {
	*cluster
	audit    *audit
	services []*service // those that people decide on
	crowd    []*service // those beside them
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
	agencies, err := c.agencies(ctx, "agency", o.agencies, nil)
	if err != nil {
		return nil, err
	}
	m := &control{cluster: c, audit: &audit{path: c.plane.AuditLog()}}
	led := min(o.services, o.led)
	if m.services, err = c.makeServices("config/samples/pension-delivery/govservice.yaml", "pension", 0, led, agencies); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{
		m.intakesRun(agencies), m.firstRevisions, m.crowded(o.services - led), m.secondRevisions, m.anchored, m.touched, m.restarted, m.idle,
	} {
		if err = step(ctx); err != nil {
			break
		}
	}
	return m.figures, err
}

// crowded has n services more beside those that are measured, and tells what each of them takes.
func (m *control) crowded(n int) func(context.Context) error {
	return func(ctx context.Context) error {
		if n <= 0 {
			return nil
		}
		few, err := m.weigh(ctx)
		if err != nil {
			return err
		}
		if err := m.publishCrowd(ctx, n); err != nil {
			return err
		}
		many, err := m.weigh(ctx)
		if err == nil {
			m.add(few.each(many))
		}
		return err
	}
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
