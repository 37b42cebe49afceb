// SPDX-License-Identifier: Apache-2.0

// Package tutorial reads docs/tutorial-first-service.md as a person does who follows it: which commands it gives, and what it asks to
// change in the service. Tests carry that out, so that the page cannot promise what does not happen.
package tutorial

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// Block is a fenced block of the page.
type Block struct {
	// Section is the heading above it.
	Section string
	// Language is the word after the fence, such as sh or yaml.
	Language string
	// Before is what the page says right above it, on one line.
	Before string
	// Text is the block without its indentation.
	Text string
}

// Page is the tutorial.
type Page struct {
	// Sections are the texts by heading, with their blocks.
	Sections map[string]string
	// Blocks are in the order of the page.
	Blocks []Block
}

// Read reads the page.
func Read(path string) (*Page, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &Page{Sections: map[string]string{}}
	var section, paragraph string
	var open *Block
	indent := 0
	for line := range strings.Lines(string(text)) {
		trimmed := strings.TrimSpace(line)
		if open == nil && strings.HasPrefix(line, "#") {
			section, paragraph = strings.TrimSpace(strings.TrimLeft(line, "#")), ""
			continue
		}
		p.Sections[section] += line
		switch {
		case open != nil && trimmed == "```":
			p.Blocks, open, paragraph = append(p.Blocks, *open), nil, ""
		case open != nil:
			open.Text += line[min(indent, len(line)-len(strings.TrimLeft(line, " "))):]
		case strings.HasPrefix(trimmed, "```"):
			indent = len(line) - len(strings.TrimLeft(line, " "))
			open = &Block{Section: section, Language: strings.TrimPrefix(trimmed, "```"), Before: strings.TrimSpace(paragraph)}
		case trimmed != "":
			paragraph += " " + trimmed
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s: a block in %q has no end", path, section)
	}
	return p, nil
}

// Commands are the lines of a section's blocks of commands, without comments.
func (p *Page) Commands(section string) []string {
	var list []string
	for _, b := range p.Blocks {
		if b.Section != section || b.Language != "sh" {
			continue
		}
		for line := range strings.Lines(b.Text) {
			command, _, _ := strings.Cut(line, "#")
			if command = strings.TrimSpace(command); command != "" {
				list = append(list, command)
			}
		}
	}
	return list
}

var (
	under = regexp.MustCompile("[Uu]nder `([^`]+)` add$")
	after = regexp.MustCompile("on the page `([^`]+)`, after `([^`]+)`, add$")
	edit  = regexp.MustCompile("[Cc]hange `([^`]+)` (?:[^`.]* )?to `([^`]+)`")
)

// Additions makes in a service, as JSON, what the page asks to add to it.
func (p *Page) Additions(service []byte) ([]byte, error) {
	object := map[string]any{}
	if err := yaml.Unmarshal(service, &object); err != nil {
		return nil, err
	}
	definition, ok := dig(object, "spec", "service").(map[string]any)
	if !ok {
		return nil, errors.New("no spec.service")
	}
	done := 0
	for _, b := range p.Blocks {
		if b.Language != "yaml" {
			continue
		}
		if err := b.add(definition); err != nil {
			return nil, fmt.Errorf("in %q, %q: %w", b.Section, b.Before, err)
		}
		done++
	}
	if done == 0 {
		return nil, errors.New("the page adds nothing")
	}
	return yaml.Marshal(object)
}

// add puts the block where the words above it say.
func (b *Block) add(definition map[string]any) error {
	var what any
	if err := yaml.Unmarshal([]byte(b.Text), &what); err != nil {
		return err
	}
	if m := after.FindStringSubmatch(b.Before); m != nil {
		return addQuestion(definition, m[1], m[2], what)
	}
	m := under.FindStringSubmatch(b.Before)
	if m == nil {
		return errors.New("it does not say where: under `path` add")
	}
	path := strings.Split(m[1], ".")
	parent, ok := dig(definition, path[:len(path)-1]...).(map[string]any)
	if !ok {
		return fmt.Errorf("there is no %s", m[1])
	}
	last := path[len(path)-1]
	switch have := parent[last].(type) {
	case []any:
		entries, ok := what.([]any)
		if !ok {
			return fmt.Errorf("%s is a list, and the block is none", m[1])
		}
		parent[last] = append(have, entries...)
	case map[string]any:
		fields, ok := what.(map[string]any)
		if !ok {
			return fmt.Errorf("%s has fields, and the block has none", m[1])
		}
		maps.Copy(have, fields)
	default:
		return fmt.Errorf("there is no %s", m[1])
	}
	return nil
}

// addQuestion adds fields to a page of the form, after the field of a path.
func addQuestion(definition map[string]any, page, path string, what any) error {
	pages, _ := dig(definition, "form", "pages").([]any)
	for _, entry := range pages {
		of, _ := entry.(map[string]any)
		if of["id"] != page {
			continue
		}
		fields, _ := of["fields"].([]any)
		for i, field := range fields {
			if dig(field, "path") == path {
				more, ok := what.([]any)
				if !ok {
					return errors.New("fields are a list, and the block is none")
				}
				of["fields"] = append(append(append([]any{}, fields[:i+1]...), more...), fields[i+1:]...)
				return nil
			}
		}
	}
	return fmt.Errorf("there is no %s on a page %s", path, page)
}

func dig(in any, path ...string) any {
	for _, name := range path {
		fields, _ := in.(map[string]any)
		in = fields[name]
	}
	return in
}

// Swaps are the texts of the file that a section asks to change for a while, each with what comes in its place.
func (p *Page) Swaps(section string) [][2]string {
	var list [][2]string
	for _, m := range edit.FindAllStringSubmatch(strings.Join(strings.Fields(p.Sections[section]), " "), -1) {
		list = append(list, [2]string{m[1], m[2]})
	}
	return list
}

// Swap changes the first place of a text in a file.
func Swap(file []byte, swap [2]string) ([]byte, error) {
	if !bytes.Contains(file, []byte(swap[0])) {
		return nil, fmt.Errorf("the file has no %q", swap[0])
	}
	return bytes.Replace(file, []byte(swap[0]), []byte(swap[1]), 1), nil
}
