// SPDX-License-Identifier: Apache-2.0

package form

import (
	"github.com/okno-dev/okno/api/v1alpha1"
)

// codeList is a list of values, compiled. In a tree only leaves may be chosen: what has children is a heading.
type codeList struct {
	id        string
	items     []v1alpha1.CodeListItem
	byCode    map[string]int
	heading   map[string]bool
	maxLength int
}

func compileCodeLists(lists []v1alpha1.CodeList, f *findings) map[string]*codeList {
	compiled := map[string]*codeList{}
	for i, l := range lists {
		path := index(rootPath("data.codeLists"), i)
		c := &codeList{id: string(l.ID), items: l.Items, byCode: map[string]int{}, heading: map[string]bool{}, maxLength: 1}
		for j, item := range l.Items {
			if _, double := c.byCode[item.Code]; double {
				f.add(index(at(path, "items"), j), "duplicate-code", quoted(item.Code), "each code once", "remove or rename one of the two")
			}
			c.byCode[item.Code] = j
			c.maxLength = max(c.maxLength, len([]rune(item.Code)))
			if item.Parent != "" {
				c.heading[item.Parent] = true
			}
		}
		c.checkTree(path, f)
		compiled[c.id] = c
	}
	return compiled
}

// checkTree reports parents that do not exist and codes that stand above themselves.
func (c *codeList) checkTree(path string, f *findings) {
	for i, item := range c.items {
		at := at(index(at(path, "items"), i), "parent")
		if _, known := c.byCode[item.Parent]; item.Parent != "" && !known {
			f.add(at, "code-parent", quoted(item.Parent), "a code of the same list", "declare the parent or correct the code")
			continue
		}
		above := item.Parent
		for range len(c.items) {
			if above == "" {
				break
			}
			above = c.items[c.byCode[above]].Parent
			if _, known := c.byCode[above]; !known {
				above = ""
			}
		}
		if above != "" {
			f.add(at, "code-cycle", quoted(item.Parent), "a parent that stands above", "break the cycle")
			return
		}
	}
}

// has tells whether a code may be chosen.
func (c *codeList) has(code string) bool {
	_, known := c.byCode[code]
	return known && !c.heading[code]
}

// label returns what people see of a code, or the code itself when it is unknown.
func (c *codeList) label(code, language string) string {
	i, known := c.byCode[code]
	if !known {
		return code
	}
	return c.items[i].Label.In(language)
}

// group returns the heading that a code stands under: the labels of its parents, outermost first.
func (c *codeList) group(code, language string) string {
	parent := c.items[c.byCode[code]].Parent
	group := ""
	for range len(c.items) {
		if parent == "" {
			break
		}
		label := c.label(parent, language)
		if group != "" {
			label += " — " + group
		}
		group, parent = label, c.items[c.byCode[parent]].Parent
	}
	return group
}
