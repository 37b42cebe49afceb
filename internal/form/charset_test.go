// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHalvesOfSurrogatePairsAreFound(t *testing.T) {
	for body, want := range map[string]int64{
		`"plain"`:                        -1,
		`"\ud83d\ude00"`:                 -1,
		`"\uD83D\uDE00\ud83d\ude00"`:     -1,
		`"\\ud83d"`:                      -1,
		`"\\\\ud83d\n"`:                  -1,
		`"\u00e9"`:                       -1,
		`"\ud83d"`:                       1,
		`"\\\ud83d"`:                     3,
		`"\ude00"`:                       1,
		`"\ud83d\ud83d"`:                 1,
		`"\ud83dx"`:                      1,
		`"\ud83d\n"`:                     1,
		`{"\ud83d\ude00":"\uDBFF\n..."}`: 17,
	} {
		if got := loneSurrogate([]byte(body)); got != want {
			t.Errorf("%s: at %d, want %d", body, got, want)
		}
	}
}

// What JSON may hold besides JSON: marks of other charsets, and halves of characters.
func TestJSONInWhatIsNotPlainUTF8(t *testing.T) {
	m := everything(t)
	for name, test := range map[string]struct{ body, want string }{
		"half of a pair in a value":    {`{"data":{"filing":"\ud83d"}}`, "surrogate"},
		"half of a pair in a name":     {`{"data":{"\ude00":1}}`, "surrogate"},
		"UTF-16 with its mark":         {"\xfe\xff\x00{\x00}", "UTF-16"},
		"UTF-16 without its mark":      {"{\x00}\x00", "UTF-16"},
		"the mark twice":               {"\ufeff\ufeff{}", "not JSON"},
		"a long key twice":             {`{"` + strings.Repeat("k", 1000) + `":1,"` + strings.Repeat("k", 1000) + `":2}`, "is there twice"},
		"a key twice, once in escapes": {`{"data":{},"d\u0061ta":{}}`, "is there twice"},
	} {
		_, _, failure := m.ParseJSON([]byte(test.body))
		if failure == nil || !strings.Contains(failure.Error(), test.want) || len(failure.Error()) > 1000 {
			t.Errorf("%s: %v, want %q", name, failure, test.want)
		}
	}
	if _, _, err := m.ParseJSON([]byte("\ufeff" + `{"data":{}}`)); err != nil {
		t.Errorf("a mark of UTF-8: %v", err)
	}
}

// FuzzLoneSurrogate compares with the library, which puts U+FFFD in the place of a lone half.
func FuzzLoneSurrogate(f *testing.F) {
	for _, seed := range []string{`\ud83d\ude00`, `\ud83d`, `\\ud83d`, `\ude00\ud83d`, `\uFFFD`, "a", `\u00`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, inner string) {
		var text string
		body := []byte(`"` + inner + `"`)
		if !utf8.ValidString(inner) || json.Unmarshal(body, &text) != nil {
			return
		}
		if strings.Contains(inner, "\ufffd") || strings.Contains(strings.ToLower(inner), `\ufffd`) {
			return // the library's sign for a lone half was sent as such
		}
		if got, want := loneSurrogate(body) >= 0, strings.Contains(text, "\ufffd"); got != want {
			t.Errorf("%s: found %v, want %v", body, got, want)
		}
	})
}
