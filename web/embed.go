// SPDX-License-Identifier: Apache-2.0

// Package web holds what pages are made of: templates, texts and static files. It has no logic; package page renders it.
//
// static/okno.css is built from styles/ with govuk-frontend (MIT, see NOTICE); `make generate` writes it anew.
package web

import "embed"

// FS holds templates/, locales/ and static/.
//
//go:embed templates locales static
var FS embed.FS
