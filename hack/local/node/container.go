// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/hack/local/process"
)

// Back-off between runs of a container that ends; a run of steadyAfter starts
// it anew. A kubelet begins at ten seconds, too long for somebody who waits.
const (
	firstBackoff = time.Second
	lastBackoff  = time.Minute
	steadyAfter  = time.Minute
)

// How often a container that could not be started is tried again.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// containerRun supervises one container of a pod.
type containerRun struct {
	pod  *podRun
	spec *corev1.Container
	init bool
	// state is guarded by the pod's mutex.
	state observed
}

// run starts the container, and again as its pod's restart policy says, until
// ctx ends or it has ended for good. It tells whether it ended well.
func (c *containerRun) run(ctx context.Context) bool {
	backoff := firstBackoff
	for {
		began := time.Now()
		exit, ok := c.untilEnd(ctx)
		if !ok {
			return false
		}
		c.ended(exit, ctx.Err() != nil)
		if ctx.Err() != nil {
			return false
		}
		if !c.restarts(exit.Code) {
			c.observe(func(s *observed) { s.final = true })
			return exit.Code == 0
		}
		if time.Since(began) > steadyAfter {
			backoff = firstBackoff
		}
		c.observe(func(s *observed) {
			message := fmt.Sprintf("back-off %s; its log is %s", backoff, c.log())
			s.last, s.terminated, s.waiting = s.terminated, nil, waiting("CrashLoopBackOff", message)
		})
		if !pause(ctx, backoff) {
			return false
		}
		backoff = min(backoff*2, lastBackoff)
		c.observe(func(s *observed) { s.restarts++ })
	}
}

// untilEnd runs the container's process once. While it cannot be started, for
// want of a program or a ConfigMap, it tries again; false tells that ctx ended
// before it could be.
func (c *containerRun) untilEnd(ctx context.Context) (process.Exit, bool) {
	delay := firstRetry
	for {
		exit, err := c.once(ctx)
		if err == nil {
			return exit, true
		}
		c.observe(func(s *observed) {
			s.waiting, s.running, s.ready = waiting("CreateContainerError", err.Error()), nil, false
		})
		if !pause(ctx, delay) {
			return process.Exit{}, false
		}
		delay = min(delay*2, lastRetry)
	}
}

// restarts tells whether the container is started again after it ended.
func (c *containerRun) restarts(code int) bool {
	switch c.pod.object().Spec.RestartPolicy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return code != 0
	default:
		return !c.init || code != 0
	}
}

// once runs the container's process from start to end. An error tells that it
// could not be started.
func (c *containerRun) once(ctx context.Context) (process.Exit, error) {
	p, image, err := c.start(ctx)
	if err != nil {
		return process.Exit{}, err
	}
	started := metav1.Now()
	unhealthy := make(chan error, 1)
	probes, stopProbes := context.WithCancel(ctx)
	defer stopProbes()
	c.observe(func(s *observed) {
		s.waiting, s.terminated, s.running = nil, nil, &corev1.ContainerStateRunning{StartedAt: started}
		s.started, s.ready = c.spec.StartupProbe == nil, c.spec.StartupProbe == nil && c.spec.ReadinessProbe == nil
		s.imageID = repository(c.spec.Image) + "@" + image.Digest
		s.id = fmt.Sprintf("process://%s-%s-%d", c.pod.uid, c.spec.Name, p.PID())
	})
	if err := c.probe(probes, unhealthy); err != nil {
		p.Kill()
		return process.Exit{}, err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		c.observe(func(s *observed) { s.ready = false })
		c.preStop()
		p.Stop(c.pod.grace())
	case err := <-unhealthy:
		c.pod.node.options.Log.Warn("container is unhealthy", "pod", c.pod.key.String(), "container", c.spec.Name, "error", err)
		c.observe(func(s *observed) { s.ready = false })
		p.Stop(c.pod.grace())
	}
	return p.Exit(), nil
}

// start starts the container's process.
func (c *containerRun) start(ctx context.Context) (*process.Process, Image, error) {
	image, err := c.pod.node.options.Images(c.spec.Image)
	if err != nil {
		return nil, image, err
	}
	paths := newPathMap(c.spec.VolumeMounts, c.pod.folders)
	env, err := c.pod.environment(ctx, c.spec, paths)
	if err != nil {
		return nil, image, err
	}
	command := commandLine(c.spec, image, env, paths)
	dir := c.pod.dir
	if c.spec.WorkingDir != "" {
		if dir = paths.replace(c.spec.WorkingDir); dir == c.spec.WorkingDir {
			dir = c.pod.dir // a folder of the image, which has none here
		}
	}
	if err := process.Rotate(c.log()); err != nil {
		return nil, image, err
	}
	p, err := process.Start(process.Spec{Path: command[0], Args: command[1:], Env: env.list(), Dir: dir, Log: c.log()})
	return p, image, err
}

// commandLine is what the container runs. The image's program stands for a
// command of its name wherever the image would have it.
func commandLine(spec *corev1.Container, image Image, env *variables, paths pathMap) []string {
	line := append([]string{}, image.Entrypoint...)
	if len(spec.Command) > 0 {
		line = line[:0]
		for _, word := range spec.Command {
			line = append(line, paths.replace(env.expand(word)))
		}
		if filepath.Base(line[0]) == filepath.Base(image.Entrypoint[0]) {
			line[0] = image.Entrypoint[0]
		}
	}
	for _, word := range spec.Args {
		line = append(line, paths.replace(env.expand(word)))
	}
	return line
}

// probe starts the container's probes: liveness and readiness count only once
// the startup probe has succeeded.
func (c *containerRun) probe(ctx context.Context, unhealthy chan<- error) error {
	checks := map[*corev1.Probe]func(context.Context) error{}
	for _, probe := range []*corev1.Probe{c.spec.StartupProbe, c.spec.ReadinessProbe, c.spec.LivenessProbe} {
		if probe == nil {
			continue
		}
		check, err := checkOf(probe.ProbeHandler, c.spec, c.pod.address)
		if err != nil {
			return err
		}
		checks[probe] = check
	}
	fail := func(kind string, err error) {
		select {
		case unhealthy <- fmt.Errorf("%s probe: %w", kind, err):
		default: // it is being stopped already
		}
	}
	run := func(probe *corev1.Probe, initial bool, report func(bool, error)) {
		if probe != nil {
			c.pod.probes.Go(func() { watch(ctx, probe, checks[probe], initial, report) })
		}
	}
	afterStart := func() {
		run(c.spec.ReadinessProbe, false, func(ok bool, _ error) { c.observe(func(s *observed) { s.ready = ok }) })
		run(c.spec.LivenessProbe, true, func(ok bool, err error) {
			if !ok {
				fail("liveness", err)
			}
		})
	}
	if c.spec.StartupProbe == nil {
		afterStart()
		return nil
	}
	startup, stop := context.WithCancel(ctx)
	c.pod.probes.Go(func() {
		defer stop()
		watch(startup, c.spec.StartupProbe, checks[c.spec.StartupProbe], false, func(ok bool, err error) {
			if !ok {
				fail("startup", err)
				return
			}
			stop()
			c.observe(func(s *observed) { s.started, s.ready = true, c.spec.ReadinessProbe == nil })
			afterStart()
		})
	})
	return nil
}

// preStop carries out the one hook that is supported: to wait, so that routes
// to the pod can be taken away before it stops.
func (c *containerRun) preStop() {
	if c.spec.Lifecycle == nil || c.spec.Lifecycle.PreStop == nil || c.spec.Lifecycle.PreStop.Sleep == nil || errors.Is(c.pod.cause(), errNodeStops) {
		return
	}
	wait := time.Duration(c.spec.Lifecycle.PreStop.Sleep.Seconds) * time.Second
	pause(context.Background(), min(wait, c.pod.grace()))
}

func (c *containerRun) ended(exit process.Exit, stopped bool) {
	c.observe(func(s *observed) {
		reason := "Completed"
		if exit.Code != 0 {
			reason = "Error"
		}
		s.terminated = &corev1.ContainerStateTerminated{
			ExitCode: int32(exit.Code), Signal: int32(exit.Signal), Reason: reason, FinishedAt: metav1.NewTime(exit.At), ContainerID: s.id,
		}
		if s.running != nil {
			s.terminated.StartedAt = s.running.StartedAt
		}
		if exit.Code != 0 && !stopped {
			s.terminated.Message = process.Tail(c.log(), 1000)
		}
		s.running, s.waiting, s.ready, s.started = nil, nil, false, false
	})
}

func (c *containerRun) log() string { return c.pod.node.logFile(c.pod.key, c.spec.Name) }

// observe changes what is known of the container and lets the pod report it.
func (c *containerRun) observe(change func(*observed)) {
	c.pod.mu.Lock()
	change(&c.state)
	c.pod.mu.Unlock()
	c.pod.wake()
}

func waiting(reason, message string) *corev1.ContainerStateWaiting {
	return &corev1.ContainerStateWaiting{Reason: reason, Message: message}
}
