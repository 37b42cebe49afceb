// SPDX-License-Identifier: Apache-2.0

package form

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/internal/expression"
)

func TestTheBrowserIsOfferedWhatItKnows(t *testing.T) {
	for name, tc := range map[string]struct {
		pointers string
		want     map[string]string
	}{
		"a whole name":                     {"/applicant/name", map[string]string{"/applicant/name": "name"}},
		"a name in parts":                  {"/applicant/name /applicant/surname", map[string]string{"/applicant/name": "given-name", "/applicant/surname": "family-name"}},
		"another person":                   {"/landlord/surname /landlord/phone", map[string]string{}},
		"an address of one line":           {"/applicant/street /applicant/city", map[string]string{"/applicant/street": "address-line1", "/applicant/city": "address-level2"}},
		"the second of two addresses":      {"/applicant/registered/city /applicant/lives/city /applicant/lives/street", map[string]string{"/applicant/registered/city": "address-level2"}},
		"a second answer of the same kind": {"/phone /applicant/phone", map[string]string{"/phone": "tel"}},
	} {
		root := &node{kind: expression.Object, byName: map[string]*node{}}
		pg := &page{}
		for pointer := range strings.FieldsSeq(tc.pointers) {
			n := root
			for step := range steps(pointer) {
				inner := n.prop(step)
				if inner == nil {
					inner = &node{name: step, pointer: n.pointer + "/" + step, parent: n, kind: expression.Object, byName: map[string]*node{}}
					n.byName[step], n.props = inner, append(n.props, inner)
				}
				n = inner
			}
			n.kind = expression.String
			pg.fields = append(pg.fields, &field{node: n, page: pg})
		}
		offerAutocomplete([]*page{pg})
		got := map[string]string{}
		for _, f := range pg.fields {
			if f.autocomplete != "" {
				got[f.node.pointer] = f.autocomplete
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
