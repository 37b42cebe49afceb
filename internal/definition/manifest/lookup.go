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

// nearest returns the name that somebody who wrote another may have meant: at most a third of its letters differ, or only case.
func nearest(written string, names []string) string {
	best, bestDistance := "", len(written)/3+1
	for _, name := range names {
		if d := distance(strings.ToLower(written), strings.ToLower(name)); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with a neighbour to get from a to b.
func distance(a, b string) int {
	before, previous := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current := make([]int, len(b)+1)
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous = previous, current
	}
	return previous[len(b)]
}
