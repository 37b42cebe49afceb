// SPDX-License-Identifier: Apache-2.0

package definitions_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/test/definitions/bad"
)

var update = flag.Bool("update", false, "write docs/reference/bad-definitions.md anew")

const page = "../../docs/reference/bad-definitions.md"

// TestEachBadDefinitionHasOneFinding runs the command line on the whole table, and compares what it says with the page that people
// read.
func TestEachBadDefinitionHasOneFinding(t *testing.T) {
	table := readTable(t)
	var b strings.Builder
	writeHead(&b, table)
	for _, group := range table.Groups {
		writeGroup(&b, &group)
		for _, c := range group.Cases {
			t.Run(c.Name, func(t *testing.T) {
				file, err := table.Manifest(&c, "library-card")
				if err != nil {
					t.Fatal(err)
				}
				findings := lint(t, file)
				writeRow(&b, &c, findings)
				wantOne(t, &c, findings)
			})
		}
	}
	compare(t, b.String())
}

// wantOne fails unless the findings are exactly what the case must have.
func wantOne(t *testing.T, c *bad.Case, findings []definition.Finding) {
	t.Helper()
	path, rule := c.Wants()
	if rule == "" {
		if len(findings) > 0 {
			t.Errorf("found in what is not bad:%s", list(findings))
		}
		return
	}
	if len(findings) != 1 {
		t.Errorf("%d findings, want %q:%s", len(findings), c.Finds, list(findings))
		return
	}
	f := findings[0]
	if f.Rule != rule || path != "*" && f.Path != path {
		t.Errorf("want %q:%s", c.Finds, list(findings))
	}
	if f.Found == "" || f.Allowed == "" || f.Do == "" {
		t.Errorf("a finding without words: %+v", f)
	}
	if strings.HasPrefix(rule, "law-") && f.Article == "" {
		t.Errorf("a finding of law without its article: %+v", f)
	}
}

func list(findings []definition.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "\n  %s %s [%s] %s", f.Severity, f.Path, f.Rule, f.Message())
	}
	return b.String()
}

const head = `# Bad definitions

What Okno says to each of %d bad definitions. Each differs from a good one in one thing, and has exactly one finding: what follows from it
is not told a second time. This page is written and compared by the tests of ` + "`test/definitions`" + ` (` + "`go test ./test/definitions -update`" + `); the definitions
are data in ` + "`internal/lint/testdata/bad`" + `.

- **where** is a path below ` + "`spec.service`" + `, unless it begins with ` + "`spec`" + ` or ` + "`metadata`" + `; ` + "`kubectl okno lint`" + ` adds the line of the file.
- A finding is an error, which keeps the definition from being snapshotted, or a **warning**. What the law demands names its article.
- The same words stand in ` + "`kubectl okno lint`" + `, in ` + "`status.findings`" + ` and, where the schema of the CRD can say it, in the answer to ` + "`kubectl apply`" + `.
  Each part says which of them speak.
`

func writeHead(b *strings.Builder, table *bad.Table) {
	n := 0
	for _, group := range table.Groups {
		for _, c := range group.Cases {
			if c.Finds != "" {
				n++
			}
		}
	}
	fmt.Fprintf(b, head, n)
}

var speakers = map[bad.Stage]string{
	bad.Stored:  "`kubectl apply` stores these; `kubectl okno lint` and `status` tell them.",
	bad.Refused: "`kubectl apply` refuses these; `kubectl okno lint` tells them before.",
	bad.Unread:  "`kubectl okno lint` tells these.",
}

func writeGroup(b *strings.Builder, group *bad.Group) {
	fmt.Fprintf(b, "\n## %s\n\n", group.Title)
	if group.Note != "" {
		fmt.Fprintf(b, "%s ", group.Note)
	}
	fmt.Fprintf(b, "%s\n\n| what is wrong | where | found | allowed | what to do | rule |\n|---|---|---|---|---|---|\n", speakers[group.Stage])
}

func writeRow(b *strings.Builder, c *bad.Case, findings []definition.Finding) {
	if len(findings) == 0 {
		fmt.Fprintf(b, "| %s | | nothing: this is allowed | | | |\n", cell(c.Name))
	}
	for _, f := range findings {
		rule := "`" + f.Rule + "`"
		if f.Severity == definition.Warning {
			rule += ", warning"
		}
		if f.Reason != "" {
			rule += ", " + f.Reason
		}
		if f.Article != "" {
			rule += ", " + f.Article
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", cell(c.Name), place(f.Path), cell(f.Found), cell(f.Allowed), cell(f.Do), cell(rule))
	}
}

func place(path string) string {
	switch path = strings.TrimPrefix(path, definition.Root+"."); path {
	case "":
		return "the file"
	case definition.Root:
		return "the definition"
	}
	return "`" + cell(shortened(path, 90)) + "`"
}

// cell writes a text so that Markdown shows it as it is.
func cell(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`).Replace(shortened(text, 400))
}

func shortened(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return text
}

func compare(t *testing.T, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s says otherwise (-page +found); if the change is meant, run with -update:\n%s", page, diff)
	}
}
