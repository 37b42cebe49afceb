// SPDX-License-Identifier: Apache-2.0

package definition

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMessage(t *testing.T) {
	cases := map[string]struct {
		finding Finding
		want    string
	}{
		"all parts":       {Finding{Found: `"pasport"`, Allowed: "the id of a document", Do: "correct the id"}, `found "pasport"; allowed: the id of a document; correct the id`},
		"without allowed": {Finding{Found: "null", Do: "remove it"}, "found null; remove it"},
		"in one line":     {Finding{Found: "a\n  b", Do: "c"}, "found a b; c"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := tc.finding.Message(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSort(t *testing.T) {
	got := Sort([]Finding{
		{Path: "spec.a", Rule: "r", Severity: Warning},
		{Path: "spec.pages[10].id", Rule: "r", Severity: Error},
		{Path: "spec.pages[2].id", Rule: "s", Severity: Error},
		{Path: "spec.a", Rule: "u", Severity: Error, Reason: Unsupported},
		{Path: "spec.pages[2].id", Rule: "r", Severity: Error},
		{Path: "spec.pages[2]", Rule: "r", Severity: Error},
		{Path: "spec.pages[2].id", Rule: "r", Severity: Error},
		{Path: "", Rule: "r", Severity: Error},
	})
	want := []Finding{
		{Path: "", Rule: "r", Severity: Error},
		{Path: "spec.pages[2]", Rule: "r", Severity: Error},
		{Path: "spec.pages[2].id", Rule: "r", Severity: Error},
		{Path: "spec.pages[2].id", Rule: "s", Severity: Error},
		{Path: "spec.pages[10].id", Rule: "r", Severity: Error},
		{Path: "spec.a", Rule: "u", Severity: Error, Reason: Unsupported},
		{Path: "spec.a", Rule: "r", Severity: Warning},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !HasErrors(got) || HasErrors(got[len(got)-1:]) || HasErrors(nil) {
		t.Error("HasErrors is wrong about errors, warnings or nothing")
	}
}

func TestWithoutFollowUps(t *testing.T) {
	e := func(path string) Finding { return Finding{Path: path, Rule: "r", Severity: Error} }
	w := func(path string) Finding { return Finding{Path: path, Rule: "w", Severity: Warning} }
	unsupported := Finding{Path: "a[1]", Rule: "u", Severity: Error, Reason: Unsupported}
	law := Finding{Path: "a", Rule: "law", Severity: Error, Article: "art. 14"}
	cases := map[string]struct{ findings, want []Finding }{
		"a warning inside an error":             {[]Finding{e("a"), w("a.b")}, []Finding{e("a")}},
		"a warning at the place of an error":    {[]Finding{e("a"), w("a")}, []Finding{e("a")}},
		"a warning beside an error":             {[]Finding{e("a"), w("ab")}, []Finding{e("a"), w("ab")}},
		"a warning around an error":             {[]Finding{e("a.b"), w("a")}, []Finding{e("a.b"), w("a")}},
		"an error inside an error":              {[]Finding{e("a"), e("a.b")}, []Finding{e("a"), e("a.b")}},
		"an error inside what must be left out": {[]Finding{e("a[1].b"), unsupported}, []Finding{unsupported}},
		"an error beside what must be left out": {[]Finding{e("a[10].b"), unsupported}, []Finding{e("a[10].b"), unsupported}},
		"what the law says too":                 {[]Finding{law, e("a")}, []Finding{law}},
		"an error inside what the law refuses":  {[]Finding{law, e("a.b")}, []Finding{law, e("a.b")}},
		"a warning inside another":              {[]Finding{w("a"), w("a.b")}, []Finding{w("a"), w("a.b")}},
		"nothing":                               {nil, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(tc.findings)
			if diff := cmp.Diff(tc.want, WithoutFollowUps(tc.findings)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before, tc.findings); diff != "" {
				t.Errorf("the findings given were changed: %s", diff)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	cases := map[string]struct {
		json string
		want []string
	}{
		"a definition":          {`{"code":"1"}`, nil},
		"null and a big number": {`{"fees":null,"scenarios":[{"given":{"a":1e300}}]}`, []string{"spec.service.fees null-value", "spec.service.scenarios[0].given.a big-integer"}},
		"no object":             {`[]`, []string{"spec.service not-an-object"}},
		"no JSON":               {`{`, []string{"spec.service json-syntax"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range Check([]byte(tc.json)) {
				if f.Severity != Error || f.Allowed == "" || f.Do == "" {
					t.Errorf("a finding without severity or words: %+v", f)
				}
				got = append(got, f.Path+" "+f.Rule)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
