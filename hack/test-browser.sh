#!/usr/bin/env bash
# Looks at every page in Chromium. The browser is the system's; what drives it comes from npm, as package-lock.json pins it.
# OKNO_TEST_SCREENSHOTS names a folder for a picture of each state, OKNO_TEST_WALKS the walks to go (see test/browser/main.mjs).
set -euo pipefail
cd "$(dirname "$0")/../test/browser"
browser=${OKNO_TEST_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [[ -z $browser ]]; then
	echo "no chromium found: install it (Debian: apt-get install chromium) or name one in OKNO_TEST_CHROMIUM" >&2
	exit 1
fi
if [[ ! -d node_modules || package-lock.json -nt node_modules ]]; then
	npm ci --silent --no-audit --no-fund
	touch node_modules
fi
OKNO_TEST_CHROMIUM=$browser exec go test -count=1 -timeout 40m .
