// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools pins the programs that generate and check the code, apart from the product's dependencies.
package tools

import (
	_ "sigs.k8s.io/controller-tools/cmd/controller-gen"
	_ "sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter"
)
