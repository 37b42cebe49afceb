// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// eagerly is how often a probe is tried until it first succeeds: a program that
// is up in 50 ms should not wait for a period of ten seconds.
const eagerly = 100 * time.Millisecond

// watch runs a probe until ctx ends. It calls report with each new verdict,
// which begins as initial. Failures count once per period, as in a kubelet.
func watch(ctx context.Context, probe *corev1.Probe, check func(context.Context) error, initial bool, report func(ok bool, err error)) {
	period := seconds(probe.PeriodSeconds, 10)
	timeout := seconds(probe.TimeoutSeconds, 1)
	delay := time.Duration(probe.InitialDelaySeconds) * time.Second
	verdict, everOK := initial, false
	successes, failures := int32(0), int32(0)
	counted := time.Now() // the first period is the program's to start
	for {
		if !pause(ctx, delay) {
			return
		}
		attempt, cancel := context.WithTimeout(ctx, timeout)
		err := check(attempt)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			successes, failures, everOK = successes+1, 0, true
		case time.Since(counted) >= period:
			successes, failures, counted = 0, failures+1, time.Now()
		}
		if ok := successes >= max(probe.SuccessThreshold, 1); ok && !verdict {
			verdict = true
			report(true, nil)
		}
		if failures >= max(probe.FailureThreshold, 1) && (verdict || !everOK) {
			verdict, failures = false, 0
			report(false, err)
		}
		if delay = period; !everOK {
			delay = min(eagerly, period)
		}
	}
}

func seconds(n, otherwise int32) time.Duration {
	if n == 0 {
		n = otherwise
	}
	return time.Duration(n) * time.Second
}

// pause waits, and tells whether ctx still lasts.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// checkOf is one attempt of a probe against a container of a pod's address.
func checkOf(handler corev1.ProbeHandler, container *corev1.Container, address string) (func(context.Context) error, error) {
	switch {
	case handler.HTTPGet != nil:
		return httpCheck(handler.HTTPGet, container, address)
	case handler.TCPSocket != nil:
		port, err := portOf(container, handler.TCPSocket.Port)
		if err != nil {
			return nil, err
		}
		target := net.JoinHostPort(orElse(handler.TCPSocket.Host, address), strconv.Itoa(port))
		return func(ctx context.Context) error {
			connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", target)
			if err == nil {
				_ = connection.Close()
			}
			return err
		}, nil
	}
	return nil, errors.New("only httpGet and tcpSocket probes are supported by the local node")
}

func httpCheck(get *corev1.HTTPGetAction, container *corev1.Container, address string) (func(context.Context) error, error) {
	port, err := portOf(container, get.Port)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(get.Path)
	if err != nil {
		return nil, fmt.Errorf("probe path %q: %w", get.Path, err)
	}
	target.Scheme = "http"
	if get.Scheme == corev1.URISchemeHTTPS {
		target.Scheme = "https"
	}
	target.Host = net.JoinHostPort(orElse(get.Host, address), strconv.Itoa(port))
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
		if err != nil {
			return err
		}
		request.Header.Set("User-Agent", "kube-probe/local")
		for _, header := range get.HTTPHeaders {
			request.Header.Add(header.Name, header.Value)
			if header.Name == "Host" {
				request.Host = header.Value
			}
		}
		response, err := probeClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode >= http.StatusOK && response.StatusCode < http.StatusBadRequest {
			return nil
		}
		text, _ := io.ReadAll(io.LimitReader(response.Body, 200))
		return fmt.Errorf("%s answers %s: %s", target, response.Status, text)
	}, nil
}

// probeClient asks each time anew, trusts any certificate, and follows no
// redirection, like a kubelet.
var probeClient = &http.Client{
	Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // a probe asks whether the pod lives, not who it is
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// portOf is the number of a port that may be given by its name.
func portOf(container *corev1.Container, port intstr.IntOrString) (int, error) {
	if port.Type == intstr.Int {
		return port.IntValue(), nil
	}
	for _, p := range container.Ports {
		if p.Name == port.StrVal {
			return int(p.ContainerPort), nil
		}
	}
	return 0, fmt.Errorf("container %q has no port %q", container.Name, port.StrVal)
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
