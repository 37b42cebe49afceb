// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The page that lawyers read says of every rule what the pack says: none is missing, and none is more certain there.
func TestTheReferenceAndThePackAgreeOnWhatIsConfirmed(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/law.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\|.*`(law-[a-z-]+)`.*$").FindAllStringSubmatch(string(page), -1) {
		rows[row[1]] = row[0]
	}
	blocks := strings.Split(string(builtinPack), "\n- id: ")
	for _, block := range blocks[1:] {
		id, body, _ := strings.Cut(block, "\n")
		row, ok := rows[id]
		if !ok {
			t.Errorf("docs/reference/law.md has no row for %s", id)
			continue
		}
		rule, _, _ := strings.Cut(body, "\n\n")
		marked := strings.Contains(rule, "# unconfirmed: ")
		if told := strings.Contains(row, "unconfirmed"); told != marked {
			t.Errorf("%s: marked unconfirmed in the pack %t, on the page %t", id, marked, told)
		}
		delete(rows, id)
	}
	delete(rows, "law-protection-level") // no rule of the list: the table at the pack's end
	for id := range rows {
		t.Errorf("docs/reference/law.md has a row for %s, which is no rule", id)
	}
}
