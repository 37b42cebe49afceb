// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// judge compares what came of a scenario in each way with what was expected. It returns "" when all is as expected, else one
// sentence for each difference.
func judge(want v1alpha1.Expectation, ways []Observed) string {
	var found []string
	for _, got := range ways {
		found = append(found, differences(want, got)...)
	}
	return strings.Join(append(found, disagreements(ways)...), "; ")
}

// differences tells how one way differs from the expectation.
func differences(want v1alpha1.Expectation, got Observed) []string {
	if got.Problem != "" {
		return []string{got.Way + ": " + got.Problem}
	}
	var out []string
	say := func(format string, args ...any) { out = append(out, got.Way+": "+fmt.Sprintf(format, args...)) }
	missing, extra := setDifference(want.Errors, got.Errors)
	if want.Outcome != got.Outcome {
		say("%s was expected, it was %s", want.Outcome, got.Outcome)
	}
	if len(missing) > 0 {
		say("expected and not found: %s", join(missing))
	}
	if len(extra) > 0 {
		say("found and not expected: %s", join(extra))
	}
	if got.Outcome != v1alpha1.OutcomeAccepted {
		return out
	}
	if want.Unit != "" && want.Unit != got.Unit {
		say("the unit is %q, expected %q", got.Unit, want.Unit)
	}
	if want.Deadline != "" && want.Deadline != got.Deadline {
		say("the deadline is %q, expected %q", got.Deadline, want.Deadline)
	}
	if want.Fees != nil && !slices.Equal(want.Fees, got.Fees) {
		say("the fees are %q, expected %q", got.Fees, want.Fees)
	}
	return out
}

// disagreements tells where the ways differ in what the expectation leaves open.
func disagreements(ways []Observed) []string {
	var out []string
	for i := 1; i < len(ways); i++ {
		a, b := ways[0], ways[i]
		if a.Outcome != v1alpha1.OutcomeAccepted || b.Outcome != v1alpha1.OutcomeAccepted {
			continue
		}
		if a.Unit != b.Unit {
			out = append(out, fmt.Sprintf("%s and %s disagree: unit %q and %q", a.Way, b.Way, a.Unit, b.Unit))
		}
		if a.Deadline != b.Deadline {
			out = append(out, fmt.Sprintf("%s and %s disagree: deadline %q and %q", a.Way, b.Way, a.Deadline, b.Deadline))
		}
		if !slices.Equal(a.Fees, b.Fees) {
			out = append(out, fmt.Sprintf("%s and %s disagree: fees %q and %q", a.Way, b.Way, a.Fees, b.Fees))
		}
	}
	return out
}

// setDifference returns what only want and what only got holds.
func setDifference(want, got []v1alpha1.ExpectedError) (missing, extra []v1alpha1.ExpectedError) {
	for _, e := range want {
		if !slices.Contains(got, e) {
			missing = append(missing, e)
		}
	}
	for _, e := range got {
		if !slices.Contains(want, e) {
			extra = append(extra, e)
		}
	}
	return missing, extra
}

func join(errors []v1alpha1.ExpectedError) string {
	parts := make([]string, 0, len(errors))
	for _, e := range errors {
		parts = append(parts, e.Pointer+" "+e.Code)
	}
	return strings.Join(parts, ", ")
}

// errorSet collects errors, each once, whatever page or answer showed them.
type errorSet struct {
	errors []v1alpha1.ExpectedError
	// refused are the documents for which an upload was refused: those are not missing too.
	refused []string
}

func (s *errorSet) add(errors ...v1alpha1.ExpectedError) {
	for _, e := range errors {
		if !slices.Contains(s.errors, e) {
			s.errors = append(s.errors, e)
		}
	}
}

// refuse notes that the upload of a document was refused.
func (s *errorSet) refuse(document string, errors ...v1alpha1.ExpectedError) {
	s.refused = append(s.refused, documentPointer(document))
	s.add(errors...)
}

// sorted returns the errors by pointer and code, without "required" for documents whose upload was refused.
func (s *errorSet) sorted() []v1alpha1.ExpectedError {
	out := slices.DeleteFunc(slices.Clone(s.errors), func(e v1alpha1.ExpectedError) bool {
		return e.Code == codeRequired && slices.Contains(s.refused, e.Pointer)
	})
	slices.SortFunc(out, func(a, b v1alpha1.ExpectedError) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Code, b.Code))
	})
	if len(out) == 0 {
		return nil
	}
	return out
}

const codeRequired = "required"

func documentPointer(id string) string { return "/documents/" + id }
