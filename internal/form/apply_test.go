// SPDX-License-Identifier: Apache-2.0

package form

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shops is a definition with a list inside the entries of a list.
const shops = `
spec:
  service:
    languages: [en]
    data:
      schema:
        type: object
        additionalProperties: false
        properties:
          chain:
            type: object
            additionalProperties: false
            properties:
              shops:
                type: array
                minItems: 1
                maxItems: 3
                items:
                  type: object
                  additionalProperties: false
                  required: [name, tills]
                  properties:
                    name: {type: string, maxLength: 9}
                    tills:
                      type: array
                      minItems: 1
                      maxItems: 2
                      items: {type: object, additionalProperties: false, required: [number], properties: {number: {type: string, maxLength: 9}}}
    form:
      pages:
        - id: shops
          title: {en: Shops}
          fields:
            - {path: /chain, label: {en: Chain}}
            - {path: /chain/shops, label: {en: Shop}}
            - {path: /chain/shops/*/name, label: {en: Name}}
            - {path: /chain/shops/*/tills, label: {en: Till}}
            - {path: /chain/shops/*/tills/*/number, label: {en: Number}}
`

func TestButtonsOfLists(t *testing.T) {
	m := compiled(t, decode(t, []byte(shops)))
	type object = map[string]any
	shop := func(name string, tills ...any) object {
		s := object{}
		if name != "" {
			s["name"] = name
		}
		if len(tills) > 0 {
			s["tills"] = tills
		}
		return s
	}
	till := func(number string) any { return object{"number": number} }
	for name, tc := range map[string]struct {
		typed  url.Values
		action string
		want   []any
	}{
		"a till is added to the second shop": {
			url.Values{"chain.shops.0.name": {"A"}, "chain.shops.0.tills.0.number": {"1"}, "chain.shops.1.name": {"B"}, "chain.shops.1.tills.0.number": {"2"}},
			"add:chain.shops.1.tills",
			[]any{shop("A", till("1")), shop("B", till("2"), object{})},
		},
		"a till is added beside the one that was shown empty": {
			url.Values{"chain.shops.0.name": {"A"}},
			"add:chain.shops.0.tills",
			[]any{shop("A", object{}, object{})},
		},
		"a till is added to a shop that is blank so far": {
			url.Values{"chain.shops.0.name": {"A"}, "chain.shops.1.name": {""}, "chain.shops.1.tills.0.number": {""}},
			"add:chain.shops.1.tills",
			[]any{shop("A"), shop("", object{}, object{})},
		},
		"a till is not added beyond the bound": {
			url.Values{"chain.shops.0.tills.0.number": {"1"}, "chain.shops.0.tills.1.number": {"2"}},
			"add:chain.shops.0.tills",
			[]any{shop("", till("1"), till("2"))},
		},
		"a till is removed from the second shop": {
			url.Values{"chain.shops.0.tills.0.number": {"1"}, "chain.shops.1.tills.0.number": {"2"}, "chain.shops.1.tills.1.number": {"3"}},
			"remove:chain.shops.1.tills.0",
			[]any{shop("", till("1")), shop("", till("3"))},
		},
		"the shop beside the button is removed, though the one before it is blank": {
			url.Values{"chain.shops.0.name": {""}, "chain.shops.1.name": {"A"}, "chain.shops.2.name": {"B"}},
			"remove:chain.shops.1",
			[]any{shop(""), shop("B")},
		},
		"a shop is added": {
			url.Values{"chain.shops.0.name": {"A"}},
			"add:chain.shops",
			[]any{shop("A"), shop("")},
		},
		"a list that is not there": {
			url.Values{"chain.shops.0.name": {"A"}},
			"add:chain.shops.2.tills",
			[]any{shop("A")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.typed.Set("action", tc.action)
			got, violations := m.ApplyPage("shops", nil, tc.typed, monday)
			if len(violations) > 0 {
				t.Errorf("it judges: %v", codesOf(violations))
			}
			if diff := cmp.Diff(object{"chain": object{"shops": tc.want}}, got); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSummaryNamesTheEntriesOfLists(t *testing.T) {
	m := compiled(t, decode(t, []byte(shops)))
	type object = map[string]any
	data := object{"chain": object{"shops": []any{
		object{"name": "A", "tills": []any{object{"number": "1"}}},
		object{"name": "B", "tills": []any{object{"number": "2"}, object{"number": "3"}}},
	}}}
	var got []string
	for _, section := range m.Summary(&Envelope{Data: data}, "en") {
		for _, row := range section.Rows {
			got = append(got, row.Entry+": "+row.Label+" "+row.Value)
		}
	}
	want := []string{
		"Shop 1: Name A", "Shop 1, Till 1: Number 1",
		"Shop 2: Name B", "Shop 2, Till 1: Number 2", "Shop 2, Till 2: Number 3",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
