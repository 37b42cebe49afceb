// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/okno-dev/okno/web"
)

// topicNames are what topics are called, by language and then by the definition's word. A definition may name topics that nobody
// foresaw: they are called by their own words.
type topicNames map[string]map[string]string

// topicTexts are the names that the catalogue knows.
var topicTexts = mustLoadTopics()

// mustLoadTopics reads the embedded files; that they can be read is a property of the program.
func mustLoadTopics() topicNames {
	names := topicNames{}
	for _, lang := range languages {
		raw, err := web.FS.ReadFile("locales/portal/topics/" + lang + ".json")
		if err != nil {
			panic(fmt.Sprintf("portal: names of topics: %v", err))
		}
		var texts map[string]string
		if err := json.Unmarshal(raw, &texts); err != nil {
			panic(fmt.Sprintf("portal: names of topics in %q: %v", lang, err))
		}
		names[lang] = texts
	}
	return names
}

// in is what a topic is called in a language.
func (n topicNames) in(lang, topic string) string {
	if name, ok := n[lang][topic]; ok {
		return name
	}
	return strings.ReplaceAll(topic, "-", " ")
}

// all is what a topic is called in every language, and its own words.
func (n topicNames) all(topic string) []string {
	out := []string{topic}
	for _, names := range n {
		if name, ok := names[topic]; ok {
			out = append(out, name)
		}
	}
	return out
}
