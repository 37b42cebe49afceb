// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/test/definitions/bad"
)

// Whatever the JSON, linting ends, says the same twice, and every finding has its words and a severity.
func FuzzLint(f *testing.F) {
	f.Add(base(f))
	table, err := bad.Read("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, group := range table.Groups {
		for i := range group.Cases {
			if c := &group.Cases[i]; c.Grow == nil && c.Text == nil && c.File == "" && c.Object == nil {
				broken, err := table.Definition(c)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(broken)
			}
		}
	}
	for _, seed := range []string{`{}`, `{"process":{"stages":[{}]}}`, `{"scenarios":[{"integrations":[]}]}`, `{"data":{"schema":{"$ref":"#"}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		findings := Lint(raw, Options{})
		for _, found := range findings {
			if !strings.HasPrefix(found.Path, definition.Root) {
				t.Fatalf("a finding outside the definition: %+v", found)
			}
			if found.Rule == "" || found.Message() == "" || (found.Severity != definition.Error && found.Severity != definition.Warning) {
				t.Fatalf("a finding without words: %+v", found)
			}
		}
		if diff := cmp.Diff(findings, Lint(raw, Options{})); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(findings, definition.WithoutFollowUps(findings)); diff != "" {
			t.Fatalf("told what goes away by itself: %s", diff)
		}
		if !json.Valid(raw) && !definition.HasErrors(findings) {
			t.Fatal("accepted what is not JSON")
		}
	})
}
