// SPDX-License-Identifier: Apache-2.0

package digest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
)

func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Name, JSON, Canonical, Digest string }
	if err := yaml.UnmarshalStrict(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			canonical, err := Canonical([]byte(v.JSON))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(v.Canonical, string(canonical)); diff != "" {
				t.Error(diff)
			}
			if got, err := Of([]byte(v.JSON)); err != nil || string(got) != v.Digest {
				t.Errorf("got %s, %v; want %s", got, err, v.Digest)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	keys := make([]string, 20)
	for i := range keys {
		keys[i] = fmt.Sprintf(`"k%d":%d`, i, i)
	}
	manyKeys := strings.Join(keys, ",")
	deep := strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65)
	cases := map[string]struct {
		json string
		want []string
	}{
		"nothing":                        {``, []string{"syntax: unexpected end of JSON input at line 1"}},
		"two values":                     {`{} {}`, []string{"syntax: invalid character '{' after top-level value at line 1"}},
		"a list":                         {`[1]`, []string{"not-an-object: a list"}},
		"a number":                       {`1`, []string{"not-an-object: a number"}},
		"null alone":                     {`null`, []string{"null: null"}},
		"null deep inside":               {`{"a":[{"b":null}]}`, []string{"null at a[0].b: null"}},
		"a key twice":                    {`{"a":1,"b":{"c":1,"c":2}}`, []string{`duplicate-key at b.c: "c" for the second time`}},
		"a key twice by an escape":       {`{"a":1,"\u0061":2}`, []string{`duplicate-key at a: "a" for the second time`}},
		"a key twice among many":         {`{` + manyKeys + `,"k7":0,"k19":0}`, []string{`duplicate-key at k7: "k7" for the second time`, `duplicate-key at k19: "k19" for the second time`}},
		"a key with a quote, twice":      {`{"\"":1,"\u0022":2}`, []string{`duplicate-key at ["\""]: "\"" for the second time`}},
		"2^53":                           {`{"a":9007199254740992}`, []string{"big-integer at a: 9007199254740992"}},
		"-2^53":                          {`{"a":-9007199254740992}`, []string{"big-integer at a: -9007199254740992"}},
		"a big integer with an exponent": {`{"a":1e300}`, []string{"big-integer at a: 1e300"}},
		"beyond a float64":               {`{"a":1e400}`, []string{"big-integer at a: 1e400"}},
		"an exponent that overflows":     {`{"a":1e99999999999999999999}`, []string{"big-integer at a: 1e99999999999999999999"}},
		"a number that vanishes":         {`{"a":1e-400}`, []string{"rounded at a: 1e-400"}},
		"too many digits":                {`{"a":0.12345678901234567890}`, []string{"rounded at a: 0.12345678901234567890"}},
		"zeros at the end are no digits": {`{"a":0.1000000000000000000000000}`, nil},
		"half a surrogate pair":          {`{"a":"\ud800"}`, []string{`invalid-utf8 at a: half of a surrogate pair (\uD800–\uDFFF)`}},
		"the halves in the wrong order":  {`{"a":"\udc00\ud800"}`, []string{`invalid-utf8 at a: half of a surrogate pair (\uD800–\uDFFF)`}},
		"half a pair before a letter":    {`{"a":"\ud800\u0041"}`, []string{`invalid-utf8 at a: half of a surrogate pair (\uD800–\uDFFF)`}},
		"a whole pair":                   {`{"a":"\ud83d\ude02"}`, nil},
		"an escaped backslash before u":  {`{"a":"\\ud800"}`, nil},
		"a byte that is no UTF-8":        {"{\"a\":\n\"\xcf\"}", []string{"invalid-utf8: byte 0xCF at line 2"}},
		"a key that could be misread":    {`{"a.b":{"c d":null}}`, []string{`null at ["a.b"]["c d"]: null`}},
		"65 levels":                      {deep, []string{"too-deep at " + strings.Repeat("a.", 63) + "a: more than 64 levels"}},
		"all faults at once":             {`{"a":null,"b":[1e300,null]}`, []string{"null at a: null", "big-integer at b[0]: 1e300", "null at b[1]: null"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range Faults([]byte(tc.json)) {
				got = append(got, f.String())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			var faulty *FaultError
			if _, err := Of([]byte(tc.json)); errors.As(err, &faulty) != (len(tc.want) > 0) {
				t.Errorf("Of answers %v", err)
			}
		})
	}
}

func TestSizeIsThatOfTheCanonicalForm(t *testing.T) {
	text := strings.Repeat("я", (MaxBytes-len(`{"a":""}`))/len("я"))
	fits := fmt.Sprintf(`{  "a"  :  %q  }`, text)
	if faults := Faults([]byte(fits)); len(faults) > 0 {
		t.Errorf("%d bytes: %v", len(fits), faults)
	}
	tooLarge := fmt.Sprintf(`{"a":%q}`, text+"я")
	if faults := Faults([]byte(tooLarge)); len(faults) != 1 || faults[0].Kind != TooLarge {
		t.Errorf("%d bytes: %v", len(tooLarge), faults)
	}
}

// What does not belong to the content leaves the digest as it was: an approval that is committed beside the service, a label, a new
// optional field of the API (next test), the order of keys, YAML instead of JSON.
func TestWhatLeavesTheDigestAsItWas(t *testing.T) {
	const service = `{"code":"1","title":{"ru":"Билет","en":"Card"},"languages":["ru","en"]}`
	want, err := Of([]byte(service))
	if err != nil {
		t.Fatal(err)
	}
	ofObject := func(manifest string) v1alpha1.Digest {
		t.Helper()
		var svc v1alpha1.GovService
		if err := yaml.Unmarshal([]byte(manifest), &svc); err != nil {
			t.Fatal(err)
		}
		got, err := Of(svc.Spec.Service.Raw())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := map[string]v1alpha1.Digest{
		"as applied":                  ofObject(`{"spec":{"service":` + service + `}}`),
		"with labels and annotations": ofObject(`{"metadata":{"labels":{"a":"b"},"annotations":{"c":"d"}},"spec":{"service":` + service + `}}`),
		"with other keys of spec":     ofObject(`{"spec":{"state":"Suspended","service":` + service + `}}`),
		"with status":                 ofObject(`{"status":{"latestRevision":"x"},"spec":{"service":` + service + `}}`),
		"as YAML with comments":       ofObject("# comment\nspec:\n  service:\n    title: {en: Card, ru: Билет} # both\n    languages: [ru, en]\n    code: '1'\n"),
	}
	for name, digest := range got {
		if digest != want {
			t.Errorf("%s: %s, want %s", name, digest, want)
		}
	}
	for name, other := range map[string]string{
		"another order of a list": strings.Replace(service, `"ru","en"]`, `"en","ru"]`, 1),
		"another text":            strings.Replace(service, "Card", "card", 1),
		"a field more":            strings.Replace(service, `{"code"`, `{"fees":[],"code"`, 1),
	} {
		if digest, err := Of([]byte(other)); err != nil || digest == want {
			t.Errorf("%s: %s, %v; want another digest", name, digest, err)
		}
	}
}

// A version of the API that does not know a field, and one that does, hash the same bytes.
func TestTheDigestIsOfBytesNotOfGoStructs(t *testing.T) {
	const service = `{"aFieldOfALaterVersion":{"b":[1,2]},"code":"1"}`
	want, err := Of([]byte(service))
	if err != nil {
		t.Fatal(err)
	}
	var svc v1alpha1.GovService
	if err := json.Unmarshal([]byte(`{"spec":{"service":`+service+`}}`), &svc); err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Spec.Service.Decode(); err != nil {
		t.Fatal(err)
	}
	written, err := json.Marshal(svc.DeepCopy())
	if err != nil {
		t.Fatal(err)
	}
	var again v1alpha1.GovService
	if err := json.Unmarshal(written, &again); err != nil {
		t.Fatal(err)
	}
	if got, err := Of(again.Spec.Service.Raw()); err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestRevisionName(t *testing.T) {
	d, err := Of([]byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := RevisionName("pension", d), "pension-"+string(d)[len("sha256:"):][:10]; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := RevisionName("pension", "sha256:ab"); got != "pension-ab" {
		t.Errorf("a digest that is cut off: %q", got)
	}
}

func TestJSON(t *testing.T) {
	type policy struct {
		B int     `json:"b"`
		A *string `json:"a"`
	}
	canonical, sum, err := JSON(policy{B: 1})
	if err != nil || string(canonical) != `{"a":null,"b":1}` {
		t.Errorf("%s, %v", canonical, err)
	}
	// printf '{"a":null,"b":1}' | sha256sum
	if want := "c0bf82ad036cb0a5a03d6759c1b7b8b1f70a39b32dd96ed3977c7f2831ee3b56"; sum != want {
		t.Errorf("got %s, want %s", sum, want)
	}
	for name, v := range map[string]any{
		"an integer that readers round": map[string]any{"a": int64(1) << 53},
		"what has no JSON":              make(chan int),
	} {
		if _, _, err := JSON(v); err == nil {
			t.Errorf("%s has a canonical form", name)
		}
	}
}

// Of two texts with one digest, readers see one value; and the canonical form is its own canonical form.
func FuzzOf(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,-0.5,1e-7,true,"я\n"]}`, `{"a":null}`, `{"\ud83d\ude02":{"b":9007199254740991}}`, `{"a":1,"\u0061":2}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		first, err := Of(raw)
		if err != nil {
			if len(Faults(raw)) == 0 {
				t.Fatalf("an error without a fault: %v", err)
			}
			return
		}
		canonical, err := Canonical(raw)
		if err != nil {
			t.Fatal(err)
		}
		if _, bound := scan(raw); bound < len(canonical) {
			t.Fatalf("the canonical form of %s has %d bytes, more than the bound %d", raw, len(canonical), bound)
		}
		if second, err := Of(canonical); err != nil || first != second {
			t.Fatalf("%s hashes to %s, its canonical form to %s, %v", raw, first, second, err)
		}
		var before, after any
		if err := json.Unmarshal(raw, &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(canonical, &after); err != nil {
			t.Fatal(err)
		}
		// RFC 8785 writes minus zero as 0, which == takes for equal.
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	text, err := os.ReadFile("../../config/samples/pension-delivery/govservice.yaml")
	if err != nil {
		b.Fatal(err)
	}
	var svc v1alpha1.GovService
	if err := yaml.Unmarshal(text, &svc); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(svc.Spec.Service.Raw())))
	for b.Loop() {
		if _, err := Of(svc.Spec.Service.Raw()); err != nil {
			b.Fatal(err)
		}
	}
}
