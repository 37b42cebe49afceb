// SPDX-License-Identifier: Apache-2.0

// Package crd holds the CustomResourceDefinitions that are generated from api/, so that programs carry the very schema that
// the API server enforces.
package crd

import "embed"

// Files holds the generated manifests, one <group>_<plural>.yaml per kind.
//
//go:embed *.yaml
var Files embed.FS

// GovServices is the name of the file that defines GovService.
const GovServices = "catalog.okno.dev_govservices.yaml"
