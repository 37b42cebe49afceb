// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/okno-dev/okno/internal/definition"
)

// findings collects what is wrong with a definition.
type findings struct{ list []definition.Finding }

func (f *findings) add(path, rule, found, allowed, do string) {
	f.list = append(f.list, definition.Finding{Path: path, Rule: rule, Severity: definition.Error, Found: found, Allowed: allowed, Do: do})
}

func (f *findings) warn(path, rule, found, allowed, do string) {
	f.list = append(f.list, definition.Finding{Path: path, Rule: rule, Severity: definition.Warning, Found: found, Allowed: allowed, Do: do})
}

func at(path, field string) string    { return path + "." + field }
func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
func key(path, name string) string    { return path + "[" + name + "]" }
func quoted(v any) string             { return fmt.Sprintf("%q", fmt.Sprint(v)) }
func rootPath(field string) string    { return at(definition.Root, field) }

func within(limit, what string) string { return what + " up to " + limit }

func list(names []string) string {
	return strings.Join(names, ", ")
}
