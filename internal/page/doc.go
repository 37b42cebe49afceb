// SPDX-License-Identifier: Apache-2.0

// Package page renders the pages that citizens see: templates, texts in each language, static files, choice of language and the
// headers that keep a page safe. The intake and the catalogue share it, so that a person stays in one place while going from the
// one to the other.
//
// Pages need no script: the content security policy forbids any.
package page
