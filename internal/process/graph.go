// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"slices"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
)

// root is the path of the process in a GovService.
const root = definition.Root + ".process"

// graph is a process with its stages by id.
type graph struct {
	stages []v1alpha1.Stage
	index  map[v1alpha1.ID]int
}

func newGraph(p v1alpha1.Process) graph {
	g := graph{stages: p.Stages, index: make(map[v1alpha1.ID]int, len(p.Stages))}
	for i, s := range p.Stages {
		g.index[s.ID] = i
	}
	return g
}

// CheckGraph returns what keeps an application from going its way: an action that leads nowhere, a stage that nobody comes to
// or that nobody leaves, a first stage that takes no applications, a question to the applicant during which the term runs on.
func CheckGraph(p v1alpha1.Process) []definition.Finding {
	if len(p.Stages) == 0 {
		return nil // the schema demands one
	}
	g := newGraph(p)
	// Applications arrive in the first stage.
	findings := firstStage(g)
	// Every action leads to a stage.
	lost := actionTargets(g)
	findings = append(findings, lost...)
	if len(lost) == 0 {
		// Every stage can be reached from the first. While an action leads nowhere, nobody knows where it would have led.
		findings = append(findings, unreachableStages(g)...)
		// From every stage an application can come to an end.
		findings = append(findings, endlessStages(g)...)
	}
	// The term does not run while the applicant is asked, and an answer leads on.
	findings = append(findings, queryStages(g)...)
	findings = append(findings, stageTerms(p)...)
	return definition.Sort(findings)
}

func firstStage(g graph) []definition.Finding {
	if g.stages[0].Kind == "Intake" {
		return nil
	}
	return []definition.Finding{{
		Path: root + ".stages[0].kind", Rule: "process-first-stage", Severity: definition.Error,
		Found: fmt.Sprintf("a first stage of kind %s", g.stages[0].Kind), Allowed: "Intake",
		Do: "begin the stages with the one where applications arrive",
	}}
}

func actionTargets(g graph) []definition.Finding {
	var findings []definition.Finding
	for i, s := range g.stages {
		for j, a := range s.Actions {
			if _, ok := g.index[a.To]; ok {
				continue
			}
			findings = append(findings, definition.Finding{
				Path: fmt.Sprintf("%s.stages[%d].actions[%d].to", root, i, j), Rule: "process-action-target", Severity: definition.Error,
				Found: fmt.Sprintf("%q", a.To), Allowed: "the id of a stage: " + g.ids(),
				Do: "correct the id or add the stage",
			})
		}
	}
	return findings
}

// unreachableStages reports the heads of what nobody comes to: stages that would be reached from another such stage follow.
func unreachableStages(g graph) []definition.Finding {
	reached := g.reach([]int{0}, g.next)
	previous := g.previous()
	var findings []definition.Finding
	told := make([]bool, len(g.stages))
	tell := func(i int) {
		for j, also := range g.reach([]int{i}, g.next) {
			told[j] = told[j] || also
		}
		s := g.stages[i]
		findings = append(findings, definition.Finding{
			Path: fmt.Sprintf("%s.stages[%d]", root, i), Rule: "process-unreachable", Severity: definition.Error,
			Found: fmt.Sprintf("stage %q, to which no way leads from %q", s.ID, g.stages[0].ID), Allowed: "stages on a way from the first",
			Do: "add an action that leads to it, or remove the stage",
		})
	}
	for i := range g.stages {
		if !reached[i] && !slices.ContainsFunc(previous(i), func(from int) bool { return from != i }) {
			tell(i)
		}
	}
	for i := range g.stages { // what is left goes round in circles
		if !reached[i] && !told[i] {
			tell(i)
		}
	}
	return findings
}

// endlessStages reports the stages where applications enter what they never leave.
func endlessStages(g graph) []definition.Finding {
	var ends []int
	for i, s := range g.stages {
		if len(s.Actions) == 0 {
			ends = append(ends, i)
		}
	}
	previous := g.previous()
	finishes := g.reach(ends, previous)
	reached := g.reach([]int{0}, g.next)
	var findings []definition.Finding
	for i, s := range g.stages {
		entered := i == 0 || slices.ContainsFunc(previous(i), func(from int) bool { return finishes[from] })
		if finishes[i] || !reached[i] || !entered {
			continue
		}
		findings = append(findings, definition.Finding{
			Path: fmt.Sprintf("%s.stages[%d]", root, i), Rule: "process-no-end", Severity: definition.Error,
			Found: fmt.Sprintf("stage %q, from which no way leads to an end", s.ID), Allowed: "stages from which a stage without actions can be reached",
			Do: "add an action towards an end, such as issuing the result or refusing",
		})
	}
	return findings
}

func queryStages(g graph) []definition.Finding {
	var findings []definition.Finding
	for i, s := range g.stages {
		if s.Kind != "Query" {
			continue
		}
		if s.Clock != "Stops" {
			findings = append(findings, definition.Finding{
				Path: fmt.Sprintf("%s.stages[%d].clock", root, i), Rule: "process-query-clock", Severity: definition.Error,
				Found: "a term that runs while the applicant is asked", Allowed: "Stops", Do: "set clock: Stops",
			})
		}
		if len(s.Actions) == 0 {
			findings = append(findings, definition.Finding{
				Path: fmt.Sprintf("%s.stages[%d].actions", root, i), Rule: "process-query-answer", Severity: definition.Error,
				Found: fmt.Sprintf("stage %q asks the applicant and nothing follows", s.ID), Allowed: "an action for the applicant's answer",
				Do: "add an action that leads back to the work",
			})
		}
	}
	return findings
}

func stageTerms(p v1alpha1.Process) []definition.Finding {
	var findings []definition.Finding
	for i, s := range p.Stages {
		if s.Deadline == nil || s.Clock == "Stops" || s.Deadline.Unit != p.Deadline.Unit || s.Deadline.Value <= p.Deadline.Value {
			continue
		}
		findings = append(findings, definition.Finding{
			Path: fmt.Sprintf("%s.stages[%d].deadline.value", root, i), Rule: "process-stage-term", Severity: definition.Warning,
			Found: fmt.Sprintf("%d days in one stage", s.Deadline.Value), Allowed: fmt.Sprintf("at most the service's %d days", p.Deadline.Value),
			Do: "shorten the stage or lengthen the service's term",
		})
	}
	return findings
}

// lawOfGrounds are the kinds of stages whose grounds the law demands by its own rules.
var lawOfGrounds = []string{"Intake", "Decision"}

// CheckGrounds returns the actions that need a ground of a negative decision when none is declared, where no rule of law says so.
func CheckGrounds(p v1alpha1.Process, r v1alpha1.Refusal) []definition.Finding {
	if len(r.IntakeGrounds)+len(r.SuspensionGrounds)+len(r.RefusalGrounds) > 0 {
		return nil
	}
	var findings []definition.Finding
	for i, s := range p.Stages {
		if slices.Contains(lawOfGrounds, string(s.Kind)) {
			continue
		}
		for j, a := range s.Actions {
			if !slices.Contains(a.Requires, "Ground") {
				continue
			}
			findings = append(findings, definition.Finding{
				Path: fmt.Sprintf("%s.stages[%d].actions[%d].requires", root, i, j), Rule: "process-grounds", Severity: definition.Error,
				Found: fmt.Sprintf("action %q needs a ground and the definition lists none", a.ID), Allowed: "at least one ground under refusal",
				Do: "list the grounds of negative decisions under refusal",
			})
		}
	}
	return findings
}

// next returns the stages that actions of stage i lead to.
func (g graph) next(i int) []int {
	var to []int
	for _, a := range g.stages[i].Actions {
		if j, ok := g.index[a.To]; ok {
			to = append(to, j)
		}
	}
	return to
}

// previous returns a function that gives the stages with an action to stage i.
func (g graph) previous() func(int) []int {
	from := make([][]int, len(g.stages))
	for i := range g.stages {
		for _, j := range g.next(i) {
			from[j] = append(from[j], i)
		}
	}
	return func(i int) []int { return from[i] }
}

// reach returns which stages can be reached from start, start included.
func (g graph) reach(start []int, step func(int) []int) []bool {
	reached := make([]bool, len(g.stages))
	for queue := slices.Clone(start); len(queue) > 0; queue = queue[1:] {
		if i := queue[0]; !reached[i] {
			reached[i] = true
			queue = append(queue, step(i)...)
		}
	}
	return reached
}

func (g graph) ids() string {
	ids := make([]string, len(g.stages))
	for i, s := range g.stages {
		ids[i] = string(s.ID)
	}
	return strings.Join(ids, ", ")
}
