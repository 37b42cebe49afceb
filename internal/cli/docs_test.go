// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

const root = "../../"

// TestEveryReasonIsExplained holds docs/reference/conditions.md to the closed list of reasons.
func TestEveryReasonIsExplained(t *testing.T) {
	page, err := os.ReadFile(root + "docs/reference/conditions.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := parser.ParseFile(token.NewFileSet(), root+"api/v1alpha1/conditions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	reasons := 0
	ast.Inspect(source, func(n ast.Node) bool {
		constant, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(constant.Names[0].Name, "Reason") {
			return true
		}
		reasons++
		value, err := strconv.Unquote(constant.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "`"+value+"`") {
			t.Errorf("reason %s is not explained", value)
		}
		return true
	})
	if reasons < 20 {
		t.Errorf("only %d reasons were found", reasons)
	}
}

var (
	linkPattern    = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	commandPattern = regexp.MustCompile(`kubectl[ -]okno ([a-z]+)`)
)

// TestDocumentsPointToWhatExists follows links between documents, and looks for the commands that they name.
func TestDocumentsPointToWhatExists(t *testing.T) {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	known := map[string]bool{}
	for _, command := range newRootCommand(streams).Commands() {
		known[command.Name()] = true
	}
	for _, document := range []string{
		"README.md", "README.ru.md", "docs/concepts.md", "docs/tutorial-first-service.md", "docs/reference/conditions.md",
		"docs/reference/scenarios.md", "config/samples/applications/README.md", "config/samples/ownership-registration/README.md",
		"config/samples/alcohol-licence/README.md",
	} {
		text, err := os.ReadFile(root + document)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range linkPattern.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(document), link[1])); err != nil {
				t.Errorf("%s: %v", document, err)
			}
		}
		for _, command := range commandPattern.FindAllStringSubmatch(string(text), -1) {
			if !known[command[1]] {
				t.Errorf("%s names kubectl okno %s, which does not exist", document, command[1])
			}
		}
	}
}
