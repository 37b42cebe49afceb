// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// Why a pod's run ends.
var (
	errPodDeleted = errors.New("the pod is deleted")
	errPodGone    = errors.New("the pod is gone from the API")
)

// podRun is the actor of one pod: it prepares volumes, supervises containers
// and reports status, from the pod's binding until nothing of it runs.
type podRun struct {
	node *Node
	key  cache.ObjectName
	uid  types.UID
	dir  string

	// life ends when the pod is deleted or gone, or the node stops.
	life context.Context
	stop context.CancelCauseFunc
	// changed holds one wake-up of the reporter.
	changed chan struct{}
	probes  sync.WaitGroup

	// folders and tokens are set by prepare, and tokens by refreshVolumes after it.
	folders map[string]string
	tokens  map[string]token

	mu          sync.Mutex
	pod         *corev1.Pod
	address     string // set once, by prepare
	init        []*containerRun
	containers  []*containerRun
	initialised bool
}

func newPodRun(n *Node, pod *corev1.Pod) *podRun {
	p := &podRun{
		node: n, key: cache.MetaObjectToName(pod), uid: pod.UID, pod: pod, dir: n.podDir(pod.UID),
		changed: make(chan struct{}, 1), tokens: map[string]token{},
	}
	p.life, p.stop = context.WithCancelCause(context.Background())
	now := metav1.Now()
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		p.init = append(p.init, &containerRun{pod: p, spec: c, init: true, state: restored(pod.Status.InitContainerStatuses, c.Name, now)})
	}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		p.containers = append(p.containers, &containerRun{pod: p, spec: c, state: restored(pod.Status.ContainerStatuses, c.Name, now)})
	}
	return p
}

func (n *Node) podDir(uid types.UID) string { return filepath.Join(n.options.Dir, "pods", string(uid)) }

func (n *Node) logFile(pod cache.ObjectName, container string) string {
	return filepath.Join(n.options.Dir, "logs", fmt.Sprintf("%s_%s_%s.log", pod.Namespace, pod.Name, container))
}

// object is the newest known version of the pod.
func (p *podRun) object() *corev1.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pod
}

// update takes a newer version of the pod; a deletion ends its run.
func (p *podRun) update(pod *corev1.Pod) {
	p.mu.Lock()
	p.pod = pod
	p.mu.Unlock()
	if pod.DeletionTimestamp != nil {
		p.end(errPodDeleted)
	}
}

func (p *podRun) end(why error) { p.stop(why) }

func (p *podRun) cause() error { return context.Cause(p.life) }

func (p *podRun) wake() {
	select {
	case p.changed <- struct{}{}:
	default: // a wake-up is waiting already
	}
}

// grace is how long a container may take to end by itself.
func (p *podRun) grace() time.Duration {
	pod := p.object()
	grace := 30 * time.Second
	if pod.Spec.TerminationGracePeriodSeconds != nil {
		grace = time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second
	}
	if pod.DeletionGracePeriodSeconds != nil {
		grace = time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
	}
	if errors.Is(p.cause(), errNodeStops) {
		return min(grace, 10*time.Second) // somebody waits for the prompt
	}
	return grace
}

// run is the pod's whole life on this node.
func (p *podRun) run() {
	reporter, stopReporter := context.WithCancel(context.Background())
	var reporting sync.WaitGroup
	reporting.Go(func() { p.reportUntil(reporter) })
	if p.prepare() && p.initialise() {
		var running sync.WaitGroup
		for _, c := range p.containers {
			running.Go(func() { c.run(p.life) })
		}
		running.Go(p.refreshVolumes)
		running.Wait()
	}
	p.probes.Wait()
	stopReporter()
	reporting.Wait()
	p.finish()
	if p.address != "" {
		p.node.pool.free(p.address)
	}
}

// prepare gets the pod all it needs to start, and tries again while something
// is missing. It tells whether the pod shall still run.
func (p *podRun) prepare() bool {
	delay := 50 * time.Millisecond
	for {
		err := p.tryPrepare(p.life)
		if err == nil {
			return p.life.Err() == nil
		}
		for _, c := range append(append([]*containerRun{}, p.init...), p.containers...) {
			c.observe(func(s *observed) { s.waiting = waiting("CreateContainerConfigError", err.Error()) })
		}
		if !pause(p.life, delay) {
			return false
		}
		delay = min(delay*2, 2*time.Second)
	}
}

func (p *podRun) tryPrepare(ctx context.Context) error {
	if err := unsupported(p.object()); err != nil {
		return err
	}
	if p.address == "" {
		address, err := p.node.pool.take(p.object().Status.PodIP)
		if err != nil {
			return err
		}
		p.mu.Lock()
		p.address = address
		p.mu.Unlock()
		p.wake()
	}
	folders, err := p.mountVolumes(ctx)
	if err != nil {
		return err
	}
	p.folders = folders
	for _, c := range containersOf(p.object()) {
		if dir, ok := newPathMap(c.VolumeMounts, folders).realOf(serviceAccountDir); ok {
			return p.writeKubeconfig(filepath.Join(dir, "token"))
		}
	}
	return os.MkdirAll(p.dir, 0o700)
}

// initialise runs the init containers one after the other, and tells whether
// the pod's containers may start.
func (p *podRun) initialise() bool {
	for _, c := range p.init {
		if !c.run(p.life) {
			return false
		}
	}
	p.mu.Lock()
	p.initialised = true
	p.mu.Unlock()
	p.wake()
	return true
}

// refreshVolumes keeps tokens valid and config up to date while the pod lives.
func (p *podRun) refreshVolumes() {
	for pause(p.life, refreshEvery) {
		if p.allFinal() {
			return
		}
		if _, err := p.mountVolumes(p.life); err != nil && p.life.Err() == nil {
			p.node.options.Log.Warn("volumes are not up to date", "pod", p.key.String(), "error", err)
		}
	}
}

func (p *podRun) allFinal() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.containers {
		if !c.state.final {
			return false
		}
	}
	return true
}

// reportUntil writes the pod's status whenever something was observed.
func (p *podRun) reportUntil(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.changed:
		}
		if err := p.report(ctx); err != nil && ctx.Err() == nil {
			p.node.options.Log.Warn("status is not written", "pod", p.key.String(), "error", err)
			pause(ctx, 200*time.Millisecond)
			p.wake()
		}
	}
}

// report writes the status that follows from what was observed, if it differs.
func (p *podRun) report(ctx context.Context) error {
	pods := p.node.client.CoreV1().Pods(p.key.Namespace)
	pod := p.object()
	for {
		status := podStatus(pod, p.observation())
		if sameStatus(status, pod.Status) {
			return nil
		}
		changed := pod.DeepCopy()
		changed.Status = status
		written, err := pods.UpdateStatus(ctx, changed, metav1.UpdateOptions{})
		if err == nil {
			p.mu.Lock()
			p.pod = written
			p.mu.Unlock()
			return nil
		}
		if apierrors.IsNotFound(err) {
			return nil
		}
		if !apierrors.IsConflict(err) {
			return err
		}
		pod, err = pods.Get(ctx, p.key.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && pod.UID != p.uid {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *podRun) observation() observation {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := observation{address: p.address, initialised: p.initialised, now: metav1.Now()}
	for _, c := range p.init {
		o.init = append(o.init, c.state)
	}
	for _, c := range p.containers {
		o.containers = append(o.containers, c.state)
	}
	return o
}

// finish writes the last status, and takes a deleted pod out of the API.
func (p *podRun) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if errors.Is(p.cause(), errPodGone) {
		if err := os.RemoveAll(p.dir); err != nil {
			p.node.options.Log.Warn("pod folder stays", "pod", p.key.String(), "error", err)
		}
		return
	}
	err := p.report(ctx)
	if err == nil && errors.Is(p.cause(), errPodDeleted) {
		err = p.node.remove(ctx, p.object())
	}
	if err != nil {
		p.node.options.Log.Warn("pod is not finished", "pod", p.key.String(), "error", err)
	}
}

// containersOf are all containers of a pod.
func containersOf(pod *corev1.Pod) []corev1.Container {
	return append(append([]corev1.Container{}, pod.Spec.InitContainers...), pod.Spec.Containers...)
}

// unsupported names what the local node cannot do for a pod. What fails only
// when it is tried, a volume's type or a probe, says so there.
func unsupported(pod *corev1.Pod) error {
	if len(pod.Spec.ReadinessGates) > 0 {
		return errors.New("readiness gates are not supported by the local node")
	}
	for _, c := range containersOf(pod) {
		switch {
		case c.RestartPolicy != nil:
			return fmt.Errorf("container %q: a restart policy of its own is not supported by the local node", c.Name)
		case c.Lifecycle != nil && c.Lifecycle.PostStart != nil,
			c.Lifecycle != nil && c.Lifecycle.PreStop != nil && c.Lifecycle.PreStop.Sleep == nil:
			return fmt.Errorf("container %q: of hooks only preStop.sleep is supported by the local node", c.Name)
		}
		for _, m := range c.VolumeMounts {
			if m.SubPathExpr != "" {
				return fmt.Errorf("container %q: subPathExpr is not supported by the local node", c.Name)
			}
		}
	}
	return nil
}
