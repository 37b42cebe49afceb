// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/hack/local/frontdoor"
	"github.com/okno-dev/okno/hack/local/node"
	"github.com/okno-dev/okno/hack/local/persons"
	"github.com/okno-dev/okno/hack/local/process"
)

// registry is the part of image names that the local node finds in bin.
const registry = "okno.dev"

// local runs everything on this machine until ctx ends.
func local(ctx context.Context, s settings, t *teller, found sample) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if err := isFree(s.address); err != nil {
		return err
	}
	if err := s.build(ctx, t); err != nil {
		return err
	}
	cluster := &machine{settings: s}
	defer cluster.stop(t)
	if err := t.step(ctx, "starting the control plane", func(ctx context.Context) error { return cluster.start(ctx, end) }); err != nil {
		return err
	}
	args, err := publicArgs(s.address)
	if err != nil {
		return err
	}
	told := tellStory(ctx, s, t, found, args)
	switch {
	case told == nil:
		t.say("Ctrl-C stops everything and keeps the data.")
	case ctx.Err() != nil:
		return told
	default: // what failed is best looked at where it stands
		t.say("%s", s.standing(told))
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	t.say("")
	if told != nil {
		return context.Canceled // it was told when it happened
	}
	return nil
}

// standing says what failed, and how to look at what stands.
func (s settings) standing(failure error) string {
	return fmt.Sprintf(`
This did not work: %v

The cluster stays up, and so does all that was done before:

  bin/as platform kubectl get pods,govservices,publications -A
  logs under %s and %s

'make run' goes on from here; 'make clean-run' begins anew. Ctrl-C ends it; the data stays.`,
		failure, relative(s.root, filepath.Join(s.data, "controlplane", "logs")), relative(s.root, filepath.Join(s.data, "node", "logs")))
}

// build builds what can be tried without a cluster first, and the control
// plane, which takes longest, last.
func (s settings) build(ctx context.Context, t *teller) error {
	if s.areBuilt("intake", "kubectl-okno", "controller", "portal") {
		if err := t.step(ctx, "bringing the programs up to date", s.buildProduct(t, "intake", "kubectl-okno", "controller", "portal")); err != nil {
			return err
		}
	} else {
		if err := t.step(ctx, "building intake and command line (about 3 min; then 'make try' works)", s.buildProduct(t, "intake", "kubectl-okno")); err != nil {
			return err
		}
		if err := t.step(ctx, "building controller and portal (about 3 min)", s.buildProduct(t, "controller", "portal")); err != nil {
			return err
		}
	}
	title := "control plane is built"
	if !s.areBuilt(append(controlplane.Programs, "kubectl")...) {
		title = "building the control plane from its Go modules (once)"
	}
	return t.step(ctx, title, s.buildControlPlane(t))
}

// machine is all that runs on this machine.
type machine struct {
	settings
	plane *controlplane.Cluster
	node  *node.Node
	door  *frontdoor.Door
	log   *os.File
	// unwatch is called before the control plane is stopped on purpose.
	unwatch context.CancelFunc
}

// start starts control plane, front door and node; end ends the run.
func (m *machine) start(ctx context.Context, end context.CancelCauseFunc) error {
	var err error
	if m.plane, err = controlplane.Start(ctx, controlplane.Options{Dir: filepath.Join(m.data, "controlplane"), BinDir: m.bin}); err != nil {
		return err
	}
	m.watch(ctx, end)
	for _, p := range persons.All() {
		if err := m.plane.Kubeconfig(p.Kubeconfig(m.data), p.Name, p.Groups...); err != nil {
			return err
		}
		if err := enter(p.Kubeconfig(m.data), m.namespace); err != nil {
			return err
		}
	}
	if err := m.writeScript(); err != nil {
		return err
	}
	if m.log, err = os.OpenFile(filepath.Join(m.data, "run.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	return m.open(ctx, slog.New(slog.NewTextHandler(m.log, nil)))
}

// watch ends the run when one of the control plane's programs ends by itself.
func (m *machine) watch(ctx context.Context, end context.CancelCauseFunc) {
	ctx, m.unwatch = context.WithCancel(ctx)
	ended := m.plane.Done(ctx)
	go func() {
		select {
		case program := <-ended:
			log := m.plane.Log(program)
			end(fmt.Errorf("%s ended by itself; its log %s ends with:\n%s", program, log, process.Tail(log, 2000)))
		case <-ctx.Done():
		}
	}()
}

// open starts what pods and people need.
func (m *machine) open(ctx context.Context, log *slog.Logger) error {
	var err error
	m.door, err = frontdoor.Listen(frontdoor.Options{
		Config: m.plane.Config("okno:front-door", controlplane.Masters), Address: m.address, Log: log,
	})
	if err != nil {
		return err
	}
	if err := m.door.Serve(ctx); err != nil {
		return err
	}
	certificate, key, err := m.plane.ServerPair("local")
	if err != nil {
		return err
	}
	logs, err := node.ListenForLogs(certificate, key, m.plane.CA(), controlplane.NodeClientGroup)
	if err != nil {
		return err
	}
	m.node, err = node.Start(ctx, node.Options{
		Config: m.plane.Config("okno:local-node", controlplane.Masters), Dir: filepath.Join(m.data, "node"),
		Images: node.Programs(registry, m.bin), Proxy: m.door.Proxy(), Logs: logs, Log: log,
	})
	return err
}

// stop ends everything, pods first.
func (m *machine) stop(t *teller) {
	if m.plane == nil {
		return
	}
	t.line("stopping; the data stays in " + relative(m.root, m.data))
	m.unwatch()
	if m.door != nil {
		m.door.Close()
	}
	if m.node != nil {
		m.node.Stop()
	}
	m.plane.Stop()
	m.plane = nil
	if m.log != nil {
		_ = m.log.Close()
	}
}

// isFree tells early what would fail late.
func isFree(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the front door cannot open: %w; 'make run ADDRESS=127.0.0.1:9090' takes another port", err)
	}
	return listener.Close()
}

// tellStory installs the product and leads the sample through it.
func tellStory(ctx context.Context, s settings, t *teller, found sample, args arguments) error {
	if err := t.step(ctx, "installing kinds, admission policies, roles, gates and the controller", s.install(args)); err != nil {
		return err
	}
	if err := t.step(ctx, "waiting for controller, prover and portal", s.deploymentsReady(2*time.Minute)); err != nil {
		return err
	}
	story := &story{settings: s, t: t, sample: found}
	if err := story.tell(ctx); err != nil {
		return err
	}
	return story.screen(ctx)
}
