// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	yamltree "go.yaml.in/yaml/v3"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/definition/manifest"
	"github.com/okno-dev/okno/internal/lint"
)

// sample is the service that the story is about, as files of config/samples.
type sample struct {
	namespace, name string
	// people holds the bindings of the sample persons, provider the agency.
	people, provider, service string
	// manifest is the service's file as it was read: what was checked is what is applied, whatever becomes of the file meanwhile.
	manifest []byte
}

// findSample reads and checks the sample: a mistake in it shall not cost the time of the builds.
func findSample(folder string) (sample, error) {
	found := sample{
		people:   filepath.Join(folder, "people.yaml"),
		provider: filepath.Join(folder, "pension-delivery", "provider.yaml"),
		service:  filepath.Join(folder, "pension-delivery", "govservice.yaml"),
	}
	for _, file := range []string{found.people, found.provider} {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return sample{}, fmt.Errorf("the sample lacks %s", file)
		}
	}
	text, err := os.ReadFile(found.service)
	if err != nil {
		return sample{}, err
	}
	object, err := checked(text)
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w", found.service, err)
	}
	found.namespace, found.name, found.manifest = object.Namespace, object.Name, text
	return found, nil
}

// checked is the service of a manifest without errors, or says all that is wrong with it.
func checked(text []byte) (*v1alpha1.GovService, error) {
	file, findings := manifest.ParseFile(text)
	if !definition.HasErrors(findings) && file != nil && file.Raw != nil {
		findings = append(findings, lint.Lint(file.Raw, lint.Options{At: time.Now()})...)
	}
	if !definition.HasErrors(findings) && file != nil && file.Object != nil {
		return file.Object, nil
	}
	var wrong strings.Builder
	for _, f := range definition.Sort(findings) {
		if f.Severity == definition.Error {
			fmt.Fprintf(&wrong, "\n  %s (line %d): %s", f.Path, file.Line(f.Path), f.Message())
		}
	}
	if wrong.Len() == 0 {
		return nil, errors.New("it is no GovService")
	}
	return nil, errors.New("nothing was started, as the sample has errors:" + wrong.String())
}

// titleMarks make a new edition's title differ from the old one in each language.
var titleMarks = map[string]string{"ru": " — новая редакция", "en": " — new edition"}

// newEdition changes the titles of a manifest in every language and nothing
// else, comments and order included. The short title is what pages are headed by.
func newEdition(text []byte) ([]byte, error) {
	var tree yamltree.Node
	if err := yamltree.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	if tree.Kind != yamltree.DocumentNode {
		return nil, errors.New("the sample is empty")
	}
	service := child(child(tree.Content[0], "spec"), "service")
	title := child(service, "title")
	if title == nil {
		return nil, errors.New("the sample has no title")
	}
	mark(title)
	if short := child(service, "shortTitle"); short != nil {
		mark(short)
	}
	var out bytes.Buffer
	encoder := yamltree.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&tree); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}

// mark changes a text in every language.
func mark(text *yamltree.Node) {
	for i := 0; i+1 < len(text.Content); i += 2 {
		ending, ok := titleMarks[text.Content[i].Value]
		if !ok {
			ending = " (2)"
		}
		text.Content[i+1].Value += ending
	}
}

// child is the value of a key, or nil.
func child(mapping *yamltree.Node, key string) *yamltree.Node {
	if mapping == nil {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}
