// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// Options say how a node runs.
type Options struct {
	// Name of the Node object; empty means local.
	Name string
	// Config is the node's access to the API server; it must be allowed
	// everything that nodes, the scheduler and a provisioner of volumes do.
	Config *rest.Config
	// Dir keeps pods' folders, volumes and logs.
	Dir string
	// Images finds the program of an image.
	Images Images
	// Proxy is the URL of an HTTP proxy that knows Services by name; may be empty.
	Proxy string
	// Logs is where kubectl reads logs from; without it they are only files.
	Logs *LogServer
	// Log receives what the node does.
	Log *slog.Logger
}

// Node is a running node.
type Node struct {
	options Options
	client  kubernetes.Interface
	pods    corelisters.PodLister
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	pool    *addresses
	stop    context.CancelFunc
	running sync.WaitGroup // everything but pods
	runs    sync.WaitGroup // pods

	mu sync.Mutex
	// actors holds a pod's run until the pod is gone from the API, also when it
	// has ended: a late look at an older version must not start it again.
	actors   map[types.UID]*podRun
	stopping bool
}

// errNodeStops is why pods end when the node does: they are not deleted.
var errNodeStops = errors.New("the node stops")

// Start registers the node and begins to run pods.
func Start(ctx context.Context, options Options) (*Node, error) {
	if options.Name == "" {
		options.Name = "local"
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	var err error
	if options.Dir, err = filepath.Abs(options.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("create node folder: %w", err)
	}
	client, err := kubernetes.NewForConfig(options.Config)
	if err != nil {
		return nil, err
	}
	n := &Node{options: options, client: client, actors: map[types.UID]*podRun{}}
	if n.pool, err = newAddresses(options.Dir); err != nil {
		return nil, err
	}
	if err := n.register(ctx); err != nil {
		return nil, fmt.Errorf("register node %q: %w", options.Name, err)
	}
	if err := n.createStorageClass(ctx); err != nil {
		return nil, fmt.Errorf("create storage class: %w", err)
	}
	if err := n.follow(ctx); err != nil {
		n.Stop()
		return nil, err
	}
	return n, nil
}

// Stop ends all pods' processes, kindly first. The pods stay in the API, and a
// node started again with the same name and folder runs them again.
func (n *Node) Stop() {
	n.mu.Lock()
	n.stopping = true
	for _, p := range n.actors {
		p.end(errNodeStops)
	}
	n.mu.Unlock()
	n.runs.Wait()
	n.stop()
	n.running.Wait()
}

// follow starts everything that runs until Stop.
func (n *Node) follow(ctx context.Context) error {
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	n.stop = stop
	factory := informers.NewSharedInformerFactory(n.client, 0)
	n.pods = factory.Core().V1().Pods().Lister()
	n.claims = factory.Core().V1().PersistentVolumeClaims().Lister()
	n.volumes = factory.Core().V1().PersistentVolumes().Lister()
	pods, err := newQueue(factory.Core().V1().Pods().Informer(), n.syncPod, n.options.Log)
	if err != nil {
		return err
	}
	claims, err := newQueue(factory.Core().V1().PersistentVolumeClaims().Informer(), n.syncClaim, n.options.Log)
	if err != nil {
		return err
	}
	factory.Core().V1().PersistentVolumes().Informer()
	factory.Start(run.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("list %v: %w", kind, ctx.Err())
		}
	}
	if err := n.sweep(); err != nil {
		return fmt.Errorf("sweep pods' folders: %w", err)
	}
	for _, work := range []func(context.Context){pods.run, claims.run, n.renewLease} {
		n.running.Go(func() { work(run) })
	}
	if n.options.Logs != nil {
		n.options.Logs.serve(n)
		n.running.Go(func() { <-run.Done(); n.options.Logs.close() })
	}
	n.running.Go(func() { <-run.Done(); factory.Shutdown() })
	return nil
}

// sweep removes the folders of pods that went while the node did not run.
func (n *Node) sweep() error {
	pods, err := n.pods.List(labels.Everything())
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, pod := range pods {
		known[string(pod.UID)] = true
	}
	folders, err := os.ReadDir(filepath.Join(n.options.Dir, "pods"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if known[folder.Name()] {
			continue
		}
		if err := os.RemoveAll(n.podDir(types.UID(folder.Name()))); err != nil {
			return err
		}
	}
	return nil
}

// syncPod binds a pod that has no node, and hands one of ours to its actor.
func (n *Node) syncPod(ctx context.Context, key cache.ObjectName) error {
	pod, err := n.pods.Pods(key.Namespace).Get(key.Name)
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	n.endReplaced(key, pod)
	if pod == nil || err != nil {
		return nil
	}
	switch {
	case pod.Spec.NodeName == "" && pod.DeletionTimestamp == nil && len(pod.Spec.SchedulingGates) == 0:
		return n.bind(ctx, pod)
	case pod.Spec.NodeName == n.options.Name && !hasEnded(pod):
		n.hand(pod)
	case pod.Spec.NodeName == n.options.Name && pod.DeletionTimestamp != nil:
		return n.remove(ctx, pod)
	}
	return nil
}

// endReplaced ends the runs of pods that had the name and are gone.
func (n *Node) endReplaced(key cache.ObjectName, current *corev1.Pod) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for uid, p := range n.actors {
		if p.key == key && (current == nil || current.UID != uid) {
			p.end(errPodGone)
			delete(n.actors, uid)
		}
	}
}

// hand gives the newest version of a pod to its actor, and starts one.
func (n *Node) hand(pod *corev1.Pod) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stopping {
		return
	}
	p := n.actors[pod.UID]
	if p == nil {
		p = newPodRun(n, pod)
		n.actors[pod.UID] = p
		n.runs.Go(p.run)
	}
	p.update(pod)
}

func hasEnded(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// queue calls sync for each object of an informer that changed, and again
// later when it fails.
type queue struct {
	keys workqueue.TypedRateLimitingInterface[cache.ObjectName]
	sync func(context.Context, cache.ObjectName) error
	log  *slog.Logger
}

func newQueue(informer cache.SharedIndexInformer, sync func(context.Context, cache.ObjectName) error, log *slog.Logger) (*queue, error) {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](20*time.Millisecond, 5*time.Second)
	q := &queue{keys: workqueue.NewTypedRateLimitingQueue(limiter), sync: sync, log: log}
	add := func(object any) {
		if key, err := cache.DeletionHandlingObjectToName(object); err == nil {
			q.keys.Add(key)
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: add, UpdateFunc: func(_, object any) { add(object) }, DeleteFunc: add,
	})
	return q, err
}

func (q *queue) run(ctx context.Context) {
	go func() { <-ctx.Done(); q.keys.ShutDown() }()
	for {
		key, shutdown := q.keys.Get()
		if shutdown {
			return
		}
		if err := q.sync(ctx, key); err != nil && ctx.Err() == nil {
			q.log.Warn("trying again", "object", key.String(), "error", err)
			q.keys.AddRateLimited(key)
		} else {
			q.keys.Forget(key)
		}
		q.keys.Done(key)
	}
}
