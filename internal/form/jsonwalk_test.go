// SPDX-License-Identifier: Apache-2.0

package form

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// read both ways: what the walk takes, the decoder takes as the same value; tells whether the walk took it.
func readBothWays(t *testing.T, body []byte) bool {
	t.Helper()
	walked, _, ok := walkJSON(body, nil)
	decoded, failure := (&jsonReader{body: body}).read()
	switch {
	case ok && failure != nil:
		t.Errorf("%q is walked, but refused by the decoder: %v", body, failure)
	case ok && !reflect.DeepEqual(walked, decoded):
		t.Errorf("%q is walked as %#v, decoded as %#v", body, walked, decoded)
	case !ok && failure == nil:
		t.Errorf("%q is decoded as %#v, but not walked", body, decoded)
	}
	return ok
}

var jsonTexts = map[string]bool{
	`{}`: true, `[]`: true, ` [ 1 , 2 ] `: true, `{"a":{"b":[null,true,false,""]}}`: true, "\t{\r\n\"a\" : 1 }\n": true,
	`"\u00e9\n\"\\\/"`: true, `"\ud83d\ude00"`: true, `"\ud83d"`: true, `"\ud83dx"`: true, "\"a\u2028б\U0001F600\"": true, `"` + "\x7f" + `"`: true,
	`0`: true, `-0`: true, `-0.0`: true, `1.50`: true, `1e3`: true, `1E-2`: true, `2.0`: true, `9007199254740993`: true, `1e400`: true, `-12.5e+1`: true,
	strings.Repeat("[", 33) + strings.Repeat("]", 33): true,
	strings.Repeat("[", 34) + strings.Repeat("]", 34): false, strings.Repeat("[", 33) + "1" + strings.Repeat("]", 33): false,
	strings.Repeat(`{"a":`, 33) + "{}" + strings.Repeat("}", 33): false,
	``: false, ` `: false, `{`: false, `[`: false, `[1`: false, `[1,]`: false, `[,1]`: false, `[1 2]`: false, `{"a"}`: false, `{"a":}`: false, `{"a":1,}`: false,
	`{"a":1 "b":2}`: false, `{1:2}`: false, `{"a":1,"a":2}`: false, `{"a":1,"\u0061":2}`: false, `{} {}`: false, `[}`: false, `{]`: false, `1 1`: false,
	`01`: false, `-`: false, `+1`: false, `.5`: false, `1.`: false, `1e`: false, `1e+`: false, `0x1`: false, `NaN`: false, `tru`: false, `nulll`: false, `True`: false,
	`"`: false, `"\`: false, `"\"`: false, `"\x"`: false, `"\u12"`: false, `"` + "\n" + `"`: false, `"` + "\x00" + `"`: false, `'a'`: false, "\ufeff{}": false, `// {}`: false,
}

func TestTheWalkAndTheDecoderReadOneJSON(t *testing.T) {
	for body, want := range jsonTexts {
		if got := readBothWays(t, []byte(body)); got != want {
			t.Errorf("%q: taken %v, want %v", body, got, want)
		}
	}
	sample, err := os.ReadFile("../../config/samples/applications/pension.json")
	if err != nil {
		t.Fatal(err)
	}
	sample = bytes.TrimSpace(sample)
	for i := range sample {
		if readBothWays(t, sample[:i]) {
			t.Errorf("the first %d bytes are taken for the whole", i)
		}
		changed := append(append(append([]byte{}, sample[:i]...), '"'), sample[i+1:]...)
		if utf8.Valid(changed) {
			readBothWays(t, changed)
		}
	}
	if !readBothWays(t, sample) {
		t.Error("the sample is not walked")
	}
}

// What the walk knows on the way is what a look at the whole finds, and it changes nothing of what is read.
func checkKnown(t *testing.T, m *Model, body []byte) {
	t.Helper()
	plain, _, taken := walkJSON(body, nil)
	v, known, ok := walkJSON(body, m.body)
	if ok != taken || ok && !reflect.DeepEqual(v, plain) {
		t.Errorf("%q is read as %#v with the schema, as %#v without", body, v, plain)
	}
	sent, _ := v.(map[string]any)
	data, isObject := sent["data"].(map[string]any)
	if !ok || !isObject {
		return
	}
	d := &jsonDecoder{reader: reader{m: m}}
	d.known(m.root, data, "/data")
	if known && (len(d.violations) > 0 || !reflect.DeepEqual(v, plain)) {
		t.Errorf("%q is said to be known, but has %v", body, d.violations)
	}
	if !known && reflect.DeepEqual(v, plain) && len(sent) == 1 {
		t.Errorf("%q is said to have what is not known, and has not", body)
	}
}

func TestTheWalkKnowsWhatTheSchemaKnows(t *testing.T) {
	m := everything(t)
	for _, body := range []string{
		good, `{"data":{}}`, `{"data":{"married":true}}`, `{"data":{"\u006darried":true}}`, `{"data":{"marred":true}}`, `{"data":{"marred":null}}`,
		`{"data":{"person":{"surname":"a","x":1}}}`, `{"data":{"person":[{"x":1}]}}`, `{"data":{"married":{"x":1}}}`, `{"data":{"pets":{"x":1}}}`,
		`{"data":{"pets":[{"x":1}]}}`, `{"data":{"pets":{"born":"2020-01-01"}}}`, `{"data":{"phones":[{"x":1}]}}`, `{"data":[{"married":true}]}`, `{"date":{}}`,
	} {
		checkKnown(t, m, []byte(body))
	}
}

func FuzzReadJSON(f *testing.F) {
	m := everything(f)
	for body := range jsonTexts {
		f.Add([]byte(body))
	}
	f.Add([]byte(good))
	f.Fuzz(func(t *testing.T, body []byte) {
		if utf8.Valid(body) {
			readBothWays(t, body)
			checkKnown(t, m, body)
		}
	})
}
