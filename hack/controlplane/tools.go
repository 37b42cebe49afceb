// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools names the Kubernetes programs that the local control plane is
// built from, so that `go mod tidy` keeps their dependencies.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
