// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
)

func TestScenariosNameFeesThatAreThere(t *testing.T) {
	const card = `{"op": "add", "path": "/fees", "value": [{"id": "card", "amount": "5", "currency": "RUB", "basis": {"ru": "Постановление", "en": "Decree"}, "waiver": {"ru": "Никто", "en": "Nobody"}}]}`
	tests := map[string]struct {
		patch string
		want  []string
	}{
		"a fee, and no scenario that speaks of fees": {card, nil},
		"a scenario that owes the fee":               {card + `, {"op": "add", "path": "/scenarios/0/expect/fees", "value": ["card"]}`, nil},
		"a scenario that owes nothing where another owes the fee": {
			card + `, {"op": "add", "path": "/scenarios/0/expect/fees", "value": ["card"]}, {"op": "add", "path": "/scenarios/1/expect/fees", "value": []}`, nil,
		},
		"a fee that scenarios forget": {
			card + `, {"op": "add", "path": "/scenarios/0/expect/fees", "value": []}`, []string{"spec.service.fees[0] scenario-coverage Warning"},
		},
		"a fee that is not declared": {
			`{"op": "add", "path": "/scenarios/0/expect/fees", "value": ["plot"]}`, []string{"spec.service.scenarios[0].expect.fees[0] scenario-fee Error"},
		},
		"a rejected application that owes something": {
			card + `, {"op": "add", "path": "/scenarios/0/expect/fees", "value": ["card"]}, {"op": "add", "path": "/scenarios/2/expect/fees", "value": ["card"]}`,
			[]string{"spec.service.scenarios[2].expect scenario-rejected Error"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			patch, err := jsonpatch.DecodePatch([]byte("[" + tc.patch + "]"))
			if err != nil {
				t.Fatal(err)
			}
			changed, err := patch.Apply(base(t))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range Lint(changed, Options{}) {
				got = append(got, f.Path+" "+f.Rule+" "+string(f.Severity))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
