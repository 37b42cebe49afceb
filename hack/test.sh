#!/usr/bin/env bash
# Runs go test with the control plane of bin/. All packages that need an API server share the one that test/env starts.
set -euo pipefail
cd "$(dirname "$0")/.."
export KUBEBUILDER_ASSETS="${KUBEBUILDER_ASSETS:-$PWD/bin}"
exec go run ./test/env/shared -- go test -timeout 30m "$@"
