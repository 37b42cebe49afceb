// SPDX-License-Identifier: Apache-2.0

// Package definition says what checks of a definition answer with (Finding), and holds the checks of the JSON itself, which
// apply to every definition wherever it comes from. Reading files strictly is package manifest's.
package definition

import (
	"cmp"
	"slices"
	"strings"
)

// Severity is how grave a finding is.
type Severity string

// Severities. A definition with an Error is never snapshotted.
const (
	Error   Severity = "Error"
	Warning Severity = "Warning"
)

// Unsupported is the Reason of a finding about what this version of Okno does not carry out.
const Unsupported = "Unsupported"

// Finding is one result of a check: where, what was found, what is allowed, and what to do.
type Finding struct {
	// Path is the place as a Kubernetes field path, such as spec.service.form.pages[1].fields[0].path; "" is the whole file.
	Path string `json:"path,omitempty"`
	// Rule is the id of the rule in kebab-case, the same for every finding of its kind.
	Rule string `json:"rule"`
	// Severity is Error or Warning.
	Severity Severity `json:"severity"`
	// Reason is "" or Unsupported.
	Reason string `json:"reason,omitempty"`
	// Found tells what stands there, such as: "pasport".
	Found string `json:"found,omitempty"`
	// Allowed tells what may stand there, such as: the id of a document.
	Allowed string `json:"allowed,omitempty"`
	// Do tells what to do about it, such as: correct the id or declare the document.
	Do string `json:"do,omitempty"`
	// Article is the law's article, when the rule comes from law, such as: 210-ФЗ art. 14 part 1 item 7.
	Article string `json:"article,omitempty"`
}

// Message returns the finding without its place, in one line: found …; allowed …; do ….
func (f Finding) Message() string {
	parts := make([]string, 0, 3)
	for _, part := range []struct{ label, text string }{{"found ", f.Found}, {"allowed: ", f.Allowed}, {"", f.Do}} {
		if part.text != "" {
			parts = append(parts, part.label+part.text)
		}
	}
	return strings.Join(strings.Fields(strings.Join(parts, "; ")), " ")
}

// HasErrors tells whether any finding is of severity Error.
func HasErrors(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error })
}

// Sort orders findings the gravest first, then by path with numbers in lists counted as numbers, then by rule, and drops
// equal ones.
func Sort(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(rank(a), rank(b)), comparePaths(a.Path, b.Path),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Found, b.Found),
		)
	})
	return slices.Compact(findings)
}

// WithoutFollowUps drops from findings what goes away by itself when a graver one at the same place, or around it, is mended: an
// author is told each thing once.
func WithoutFollowUps(findings []Finding) []Finding {
	errors := map[string]placeOfError{}
	for _, f := range findings {
		if f.Severity == Error {
			at := errors[f.Path]
			at.unsupported = at.unsupported || f.Reason == Unsupported
			at.law = at.law || f.Article != ""
			errors[f.Path] = at
		}
	}
	if len(errors) == 0 {
		return findings
	}
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return follows(f, errors) })
}

// placeOfError tells which errors are at a place.
type placeOfError struct{ unsupported, law bool }

// follows tells that f goes away when an error is mended. The cases are the specification.
func follows(f Finding, errors map[string]placeOfError) bool {
	for path := f.Path; path != ""; path = path[:max(strings.LastIndexAny(path, ".["), 0)] {
		at, wrong := errors[path]
		switch {
		case !wrong:
		case f.Severity == Warning:
			// What is to be corrected first may be corrected into something else.
			return true
		case at.unsupported && path != f.Path:
			// What is to be left out needs no correction.
			return true
		case at.law && path == f.Path && f.Article == "":
			// The law has said already that a place is wrong, with its article.
			return true
		}
	}
	return false
}

// Within tells that a path is place or leads to something inside it.
func Within(path, place string) bool {
	rest, ok := strings.CutPrefix(path, place)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func rank(f Finding) int {
	switch {
	case f.Severity == Error && f.Reason == "":
		return 0
	case f.Severity == Error:
		return 1
	default:
		return 2
	}
}

// comparePaths compares digit by digit runs as numbers, so that [2] comes before [10].
func comparePaths(a, b string) int {
	for a != "" && b != "" {
		digitsA, digitsB := leadingDigits(a), leadingDigits(b)
		if digitsA != "" && digitsB != "" {
			if c := cmp.Or(cmp.Compare(len(digitsA), len(digitsB)), cmp.Compare(digitsA, digitsB)); c != 0 {
				return c
			}
			a, b = a[len(digitsA):], b[len(digitsB):]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func leadingDigits(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return s
	}
	return s[:end]
}
