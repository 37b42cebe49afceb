// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Nothing but spaces around a number is taken away, in whichever way it comes: what is stored is what the applicant saw. Whoever
// writes it otherwise is told how.
func TestNumbersWithOtherSeparatorsAreJudgedAlikeInAllWays(t *testing.T) {
	m := compiled(t, pension(t))
	now := m.def.Scenarios[0].Now.Time
	for written, want := range map[string]string{
		"112-233-445 95":         "",
		"\u00a0112-233-445 95\t": "",
		"11223344595":            "pattern",
		"112 233 445 95":         "pattern",
		"112-233-445\u00a095":    "pattern",
		"112–233–445 95":         "pattern",
		"(112)233-445 95":        "maxLength",
		"１１２-233-445 95":         "pattern",
		"112-233-445 9٥":         "pattern",
		"112-233-445 95\u200b":   "maxLength",
	} {
		var data map[string]any
		if err := json.Unmarshal(m.def.Scenarios[0].Given.Raw, &data); err != nil {
			t.Fatal(err)
		}
		data["applicant"].(map[string]any)["snils"] = written
		asJSON, asXML, asForm := byJSON(t, m, data, nil, now), byXML(t, m, data, nil, now), byForm(t, m, data, nil, now)
		if diff := cmp.Diff(asJSON.Errors, asXML.Errors); diff != "" {
			t.Errorf("%q (-JSON +XML):\n%s", written, diff)
		}
		if diff := cmp.Diff(asJSON.Errors, asForm.Errors); diff != "" {
			t.Errorf("%q (-JSON +form):\n%s", written, diff)
		}
		const pointer = "/data/applicant/snils"
		at := slices.IndexFunc(asJSON.Errors, func(e string) bool { return len(e) > len(pointer) && e[:len(pointer)] == pointer })
		if got := at >= 0; got != (want != "") || got && asJSON.Errors[at] != pointer+" "+want {
			t.Errorf("%q: %q, want %q", written, asJSON.Errors, want)
		}
		if want != "" && m.violation(pointer, want).Message.In("en") != "Enter the SNILS as 112-233-445 95: nine digits with hyphens, a space and two digits." {
			t.Errorf("%q: nobody is told how: %v", written, m.violation(pointer, want).Message)
		}
	}
}
