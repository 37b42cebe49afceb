// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"slices"
	"strconv"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
)

// steps splits a field path: a.b[0] into a, b, [0].
func steps(path string) []string {
	return strings.FieldsFunc(strings.ReplaceAll(path, "[", ".["), func(r rune) bool { return r == '.' })
}

func listIndex(step string) (int, bool) {
	if !strings.HasPrefix(step, "[") {
		return 0, false
	}
	i, err := strconv.Atoi(strings.Trim(step, "[]"))
	return i, err == nil
}

// at returns the schema of the place at path, or nil.
func (s *crdSchema) at(path string) *schema.Structural {
	node := s.structural
	for _, step := range steps(path) {
		if node == nil {
			return nil
		}
		if _, isIndex := listIndex(step); isIndex {
			node = node.Items
			continue
		}
		if node.AdditionalProperties != nil {
			node = node.AdditionalProperties.Structural
			continue
		}
		child, ok := node.Properties[step]
		if !ok {
			return nil
		}
		node = &child
	}
	return node
}

// valueAt returns the value at path in decoded JSON.
func valueAt(value any, path string) (any, bool) {
	for _, step := range steps(path) {
		if i, isIndex := listIndex(step); isIndex {
			list, ok := value.([]any)
			if !ok || i >= len(list) {
				return nil, false
			}
			value = list[i]
			continue
		}
		object, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		if value, ok = object[step]; !ok {
			return nil, false
		}
	}
	return value, true
}

// fieldsOf returns the names of an object's fields, sorted.
func fieldsOf(node *schema.Structural) []string {
	if node == nil {
		return nil
	}
	names := make([]string, 0, len(node.Properties))
	for name := range node.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
