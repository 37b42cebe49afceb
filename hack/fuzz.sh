#!/usr/bin/env bash
# Runs each fuzz target of the repository for a while, one after the other: FUZZTIME says how long (2m). What it finds is left in
# testdata/fuzz of the package, to be mended and committed.
set -euo pipefail
cd "$(dirname "$0")/.."
export KUBEBUILDER_ASSETS="${KUBEBUILDER_ASSETS:-$PWD/bin}"
failed=0
while IFS=: read -r file name; do
	echo "$name in $(dirname "$file")"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-2m}" "./$(dirname "$file")" </dev/null || failed=1
done < <(git grep -oE '^func Fuzz[A-Za-z0-9]*' -- '*_test.go' | sed 's/:func /:/')
exit "$failed"
