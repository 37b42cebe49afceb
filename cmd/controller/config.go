// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
)

// accountDir is the variable that says where the service account's token lies when it is not mounted at the usual place: where
// pods are plain processes there is no place of their own to mount it.
const accountDir = "OKNO_SERVICEACCOUNT_DIR"

// Requests a second that the controller may send; the API server's own fairness is the real bound.
const (
	qps   = 200
	burst = 400
)

// restConfig is how to reach the API server: as the pod's account, else as the kubeconfig says.
func restConfig() (*rest.Config, error) {
	config, err := findConfig()
	if err != nil {
		return nil, fmt.Errorf("find the API server: %w", err)
	}
	config.QPS, config.Burst = qps, burst
	config.UserAgent = "okno-controller"
	return config, nil
}

func findConfig() (*rest.Config, error) {
	dir := os.Getenv(accountDir)
	if dir == "" {
		return ctrl.GetConfig()
	}
	token := filepath.Join(dir, "token")
	content, err := os.ReadFile(token)
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host:            "https://" + net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")),
		BearerToken:     string(content),
		BearerTokenFile: token, // read again when it was refreshed
		TLSClientConfig: rest.TLSClientConfig{CAFile: filepath.Join(dir, "ca.crt")},
	}, nil
}

// lean lets the cache be what the memory is for: garbage may grow to half of it, unless GOGC says otherwise, and nobody profiles a
// pod's heap.
func lean() {
	runtime.MemProfileRate = 0
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}
