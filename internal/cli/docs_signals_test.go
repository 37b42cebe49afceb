// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sources is the text of all Go files under folders, of tests or of what is no test.
func sources(t *testing.T, tests bool, folders ...string) string {
	t.Helper()
	var b strings.Builder
	for _, folder := range folders {
		err := filepath.WalkDir(root+folder, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") != tests {
				return err
			}
			text, err := os.ReadFile(path)
			b.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// sorted are the first groups of all matches, each once.
func sorted(pattern, text string) []string {
	var list []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestEveryMetricIsExplained: the page lists the metrics that there are, and no other. What they count is tested with the intake.
func TestEveryMetricIsExplained(t *testing.T) {
	there := sorted(`"(okno_[a-z_]+)"`, sources(t, false, "internal", "controllers", "cmd"))
	if len(there) < 7 {
		t.Fatalf("only %q were found", there)
	}
	if diff := cmp.Diff(there, sorted("(?m)^\\| `(okno_[a-z_]+)`", document(t, "docs/reference/observability.md"))); diff != "" {
		t.Errorf("metrics differ from what is listed (-there +listed):\n%s", diff)
	}
}

// TestEveryCountIsExplained: the page lists the counts of a status.
func TestEveryCountIsExplained(t *testing.T) {
	_, types, _ := strings.Cut(document(t, "api/v1alpha1/govservice_types.go"), "\ntype Counts struct {")
	types, _, _ = strings.Cut(types, "\n}")
	_, page, _ := strings.Cut(document(t, "docs/reference/observability.md"), "## Counts in the status")
	page, _, _ = strings.Cut(page, "\n## ")
	if diff := cmp.Diff(sorted(`json:"([a-zA-Z]+)`, types), sorted("(?m)^\\| `([a-zA-Z]+)` \\|", page)); diff != "" {
		t.Errorf("counts differ from what is listed (-there +listed):\n%s", diff)
	}
}

// TestEveryEventIsExplained: reasons of events are those of conditions, and those that the source names itself.
func TestEveryEventIsExplained(t *testing.T) {
	reasons := constants(t, "Reason")
	for _, own := range sorted(`(?m)^const reason[A-Za-z]+ = "([A-Za-z]+)"`, sources(t, false, "controllers")) {
		reasons[own] = true
	}
	_, page, _ := strings.Cut(document(t, "docs/reference/observability.md"), "## Events")
	listed := map[string]bool{}
	for line := range strings.Lines(page) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !strings.Contains(cells[3], "`") {
			continue
		}
		for _, reason := range sorted("`([A-Za-z]+)`", cells[3]) {
			if listed[reason] = true; !reasons[reason] {
				t.Errorf("%s is no reason: %s", reason, line)
			}
		}
	}
	// What a service tells of is what turns out wrong and what is published; status and events are tested with the controller.
	for _, reason := range []string{
		"Invalid", "Unsupported", "CodeTaken", "RevisionNameTaken", "ProviderMissing", "ScenariosFailed", "Rejected", "Revoked", "NoPolicy",
		"PoliciesTooLarge", "AdmissionPolicyAltered", "Published", "Suspended", "Withdrawn", "JournalBroken",
	} {
		if !listed[reason] {
			t.Errorf("the event %s is not explained", reason)
		}
	}
}

// TestWhatHoldsAThreatIsTested: each row of the page of threats names tests, and all of them exist.
func TestWhatHoldsAThreatIsTested(t *testing.T) {
	tests := map[string]bool{}
	for _, name := range sorted(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`, sources(t, true, "internal", "controllers", "test")) {
		tests[name] = true
	}
	threats := 0
	for line := range strings.Lines(document(t, "docs/security.md")) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || strings.Contains(line, "---") || strings.Contains(line, "| threat |") {
			continue
		}
		threats++
		named := sorted("`((?:Test|Fuzz)[A-Za-z0-9]+)`", cells[3])
		if len(named) == 0 {
			t.Errorf("nobody tries it: %s", line)
		}
		for _, name := range named {
			if !tests[name] {
				t.Errorf("there is no %s: %s", name, line)
			}
		}
	}
	if threats < 20 {
		t.Errorf("only %d threats were found", threats)
	}
}
