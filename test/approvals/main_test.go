// SPDX-License-Identifier: Apache-2.0

// Package approvals_test tries to publish, to decide, to forge and to hide decisions in the ways that are not allowed, against a
// real API server with the shipped CRDs, admission policies and roles.
package approvals_test

import (
	"os"
	"testing"

	"github.com/okno-dev/okno/test/env"
)

func TestMain(m *testing.M) { os.Exit(env.Main(m)) }
