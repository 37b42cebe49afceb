// SPDX-License-Identifier: Apache-2.0

// Package signature signs and verifies with the installation's Ed25519 key: Publications, so that what is served can be checked
// without asking anybody, and the short-lived tokens of the inner port.
//
// Signatures are DSSE's (https://github.com/secure-systems-lab/dsse): what is signed is the pre-authentication encoding of a
// payload type and a payload, so that a signature over a token can never pass as one over a Publication. Keys are named by the
// SHA-256 of their PKIX form; old keys verify for as long as they are trusted.
package signature
