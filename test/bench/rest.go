// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

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
	err = each(ctx, m.all(), 4, func(ctx context.Context, s *service) error {
		svc := &v1alpha1.GovService{}
		svc.Namespace, svc.Name = s.Namespace, s.Name
		return m.platform().Patch(ctx, svc, patch)
	})
	if err != nil {
		return err
	}
	policy := &v1alpha1.PublicationPolicy{}
	policy.Name = "default"
	if err := m.platform().Patch(ctx, policy, patch); err != nil {
		return err
	}
	if err := m.settled(ctx, before+float64(len(m.all()))); err != nil {
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
	if _, err := m.audit.since(ctx); err != nil {
		return err
	}
	if err := m.restart(ctx); err != nil {
		return err
	}
	if err := pause(ctx, quiet); err != nil {
		return err
	}
	counted, err := m.audit.since(ctx)
	if err != nil {
		return err
	}
	m.add(atMost("P7", "writes after a restart", float64(counted.total()), 0, "").because("%d services; %s", len(m.all()), counted.per(1)))
	return nil
}

// restart kills the controller and waits until its next life has looked at every service.
func (m *control) restart(ctx context.Context) error {
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
	return m.settled(ctx, float64(len(m.all())))
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
	return eventually(ctx, 5*time.Minute, func(ctx context.Context) (string, error) {
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
