// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/okno-dev/okno/internal/digest"
)

func TestFollowAsksTheDatabaseForWhatTheCacheHasNotHeardOf(t *testing.T) {
	r, a := newRecords(t), newAPIServer(t)
	one := r.revision("delivery", "1")
	a.revisions[one.Name] = one
	a.cacheLags = true
	a.publish(r.publication(1, one))
	changes := listen(t, a, r.keys(), nil, 0)
	if got := next(t, changes); string(got.Definition) != `{"code":"1"}` || a.fetched != 2 {
		t.Errorf("delivered %s after %d fetches, want 2", got.Definition, a.fetched)
	}
}

func TestEscapesOfTheAPIServerAreUndoneWithoutSorting(t *testing.T) {
	for name, tc := range map[string]struct{ raw, want string }{
		"nothing to undo":            {`{"a":"б"}`, `{"a":"б"}`},
		"what HTML must not see":     {`{"a":"\u003cb\u003e \u0026"}`, `{"a":"<b> &"}`},
		"line separators":            {`{"a":"\u2028\u2029"}`, "{\"a\":\"\u2028\u2029\"}"},
		"a backslash before the u":   {`{"a":"\\u003c"}`, `{"a":"\\u003c"}`},
		"two, and then an escape":    {`{"a":"\\\\\u003c"}`, `{"a":"\\\\<"}`},
		"escapes that RFC 8785 has":  {`{"a":"\n\"\u0001"}`, `{"a":"\n\"\u0001"}`},
		"an escape at the very end":  {`"\u003c`, `"<`},
		"an escape that is cut off":  {`"\u003`, `"\u003`},
		"a backslash at the end":     {`"\`, `"\`},
		"an escaped escape, cut off": {`"\\`, `"\\`},
	} {
		if got := unescaped([]byte(tc.raw)); string(got) != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// However a definition was written, its canonical form and digest are those of package digest.
func FuzzCanonicalOf(f *testing.F) {
	for _, seed := range []string{`{}`, `{"b":1,"a":"\u003c\\u003e"}`, `{"a":"<\u2028"}`, `{"a":"\u0041\n"}`, `{"a":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		canonical, err := digest.Canonical(raw)
		if err != nil {
			if _, _, err := canonicalOf(raw, "sha256:none"); err == nil {
				t.Errorf("%q has a canonical form here only", raw)
			}
			return
		}
		want := digest.OfCanonical(canonical)
		var written bytes.Buffer
		json.HTMLEscape(&written, canonical) // as an API server writes it
		for _, form := range [][]byte{raw, canonical, written.Bytes()} {
			got, d, err := canonicalOf(form, want)
			if err != nil || d != want || !bytes.Equal(got, canonical) {
				t.Errorf("%q gives %q, %s, %v; want %q", form, got, d, err, canonical)
			}
		}
	})
}
