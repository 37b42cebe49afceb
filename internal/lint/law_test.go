// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// The whole table of Government Decree 1119, items 9–12, as people draw it: every combination has one least level.
func TestProtectionLevels(t *testing.T) {
	want := `
threats 1: Special UZ1 UZ1 UZ1 | Biometric UZ1 UZ1 UZ1 | Common UZ1 UZ1 UZ1 | Public UZ2 UZ2 UZ2
threats 2: Special UZ2 UZ2 UZ1 | Biometric UZ2 UZ2 UZ2 | Common UZ3 UZ3 UZ2 | Public UZ3 UZ3 UZ2
threats 3: Special UZ3 UZ3 UZ2 | Biometric UZ3 UZ3 UZ3 | Common UZ4 UZ4 UZ3 | Public UZ4 UZ4 UZ4
`
	var got strings.Builder
	got.WriteString("\n")
	for threat := int32(1); threat <= 3; threat++ {
		var columns []string
		for _, category := range []v1alpha1.DataCategory{"Special", "Biometric", "Common", "Public"} {
			column := string(category)
			for _, subjects := range []string{"Staff", "Under100000", "Over100000"} {
				column += " " + string(leastLevel(BuiltinPack().Protection, v1alpha1.DataProtection{
					Categories: []v1alpha1.DataCategory{category}, Subjects: subjects, ThreatType: threat,
				}))
			}
			columns = append(columns, column)
		}
		fmt.Fprintf(&got, "threats %d: %s\n", threat, strings.Join(columns, " | "))
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestThePackCoversTheArticle(t *testing.T) {
	pack := BuiltinPack()
	if len(pack.Rules) < 18 {
		t.Errorf("%d rules", len(pack.Rules))
	}
	items := map[int]bool{}
	for _, r := range pack.Rules {
		items[r.Item] = true
	}
	for item := 1; item <= 14; item++ {
		if !items[item] {
			t.Errorf("no rule carries out item %d of article 14 part 1", item)
		}
	}
}

func TestParsePackRefuses(t *testing.T) {
	rule := func(change string) string {
		return `
version: test/1
protection: {article: a, since: "2012-11-01", levels: []}
rules:
- {id: a, article: b, what: c, severity: Error, since: "2020-01-01", at: d, assert: "true", found: e, allowed: f, do: g` + change + `}`
	}
	if _, err := ParsePack([]byte(rule(""))); err != nil {
		t.Fatalf("the base of this test is broken: %v", err)
	}
	cases := map[string]struct{ pack, want string }{
		"no version":                        {strings.Replace(rule(""), "test/1", `""`, 1), "no version"},
		"an unknown field":                  {rule(", colour: red"), "colour"},
		"a severity that is none":           {strings.Replace(rule(""), "Error", "Fatal", 1), "Fatal"},
		"a day that does not exist":         {strings.Replace(rule(""), "2020-01-01", "2020-02-30", 1), "since"},
		"a condition that does not compile": {rule(`, when: "it ==="`), "when"},
		"a condition that is no condition":  {strings.Replace(rule(""), `assert: "true"`, `assert: "1 + 1"`, 1), "not true or false"},
		"a rule about scenarios":            {rule(", each: scenarios"), "do not see scenarios"},
		"a rule twice":                      {rule("") + rule("")[strings.Index(rule(""), "\n- "):], "twice"},
		"a rule without words":              {strings.Replace(rule(""), ", do: g", "", 1), "needs id"},
		"a table without its day":           {strings.Replace(rule(""), "2012-11-01", "soon", 1), "protection"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := ParsePack([]byte(tc.pack)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one about %q", err, tc.want)
			}
		})
	}
}
