// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/persons"
	"github.com/okno-dev/okno/internal/gate"
)

// publishWithin bounds the way from an applied definition to its gates, which
// includes all scenarios.
const publishWithin = 3 * time.Minute

// story leads the sample from its first application to a changed one that waits.
type story struct {
	settings
	t      *teller
	sample sample
}

// tell is the story. What was told in an earlier run is not told again: the
// cluster's state may be the work of the person who tries it.
func (s *story) tell(ctx context.Context) error {
	service, err := s.service(ctx)
	if err != nil {
		return err
	}
	edition := filepath.Join(s.data, "new-edition.yaml")
	told, err := exists(edition)
	if err != nil {
		return err
	}
	if service == nil || !told {
		if err := s.t.step(ctx, "waiting until it is certain who writes and who decides", s.admissionSettles); err != nil {
			return err
		}
	}
	if service == nil {
		if err := s.register(ctx); err != nil {
			return err
		}
		if err := s.apply(ctx, "agency-editor applies the sample", s.sample.manifest); err != nil {
			return err
		}
	}
	if told {
		return nil
	}
	if service == nil || service.Status.Published == nil {
		if err := s.approve(ctx, false); err != nil {
			return err
		}
	}
	return s.change(ctx, edition)
}

// register lets the platform make the agency and bind the persons' roles.
func (s *story) register(ctx context.Context) error {
	return s.t.step(ctx, "registering the agency and binding the roles of the sample persons", func(ctx context.Context) error {
		// A kind just installed takes a moment to be known everywhere.
		return s.retried(ctx, "platform", nil, "apply", "--server-side", "--force-conflicts", "-f", s.sample.provider, "-f", s.sample.people)
	})
}

// exists tells whether there is a file.
func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// admissionSettles waits until the admission policies are old enough that
// authors are known and decisions count: who wrote or decided earlier may not
// be known for certain.
func (s *story) admissionSettles(ctx context.Context) error {
	text, err := s.as("platform").kubectl(ctx, "get", "-o", `jsonpath={range .items[*]}{.metadata.creationTimestamp}{"\n"}{end}`,
		"mutatingadmissionpolicies,mutatingadmissionpolicybindings,validatingadmissionpolicies,validatingadmissionpolicybindings")
	if err != nil {
		return err
	}
	youngest, err := latest(strings.Fields(text))
	if err != nil {
		return err
	}
	// Creation times are cut to seconds: one more makes a decision surely later.
	settled := youngest.Add(gate.AdmissionSettles + 2*time.Second)
	timer := time.NewTimer(time.Until(settled))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func latest(times []string) (time.Time, error) {
	var last time.Time
	for _, text := range times {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return time.Time{}, fmt.Errorf("creation time: %w", err)
		}
		if t.After(last) {
			last = t
		}
	}
	return last, nil
}

// change applies the sample with another title, and leaves it to wait for the
// last gate.
func (s *story) change(ctx context.Context, edition string) error {
	manifest, err := newEdition(s.sample.manifest)
	if err != nil {
		return err
	}
	draft := edition + ".draft"
	if err := os.WriteFile(draft, manifest, 0o600); err != nil {
		return err
	}
	if err := s.apply(ctx, "agency-editor changes the title", manifest); err != nil {
		return err
	}
	if err := s.approve(ctx, true); err != nil {
		return err
	}
	return os.Rename(draft, edition)
}

func (s *story) apply(ctx context.Context, title string, manifest []byte) error {
	return s.t.step(ctx, title, func(ctx context.Context) error {
		// Roles just bound take a moment to count.
		return s.retried(ctx, "agency-editor", manifest, "apply", "--server-side", "-f", "-")
	})
}

// retried runs kubectl as a person, with input, until it succeeds, for some seconds.
func (s *story) retried(ctx context.Context, person string, input []byte, args ...string) error {
	return until(ctx, 20*time.Second, func(ctx context.Context) (bool, string, error) {
		_, err := s.as(person).run(ctx, bytes.NewReader(input), "kubectl", args...)
		return err == nil, "", err
	})
}

// service is the sample as it stands in the cluster, or nil.
func (s *story) service(ctx context.Context) (*v1alpha1.GovService, error) {
	text, err := s.as("platform").kubectl(ctx, "get", "govservice", s.sample.name, "-n", s.sample.namespace, "--ignore-not-found", "-o", "json")
	if err != nil || strings.TrimSpace(text) == "" {
		return nil, err
	}
	service := &v1alpha1.GovService{}
	if err := json.Unmarshal([]byte(text), service); err != nil {
		return nil, fmt.Errorf("read service: %w", err)
	}
	return service, nil
}

// approve lets each person decide whose gate is next, until the service is
// published, or until only the last gate is closed.
func (s *story) approve(ctx context.Context, leaveLast bool) error {
	s.t.line("proving it: every scenario as form, JSON and XML")
	var made decision
	last := persons.All()[len(persons.All())-1]
	err := until(ctx, publishWithin, func(ctx context.Context) (bool, string, error) {
		service, err := s.service(ctx)
		if err != nil || service == nil {
			return false, "no service", err
		}
		next := nextStep(service)
		if made.counts(next) {
			s.t.line(fmt.Sprintf("%s approved at the gate %s (%s open)", made.person, made.gate, made.openBy(next)))
			made = decision{}
		}
		switch {
		case next.published:
			return true, "", nil
		case next.stalled:
			return false, "", hopeless{errors.New(next.seen)}
		case next.gate == "" || made.gate != "":
			return false, next.seen, nil
		case leaveLast && next.gate == last.Gate:
			return true, "", nil
		}
		person, _ := persons.Decider(next.gate)
		_, err = s.as(person.Name).run(ctx, nil, "kubectl-okno", "approve", s.sample.name, "-n", s.sample.namespace,
			"--gate", next.gate, "--comment", "sample decision of the local cluster")
		if err == nil {
			made = decision{person: person.Name, gate: next.gate, before: next.gates}
		}
		return false, next.seen, err
	})
	if err != nil && ctx.Err() == nil {
		what := "the sample was applied and is not published"
		if leaveLast {
			what = "the changed sample has not come to its last gate; the first one is published and serves"
		}
		return fmt.Errorf("%s: %w\n\n%s", what, err, s.explainPods(ctx))
	}
	return err
}

// decision is one that was made and is not yet told: it is told once, when the
// service's status counts it.
type decision struct {
	person, gate string
	// before is how many gates were open before it, such as "2/5".
	before string
}

// counts tells whether the status shows what the decision did.
func (d decision) counts(next step) bool {
	return d.gate != "" && (next.published || next.gates != "" && next.gates != d.before)
}

// openBy is how many gates are open with the decision: all of them once the
// revision is published.
func (d decision) openBy(next step) string {
	if !next.published {
		return next.gates
	}
	_, total, _ := strings.Cut(d.before, "/")
	return total + "/" + total
}

// step is what a service waits for.
type step struct {
	published bool
	// stalled tells that a person must change something first.
	stalled bool
	// gate is the human gate that is next.
	gate string
	// gates is how many are open while a revision waits, such as "2/5".
	gates string
	// seen says in a few words what the service's status tells.
	seen string
}

func nextStep(service *v1alpha1.GovService) step {
	status := service.Status
	if status.ObservedGeneration != service.Generation {
		return step{seen: "the controller has not looked at it yet"}
	}
	ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return step{seen: "it has no condition Ready"}
	}
	next := step{seen: fmt.Sprintf("Ready=%s/%s: %s", ready.Status, ready.Reason, ready.Message)}
	for _, finding := range status.Findings {
		next.seen += fmt.Sprintf("\n%s %s: %s", finding.Severity, finding.Path, finding.Message)
	}
	next.stalled = meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionStalled)
	if status.Pending == nil {
		next.published = status.Published != nil && status.Published.Revision == status.LatestRevision && ready.Status == metav1.ConditionTrue
		return next
	}
	if status.Pending.Revision == status.LatestRevision {
		next.gate, next.gates = waitingGate(status.Pending.WaitingFor), status.Pending.Gates
	}
	return next
}

// waitingGate is the first gate of a person among what a revision waits for.
func waitingGate(waitingFor []string) string {
	for _, person := range persons.All() {
		for _, item := range waitingFor {
			words := strings.FieldsFunc(item, func(r rune) bool { return strings.ContainsRune(" :,;()[]\"'", r) })
			if len(words) > 0 && person.Gate != "" && words[0] == person.Gate {
				return person.Gate
			}
		}
	}
	return ""
}
