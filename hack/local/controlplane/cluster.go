// SPDX-License-Identifier: Apache-2.0

// Package controlplane runs a real Kubernetes API server on loopback: etcd,
// kube-apiserver and kube-controller-manager as child processes over one data
// folder, with RBAC, service account tokens and an audit log. Started again on
// the same folder it is the same cluster.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/okno-dev/okno/hack/local/process"
)

// Masters is the group that Kubernetes lets do everything.
const Masters = "system:masters"

// Programs are the files that BinDir must hold.
var Programs = []string{"etcd", "kube-apiserver", "kube-controller-manager"}

// Options say where a cluster lives.
type Options struct {
	// Dir is the data folder; it is made when absent.
	Dir string
	// BinDir holds the Programs.
	BinDir string
	// Unsafe lets etcd skip fsync: faster, and the data may not survive a loss
	// of power. For tests only.
	Unsafe bool
	// WithoutControllers starts no kube-controller-manager: objects are stored
	// and admitted, and nothing acts on them.
	WithoutControllers bool
	// ReadyWithin bounds the start; zero means one minute.
	ReadyWithin time.Duration
}

// Cluster is a running control plane.
type Cluster struct {
	options   Options
	ports     ports
	authority *authority
	// processes in the order of their start.
	processes []named
}

type named struct {
	name string
	*process.Process
}

// ErrNotBuilt tells that BinDir lacks a program.
var ErrNotBuilt = errors.New("control plane is not built: run 'make controlplane'")

// Start starts the control plane and returns when the API server is ready and
// the default namespace can hold pods. ctx bounds the start only.
func Start(ctx context.Context, options Options) (_ *Cluster, err error) {
	for _, program := range Programs {
		if _, err := os.Stat(filepath.Join(options.BinDir, program)); err != nil {
			return nil, fmt.Errorf("%w (%w)", ErrNotBuilt, err)
		}
	}
	if options.ReadyWithin == 0 {
		options.ReadyWithin = time.Minute
	}
	if options.Dir, err = filepath.Abs(options.Dir); err != nil {
		return nil, err
	}
	c := &Cluster{options: options}
	defer func() {
		if err != nil {
			c.Stop()
		}
	}()
	if err := c.prepare(); err != nil {
		return nil, fmt.Errorf("prepare control plane: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, options.ReadyWithin)
	defer cancel()
	for _, step := range []func(context.Context) error{c.startEtcd, c.startServer, c.startControllers} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Stop ends the processes, the last started first. The data stays.
func (c *Cluster) Stop() {
	for i := len(c.processes) - 1; i >= 0; i-- {
		if p := c.processes[i]; p.name == "etcd" && !c.options.Unsafe {
			p.Stop(20 * time.Second)
		} else {
			p.Kill() // it keeps nothing, and its kind end takes seconds
		}
	}
	c.processes = nil
}

// Done tells the name of the first program that ends by itself; it is called
// once, before Stop.
func (c *Cluster) Done(ctx context.Context) <-chan string {
	ended := make(chan string, len(c.processes))
	for _, p := range c.processes {
		go func() {
			select {
			case <-p.Done():
				ended <- p.name
			case <-ctx.Done():
			}
		}()
	}
	return ended
}

// Log is the log file of one of the Programs.
func (c *Cluster) Log(program string) string {
	return filepath.Join(c.options.Dir, "logs", program+".log")
}

// AuditLog is the file with one JSON event per request that the API server
// completed: user, verb and object, without bodies.
func (c *Cluster) AuditLog() string { return filepath.Join(c.options.Dir, "logs", "audit.log") }

// URL is the API server's address.
func (c *Cluster) URL() string { return fmt.Sprintf("https://127.0.0.1:%d", c.ports.Server) }

// CA is the certificate that clients of the API server trust, as PEM.
func (c *Cluster) CA() []byte { return c.authority.PEM }

// Config gives access as a user of groups, by a client certificate. It panics
// only when the machine cannot sign a certificate at all.
func (c *Cluster) Config(user string, groups ...string) *rest.Config {
	pair, err := c.authority.client(user, groups...)
	if err != nil {
		panic(err)
	}
	return &rest.Config{
		Host: c.URL(),
		TLSClientConfig: rest.TLSClientConfig{
			CAData: c.authority.PEM, CertData: pair.Certificate, KeyData: pair.Key,
		},
		QPS: 500, Burst: 1000, // the default of 5/s is meant for a shared cluster
	}
}

// Kubeconfig writes a kubeconfig file for a user of groups.
func (c *Cluster) Kubeconfig(path, user string, groups ...string) error {
	return WriteKubeconfig(path, c.Config(user, groups...), user)
}

// ServerPair issues a server certificate on loopback that clients which trust
// CA accept, as PEM: the local node serves logs with it.
func (c *Cluster) ServerPair(name string) (certificate, key []byte, err error) {
	pair, err := c.authority.server(name)
	return pair.Certificate, pair.Key, err
}

// WriteKubeconfig writes what config says as a kubeconfig file whose only
// context is named local.
func WriteKubeconfig(path string, config *rest.Config, user string) error {
	const local = "local"
	file := clientcmdapi.NewConfig()
	file.Clusters[local] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	file.AuthInfos[user] = &clientcmdapi.AuthInfo{
		ClientCertificateData: config.CertData, ClientKeyData: config.KeyData,
		Token: config.BearerToken, TokenFile: config.BearerTokenFile,
	}
	file.Contexts[local] = &clientcmdapi.Context{Cluster: local, AuthInfo: user}
	file.CurrentContext = local
	text, err := clientcmd.Write(*file)
	if err != nil {
		return fmt.Errorf("encode kubeconfig: %w", err)
	}
	return writeFile(path, text)
}

// start runs one of the programs; what it says goes to its log file.
func (c *Cluster) start(program string, args ...string) (*process.Process, error) {
	if err := process.Rotate(c.Log(program)); err != nil {
		return nil, err
	}
	p, err := process.Start(process.Spec{
		Path: filepath.Join(c.options.BinDir, program), Args: args, Env: environment(), Log: c.Log(program),
	})
	if err != nil {
		return nil, err
	}
	c.processes = append(c.processes, named{program, p})
	return p, nil
}

// environment passes on what Go programs may need and nothing that would make
// the control plane depend on the caller's settings.
func environment() []string {
	env := []string{"GOMEMLIMIT=1GiB"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// await polls until check succeeds, the program ends, or ctx does.
func (c *Cluster) await(ctx context.Context, program string, p *process.Process, check func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, 25*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		select {
		case <-p.Done():
			return false, fmt.Errorf("it ended with code %d", p.Exit().Code)
		default:
		}
		last = check(ctx)
		return last == nil, nil
	})
	if err == nil {
		return nil
	}
	if last != nil && ctx.Err() != nil {
		err = last
	}
	return fmt.Errorf("%s is not ready: %w; its log %s ends with:\n%s", program, err, c.Log(program), process.Tail(c.Log(program), 2000))
}

// serverReady asks the API server whether all of its parts are.
func serverReady(client kubernetes.Interface) func(context.Context) error {
	return func(ctx context.Context) error {
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	}
}

// controllersReady holds once kube-controller-manager has made the first
// service account: no pod is admitted before it.
func controllersReady(client kubernetes.Interface) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := client.CoreV1().ServiceAccounts(corev1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return errors.New("the default namespace has no service account yet")
		}
		return err
	}
}
