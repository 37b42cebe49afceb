#!/usr/bin/env bash
# Fails when generating or formatting changed a file that is committed.
set -euo pipefail
cd "$(dirname "$0")/.."
changed=$(git status --porcelain)
if [[ -n $changed ]]; then
	echo "these files are not what generating makes of them; run 'make generate', look at the difference and commit it:" >&2
	echo "$changed" >&2
	git --no-pager diff --stat >&2
	exit 1
fi
