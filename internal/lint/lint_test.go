// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/test/definitions/bad"
)

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

// TestBadDefinitions breaks the base in every way of the table. What is found, in which words, is in
// docs/reference/bad-definitions.md, which the tests of test/definitions write and compare.
func TestBadDefinitions(t *testing.T) {
	table, err := bad.Read("testdata")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, group := range table.Groups {
		for _, c := range group.Cases {
			if group.Stage != bad.Stored || c.Object != nil {
				continue
			}
			t.Run(c.Name, func(t *testing.T) {
				broken, err := table.Definition(&c)
				if err != nil {
					t.Fatal(err)
				}
				path, rule := c.Wants()
				findings := Lint(broken, Options{})
				seen[rule] = true
				switch {
				case rule == "" && len(findings) > 0, rule != "" && len(findings) != 1:
					t.Fatalf("%d findings, want %q:\n%s", len(findings), c.Finds, lines(findings))
				case rule == "":
				case findings[0].Rule != rule || path != "*" && findings[0].Path != path:
					t.Errorf("want %q:\n%s", c.Finds, lines(findings))
				}
			})
		}
	}
	for _, r := range BuiltinPack().Rules {
		if !seen[r.ID] {
			t.Errorf("no case breaks rule %q: it may never fire", r.ID)
		}
	}
}

func lines(findings []definition.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s %s [%s] %s\n", f.Severity, strings.TrimPrefix(f.Path, definition.Root+"."), f.Rule, f.Message())
	}
	return b.String()
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
