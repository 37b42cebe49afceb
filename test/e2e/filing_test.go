// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// receipt is what an applicant holds.
type receipt struct {
	Number   string `json:"number"`
	Secret   string `json:"secret"`
	Unit     string `json:"unit"`
	Deadline string `json:"deadline"`
	Digest   string `json:"digest"`
}

var numberPattern = regexp.MustCompile(`^\d{4}-\d{7}-\d$`)

// sample reads one of the ready-made applications.
func (w *walk) sample(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.root, "config", "samples", "applications", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// answers are those of the ready-made JSON application.
func (w *walk) answers(t *testing.T) map[string]any {
	t.Helper()
	var envelope map[string]any
	if err := json.Unmarshal(w.sample(t, "pension.json"), &envelope); err != nil {
		t.Fatal(err)
	}
	return envelope
}

// post sends a ready-made application to the API.
func (w *walk) post(t *testing.T, name, contentType, key string) *page {
	t.Helper()
	header := map[string]string{"Content-Type": contentType, "Accept-Language": "en"}
	if key != "" {
		header["Idempotency-Key"] = key
	}
	p, err := w.open(t).do(t.Context(), http.MethodPost, w.service(t).Status.Endpoints.API, header, bytes.NewReader(w.sample(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// acknowledged reads a receipt and notes it.
func (w *walk) acknowledged(t *testing.T, p *page, status int, digest string) receipt {
	t.Helper()
	var r receipt
	if err := json.Unmarshal(p.body, &r); err != nil || p.status != status {
		t.Fatalf("%s answers %d, want %d (%v):\n%s", p.at, p.status, status, err, p.body)
	}
	if r.Digest != digest || p.digest() != digest || r.Unit == "" || r.Deadline == "" {
		t.Errorf("it was filed under %s (header %s), want %s; it went to %q until %q", r.Digest, p.digest(), digest, r.Unit, r.Deadline)
	}
	w.note(t, r)
	return r
}

// note notes an application; a new one has a number that nobody had, a repeated one is not new.
func (w *walk) note(t *testing.T, r receipt) {
	t.Helper()
	if !numberPattern.MatchString(r.Number) || r.Secret == "" {
		t.Errorf("number %q, secret %q", r.Number, r.Secret)
	}
	for _, known := range w.filed {
		if known.Number == r.Number {
			t.Errorf("number %s was given twice", r.Number)
		}
	}
	w.filed = append(w.filed, r)
}

// fromPage reads the receipt that a browser shows.
func fromPage(p *page) receipt {
	return receipt{Number: p.marked("data-receipt", "number"), Secret: p.marked("data-receipt", "secret"), Digest: p.digest()}
}

// known: whoever holds the receipt can ask for the application.
func (w *walk) known(t *testing.T, r receipt) {
	t.Helper()
	address := w.service(t).Status.Endpoints.API + "/" + r.Number
	for secret, status := range map[string]int{r.Secret: http.StatusOK, strings.Repeat("A", len(r.Secret)): http.StatusNotFound} {
		p, err := w.open(t).do(t.Context(), http.MethodGet, address, map[string]string{"Okno-Secret": secret}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if p.status != status {
			t.Errorf("%s with %q answers %d, want %d:\n%s", address, secret, p.status, status, p.body)
		}
	}
}

// finishEarly: a draft that was begun before a publication is finished on the edition that the person saw.
func (w *walk) finishEarly(t *testing.T) {
	p := w.early.apply(t, w.earlyPage, w.answers(t))
	r := fromPage(p)
	if r.Digest != w.old {
		t.Errorf("the draft was begun on %s and filed under %s", w.old, r.Digest)
	}
	w.note(t, r)
	w.known(t, r)
	w.counts(t, v1alpha1.Counts{}, v1alpha1.Counts{Started: 1, Submitted: 1, InProgress: 1, CompletionPercent: 100})
}

// file: three ways in, one repetition and one refusal.
func (w *walk) file(t *testing.T) {
	citizen := w.open(t)
	p := citizen.send(t, citizen.get(t, w.startPage(t)), nil)
	r := fromPage(citizen.apply(t, p, w.answers(t)))
	if r.Digest != w.next {
		t.Errorf("filed under %s, want %s", r.Digest, w.next)
	}
	w.note(t, r)
	w.known(t, r)

	r = w.acknowledged(t, w.post(t, "pension.json", "application/json", "e2e-key-0001"), http.StatusCreated, w.next)
	w.known(t, r)
	again := w.post(t, "pension.json", "application/json", "e2e-key-0001")
	var repeated receipt
	if err := json.Unmarshal(again.body, &repeated); err != nil || again.status != http.StatusOK || repeated != r {
		t.Errorf("the repeated call answers %d, %v (-want +got):\n%s", again.status, err, cmp.Diff(r, repeated))
	}
	w.known(t, w.acknowledged(t, w.post(t, "pension.xml", "application/xml", ""), http.StatusCreated, w.next))

	wrong := w.post(t, "pension-errors.json", "application/json", "")
	if wrong.status != http.StatusUnprocessableEntity || strings.Count(string(wrong.body), `"pointer"`) != 5 {
		t.Errorf("the wrong application answers %d:\n%s", wrong.status, wrong.body)
	}
	w.counts(t, v1alpha1.Counts{Started: 3, Submitted: 3, RejectedByValidation: 1, InProgress: 3, CompletionPercent: 100},
		v1alpha1.Counts{Started: 1, Submitted: 1, InProgress: 1, CompletionPercent: 100})
}

// counts awaits that status tells exactly these numbers of the published edition and of the one before it.
func (w *walk) counts(t *testing.T, published, previous v1alpha1.Counts) {
	t.Helper()
	total := v1alpha1.Counts{
		Started: published.Started + previous.Started, Submitted: published.Submitted + previous.Submitted,
		RejectedByValidation: published.RejectedByValidation + previous.RejectedByValidation,
		InProgress:           published.InProgress + previous.InProgress, CompletionPercent: 100,
	}
	w.await(t, "the counts", func() error {
		m := w.service(t).Status.Metrics
		if m == nil {
			return fmt.Errorf("nothing is counted")
		}
		if diff := cmp.Diff([]v1alpha1.Counts{total, published, previous}, []v1alpha1.Counts{m.Total, counted(m.Published), counted(m.Previous)}); diff != "" {
			return fmt.Errorf("total, published and previous (-want +got):\n%s", diff)
		}
		return nil
	})
}

func counted(c *v1alpha1.Counts) v1alpha1.Counts {
	if c == nil {
		return v1alpha1.Counts{}
	}
	return *c
}
