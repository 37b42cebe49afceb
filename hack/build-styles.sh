#!/usr/bin/env bash
# Builds web/static/okno.css from govuk-frontend's Sass. The result is committed: Node.js is needed only to change or verify the look.
set -euo pipefail
cd "$(dirname "$0")/../web"
if [[ ! -d node_modules || package-lock.json -nt node_modules ]]; then
	npm ci --silent --no-audit --no-fund
	touch node_modules
fi
npm run --silent build
