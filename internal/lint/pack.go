// SPDX-License-Identifier: Apache-2.0

package lint

// Pack is a version of the rules of law that definitions are judged by.
type Pack struct {
	// Version names the pack, such as 210-FZ/2026-09-01.
	Version string
}

// BuiltinPack returns the embedded pack.
func BuiltinPack() *Pack { return &Pack{Version: "210-FZ/2026-09-01"} }
