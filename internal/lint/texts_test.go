// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
)

func TestTexts(t *testing.T) {
	cases := map[string]struct {
		text v1alpha1.Text
		want []string // path rule
	}{
		"a copy of several words is reported at the later language": {
			v1alpha1.Text{"en": "Get a card and read", "de": "Get a card and read"}, []string{"x.de text-copy"},
		},
		"a name may be the same":                 {v1alpha1.Text{"en": "Gazprombank", "de": "Gazprombank"}, nil},
		"an abbreviation in Cyrillic is no copy": {v1alpha1.Text{"en": "Law 210-ФЗ of 2010", "de": "Gesetz 210-ФЗ von 2010"}, nil},
		"a language is missing":                  {v1alpha1.Text{"en": "Reader's card"}, []string{"x text-missing"}},
		"an absent text is not missing":          {nil, nil},
		"a comment in HTML":                      {v1alpha1.Text{"en": "a <!-- b -->", "de": "a"}, []string{"x.en text-html"}},
		"less than and greater than":             {v1alpha1.Text{"en": "if 1 < 2 and 3 > 2", "de": "1 < 2"}, nil},
		"a mail address in angle brackets":       {v1alpha1.Text{"en": "write to <help@library.example>", "de": "x"}, nil},
		"a shouted word is not a reminder":       {v1alpha1.Text{"en": "Todos and XX", "de": "x"}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := textCheck{languages: []string{"en", "de"}}
			c.text(tc.text, &place{name: "x"})
			var got []string
			for _, f := range append(c.findings, gatherTexts(c.languages, c.untranslated)...) {
				got = append(got, f.Path+" "+f.Rule)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestForeignScript(t *testing.T) {
	cases := map[string]struct{ tag, text, want string }{
		"Russian in ru":                    {"ru", "Выдача билета", ""},
		"Tatar is written in Cyrillic":     {"tt", "Китапханә билеты бирү", ""},
		"English in ru":                    {"ru", "Issue of a reader's card", "Latin"},
		"a name in Latin letters in ru":    {"ru", "Google Chrome", ""},
		"an address in ru":                 {"ru", "see at page https://example.org/a", ""},
		"Russian in en":                    {"en", "Выдача билета", "Cyrillic"},
		"a law's number in en":             {"en", "Federal Law No. 210-ФЗ", ""},
		"digits alone in ru":               {"ru", "8 800 000 00 00", ""},
		"a language that we cannot judge":  {"zz-!", "Выдача", ""},
		"Serbian in Latin letters says so": {"sr-Latn", "Izdavanje čitalačke karte za građane", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := foreignScript(tc.tag, tc.text); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestAnotherServiceIsSeenInAnySpelling(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"a code after a colon":         {"Service code: 10000000109", "10000000109"},
		"a code after a colon in ru":   {"Код услуги: 10000000109", "10000000109"},
		"a code in capitals":           {"КОД УСЛУГИ № 10000000109", "10000000109"},
		"a name in capitals":           {"УСЛУГА «ОХОТНИЧИЙ БИЛЕТ»", "ОХОТНИЧИЙ БИЛЕТ"},
		"a name in low quotation mark": {"Для услуги „Охотничий билет”", "Охотничий билет"},
		"the service's own code":       {"Service code: 70000000001", ""},
		"a number without a service":   {"Call 10000000109", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := textCheck{own: []string{"Reader's card", "70000000001"}}
			form := &place{name: "form", parent: &place{name: definition.Root}}
			if got := c.otherService(tc.text, form); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
