// SPDX-License-Identifier: Apache-2.0

package form

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// libraryFormats are the formats of the profile as the library asserts them.
func libraryFormats(t testing.TB) map[string]*jsonschema.Format {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	known := map[string]*jsonschema.Format{}
	for name := range formatSizes {
		if err := compiler.AddResource("okno:"+name, map[string]any{"format": name}); err != nil {
			t.Fatal(err)
		}
		schema, err := compiler.Compile("okno:" + name)
		if err != nil {
			t.Fatal(err)
		}
		known[name] = schema.Format
	}
	return known
}

var formatTexts = []string{
	"", "2026-02-28", "2026-02-29", "2024-02-29", "2026-2-28", "0000-01-01", "2026-13-01", "2026-00-10", "2026-01-00", "2026-01-32", "+026-01-01", "2026-02-28 ",
	"2026-02-28T10:00:00Z", "2026-02-28t10:00:00z", "2026-02-28 10:00:00Z", "2026-02-28T10:00:00", "2026-02-28T10:00:00.", "2026-02-28T10:00:00.Z", "2026-02-28T10:00:00.123Z",
	"2026-02-28T24:00:00Z", "2026-02-28T10:60:00Z", "2026-02-28T23:59:60Z", "2026-02-28T23:59:61Z", "2026-02-28T10:00:60Z", "2026-03-01T02:59:60+03:00",
	"2026-02-28T20:59:60-03:00", "2026-02-28T23:59:60-24:00", "2026-02-28T10:00:00+24:00", "2026-02-28T10:00:00+03:60", "2026-02-28T10:00:00+3:00", "2026-02-28T10:00:00+0300",
	"2026-02-28T+1:00:00Z", "2026-02-28T-1:00:00Z", "2026-02-28T-0:00:00Z", "2026-02-28T1::00:00Z", "2026-02-28T10:00:00*03:00", "2026-02-28T10:00:00+03-00", "2026-02-29T10:00:00Z",
	"name@example.org", "name", "@", "a@", "@b", "a@b@c", `"a b"@c`, `"a\b"@c`, `"a"b"@c`, `"@c`, `""@c`, ".a@b", "a.@b", "a..b@c", "a+b/c@d", "имя@пример.рф", "a@b..c", "a@b.", "a@b..",
	"a@-b", "a@b-", "a@b_c", "a@[127.0.0.1]", "a@[127.0.0]", "a@[127.0.0.01]", "a@[127.0.0.256]", "a@[+1.0.0.1]", "a@[IPv6:::1]", "a@[IPv6:fe80::1%eth0]", "a@[IPv6:127.0.0.1]", "a@[", "a@]", "a@[]",
	strings.Repeat("a", 64) + "@b", strings.Repeat("a", 65) + "@b", "a@" + strings.Repeat("b", 63), "a@" + strings.Repeat("b", 64), "a@" + strings.Repeat("b.", 126), "a@" + strings.Repeat("b.", 127),
	"123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g",
	"123e4567-e89b-12d3-a4560426614174000", "-23e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-4266141740001",
}

// inXML are the texts that XML Schema has as xs:date and xs:dateTime, save for the number of days of a month. The library also takes
// signs for digits, small letters, leap seconds, any offset, and the year 0000.
var inXML = map[string]*regexp.Regexp{
	"date":      regexp.MustCompile(`^\d{4}-\d\d-\d\d$`),
	"date-time": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(\.\d+)?(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00))$`),
}

func checkFormats(t testing.TB, library map[string]*jsonschema.Format, s string) {
	t.Helper()
	for name, has := range formats {
		want := library[name].Validate(s) == nil
		if xml := inXML[name]; xml != nil {
			want = want && xml.MatchString(s) && !strings.HasPrefix(s, "0000")
		}
		if got := has(s); got != want {
			t.Errorf("%s of %q: %v, the library and XML Schema say %v", name, s, got, want)
		}
	}
}

// Each format takes what the library takes and XML can hold: the texts above, and what becomes of them by a change or two.
func TestFormatsAreThoseOfTheLibrary(t *testing.T) {
	if diff := cmp.Diff(slices.Sorted(maps.Keys(formatSizes)), slices.Sorted(maps.Keys(formats))); diff != "" {
		t.Fatalf("(-bounded +judged):\n%s", diff)
	}
	library := libraryFormats(t)
	for _, s := range formatTexts {
		checkFormats(t, library, s)
		for i := range len(s) {
			for _, c := range []string{"", "0", "9", ":", "-", ".", "\"", "Z", "+", "@", "[", "]", "é"} {
				checkFormats(t, library, s[:i]+c+s[i+1:])
			}
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		checkFormats(t, library, rapid.StringOf(rapid.RuneFrom([]rune("019-:.TZ+@[]\"\\aФ"))).Draw(rt, "text"))
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// TestMomentsAreThoseOfXML: what is taken can be written into the agency's XML and stands its schema.
func TestMomentsAreThoseOfXML(t *testing.T) {
	for s, want := range map[string]bool{
		"2026-02-28T10:00:00Z": true, "2026-02-28T10:00:00.5+03:00": true, "2026-02-28T10:00:00+14:00": true, "2026-02-28T10:00:00-14:00": true,
		"2026-02-28T+1:00:00Z": false, "2026-02-28T10:-0:00Z": false, "2026-02-28T10:00:00++3:00": false, "2026-02-28t10:00:00Z": false,
		"2026-02-28T10:00:00z": false, "2026-02-28T23:59:60Z": false, "2026-02-28T10:00:00+14:01": false, "2026-02-28T10:00:00+15:00": false,
		"0000-02-28T10:00:00Z": false, "2026-02-28T24:00:00Z": false,
	} {
		if got := isDateTime(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func FuzzFormats(f *testing.F) {
	library := libraryFormats(f)
	for _, s := range formatTexts {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkFormats(t, library, s) })
}
