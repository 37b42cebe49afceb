// SPDX-License-Identifier: Apache-2.0

// Package kills ends the controller, a process of its own under its own account, at random moments of its work, and requires that
// everything ends as it does for a controller that nobody disturbs, and that nothing is written once nothing changes.
package kills

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/hack/local/controlplane/controlplanetest"
	"github.com/okno-dev/okno/hack/local/process"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/installation"
	"github.com/okno-dev/okno/internal/signature"
	"github.com/okno-dev/okno/test/env"
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// plane is a control plane without Kubernetes' own controllers, a prover, and the controller that is killed.
type plane struct {
	*testing.T
	root, dir string
	cluster   *controlplane.Cluster
	admin     client.Client
	turn      *turn // shared by copies of the plane, which tests have that run at the same time
	prover    [2]string
	keys      signature.Keys
}

// turn is the controller that lives now. Only who kills looks at it.
type turn struct {
	controller *process.Process // nil while none does
	started    int              // controllers so far; each has a log of its own
}

func newPlane(t *testing.T) *plane {
	t.Helper()
	p := &plane{T: t, root: controlplanetest.ModuleRoot(t), dir: t.TempDir(), turn: &turn{}}
	bin := controlplanetest.BinDir(t)
	p.build("controller", "intake")
	var err error
	if p.cluster, err = env.Launch(t.Context(), filepath.Join(p.dir, "controlplane"), bin, p.root); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.cluster.Stop)
	p.admin = p.as("platform")
	if err := p.cluster.Kubeconfig(filepath.Join(p.dir, "controller.kubeconfig"), v1alpha1.ControllerAccount,
		"system:serviceaccounts", "system:serviceaccounts:okno-system", "system:authenticated"); err != nil {
		t.Fatal(err)
	}
	p.startProver()
	t.Cleanup(func() { p.kill() })
	p.settle()
	return p
}

// build builds programs as `make build` does.
func (p *plane) build(programs ...string) {
	p.Helper()
	args := []string{"build", "-o", p.dir + "/"}
	for _, program := range programs {
		args = append(args, "./cmd/"+program)
	}
	build := exec.CommandContext(p.Context(), "go", args...)
	build.Dir = p.root
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false -trimpath")
	if out, err := build.CombinedOutput(); err != nil {
		p.Fatalf("go %v: %v\n%s", args, err, out)
	}
}

// as acts as a person who may do everything, so that only the gates judge.
func (p *plane) as(person string) client.Client {
	p.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme, admissionregistrationv1.AddToScheme} {
		utilruntime.Must(add(scheme))
	}
	c, err := client.New(p.cluster.Config(person, controlplane.Masters), client.Options{Scheme: scheme})
	if err != nil {
		p.Fatal(err)
	}
	return c
}

// startProver starts the prover of an installation whose key is made now, by the code that the controller makes it by.
func (p *plane) startProver() {
	p.Helper()
	install, err := installation.Ensure(p.Context(), p.admin)
	if err != nil {
		p.Fatal(err)
	}
	if p.keys, err = signature.ParseKeys(install.TrustedKeys...); err != nil {
		p.Fatal(err)
	}
	public, inner := freeAddress(p), freeAddress(p)
	prover, err := process.Start(process.Spec{
		Path: filepath.Join(p.dir, "intake"), Dir: p.dir, Env: os.Environ(), Log: filepath.Join(p.dir, "prover.log"),
		Args: []string{
			"--prover", "--audience=okno-system/okno-prover", "--trusted-key=" + strings.Join(install.TrustedKeys, ","),
			"--data-dir=" + p.TempDir(), "--public-bind=" + public, "--inner-bind=" + inner,
		},
	})
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { prover.Kill() })
	p.prover = [2]string{"http://" + public, "http://" + inner}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// start starts the controller. It is the only one: two would finish each other's work.
func (p *plane) start() {
	p.Helper()
	if p.turn.controller != nil {
		p.Fatal("there is a controller already")
	}
	var err error
	p.turn.started++
	p.turn.controller, err = process.Start(process.Spec{
		Path: filepath.Join(p.dir, "controller"), Dir: p.dir, Log: filepath.Join(p.dir, fmt.Sprintf("controller-%d.log", p.turn.started)),
		Env:  append(os.Environ(), "KUBECONFIG="+filepath.Join(p.dir, "controller.kubeconfig")),
		Args: []string{"--prover-url=" + p.prover[0], "--prover-inner-url=" + p.prover[1], "--health-probe-bind-address=127.0.0.1:0"},
	})
	if err != nil {
		p.Fatal(err)
	}
}

// kill ends the controller with SIGKILL and tells what it said if that was not what ended it.
func (p *plane) kill() {
	if p.turn.controller == nil {
		return
	}
	select {
	case <-p.turn.controller.Done():
		p.Errorf("the controller ended by itself:\n%s", process.Tail(filepath.Join(p.dir, fmt.Sprintf("controller-%d.log", p.turn.started)), 4000))
	default:
	}
	p.turn.controller.Kill()
	p.turn.controller = nil
}

// settle waits until decisions count: those made while the admission policies were new, or had just been changed, do not.
func (p *plane) settle() {
	p.Helper()
	since := time.Now()
	p.eventually("the admission policies to settle", func(context.Context) error {
		if age := time.Since(since); age < gate.AdmissionSettles+2*time.Second {
			return fmt.Errorf("they are as they are for %s", age)
		}
		return nil
	})
}

func (p *plane) eventually(what string, check func(context.Context) error) {
	p.Helper()
	env.Eventually(p.T, what, check)
}
