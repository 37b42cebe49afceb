// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Whatever an envelope holds, good or not, it is written as the library writes it.
func checkEncoding(t testing.TB, m *Model, e *Envelope) {
	t.Helper()
	want, wantErr := json.Marshal(e)
	got, err := m.EncodeJSON(e)
	if (err == nil) != (wantErr == nil) || string(got) != string(want) {
		t.Errorf("written as\n%s %v, by the library as\n%s %v", got, err, want, wantErr)
	}
}

func TestApplicationsAreWrittenAsTheLibraryWritesThem(t *testing.T) {
	m := everything(t)
	for name, e := range map[string]*Envelope{
		"nothing":                      {},
		"no answers":                   {Data: map[string]any{}},
		"an absent object":             {Data: map[string]any{"person": map[string]any(nil)}},
		"an absent list":               {Data: map[string]any{"pets": []any(nil)}},
		"null":                         {Data: map[string]any{"notes": nil}},
		"what the schema has not":      {Data: map[string]any{"notes": "a", "x": "b"}},
		"an object in place of a text": {Data: map[string]any{"notes": map[string]any{"b": "1", "a": "2"}}},
		"a list in place of a text":    {Data: map[string]any{"notes": []any{"a", map[string]any{"b": int64(1)}, []any{}}}},
		"a list of one as an object":   {Data: map[string]any{"pets": map[string]any{"z": "1"}}},
		"a number that JSON has not":   {Data: map[string]any{"notes": math.Inf(1)}},
		"all around it": {
			Data: map[string]any{"notes": "x"}, Documents: []Attachment{{Document: "photo", ID: "1", Name: "<й>.png", Size: 7}},
			Applicant: map[string]any{"b": "1", "a": "2"}, Channel: &Channel{MFC: "1"}, Language: "ru",
		},
	} {
		t.Run(name, func(t *testing.T) { checkEncoding(t, m, e) })
	}
	for _, s := range []string{"", "Ёж", `"`, `\`, "<a>&amp;", "\u2027\u2028\u2029\u202a", "\t\n\r\x00\x7f", "\xff", "\xe2\x80", "а\xe2\x80\xa8", "—", "𝄞", "\ufffd"} {
		checkEncoding(t, m, &Envelope{Data: map[string]any{"notes": s, "phones": []any{s, s}}})
	}
	rapid.Check(t, func(rt *rapid.T) {
		data, _ := drawValue(rt, m.root, "").(map[string]any)
		e := &Envelope{Data: data, Documents: drawDocuments(rt)}
		checkEncoding(t, m, e)
		m.Validate(e, monday)
		checkEncoding(t, m, e)
		if t.Failed() {
			rt.FailNow()
		}
	})
}

func FuzzPlainJSON(f *testing.F) {
	for _, s := range []string{"Ёж", `"\`, "\u2028", "\xe2\x80\xa8", "<", "\xff\xe2\x80", "\x7f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if isPlainJSON(s) && string(b) != `"`+s+`"` {
			t.Errorf("%q is not plain: %s", s, b)
		}
	})
}
