// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	yamlv3 "go.yaml.in/yaml/v3"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/digest"
)

// source is a file's text as one JSON object, with the line of every place.
type source struct {
	json  []byte
	lines map[string]int
}

// isBare tells that the object is a definition without a GovService around it.
func (s *source) isBare() bool {
	var head map[string]json.RawMessage
	if err := json.Unmarshal(s.json, &head); err != nil {
		return false
	}
	for _, key := range []string{"apiVersion", "kind", "metadata", "spec"} {
		if _, ok := head[key]; ok {
			return false
		}
	}
	return true
}

// readSource turns YAML or JSON into JSON just as kubectl does before it sends a file, and notes what that would hide.
// The source is nil when the text is not one object.
func readSource(text []byte) (*source, []definition.Finding) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		return nil, outerFaults(digest.ScanJSON(text))
	}
	document, findings := oneDocument(text)
	if document == nil {
		return nil, findings
	}
	if n := expandedBytes(document, map[*yamlv3.Node]int{}); n > maxFileBytes {
		return nil, []definition.Finding{{
			Rule: "too-large", Severity: definition.Error, Found: "aliases (*name) that repeat their anchors to more than 3 MiB",
			Allowed: "at most 3 MiB", Do: "write out what the aliases stand for, or check that it is the right file",
		}}
	}
	w := &walker{lines: map[string]int{}}
	w.walk(document, "")
	src := &source{lines: w.lines}
	if trimmed := bytes.TrimLeft(text, " \t\r\n"); trimmed[0] == '{' && json.Valid(trimmed) {
		// JSON keeps its own bytes: duplicate keys and long numbers are found in them.
		src.json = trimmed
		return src, nil
	}
	converted, err := toJSON(text)
	if err != nil {
		return nil, append(w.findings, syntaxFinding(err))
	}
	src.json = converted
	return src, w.findings
}

// toJSON converts the only document that is not empty, split from the others as kubectl does.
func toJSON(text []byte) ([]byte, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := reader.Read()
		if err != nil {
			return nil, err
		}
		converted, err := yaml.YAMLToJSON(document)
		if err != nil || string(converted) != "null" {
			return converted, err
		}
	}
}

// oneDocument parses the text into the mapping of its only document.
func oneDocument(text []byte) (*yamlv3.Node, []definition.Finding) {
	decoder := yamlv3.NewDecoder(bytes.NewReader(text))
	var documents []*yamlv3.Node
	for {
		var node yamlv3.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, []definition.Finding{syntaxFinding(err)}
		}
		if len(node.Content) == 1 && node.Content[0].Tag != "!!null" {
			documents = append(documents, node.Content[0])
		}
	}
	if len(documents) == 1 && documents[0].Kind == yamlv3.MappingNode {
		return documents[0], nil
	}
	found := "no object"
	if len(documents) > 1 {
		found = fmt.Sprintf("%d documents", len(documents))
	}
	return nil, []definition.Finding{{
		Rule: "not-an-object", Severity: definition.Error, Found: found,
		Allowed: "one GovService manifest, or one definition", Do: "write each GovService in a file of its own",
	}}
}

// expandedBytes is at least how much a node takes with its aliases written out, as far as it matters: a file of a few lines can
// stand for more than fits into any memory. An alias to what it stands in has no end.
func expandedBytes(node *yamlv3.Node, known map[*yamlv3.Node]int) int {
	if node.Kind == yamlv3.AliasNode {
		node = node.Alias
	}
	if n, ok := known[node]; ok {
		return n
	}
	known[node] = maxFileBytes + 1 // for those who ask while it is being counted: they stand in it
	n := len(node.Value) + 1
	for _, child := range node.Content {
		n += expandedBytes(child, known)
		if n > maxFileBytes {
			n = maxFileBytes + 1
			break
		}
	}
	known[node] = n
	return n
}

func syntaxFinding(err error) definition.Finding {
	f := definition.Finding{
		Rule: "syntax", Severity: definition.Error, Found: strings.TrimPrefix(strings.TrimPrefix(err.Error(), "yaml: "), "found "),
		Allowed: "YAML or JSON", Do: "correct the syntax",
	}
	for _, hint := range syntaxHints {
		if strings.Contains(f.Found, hint.about) {
			f.Do = hint.do
			break
		}
	}
	return f
}

// syntaxHints say what is most often behind an error of the YAML reader.
var syntaxHints = []struct{ about, do string }{
	{"cannot start any token", "put the text in quotes; indent with spaces, never with tabs"},
	{"mapping values are not allowed", "put the text in quotes when it holds a colon and a space, or correct the indentation"},
	{"did not find expected key", "correct the indentation, or put the text in quotes"},
	{"control characters are not allowed", "remove the character: only an editor that shows all characters shows it"},
	{"invalid Unicode character escape", `write the whole character: half of a pair (\uD800–\uDFFF) is none`},
	{"unknown anchor", "declare the anchor (&name), or put the text in quotes when it begins with *"},
	{"exceeded max depth", "flatten the structure"},
}

// walker notes lines, and what reading YAML into maps would hide: keys that stand twice and numbers that are rounded.
type walker struct {
	lines    map[string]int
	findings []definition.Finding
}

func (w *walker) walk(node *yamlv3.Node, path string) {
	switch node.Kind {
	case yamlv3.MappingNode:
		w.mapping(node, path)
	case yamlv3.SequenceNode:
		for i, item := range node.Content {
			at := path + "[" + strconv.Itoa(i) + "]"
			w.lines[at] = item.Line
			w.walk(item, at)
		}
	case yamlv3.ScalarNode:
		w.scalar(node, path)
	}
}

func (w *walker) mapping(node *yamlv3.Node, path string) {
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		at := strings.TrimPrefix(path+digest.PathKey(key.Value), ".")
		if first, twice := seen[key.Value]; twice && key.Tag != "!!merge" {
			f := definition.FromFault("", digest.Fault{Kind: digest.DuplicateKey, Path: at})
			f.Found = fmt.Sprintf("%q on line %d and again on line %d", key.Value, first, key.Line)
			w.findings = append(w.findings, f)
		}
		seen[key.Value] = key.Line
		w.lines[at] = key.Line
		w.walk(value, at)
	}
}

func (w *walker) scalar(node *yamlv3.Node, path string) {
	if node.Tag != "!!float" || !json.Valid([]byte(node.Value)) {
		return
	}
	for _, fault := range digest.ScanJSON([]byte(node.Value)) {
		if fault.Kind == digest.Rounded {
			w.findings = append(w.findings, definition.FromFault(path, fault))
		}
	}
}
