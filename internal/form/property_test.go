// SPDX-License-Identifier: Apache-2.0

package form

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/okno-dev/okno/internal/expression"
)

var monday = time.Date(2026, 3, 2, 10, 0, 0, 0, time.FixedZone("MSK", 3*3600))

// everything compiles the definition that has one of everything.
func everything(t testing.TB) *Model {
	t.Helper()
	file, err := os.ReadFile("testdata/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return compiled(t, decode(t, file))
}

// drawValue draws a value for a node: mostly good, sometimes absent, sometimes wrong in a way that every way in can carry.
func drawValue(t *rapid.T, n *node, label string) any {
	fate := rapid.IntRange(0, 9).Draw(t, label)
	if fate == 0 || fate <= 2 && !n.required {
		return nil
	}
	switch n.kind {
	case expression.Object:
		object := map[string]any{}
		for _, p := range n.props {
			if v := drawValue(t, p, label+"/"+p.name); v != nil {
				object[p.name] = v
			}
		}
		return object
	case expression.List:
		list := []any{}
		for range rapid.IntRange(0, n.maxItems+1).Draw(t, label+" size") {
			if v := drawValue(t, n.items, label+"/*"); v != nil {
				if text, isText := v.(string); isText {
					v = strings.ReplaceAll(text, "\r\n", "") // a text area holds an entry a line
				}
				list = append(list, v)
			} else if n.items.kind == expression.Object {
				list = append(list, map[string]any{})
			}
		}
		return list
	}
	if fate == 9 {
		return rapid.SampledFrom([]string{"abc", "  Йо\u0306ж\r\nёж ", strings.Repeat("я", 12), "8-800", "2026-13-45", "x@y", "no", "{}", "<a>&amp;"}).Draw(t, label+" wrong")
	}
	if n.constant != nil || n.isChoice() || n.kind == expression.Boolean {
		return rapid.SampledFrom(samples(n)).Draw(t, label+" choice")
	}
	switch {
	case n.kind == expression.Integer:
		return int64(rapid.IntRange(-1, 21).Draw(t, label+" number"))
	case n.kind == expression.Number:
		return rapid.SampledFrom([]any{int64(1), 0.75, 2.25, 3.5, int64(-1)}).Draw(t, label+" number")
	case n.format == "date":
		return rapid.SampledFrom([]string{"1980-01-31", "2010-12-01", "2026-03-02", "2031-01-01", "2026-02-29"}).Draw(t, label+" date")
	case n.pattern != nil:
		return rapid.SampledFrom([]string{sampleText(n), " " + sampleText(n) + "\n", "12345"}).Draw(t, label+" pattern")
	case n.format == "email":
		return rapid.SampledFrom([]string{"name@example.org", "name"}).Draw(t, label+" email")
	}
	return rapid.SampledFrom([]string{"Ёж", "Образцова", "а", "Казань", " ", "e\u0301te"}).Draw(t, label+" text")
}

func drawDocuments(t *rapid.T) []Attachment {
	var documents []Attachment
	for _, id := range []string{"photo", "power"} {
		for range rapid.IntRange(0, 3).Draw(t, id) {
			documents = append(documents, Attachment{Document: id, ID: "u1"})
		}
	}
	return documents
}

// For one content the three ways in give one set of errors, and where there is none, one application to file.
func TestFormJSONAndXMLAgree(t *testing.T) {
	m := everything(t)
	rapid.Check(t, func(rt *rapid.T) {
		data, _ := drawValue(rt, m.root, "").(map[string]any)
		documents := drawDocuments(rt)
		want := byJSON(t, m, data, documents, monday)
		for way, got := range map[string]verdict{"XML": byXML(t, m, data, documents, monday), "form": byForm(t, m, data, documents, monday)} {
			if diff := cmp.Diff(want.Errors, got.Errors); diff != "" {
				rt.Fatalf("JSON and %s disagree on %v (-JSON +%s):\n%s", way, data, way, diff)
			}
			if diff := cmp.Diff(want.Data, got.Data); diff != "" && len(want.Errors) == 0 {
				rt.Fatalf("JSON and %s file different data (-JSON +%s):\n%s", way, way, diff)
			}
		}
	})
}

// What was written as XML is read back as it was.
func TestXMLIsReadBackAsItWasWritten(t *testing.T) {
	m := everything(t)
	rapid.Check(t, func(rt *rapid.T) {
		data, _ := drawValue(rt, m.root, "").(map[string]any)
		e := &Envelope{Data: data}
		m.Normalise(e)
		written, err := m.EncodeXML(e, Filled{Number: "N-1", FiledAt: monday})
		if err != nil {
			rt.Fatal(err)
		}
		got, violations, err := m.ParseXML(written, "utf-8")
		if err != nil || len(violations) > 0 {
			rt.Fatalf("%v %v\n%s", err, violations, written)
		}
		m.Normalise(got)
		if diff := cmp.Diff(e.Data, got.Data); diff != "" {
			rt.Fatalf("(-written +read):\n%s\n%s", diff, written)
		}
	})
}

// Normalising twice changes nothing, and what Validate accepts it accepts again, unchanged.
func TestValidationIsIdempotent(t *testing.T) {
	m := everything(t)
	rapid.Check(t, func(rt *rapid.T) {
		data, _ := drawValue(rt, m.root, "").(map[string]any)
		e := &Envelope{Data: data, Documents: drawDocuments(rt)}
		first := m.Validate(e, monday)
		again := &Envelope{Data: clone(e.Data).(map[string]any), Documents: e.Documents}
		if diff := cmp.Diff(first, m.Validate(again, monday)); diff != "" {
			rt.Fatalf("violations (-first +again):\n%s", diff)
		}
		if diff := cmp.Diff(e.Data, again.Data); diff != "" {
			rt.Fatalf("data (-first +again):\n%s", diff)
		}
	})
}
