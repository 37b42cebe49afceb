// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
)

func expected(pairs ...string) []v1alpha1.ExpectedError {
	var out []v1alpha1.ExpectedError
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, v1alpha1.ExpectedError{Pointer: pairs[i], Code: pairs[i+1]})
	}
	return out
}

func TestJudge(t *testing.T) {
	filed := func(way, unit, deadline string) Observed {
		return Observed{Way: way, Outcome: v1alpha1.OutcomeAccepted, Unit: unit, Deadline: v1alpha1.Date(deadline)}
	}
	refused := func(way string, pairs ...string) Observed {
		return Observed{Way: way, Outcome: v1alpha1.OutcomeRejected, Errors: expected(pairs...)}
	}
	paid := func(way string, fees ...v1alpha1.ID) Observed {
		return Observed{Way: way, Outcome: v1alpha1.OutcomeAccepted, Fees: fees}
	}
	owing := func(fees ...v1alpha1.ID) v1alpha1.Expectation {
		return v1alpha1.Expectation{Outcome: v1alpha1.OutcomeAccepted, Fees: append([]v1alpha1.ID{}, fees...)}
	}
	accept := v1alpha1.Expectation{Outcome: v1alpha1.OutcomeAccepted, Unit: "north", Deadline: "2026-03-10"}
	reject := v1alpha1.Expectation{Outcome: v1alpha1.OutcomeRejected, Errors: expected("/data/a", "required", "/data/b", "pattern")}
	tests := map[string]struct {
		want v1alpha1.Expectation
		ways []Observed
		says string
	}{
		"all ways as expected": {accept, []Observed{filed(WayForm, "north", "2026-03-10"), filed(WayJSON, "north", "2026-03-10")}, ""},
		"errors in any order":  {reject, []Observed{refused(WayForm, "/data/b", "pattern", "/data/a", "required")}, ""},
		"accepted though it must be refused": {
			reject,
			[]Observed{filed(WayXML, "north", "2026-03-10")},
			"XML: Rejected was expected, it was Accepted; XML: expected and not found: /data/a required, /data/b pattern",
		},
		"one error missing and one too many": {
			reject,
			[]Observed{refused(WayJSON, "/data/a", "required", "/data/c", "enum")},
			"JSON: expected and not found: /data/b pattern; JSON: found and not expected: /data/c enum",
		},
		"another unit and another day": {
			accept,
			[]Observed{filed(WayForm, "south", "2026-03-09")},
			`Form: the unit is "south", expected "north"; Form: the deadline is "2026-03-09", expected "2026-03-10"`,
		},
		"ways that disagree where nothing is expected": {
			v1alpha1.Expectation{Outcome: v1alpha1.OutcomeAccepted},
			[]Observed{filed(WayForm, "north", "2026-03-10"), filed(WayXML, "south", "2026-03-10")},
			`Form and XML disagree: unit "north" and "south"`,
		},
		"fees as expected":       {owing("entry"), []Observed{paid(WayForm, "entry")}, ""},
		"a fee that is not owed": {owing("entry"), []Observed{paid(WayForm, "entry", "stamp")}, `Form: the fees are ["entry" "stamp"], expected ["entry"]`},
		"a fee where none is expected, and ways that disagree": {
			owing(),
			[]Observed{paid(WayJSON), paid(WayXML, "entry")},
			`XML: the fees are ["entry"], expected []; JSON and XML disagree: fees [] and ["entry"]`,
		},
		"fees that nothing is expected of": {v1alpha1.Expectation{Outcome: v1alpha1.OutcomeAccepted}, []Observed{paid(WayForm, "entry")}, ""},
		"a server that fails":              {accept, []Observed{{Way: WayForm, Problem: "the server answers 500"}}, "Form: the server answers 500"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.says, judge(tc.want, tc.ways)); diff != "" {
				t.Errorf("judgement (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARefusedUploadIsNotMissingToo(t *testing.T) {
	var errs errorSet
	errs.add(expected("/documents/passport", "required", "/documents/photo", "required")...)
	errs.refuse("passport", expected("/documents/passport", "mediaType")...)
	errs.add(expected("/data/a", "required", "/data/a", "required")...)
	want := expected("/data/a", "required", "/documents/passport", "mediaType", "/documents/photo", "required")
	if diff := cmp.Diff(want, errs.sorted()); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestReportHash(t *testing.T) {
	report := func(mods ...func(*Report)) Report {
		r := Report{
			Service: "pension", Digest: "sha256:0", Image: "intake@sha256:1", StartedAt: time.Unix(1, 0), FinishedAt: time.Unix(2, 0),
			Scenarios: []Result{
				{Name: "one", Took: time.Second, Ways: []Observed{{Way: WayForm, Outcome: v1alpha1.OutcomeAccepted, Unit: "north"}}},
				{Name: "two", Took: time.Second, Ways: []Observed{{Way: WayJSON, Outcome: v1alpha1.OutcomeRejected, Errors: expected("/data/a", "enum")}}},
			},
		}
		for _, mod := range mods {
			mod(&r)
		}
		return r
	}
	hash := func(r Report) string {
		_, sum, err := r.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	first := hash(report())
	tests := map[string]struct {
		mod  func(*Report)
		same bool
	}{
		"another day":     {func(r *Report) { r.StartedAt, r.FinishedAt = time.Unix(8, 0), time.Unix(9, 0) }, true},
		"a slower run":    {func(r *Report) { r.Scenarios[0].Took = time.Hour }, true},
		"another image":   {func(r *Report) { r.Image = "intake@sha256:2" }, false},
		"another digest":  {func(r *Report) { r.Digest = "sha256:9" }, false},
		"another error":   {func(r *Report) { r.Scenarios[1].Ways[0].Errors[0].Code = "type" }, false},
		"another unit":    {func(r *Report) { r.Scenarios[0].Ways[0].Unit = "south" }, false},
		"another message": {func(r *Report) { r.Scenarios[0].Message = "Form: no" }, false},
		"another order":   {func(r *Report) { r.Scenarios[0], r.Scenarios[1] = r.Scenarios[1], r.Scenarios[0] }, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if same := hash(report(tc.mod)) == first; same != tc.same {
				t.Errorf("the same hash: %v, want %v", same, tc.same)
			}
		})
	}
}

func TestStatusFitsTheRevision(t *testing.T) {
	long := make([]rune, 3000)
	for i := range long {
		long[i] = 'я'
	}
	r := Report{Image: "i", Scenarios: []Result{
		{Name: "good", Ways: []Observed{{Way: WayForm}, {Way: WayJSON}}},
		{Name: "bad", Message: string(long)},
	}}
	status, err := r.Status()
	if err != nil {
		t.Fatal(err)
	}
	if status.Passed != 1 || status.Failed != 1 {
		t.Errorf("%d passed and %d failed, want one each", status.Passed, status.Failed)
	}
	if diff := cmp.Diff([]string{WayForm, WayJSON}, status.Scenarios[0].Ways); diff != "" {
		t.Errorf("ways (-want +got):\n%s", diff)
	}
	if n := len([]rune(status.Scenarios[1].Message)); n != maxMessage {
		t.Errorf("the message has %d characters, want %d", n, maxMessage)
	}
}
