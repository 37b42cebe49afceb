// SPDX-License-Identifier: Apache-2.0

// Package admission holds the admission policies as they are shipped, for whoever installs them and for the controller, which
// compares what is in force with them.
package admission

import (
	"embed"
	"fmt"

	"github.com/okno-dev/okno/internal/gate"
)

// Files are the manifests.
//
//go:embed *.yaml
var Files embed.FS

// Shipped returns the policies and bindings of Files.
func Shipped() (gate.Admission, error) {
	entries, err := Files.ReadDir(".")
	if err != nil {
		return gate.Admission{}, err
	}
	var all []byte
	for _, entry := range entries {
		text, err := Files.ReadFile(entry.Name())
		if err != nil {
			return gate.Admission{}, err
		}
		all = append(append(all, text...), "\n---\n"...)
	}
	shipped, err := gate.ParseAdmission(all)
	if err != nil {
		return gate.Admission{}, fmt.Errorf("shipped admission policies: %w", err)
	}
	return shipped, nil
}
