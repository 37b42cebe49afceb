// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/internal/definition"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func readYAML(t testing.TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func base(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/base.yaml")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestTheBaseHasNoFindings(t *testing.T) {
	if diff := cmp.Diff([]definition.Finding{}, Lint(base(t), Options{})); diff != "" {
		t.Error(diff)
	}
}

type caseGroup struct {
	Name  string `json:"name"`
	Cases []struct {
		Name  string          `json:"name"`
		Patch jsonpatch.Patch `json:"patch"`
	} `json:"cases"`
}

// Every case says what breaks the base; the golden file says what lint answers. Whoever changes a message reads it there.
func TestFindings(t *testing.T) {
	var groups []caseGroup
	readYAML(t, "testdata/cases.yaml", &groups)
	var b strings.Builder
	b.WriteString("What lint says about each case of cases.yaml. Written by: go test ./internal/lint -update\n")
	seen := map[string]bool{}
	for _, group := range groups {
		fmt.Fprintf(&b, "\n%s\n%s\n", group.Name, strings.Repeat("=", len([]rune(group.Name))))
		for _, c := range group.Cases {
			broken, err := c.Patch.Apply(base(t))
			if err != nil {
				t.Fatalf("%s: %v", c.Name, err)
			}
			fmt.Fprintf(&b, "\n%s\n", c.Name)
			findings := Lint(broken, Options{})
			if len(findings) == 0 {
				b.WriteString("  nothing to object\n")
			}
			for _, f := range findings {
				seen[f.Rule] = true
				writeFinding(&b, f)
			}
		}
	}
	for _, r := range BuiltinPack().Rules {
		if !seen[r.ID] {
			t.Errorf("no case breaks rule %q: it may never fire", r.ID)
		}
	}
	compareGolden(t, "testdata/findings.golden", b.String())
}

func writeFinding(b *strings.Builder, f definition.Finding) {
	rule := f.Rule
	if f.Reason != "" {
		rule += ", " + f.Reason
	}
	fmt.Fprintf(b, "  %s %s [%s]\n", f.Severity, strings.TrimPrefix(f.Path, definition.Root+"."), rule)
	fmt.Fprintf(b, "    %s\n", f.Message())
	if f.Article != "" {
		fmt.Fprintf(b, "    (%s)\n", f.Article)
	}
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is out of date (-golden +got); if the change is meant, run with -update:\n%s", file, diff)
	}
}

func TestARuleThatIsNotInForceYetWarns(t *testing.T) {
	patch, err := jsonpatch.DecodePatch([]byte(`[{"op":"replace","path":"/complaints/deadline/value","value":30}]`))
	if err != nil {
		t.Fatal(err)
	}
	broken, err := patch.Apply(base(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		at   time.Time
		want definition.Severity
	}{
		"the day before": {time.Date(2011, 12, 2, 12, 0, 0, 0, time.UTC), definition.Warning},
		"the day itself": {time.Date(2011, 12, 3, 0, 0, 0, 0, time.UTC), definition.Error},
		"no moment":      {time.Time{}, definition.Error},
	} {
		t.Run(name, func(t *testing.T) {
			findings := Lint(broken, Options{At: tc.at})
			if len(findings) != 1 || findings[0].Severity != tc.want || findings[0].Rule != "law-complaint-term" {
				t.Errorf("got %v, want one %s", findings, tc.want)
			}
		})
	}
}
