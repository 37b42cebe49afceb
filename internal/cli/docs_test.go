// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

const root = "../../"

// actors are those who can have to act on a condition.
var actors = []string{"nobody", "Okno", "agency", "agencies", "approvers", "platform team"}

// TestEveryReasonIsExplained holds docs/reference/conditions.md to the closed list of conditions and reasons: none is missing, none
// is made up, and each has its status, its meaning, who acts, and what to do.
func TestEveryReasonIsExplained(t *testing.T) {
	conditions, reasons := constants(t, "Condition"), constants(t, "Reason")
	if len(conditions) < 8 || len(reasons) < 34 {
		t.Fatalf("only %d conditions and %d reasons were found", len(conditions), len(reasons))
	}
	page := document(t, "docs/reference/conditions.md")
	explained := map[string]bool{}
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 5 {
			t.Errorf("%d cells, want five: %s", len(cells), line)
			continue
		}
		for i := range cells {
			if cells[i] = strings.TrimSpace(cells[i]); cells[i] == "" {
				t.Errorf("an empty cell: %s", line)
			}
		}
		reason := strings.Split(cells[0], "`")[1]
		if conditions[reason] && strings.HasPrefix(cells[1], "`") { // a table of conditions beside Ready
			reason = strings.Split(cells[1], "`")[1]
		}
		if !reasons[reason] {
			t.Errorf("%s is no reason: %s", reason, line)
		}
		explained[reason] = true
		if !slices.Contains(actors, cells[3]) {
			t.Errorf("%q is none of %q: %s", cells[3], actors, line)
		}
	}
	for reason := range reasons {
		if !explained[reason] {
			t.Errorf("reason %s is not explained", reason)
		}
	}
	for condition := range conditions {
		if !strings.Contains(page, condition) {
			t.Errorf("condition %s is not explained", condition)
		}
	}
}

// constants are the values of the constants of api/v1alpha1/conditions.go whose names begin with a word.
func constants(t *testing.T, prefix string) map[string]bool {
	t.Helper()
	source, err := parser.ParseFile(token.NewFileSet(), root+"api/v1alpha1/conditions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]bool{}
	ast.Inspect(source, func(n ast.Node) bool {
		constant, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(constant.Names[0].Name, prefix) {
			return true
		}
		value, err := strconv.Unquote(constant.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		values[value] = true
		return true
	})
	return values
}

// document is a text of the repository.
func document(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(root + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documents are all the texts that people read: those at the root, and all under docs, config, hack and charts.
func documents(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob(root + "*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"docs", "config", "hack", "charts"} {
		err := filepath.WalkDir(root+folder, func(path string, _ fs.DirEntry, err error) error {
			if filepath.Ext(path) == ".md" {
				list = append(list, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(list) < 25 {
		t.Fatalf("only %d documents were found", len(list))
	}
	return list
}

var (
	linkPattern    = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	commandPattern = regexp.MustCompile(`kubectl[ -]okno ([a-z]+)`)
	targetPattern  = regexp.MustCompile("(?m)(?:`|^|; )make ([a-z][a-z-]*)")
	headingPattern = regexp.MustCompile(`(?m)^#+ +(.+)$`)
	notInAnchors   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestDocumentsPointToWhatExists follows links between documents, to the heading, and looks for the commands and the targets of make
// that they name.
func TestDocumentsPointToWhatExists(t *testing.T) {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	known := map[string]bool{}
	for _, command := range newRootCommand(streams).Commands() {
		known[command.Name()] = true
	}
	makefile := "\n" + document(t, "Makefile") + document(t, "hack/hack.mk")
	for _, path := range documents(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range linkPattern.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(link[1], ":") {
				pointsToWhatExists(t, path, link[1], link[2])
			}
		}
		for _, command := range commandPattern.FindAllStringSubmatch(string(text), -1) {
			if !known[command[1]] {
				t.Errorf("%s names kubectl okno %s, which does not exist", path, command[1])
			}
		}
		for _, target := range targetPattern.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(makefile, "\n"+target[1]+":") {
				t.Errorf("%s names make %s, which does not exist", path, target[1])
			}
		}
	}
}

// pointsToWhatExists follows one link of a document.
func pointsToWhatExists(t *testing.T, from, file, anchor string) {
	t.Helper()
	target := from
	if file != "" {
		target = filepath.Join(filepath.Dir(from), file)
	}
	if _, err := os.Stat(target); err != nil {
		t.Errorf("%s: %v", from, err)
		return
	}
	if anchor == "" || filepath.Ext(target) != ".md" {
		return
	}
	text, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	for _, heading := range headingPattern.FindAllStringSubmatch(string(text), -1) {
		if "#"+strings.ReplaceAll(notInAnchors.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-") == anchor {
			return
		}
	}
	t.Errorf("%s: %s has no heading %s", from, target, anchor)
}

// TestEveryPageIsFound: whoever begins at the README gets to every page of docs by links.
func TestEveryPageIsFound(t *testing.T) {
	seen := map[string]bool{}
	var visit func(path string)
	visit = func(path string) {
		if seen[path] || filepath.Ext(path) != ".md" {
			return
		}
		seen[path] = true
		text, err := os.ReadFile(path)
		if err != nil {
			return // told of by the test above
		}
		for _, link := range linkPattern.FindAllStringSubmatch(string(text), -1) {
			if link[1] != "" && !strings.Contains(link[1], ":") {
				visit(filepath.Join(filepath.Dir(path), link[1]))
			}
		}
	}
	visit(filepath.Join(root, "README.md"))
	for _, path := range documents(t) {
		if !seen[filepath.Clean(path)] && !strings.Contains(path, "/adr/") {
			t.Errorf("no link leads from the README to %s", path)
		}
	}
}

// TestBothREADMEsSayTheSame: the Russian one has the same commands, the same links and as many headings and points as the English.
func TestBothREADMEsSayTheSame(t *testing.T) {
	shape := func(path string) map[string][]string {
		text := document(t, path)
		points := []string{}
		for line := range strings.Lines(text) {
			if mark, _, found := strings.Cut(line, " "); found && (mark == "-" || strings.HasPrefix(mark, "#") || strings.HasPrefix(mark, "```")) {
				points = append(points, mark)
			}
		}
		links, commands := []string{}, []string{}
		for _, link := range linkPattern.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(link[1], "README") {
				links = append(links, link[1])
			}
		}
		for line := range strings.Lines(text) {
			if command, _, _ := strings.Cut(strings.TrimSpace(line), "  "); commandLine.MatchString(command) {
				commands = append(commands, command)
			}
		}
		return map[string][]string{"points": points, "links": links, "commands": commands}
	}
	if diff := cmp.Diff(shape("README.md"), shape("README.ru.md")); diff != "" {
		t.Errorf("the READMEs differ (-English +Russian):\n%s", diff)
	}
}

var commandLine = regexp.MustCompile(`^(make|curl|bin/as|-H|kubectl okno [a-z]+$)`)
