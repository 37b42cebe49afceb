// SPDX-License-Identifier: Apache-2.0

package form

import (
	"strconv"
	"strings"

	"github.com/okno-dev/okno/internal/expression"
)

// Has tells whether applications have a place in their data: a pointer such as /children/0/name, "" for the data themselves.
func (m *Model) Has(pointer string) bool {
	n := m.root
	if pointer == "" {
		return true
	}
	if pointer[0] != '/' {
		return false
	}
	for step := range strings.SplitSeq(pointer[1:], "/") {
		if n.kind == expression.List {
			if i, err := strconv.Atoi(step); err != nil || i < 0 {
				return false
			}
			n = n.items
		} else {
			n = n.prop(step)
		}
		if n == nil {
			return false
		}
	}
	return true
}
