// SPDX-License-Identifier: Apache-2.0

// Package intake is the server that receives applications: one accessible form, one JSON and one XML way into each service of an
// agency, all over the same model of the definition, with drafts, uploads, receipts and status.
//
//	            Publish / Serve                       ┌── start, pages, check, receipt  (HTML, no script)
//	follower ───────────────────► catalogue ─────────┤
//	            restore                  │            └── applications, uploads, status, openapi, schema  (API)
//	store   ────────────────────────────┘                         │
//	   ▲                                                           ▼
//	   └──────────────────────────────── file: normalise, validate, route, count the term, acknowledge
//
// What is served is immutable: switching to another release is one atomic pointer swap. Releases are read from the store and compiled
// when somebody comes for them, and held for as long as people do. Drafts hold on to the release that they were begun on. The store
// alone is enough to start and to serve.
package intake
