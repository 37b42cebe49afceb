// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/internal/definition"
)

// Whatever the JSON, linting ends, says the same twice, and every finding has its words and a severity.
func FuzzLint(f *testing.F) {
	f.Add(base(f))
	for _, seed := range []string{`{}`, `{"process":{"stages":[{}]}}`, `{"scenarios":[{"integrations":[]}]}`, `{"data":{"schema":{"$ref":"#"}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		findings := Lint(raw, Options{})
		for _, found := range findings {
			if found.Rule == "" || found.Message() == "" || (found.Severity != definition.Error && found.Severity != definition.Warning) {
				t.Fatalf("a finding without words: %+v", found)
			}
		}
		if diff := cmp.Diff(findings, Lint(raw, Options{})); diff != "" {
			t.Fatal(diff)
		}
		if !json.Valid(raw) && !definition.HasErrors(findings) {
			t.Fatal("accepted what is not JSON")
		}
	})
}
