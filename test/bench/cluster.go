// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/hack/local/node"
	"github.com/okno-dev/okno/hack/local/persons"
	"github.com/okno-dev/okno/test/env"
)

// cluster is a throw-away Kubernetes on which Okno is installed as the manifests of config say: the controller runs in a pod under
// its own account, as do the prover, the portal and the intakes. Nothing of it is kept.
type cluster struct {
	root, dir, bin string
	plane          *controlplane.Cluster
	node           *node.Node
	log            *os.File
	// people are clients of the sample persons, by name.
	people map[string]client.Client
}

// programs are copied, so that a rebuild meanwhile does not change what is measured.
var programs = []string{"controller", "intake", "portal"}

func startCluster(ctx context.Context, root string) (_ *cluster, err error) {
	c := &cluster{root: root, people: map[string]client.Client{}}
	if c.dir, err = os.MkdirTemp("", "okno-bench-cluster"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	c.bin = filepath.Join(c.dir, "bin")
	for _, program := range programs {
		if err := copyProgram(filepath.Join(root, "bin", program), filepath.Join(c.bin, program)); err != nil {
			return nil, fmt.Errorf("%w: run 'make build'", err)
		}
	}
	c.plane, err = controlplane.Start(ctx, controlplane.Options{
		Dir: filepath.Join(c.dir, "controlplane"), BinDir: filepath.Join(root, "bin"), Unsafe: true,
	})
	if err != nil {
		return nil, err
	}
	if err := c.introducePeople(); err != nil {
		return nil, err
	}
	if c.log, err = os.Create(filepath.Join(c.dir, "node.log")); err != nil {
		return nil, err
	}
	c.node, err = node.Start(ctx, node.Options{
		Config: c.plane.Config("okno:local-node", controlplane.Masters), Dir: filepath.Join(c.dir, "node"),
		Images: node.Programs("okno.dev", c.bin), Log: slog.New(slog.NewTextHandler(c.log, nil)),
	})
	if err != nil {
		return nil, err
	}
	return c, c.install(ctx)
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// stop ends every process, pods first, and drops the data.
func (c *cluster) stop() error {
	if c.node != nil {
		c.node.Stop()
	}
	if c.plane != nil {
		c.plane.Stop()
	}
	if c.log != nil {
		c.log.Close()
	}
	return os.RemoveAll(c.dir)
}

// scheme knows what the bench reads; it applies manifests without knowing their kinds.
func scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	return s, errors.Join(v1alpha1.AddToScheme(s), corev1.AddToScheme(s), appsv1.AddToScheme(s))
}

func (c *cluster) introducePeople() error {
	kinds, err := scheme()
	if err != nil {
		return err
	}
	for _, p := range persons.All() {
		if c.people[p.Name], err = client.New(c.plane.Config(p.Name, p.Groups...), client.Options{Scheme: kinds}); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) platform() client.Client { return c.people["platform"] }

// install applies the folders of config in the order in which they need each other, and waits until controller and prover run.
func (c *cluster) install(ctx context.Context) error {
	if err := env.Install(ctx, c.plane.Config("okno:bench", controlplane.Masters), c.root); err != nil {
		return err
	}
	if err := c.introducePeople(); err != nil { // anew, for clients remember which kinds there are
		return err
	}
	for _, folder := range []string{"policy", "manager"} {
		objects, err := env.Objects(filepath.Join(c.root, "config", folder))
		if err != nil {
			return err
		}
		if err := apply(ctx, c.platform(), namespacesFirst(objects)...); err != nil {
			return err
		}
	}
	return eventually(ctx, 90*time.Second, func(ctx context.Context) (string, error) {
		for _, name := range []string{"okno-controller", "okno-prover"} {
			d := &appsv1.Deployment{}
			if err := c.platform().Get(ctx, client.ObjectKey{Namespace: v1alpha1.SystemNamespace, Name: name}, d); err != nil {
				return "", err
			}
			if d.Status.ObservedGeneration != d.Generation || d.Status.AvailableReplicas < 1 {
				return name + " does not run", nil
			}
		}
		return "", nil
	})
}

func namespacesFirst(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	var first, others []*unstructured.Unstructured
	for _, o := range objects {
		if o.GetKind() == "Namespace" {
			first = append(first, o)
		} else {
			others = append(others, o)
		}
	}
	return append(first, others...)
}

func apply(ctx context.Context, as client.Client, objects ...*unstructured.Unstructured) error {
	for _, o := range objects {
		o := o.DeepCopy() // the answer is written into it
		err := as.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("okno-bench"), client.ForceOwnership)
		if err != nil {
			return fmt.Errorf("apply %s %q: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// intakeURL is where an agency's intake answers citizens.
func (c *cluster) intakeURL(ctx context.Context, namespace string) (string, error) {
	ip, err := c.podIP(ctx, namespace, "okno-intake")
	return "http://" + ip + ":8080", err
}

func (c *cluster) podIP(ctx context.Context, namespace, name string) (string, error) {
	pods := &corev1.PodList{}
	if err := c.platform().List(ctx, pods, client.InNamespace(namespace), client.MatchingLabels{"app.kubernetes.io/name": name}); err != nil {
		return "", err
	}
	for _, p := range pods.Items {
		if p.DeletionTimestamp == nil && p.Status.PodIP != "" {
			return p.Status.PodIP, nil
		}
	}
	return "", fmt.Errorf("no pod of %s runs in %s", name, namespace)
}

// eventually asks again and again until nothing is missing. What was missing last is in the error.
func eventually(ctx context.Context, limit time.Duration, missing func(context.Context) (string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		what, err := missing(ctx)
		if err == nil && what == "" {
			return nil
		}
		var final permanent
		if errors.As(err, &final) {
			return err
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return fmt.Errorf("not within %s: %s: %w", limit, what, errors.Join(err, context.Cause(ctx)))
		}
	}
}

// permanent is an error that waiting does not mend.
type permanent struct{ error }
