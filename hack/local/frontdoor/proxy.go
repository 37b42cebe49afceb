// SPDX-License-Identifier: Apache-2.0

package frontdoor

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// forward answers a pod that asks, by its HTTP proxy settings, for a Service by
// name or for a public host of this front door. It reaches nothing else.
func (d *Door) forward(w http.ResponseWriter, r *http.Request) {
	target := r.URL
	if r.Method == http.MethodConnect {
		target = &url.URL{Scheme: "https", Host: r.Host}
	}
	if target.Host == "" {
		http.Error(w, "this is the proxy by which pods reach services; people use http://"+d.Address(), http.StatusBadRequest)
		return
	}
	addresses, err := d.lookUp(target)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if r.Method == http.MethodConnect {
		d.tunnel(w, addresses[rand.IntN(len(addresses))]) //nolint:gosec // spreads load, guards nothing
		return
	}
	d.pass(w, r, addresses, target.Host)
}

func (d *Door) lookUp(target *url.URL) ([]string, error) {
	host := strings.ToLower(target.Hostname())
	if strings.HasSuffix(host, ".localhost") {
		return []string{d.Address()}, nil
	}
	if !isServiceName(host) {
		return nil, fmt.Errorf("the local cluster's pods reach services only, not %q", host)
	}
	port := int32(80)
	if target.Scheme == "https" {
		port = 443
	}
	if text := target.Port(); text != "" {
		number, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("port %q is not a number", text)
		}
		port = int32(number)
	}
	addresses, err := d.state.Load().resolve(host, port)
	if err == nil && len(addresses) == 0 {
		err = fmt.Errorf("service %q has no ready pod", host)
	}
	return addresses, err
}

// tunnel joins a pod's connection with the one to address until both end.
func (d *Door) tunnel(w http.ResponseWriter, address string) {
	far, err := net.Dial("tcp", address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = far.Close() }()
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = near.Close() }()
	if _, err := io.WriteString(near, "HTTP/1.1 200 Connection Established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(far, buffered)
		_ = far.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(near, far)
	_ = near.Close()
	<-done
}
