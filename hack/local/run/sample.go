// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	yamltree "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// sample is the service that the story is about, as files of config/samples.
type sample struct {
	namespace, name string
	// people holds the bindings of the sample persons, provider the agency.
	people, provider, service string
}

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
	var object v1alpha1.GovService
	if err := yaml.Unmarshal(text, &object); err != nil {
		return sample{}, fmt.Errorf("%s: %w", found.service, err)
	}
	found.namespace, found.name = object.Namespace, object.Name
	return found, nil
}

// titleMarks make a new edition's title differ from the old one in each language.
var titleMarks = map[string]string{"ru": " — новая редакция", "en": " — new edition"}

// newEdition changes the title of a manifest in every language and nothing
// else, comments and order included.
func newEdition(manifest []byte) ([]byte, error) {
	var tree yamltree.Node
	if err := yamltree.Unmarshal(manifest, &tree); err != nil {
		return nil, err
	}
	title := &tree
	if tree.Kind == yamltree.DocumentNode {
		title = tree.Content[0]
	}
	for _, key := range []string{"spec", "service", "title"} {
		if title = child(title, key); title == nil {
			return nil, fmt.Errorf("the sample has no %s", key)
		}
	}
	for i := 0; i+1 < len(title.Content); i += 2 {
		mark, ok := titleMarks[title.Content[i].Value]
		if !ok {
			mark = " (2)"
		}
		title.Content[i+1].Value += mark
	}
	var out bytes.Buffer
	encoder := yamltree.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&tree); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}

func child(mapping *yamltree.Node, key string) *yamltree.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}
