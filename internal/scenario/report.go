// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"fmt"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
)

// Ways of filing an application.
const (
	WayForm = "Form"
	WayJSON = "JSON"
	WayXML  = "XML"
)

// Results of a scenario.
const (
	Passed = "Passed"
	Failed = "Failed"
)

// maxMessage is how many characters of a message a status holds.
const maxMessage = 1024

// Report tells what was run and what came of it.
type Report struct {
	// Service is the service's name.
	Service string
	// Digest is the definition's digest as the server told it on every answer.
	Digest string
	// Image is the intake that the scenarios were run against.
	Image string
	// StartedAt and FinishedAt bound the run.
	StartedAt, FinishedAt time.Time
	// Scenarios are the results, in the definition's order.
	Scenarios []Result
}

// Result is what came of one scenario.
type Result struct {
	// Name is the scenario's name.
	Name string
	// Ways are what came of it in each way that was tried.
	Ways []Observed
	// Message says how what came differs from what was expected; "" when it passed.
	Message string
	// Took is how long it took.
	Took time.Duration
}

// Passed tells whether the scenario came out as expected in all ways.
func (r Result) Passed() bool { return r.Message == "" }

// Observed is what came of a scenario in one way.
type Observed struct {
	// Way is Form, JSON or XML.
	Way string `json:"way"`
	// Outcome is what came of it; "" when the server did something that no applicant should meet, which Problem tells.
	Outcome v1alpha1.Outcome `json:"outcome,omitempty"`
	// Errors are all errors that were shown, sorted by pointer and code, each once.
	Errors []v1alpha1.ExpectedError `json:"errors,omitempty"`
	// Unit is where an accepted application went.
	Unit string `json:"unit,omitempty"`
	// Deadline is the day by which it must be decided.
	Deadline v1alpha1.Date `json:"deadline,omitempty"`
	// Fees are what its applicant owes, by their ids, in the definition's order.
	Fees []v1alpha1.ID `json:"fees,omitempty"`
	// Problem tells what went wrong outside the service's rules.
	Problem string `json:"problem,omitempty"`
}

// Counts returns how many scenarios passed and failed.
func (r Report) Counts() (passed, failed int) {
	for _, s := range r.Scenarios {
		if s.Passed() {
			passed++
		} else {
			failed++
		}
	}
	return passed, failed
}

// canonicalReport is what is hashed: everything that another run of the same image on the same definition finds again.
type canonicalReport struct {
	Format    string            `json:"format"`
	Service   string            `json:"service"`
	Digest    string            `json:"digest"`
	Image     string            `json:"image"`
	Scenarios []canonicalResult `json:"scenarios"`
}

type canonicalResult struct {
	Name    string     `json:"name"`
	Result  string     `json:"result"`
	Message string     `json:"message,omitempty"`
	Ways    []Observed `json:"ways"`
}

// Canonical returns the full report as RFC 8785 JSON, and its SHA-256 in hex. Times are not in it: two runs of one image on one
// definition that find the same give the same hash.
func (r Report) Canonical() ([]byte, string, error) {
	c := canonicalReport{Format: "okno.report.v1", Service: r.Service, Digest: r.Digest, Image: r.Image}
	for _, s := range r.Scenarios {
		c.Scenarios = append(c.Scenarios, canonicalResult{Name: s.Name, Result: s.result(), Message: s.Message, Ways: s.Ways})
	}
	body, sum, err := digest.JSON(c)
	if err != nil {
		return nil, "", fmt.Errorf("hash the scenario report: %w", err)
	}
	return body, sum, nil
}

// Status is the report as a revision's status holds it.
func (r Report) Status() (v1alpha1.ScenarioReport, error) {
	_, sum, err := r.Canonical()
	if err != nil {
		return v1alpha1.ScenarioReport{}, err
	}
	passed, failed := r.Counts()
	status := v1alpha1.ScenarioReport{
		SHA256: sum, Image: r.Image,
		StartedAt: metav1.NewTime(r.StartedAt), FinishedAt: metav1.NewTime(r.FinishedAt),
		Passed: int32(passed), Failed: int32(failed), //nolint:gosec // at most 200 scenarios
	}
	for _, s := range r.Scenarios {
		result := v1alpha1.ScenarioResult{Name: s.Name, Result: s.result(), Message: cut(s.Message, maxMessage)}
		for _, w := range s.Ways {
			result.Ways = append(result.Ways, w.Way)
		}
		status.Scenarios = append(status.Scenarios, result)
	}
	return status, nil
}

func (r Result) result() string {
	if r.Passed() {
		return Passed
	}
	return Failed
}

// cut shortens s to at most limit characters.
func cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)
	return string(runes[:limit-1]) + "…"
}
