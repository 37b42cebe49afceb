// SPDX-License-Identifier: Apache-2.0

// Package expression compiles and evaluates the conditions and computed values of a definition. It keeps CEL behind it: no type
// of the CEL library appears in its exported names.
//
// Every expression is typed from the application's schema, never dynamic. It sees app (the application's data), applicant (what
// is known of the person, a map of strings) and now (the moment of the request); templates see filing too. Its cost is bounded
// twice: by an estimate from the schema's bounds when it is compiled, and by a limit while it runs.
//
// The package is pure. An Env and a Program are immutable and safe for concurrent use.
package expression
