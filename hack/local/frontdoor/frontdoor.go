// SPDX-License-Identifier: Apache-2.0

// Package frontdoor is the way into the local cluster: one address that sends
// requests to pods by the Ingress objects that the product makes, and a proxy by
// which pods reach Services by name. It is kube-proxy, cluster DNS and an
// Ingress controller for one machine, without any right on its network.
package frontdoor

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// IngressClass is the default class of the local cluster.
const IngressClass = "local"

// Options say where the front door is.
type Options struct {
	// Config is access to Ingresses, Services and Pods of all namespaces.
	Config *rest.Config
	// Address is where people come in, such as 127.0.0.1:8080.
	Address string
	// ProxyAddress is where pods reach Services by name; a free port by default.
	ProxyAddress string
	Log          *slog.Logger
}

// Door is an open front door.
type Door struct {
	client  kubernetes.Interface
	log     *slog.Logger
	public  net.Listener
	proxy   net.Listener
	servers []*http.Server
	state   atomic.Pointer[view]
	changed chan struct{}
	stop    context.CancelFunc
	running sync.WaitGroup
}

// view is one look at the cluster.
type view struct {
	State
	routes []Route
}

// Listen opens both addresses; nothing is answered before Serve. Opening them
// first lets the pods' proxy be known before there are pods.
func Listen(options Options) (*Door, error) {
	d := &Door{log: options.Log, changed: make(chan struct{}, 1)}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.state.Store(&view{})
	client, err := kubernetes.NewForConfig(options.Config)
	if err != nil {
		return nil, err
	}
	d.client = client
	if options.ProxyAddress == "" {
		options.ProxyAddress = "127.0.0.1:0"
	}
	if d.public, err = net.Listen("tcp", options.Address); err != nil {
		return nil, fmt.Errorf("open the front door: %w", err)
	}
	if d.proxy, err = net.Listen("tcp", options.ProxyAddress); err != nil {
		_ = d.public.Close()
		return nil, fmt.Errorf("open the services' proxy: %w", err)
	}
	return d, nil
}

// Address is where people come in.
func (d *Door) Address() string { return d.public.Addr().String() }

// Proxy is the URL of the proxy that knows Services by name.
func (d *Door) Proxy() string { return "http://" + d.proxy.Addr().String() }

// Serve follows the cluster and answers requests until Close.
func (d *Door) Serve(ctx context.Context) error {
	if err := d.createIngressClass(ctx); err != nil {
		return fmt.Errorf("create ingress class: %w", err)
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	factory := informers.NewSharedInformerFactory(d.client, 0)
	look := d.viewer(factory)
	wake := func(any) {
		select {
		case d.changed <- struct{}{}:
		default: // somebody looks already
		}
	}
	for _, informer := range []cache.SharedIndexInformer{
		factory.Networking().V1().Ingresses().Informer(), factory.Core().V1().Services().Informer(), factory.Core().V1().Pods().Informer(),
	} {
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: wake, UpdateFunc: func(_, object any) { wake(object) }, DeleteFunc: wake,
		}); err != nil {
			return err
		}
	}
	factory.Start(run.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("list %v: %w", kind, ctx.Err())
		}
	}
	d.state.Store(look())
	d.running.Go(func() { d.follow(run, look) })
	d.running.Go(func() { <-run.Done(); factory.Shutdown() })
	d.serve(d.public, http.HandlerFunc(d.admit))
	d.serve(d.proxy, http.HandlerFunc(d.forward))
	return nil
}

// Close ends all connections.
func (d *Door) Close() {
	if d.stop != nil {
		d.stop()
	}
	for _, server := range d.servers {
		_ = server.Close()
	}
	_ = d.public.Close()
	_ = d.proxy.Close()
	d.running.Wait()
}

func (d *Door) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	d.servers = append(d.servers, server)
	d.running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("front door ends", "error", err)
		}
	})
}

// viewer makes the function that looks at the cluster.
func (d *Door) viewer(factory informers.SharedInformerFactory) func() *view {
	ingresses := factory.Networking().V1().Ingresses().Lister()
	services := factory.Core().V1().Services().Lister()
	pods := factory.Core().V1().Pods().Lister()
	return func() *view {
		v := &view{}
		// A lister over a local cache cannot fail.
		v.Ingresses, _ = ingresses.List(labels.Everything())
		v.Services, _ = services.List(labels.Everything())
		v.Pods, _ = pods.List(labels.Everything())
		v.routes = routesOf(v.Ingresses)
		return v
	}
}

func (d *Door) follow(ctx context.Context, look func() *view) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.changed:
		}
		v := look()
		d.state.Store(v)
		for _, ingress := range v.Ingresses {
			if err := d.acknowledge(ctx, ingress); err != nil && ctx.Err() == nil {
				d.log.Warn("ingress status is not written", "ingress", ingress.Namespace+"/"+ingress.Name, "error", err)
			}
		}
	}
}

// acknowledge says in an Ingress's status that it is carried out, as every
// Ingress controller does: health checks wait for it.
func (d *Door) acknowledge(ctx context.Context, ingress *networkingv1.Ingress) error {
	if len(ingress.Status.LoadBalancer.Ingress) > 0 {
		return nil
	}
	ingress = ingress.DeepCopy()
	ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{Hostname: "localhost"}}
	_, err := d.client.NetworkingV1().Ingresses(ingress.Namespace).UpdateStatus(ctx, ingress, metav1.UpdateOptions{})
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) { // a newer version comes by the watch
		return nil
	}
	return err
}

func (d *Door) createIngressClass(ctx context.Context) error {
	_, err := d.client.NetworkingV1().IngressClasses().Create(ctx, &networkingv1.IngressClass{
		ObjectMeta: metav1.ObjectMeta{
			Name:        IngressClass,
			Annotations: map[string]string{networkingv1.AnnotationIsDefaultIngressClass: "true"},
		},
		Spec: networkingv1.IngressClassSpec{Controller: "okno.dev/front-door"},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// admit sends a person's request to a pod, or explains why it cannot.
func (d *Door) admit(w http.ResponseWriter, r *http.Request) {
	v := d.state.Load()
	host := hostname(r.Host)
	route, ok := match(v.routes, host, r.URL.Path)
	if !ok {
		d.explain(w, http.StatusNotFound, v, fmt.Sprintf("Nothing is served at %s%s.", r.Host, r.URL.Path))
		return
	}
	addresses, err := v.backends(route.Namespace, route.Service, route.Port)
	if err == nil && len(addresses) == 0 {
		err = fmt.Errorf("service %s/%s has no ready pod; 'bin/as platform kubectl get pods -A' shows why", route.Namespace, route.Service)
	}
	if err != nil {
		w.Header().Set("Retry-After", "2")
		d.explain(w, http.StatusServiceUnavailable, v, err.Error())
		return
	}
	d.pass(w, r, addresses, r.Host)
}

// pass sends a request to one of addresses under the given host name.
func (d *Door) pass(w http.ResponseWriter, r *http.Request, addresses []string, host string) {
	target := &url.URL{Scheme: "http", Host: addresses[rand.IntN(len(addresses))]} //nolint:gosec // spreads load, guards nothing
	proxy := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = host
			p.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				d.log.Warn("pod does not answer", "host", host, "pod", target.Host, "error", err)
			}
			http.Error(w, "the pod at "+target.Host+" does not answer: "+err.Error(), http.StatusBadGateway)
		},
		ErrorLog: slog.NewLogLogger(d.log.Handler(), slog.LevelWarn),
	}
	// Without it the server closes the request's body as soon as the answer begins; the transport may not have seen the body's
	// end yet, takes that for a broken request, and cuts the answer off. Only recorders in tests do not support it.
	_ = http.NewResponseController(w).EnableFullDuplex()
	proxy.ServeHTTP(w, r)
}

// transport never follows the machine's own proxy settings.
var transport = func() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil
	t.MaxIdleConnsPerHost = 64
	return t
}()

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// explain answers with a page that lists the hosts that exist.
func (d *Door) explain(w http.ResponseWriter, code int, v *view, message string) {
	_, port, _ := net.SplitHostPort(d.Address())
	var links []string
	seen := map[string]bool{}
	for _, route := range v.routes {
		if route.Host != "" && !isWildcard(route.Host) && !seen[route.Host] {
			seen[route.Host] = true
			links = append(links, "http://"+net.JoinHostPort(route.Host, port)+"/")
		}
	}
	sort.Strings(links)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = page.Execute(w, struct {
		Message string
		Links   []string
		Waits   bool
	}{message, links, code == http.StatusServiceUnavailable})
}

func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = host
	}
	return strings.ToLower(strings.TrimSuffix(hostport, "."))
}
