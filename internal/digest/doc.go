// SPDX-License-Identifier: Apache-2.0

// Package digest names definitions by their content. The digest is taken over the RFC 8785 form of the bytes that the API
// server stores, never over Go structs: labels, Git revisions, key order and new optional API fields leave it as it was.
//
// What would make digests lie is refused before anything is hashed: null, integers that a float64 cannot hold, numbers whose
// decimals would be rounded, invalid UTF-8, duplicate keys, and more than MaxBytes of canonical form.
package digest
