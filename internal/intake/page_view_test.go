// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"testing"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
)

func TestInputsAreAsWideAsTheirAnswers(t *testing.T) {
	v := &viewer{call: &call{release: &release{def: &v1alpha1.ServiceDefinition{}}}, hrefs: map[string]string{}}
	for name, tc := range map[string]struct {
		question form.FieldView
		want     string
	}{
		"an age":                                 {form.FieldView{Widget: "Number", MaxLength: 3}, "3"},
		"a sum in roubles":                       {form.FieldView{Widget: "Number", MaxLength: 9}, "10"},
		"a state registration number, 13 digits": {form.FieldView{Widget: "Number", MaxLength: 13}, "20"},
		"a number without bounds":                {form.FieldView{Widget: "Number"}, ""},
		"a postcode":                             {form.FieldView{Widget: "Text", MaxLength: 6}, "10"},
		"a surname":                              {form.FieldView{Widget: "Text", MaxLength: 60}, ""},
		"a phone":                                {form.FieldView{Widget: "Phone", MaxLength: 11}, "20"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := v.field(tc.question).Width; got != tc.want {
				t.Errorf("width %q, want %q", got, tc.want)
			}
		})
	}
}
