// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A body of nothing but mistakes costs one pass over it and an answer of bounded size, whatever it is made of.
func TestWhatABodyOfMistakesCostsIsBounded(t *testing.T) {
	m := everything(t)
	const many = 30000
	unknownKeys := make([]string, many)
	for i := range unknownKeys {
		unknownKeys[i] = fmt.Sprintf(`"k%d":1`, i)
	}
	claims := make([]string, many)
	for i := range claims {
		claims[i] = fmt.Sprintf(`"c%d":1`, i)
	}
	times := func(entry string) string { return strings.TrimSuffix(strings.Repeat(entry+",", many), ",") }
	xml := `<?xml version="1.0"?><` + m.xml.name.Local + ` xmlns="` + m.xml.name.Space + `">` + strings.Repeat("<x/>", many) + `</` + m.xml.name.Local + `>`
	for name, body := range map[string]string{
		"entries with characters that are none":  `{"data":{"pets":[` + times(`{"name":"\u0001"}`) + `]}}`,
		"entries that are too short":             `{"data":{"phones":[` + times(`"1"`) + `]}}`,
		"entries of what no schema knows":        `{"data":{"pets":[` + times(`{"x":1}`) + `]}}`,
		"keys that no schema knows":              `{"data":{` + strings.Join(unknownKeys, ",") + `}}`,
		"keys beside the data":                   `{` + strings.Join(unknownKeys, ",") + `}`,
		"one key as long as a body":              `{"data":{"` + strings.Repeat("k", many) + `":1}}`,
		"documents that are none":                `{"data":{},"documents":[` + times(`{}`) + `]}`,
		"documents that nobody knows":            `{"data":{},"documents":[` + times(`{"document":"x","id":"y"}`) + `]}`,
		"one document with a name like a body":   `{"data":{},"documents":[{"id":"1","document":"` + strings.Repeat("k", many) + `"}]}`,
		"claims that are none":                   `{"data":{},"applicant":{` + strings.Join(claims, ",") + `}}`,
		"elements that nobody knows, in the XML": xml,
	} {
		t.Run(name, func(t *testing.T) {
			parse := m.ParseJSON
			if strings.HasPrefix(body, "<") {
				parse = func(body []byte) (*Envelope, []Violation, error) { return m.ParseXML(body, "") }
			}
			e, violations, err := parse([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if len(e.Documents) > leastFiles {
				t.Errorf("%d files would be looked up", len(e.Documents))
			}
			violations = append(violations, m.Validate(e, monday)...)
			answer, err := json.Marshal(violations)
			if err != nil {
				t.Fatal(err)
			}
			if len(violations) == 0 || len(violations) > 2*MaxViolations+20 || len(answer) > 100_000 {
				t.Errorf("%d violations in %d bytes", len(violations), len(answer))
			}
		})
	}
}

// What people meet first is what they are told of when there is too much to tell.
func TestTheFirstMistakesAreTold(t *testing.T) {
	m := everything(t)
	pets := strings.TrimSuffix(strings.Repeat(`{"name":"\u0001"},`, 500), ",")
	e := parsed(t, m, edited(t, `"Ёжик"`, `"Ё"`)[:len(edited(t, `"Ёжик"`, `"Ё"`))-1]+`,"pets":[`+pets+`]}`)
	violations := m.Validate(e, monday)
	if first := violations[0]; first.Pointer != "/data/person/surname" || first.Code != CodeMinLength {
		t.Errorf("first of %d: %s %s", len(violations), first.Pointer, first.Code)
	}
	if n := len(e.Data["pets"].([]any)); n != 500 {
		t.Errorf("%d of 500 entries are left to be shown again", n)
	}
}

func TestABodyOfMistakesTakesOnePass(t *testing.T) {
	m := everything(t)
	cost := func(n int) float64 {
		body := []byte(`{"data":{"phones":["89120000000"],"pets":[` + strings.TrimSuffix(strings.Repeat(`{"name":"\u0001"},`, n), ",") + `]}}`)
		return testing.AllocsPerRun(1, func() {
			e, _, err := m.ParseJSON(body)
			if err != nil {
				t.Error(err)
				return
			}
			m.Validate(e, monday)
		})
	}
	perEntry := (cost(20000) - cost(10000)) / 10000
	if perEntry > 40 {
		t.Errorf("%.0f allocations for an entry beyond the list's bound", perEntry)
	}
}
