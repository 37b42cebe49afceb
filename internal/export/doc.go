// SPDX-License-Identifier: Apache-2.0

// Package export describes a service to programs: its API as OpenAPI 3.1, an application's body as JSON Schema 2020-12, and the
// agency's XML as XML Schema 1.0. All of it comes from the compiled model, so that no description can differ from what is served.
//
// The descriptions are wider than what is accepted: rules, conditions and documents are judged by the service alone.
package export
