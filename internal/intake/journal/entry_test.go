// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gowebpki/jcs"
)

var noon = time.Date(2026, 9, 1, 12, 0, 0, 123456000, time.UTC)

func TestALeafIsReadableByAPerson(t *testing.T) {
	e := Entry{
		At: noon, Actor: Applicant, Act: ApplicationFiled, Subject: "2026-0000017-4", Service: "pension-delivery",
		Digest: "sha256:abc", Preview: true, Starts: true, Commitment: Commit([]byte("salt"), []byte(`{"way":"JSON"}`)),
	}
	want := `{"act":"ApplicationFiled","actor":"Applicant","at":"2026-09-01T12:00:00.123456Z",` +
		`"commitment":"mnnsvzc0duyhh0Oytx7Q1uFR8ccW+y1Kvn/SM0zRgqg=","digest":"sha256:abc","preview":true,` +
		`"service":"pension-delivery","starts":true,"subject":"2026-0000017-4"}`
	if diff := cmp.Diff(want, string(e.Leaf())); diff != "" {
		t.Fatal(diff)
	}
	parsed, err := ParseEntry(e.Leaf())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, parsed); diff != "" {
		t.Fatal(diff)
	}
}

// FuzzEntry holds the writer of leaves to an independent RFC 8785, and the
// short cut of verification to the parser.
func FuzzEntry(f *testing.F) {
	f.Add("ApplicationFiled", "2026-0000017-4", "sha256:abc", int64(1788264000123456), true)
	f.Add("x", "\"commitment\":\"", "\x00\x1f\u2028\\\xff", int64(0), false)
	f.Fuzz(func(t *testing.T, act, subject, digest string, micros int64, flag bool) {
		at := time.UnixMicro(micros).UTC()
		if at.Year() < 0 || at.Year() > 9999 {
			t.Skip()
		}
		e := Entry{
			At: at, Actor: System, Act: Act(act), Subject: subject, Service: digest, Digest: digest,
			Preview: flag, Starts: !flag, Commitment: Commit(nil, []byte(subject)),
		}
		leaf := e.Leaf()
		canonical, err := jcs.Transform(leaf)
		if err != nil {
			t.Fatalf("%q: %v", leaf, err)
		}
		if !bytes.Equal(leaf, canonical) {
			t.Fatalf("leaf %q, canonical %q", leaf, canonical)
		}
		var read struct{ Subject string }
		if err := json.Unmarshal(leaf, &read); err != nil || read.Subject != string([]rune(subject)) {
			t.Fatalf("subject %q reads as %q, %v", subject, read.Subject, err)
		}
		parsed, err := ParseEntry(leaf)
		if err != nil || !bytes.Equal(parsed.Leaf(), leaf) {
			t.Fatalf("leaf %q does not survive parsing: %v", leaf, err)
		}
		if c, err := commitmentIn(leaf); err != nil || c != e.Commitment {
			t.Fatalf("commitment in %q is %x, %v", leaf, c, err)
		}
	})
}

func FuzzParseEntry(f *testing.F) {
	f.Add([]byte(`{"act":"a","actor":"b","at":"2026-09-01T12:00:00.123456Z","commitment":"pAEE3GRkk6JILHfAo7wq5SnqT8LFYuojLsAcHJ8bxhI=","subject":"s"}`))
	f.Add([]byte(`{"act":1}`))
	f.Fuzz(func(t *testing.T, leaf []byte) {
		e, err := ParseEntry(leaf)
		if err == nil && !bytes.Equal(e.Leaf(), leaf) {
			t.Fatalf("%q was accepted and is written %q", leaf, e.Leaf())
		}
	})
}

func TestACheckpointIsANoteBody(t *testing.T) {
	c := Checkpoint{Origin: "okno.dev/journal/x", Size: 42, RootHash: Commit(nil, nil), At: noon}
	want := "okno.dev/journal/x\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nat 2026-09-01T12:00:00.123456Z\n"
	if diff := cmp.Diff(want, c.String()); diff != "" {
		t.Fatal(diff)
	}
	parsed, err := ParseCheckpoint(want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, parsed); diff != "" {
		t.Fatal(diff)
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add("o\n42\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nat 2026-09-01T12:00:00.123456Z\n")
	f.Add("o\n042\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nat 2026-09-01T12:00:00.123456Z\n")
	f.Add("\n\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCheckpoint(text)
		if err == nil && c.String() != text {
			t.Fatalf("%q was accepted and is written %q", text, c.String())
		}
	})
}
