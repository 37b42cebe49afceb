// SPDX-License-Identifier: Apache-2.0

// Package bad reads the table of bad definitions: small changes to a definition without findings, each with the one finding
// that it must have. The table is internal/lint/testdata/bad; tests of lint, of the command line and of the controller share it.
package bad

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"golang.org/x/text/encoding/charmap"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/digest"
)

// Stage is how far a bad definition gets.
type Stage string

// Stages. A file of the table has one.
const (
	// Stored: the API server stores it; lint and status tell the finding.
	Stored Stage = ""
	// Refused: the API server refuses it; lint tells what kubectl apply tells.
	Refused Stage = "refused"
	// Unread: what kubectl sends is not what the file says, or nothing; lint tells.
	Unread Stage = "unread"
)

// Group is one file of the table.
type Group struct {
	// Title and Note head the group for readers.
	Title string `json:"title"`
	Note  string `json:"note,omitempty"`
	// Stage is how far its cases get.
	Stage Stage `json:"stage,omitempty"`
	// Cases are in the order in which they are read.
	Cases []Case `json:"cases"`
}

// Case is one bad definition.
type Case struct {
	// Name tells what is wrong.
	Name string `json:"name"`
	// Finds is the place, below spec.service, and the rule of the finding: "routing.default routing-default". The place is "." for
	// the definition, "file" for the whole file, "*" for any. "" means that nothing is found.
	Finds string `json:"finds,omitempty"`
	// Patch changes the definition.
	Patch jsonpatch.Patch `json:"patch,omitempty"`
	// Object changes the GovService around it.
	Object jsonpatch.Patch `json:"object,omitempty"`
	// Grow makes a text so long that the definition has that many bytes in canonical form.
	Grow *Grow `json:"grow,omitempty"`
	// Nest puts lists inside each other at a place.
	Nest *Nest `json:"nest,omitempty"`
	// SchemaLevels puts that many objects inside each other in data.schema.
	SchemaLevels int `json:"schemaLevels,omitempty"`
	// Text replaces the only place of a text in the YAML of the manifest, or in its JSON; Times repeats the new text.
	Text *Text `json:"text,omitempty"`
	JSON bool  `json:"json,omitempty"`
	// File is the whole file, in the place of a manifest.
	File string `json:"file,omitempty"`
	// Encoding is windows-1251 for a file that is not in UTF-8.
	Encoding string `json:"encoding,omitempty"`
	// Twice writes the manifest twice, as two documents.
	Twice string `json:"twice,omitempty"`
}

// Grow says how long a text is made.
type Grow struct {
	At    string `json:"at"`
	Bytes int    `json:"bytes"`
}

// Nest says how many lists are put inside each other.
type Nest struct {
	At     string `json:"at"`
	Levels int    `json:"levels"`
}

// Text is a replacement in a file.
type Text struct {
	Old   string `json:"old"`
	New   string `json:"new"`
	Times int    `json:"times,omitempty"`
}

// Table is the base of the table and what breaks it.
type Table struct {
	// Base is a definition without findings, as YAML.
	Base   string
	Groups []Group
}

// Read reads the table from the folder testdata of lint.
func Read(testdata string) (*Table, error) {
	base, err := os.ReadFile(filepath.Join(testdata, "base.yaml"))
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(testdata, "bad", "*.yaml"))
	if err != nil {
		return nil, err
	}
	table := &Table{Base: string(base)}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var group Group
		if err := yaml.UnmarshalStrict(text, &group); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		table.Groups = append(table.Groups, group)
	}
	return table, nil
}

// Of returns the table for a service with a code of its own.
func (t *Table) Of(code string) *Table {
	return &Table{Base: strings.Replace(t.Base, `code: "70000000001"`, fmt.Sprintf("code: %q", code), 1), Groups: t.Groups}
}

// Wants returns the path and the rule of the finding that the case must have; both are "" when it must have none.
func (c *Case) Wants() (path, rule string) {
	place, rule, _ := strings.Cut(c.Finds, " ")
	switch {
	case place == "" || place == "*":
		return place, rule
	case place == "file":
		return "", rule
	case place == ".":
		return definition.Root, rule
	case strings.HasPrefix(place, "spec.") || strings.HasPrefix(place, "metadata") || place == "kind" || place == "apiVersion":
		return place, rule
	}
	return definition.Root + "." + place, rule
}

// Definition returns the JSON of the bad definition.
func (t *Table) Definition(c *Case) ([]byte, error) {
	raw, err := yaml.YAMLToJSON([]byte(t.Base))
	if err != nil {
		return nil, err
	}
	if raw, err = c.Patch.Apply(raw); err != nil {
		return nil, err
	}
	switch {
	case c.Grow != nil:
		return grow(raw, c.Grow)
	case c.Nest != nil:
		return set(raw, c.Nest.At, strings.Repeat("[", c.Nest.Levels)+"1"+strings.Repeat("]", c.Nest.Levels))
	case c.SchemaLevels > 0:
		inner := `{"type":"string","maxLength":1}`
		for range c.SchemaLevels {
			inner = `{"type":"object","additionalProperties":false,"properties":{"a":` + inner + `}}`
		}
		return set(raw, "/data/schema/properties/age", inner)
	}
	return raw, nil
}

// Manifest returns the file with the bad definition, as the GovService name.
func (t *Table) Manifest(c *Case, name string) ([]byte, error) {
	if c.File != "" {
		return c.encode(c.File)
	}
	if c.Text != nil || c.Encoding != "" || c.Twice != "" {
		return c.edit(t.yaml(name))
	}
	service, err := t.Definition(c)
	if err != nil {
		return nil, err
	}
	object := fmt.Appendf(nil, `{"apiVersion":"catalog.okno.dev/v1alpha1","kind":"GovService","metadata":{"name":%q},"spec":{"service":%s}}`, name, service)
	if c.Object == nil {
		return object, nil
	}
	return c.Object.Apply(object)
}

// yaml is the base as a manifest in YAML.
func (t *Table) yaml(name string) string {
	indented := strings.ReplaceAll(strings.TrimSpace(t.Base), "\n", "\n    ")
	return "apiVersion: catalog.okno.dev/v1alpha1\nkind: GovService\nmetadata:\n  name: " + name + "\nspec:\n  service:\n    " + indented + "\n"
}

func (c *Case) edit(manifest string) ([]byte, error) {
	if c.JSON {
		converted, err := yaml.YAMLToJSON([]byte(manifest))
		if err != nil {
			return nil, err
		}
		manifest = string(converted)
	}
	if c.Text != nil {
		if n := strings.Count(manifest, c.Text.Old); n != 1 {
			return nil, fmt.Errorf("%q stands %d times in the base", c.Text.Old, n)
		}
		manifest = strings.Replace(manifest, c.Text.Old, strings.Repeat(c.Text.New, max(1, c.Text.Times)), 1)
	}
	if c.Twice != "" {
		manifest += c.Twice + manifest
	}
	return c.encode(manifest)
}

func (c *Case) encode(file string) ([]byte, error) {
	if c.Encoding == "windows-1251" {
		return charmap.Windows1251.NewEncoder().Bytes([]byte(file))
	}
	return []byte(file), nil
}

// grow makes the text at a place as long as it takes.
func grow(raw []byte, g *Grow) ([]byte, error) {
	short, err := set(raw, g.At, `""`)
	if err != nil {
		return nil, err
	}
	canonical, _, err := digest.JSON(json.RawMessage(short))
	if err != nil {
		return nil, err
	}
	return set(raw, g.At, `"`+strings.Repeat("a", g.Bytes-len(canonical))+`"`)
}

func set(raw []byte, pointer, value string) ([]byte, error) {
	path, err := json.Marshal(pointer)
	if err != nil {
		return nil, err
	}
	patch, err := jsonpatch.DecodePatch(fmt.Appendf(nil, `[{"op":"add","path":%s,"value":%s}]`, path, value))
	if err != nil {
		return nil, err
	}
	return patch.Apply(raw)
}
