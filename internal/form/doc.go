// SPDX-License-Identifier: Apache-2.0

// Package form is the one model behind every way into a service: it compiles a definition's schema, pages, rules and XML names
// once, then reads JSON, XML and HTML forms into the same envelope, normalises it, validates it, lays it out on pages, routes it
// and writes it as XML. All faces share Normalise and Validate, so they cannot disagree.
//
// The package is pure: it takes no context, no client and no clock; the time of a request comes in as an argument. A Model is
// immutable and safe for concurrent use.
package form
