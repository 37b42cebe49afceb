// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"k8s.io/client-go/kubernetes"
)

// serviceAddress is the cluster address of the API server's own Service: the
// first of the services' range.
const (
	serviceAddress = "10.96.0.1"
	serviceRange   = "10.96.0.0/16"
)

// auditPolicy records who did what to which object. Reads are left out, so
// that writes can be counted in a file of readable size.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  verbs: [get, list, watch]
- level: Metadata
`

// ports stay the same over restarts, so that kubeconfigs in use stay valid.
type ports struct{ Etcd, Server int }

func (c *Cluster) path(parts ...string) string {
	return filepath.Join(append([]string{c.options.Dir}, parts...)...)
}

// prepare writes the certificates, keys and settings that the programs read.
func (c *Cluster) prepare() error {
	var err error
	if c.authority, err = loadAuthority(c.path("pki"), "ca"); err != nil {
		return err
	}
	// etcd has an authority of its own: no user's certificate opens the store.
	etcdCA, err := loadAuthority(c.path("pki"), "etcd-ca")
	if err != nil {
		return err
	}
	if err := c.writePairs(etcdCA); err != nil {
		return err
	}
	serviceAccounts, err := loadKey(c.path("pki", "service-accounts.key"))
	if err != nil {
		return err
	}
	public, err := publicKey(serviceAccounts)
	if err != nil {
		return err
	}
	if err := writeFile(c.path("pki", "service-accounts.pub"), public); err != nil {
		return err
	}
	if err := writeFile(c.path("audit-policy.yaml"), []byte(auditPolicy)); err != nil {
		return err
	}
	if c.ports, err = choosePorts(c.path("ports.json")); err != nil {
		return err
	}
	if err := os.MkdirAll(c.path("logs"), 0o700); err != nil {
		return err
	}
	return c.Kubeconfig(c.path("kube-controller-manager.kubeconfig"), "system:kube-controller-manager")
}

func (c *Cluster) writePairs(etcdCA *authority) error {
	server := func(a *authority, names ...string) func(string) (keyPair, error) {
		return func(name string) (keyPair, error) { return a.server(name, names...) }
	}
	client := func(a *authority, groups ...string) func(string) (keyPair, error) {
		return func(name string) (keyPair, error) { return a.client(name, groups...) }
	}
	for name, issue := range map[string]func(string) (keyPair, error){
		"etcd":           server(etcdCA),
		"etcd-client":    client(etcdCA),
		"kube-apiserver": server(c.authority, "kubernetes", "kubernetes.default", "kubernetes.default.svc"),
		// The node accepts requests for logs from this certificate's bearer.
		"kubelet-client": client(c.authority, NodeClientGroup),
	} {
		pair, err := issue(name)
		if err != nil {
			return err
		}
		if err := writeFile(c.path("pki", name+".crt"), pair.Certificate); err != nil {
			return err
		}
		if err := writeFile(c.path("pki", name+".key"), pair.Key); err != nil {
			return err
		}
	}
	return nil
}

// NodeClientGroup is the group of the certificate with which the API server
// asks nodes for logs.
const NodeClientGroup = "okno:node-clients"

func (c *Cluster) startEtcd(ctx context.Context) error {
	url := fmt.Sprintf("https://127.0.0.1:%d", c.ports.Etcd)
	args := []string{
		"--name=default",
		"--data-dir=" + c.path("etcd"),
		"--listen-client-urls=" + url,
		"--advertise-client-urls=" + url,
		"--listen-peer-urls=http://127.0.0.1:0",
		"--client-cert-auth",
		"--trusted-ca-file=" + c.path("pki", "etcd-ca.crt"),
		"--cert-file=" + c.path("pki", "etcd.crt"),
		"--key-file=" + c.path("pki", "etcd.key"),
		"--auto-compaction-mode=periodic", "--auto-compaction-retention=10m",
		"--log-level=warn",
	}
	if c.options.Unsafe {
		args = append(args, "--unsafe-no-fsync")
	}
	p, err := c.start("etcd", args...)
	if err != nil {
		return err
	}
	client, err := c.etcdClient()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	return c.await(ctx, "etcd", p, func(ctx context.Context) error { return healthy(ctx, client, url+"/health") })
}

func (c *Cluster) etcdClient() (*http.Client, error) {
	pair, err := tls.LoadX509KeyPair(c.path("pki", "etcd-client.crt"), c.path("pki", "etcd-client.key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(c.path("pki", "etcd-ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool, MinVersion: tls.VersionTLS12},
	}}, nil
}

func healthy(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		return fmt.Errorf("%s answers %s: %s", url, response.Status, text)
	}
	return nil
}

func (c *Cluster) startServer(ctx context.Context) error {
	pki := func(name string) string { return c.path("pki", name) }
	p, err := c.start("kube-apiserver",
		fmt.Sprintf("--etcd-servers=https://127.0.0.1:%d", c.ports.Etcd),
		"--etcd-cafile="+pki("etcd-ca.crt"), "--etcd-certfile="+pki("etcd-client.crt"), "--etcd-keyfile="+pki("etcd-client.key"),
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
		"--secure-port="+strconv.Itoa(c.ports.Server),
		// Endpoints refuse loopback addresses, so nobody can keep the server's own.
		"--endpoint-reconciler-type=none",
		"--tls-cert-file="+pki("kube-apiserver.crt"), "--tls-private-key-file="+pki("kube-apiserver.key"),
		"--client-ca-file="+pki("ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+pki("service-accounts.pub"),
		"--service-account-signing-key-file="+pki("service-accounts.key"),
		"--service-cluster-ip-range="+serviceRange,
		"--authorization-mode=RBAC", "--anonymous-auth=false",
		"--kubelet-certificate-authority="+pki("ca.crt"),
		"--kubelet-client-certificate="+pki("kubelet-client.crt"), "--kubelet-client-key="+pki("kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--audit-policy-file="+c.path("audit-policy.yaml"), "--audit-log-path="+c.AuditLog(),
		"--audit-log-maxsize=200", "--audit-log-maxbackup=2",
		"--profiling=false", "--v=1",
	)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.Config("okno:local-cluster", Masters))
	if err != nil {
		return err
	}
	return c.await(ctx, "kube-apiserver", p, serverReady(client))
}

func (c *Cluster) startControllers(ctx context.Context) error {
	if c.options.WithoutControllers {
		return nil
	}
	p, err := c.start("kube-controller-manager",
		"--kubeconfig="+c.path("kube-controller-manager.kubeconfig"),
		"--secure-port=0", "--leader-elect=false", "--profiling=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file="+c.path("pki", "service-accounts.key"),
		"--root-ca-file="+c.path("pki", "ca.crt"),
		// EndpointSlices refuse the loopback addresses of the local node's pods:
		// these controllers would only fail, for ever.
		"--controllers=*,-endpoints-controller,-endpointslice-controller,-endpointslice-mirroring-controller",
		"--kube-api-qps=200", "--kube-api-burst=400",
	)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.Config("okno:local-cluster", Masters))
	if err != nil {
		return err
	}
	return c.await(ctx, "kube-controller-manager", p, controllersReady(client))
}

// choosePorts takes the ports of the last run when they are free, else new
// ones, and remembers them.
func choosePorts(path string) (ports, error) {
	var p ports
	if text, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(text, &p); err != nil {
			return ports{}, fmt.Errorf("read %q: %w", path, err)
		}
	}
	for _, port := range []*int{&p.Etcd, &p.Server} {
		if *port != 0 && isFree(*port) {
			continue
		}
		free, err := freePort()
		if err != nil {
			return ports{}, err
		}
		*port = free
	}
	text, err := json.Marshal(p)
	if err != nil {
		return ports{}, err
	}
	return p, writeFile(path, text)
}

func isFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}
