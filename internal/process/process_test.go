// SPDX-License-Identifier: Apache-2.0

package process

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/calendar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// stages builds a process from lines such as "check/Check -> decide, ask"; the action's id is that of the stage it leads to.
func stages(lines ...string) v1alpha1.Process {
	p := v1alpha1.Process{Deadline: v1alpha1.Deadline{Value: 10, Unit: v1alpha1.WorkingDays}}
	for _, line := range lines {
		head, targets, _ := strings.Cut(line, " -> ")
		id, kind, _ := strings.Cut(head, "/")
		s := v1alpha1.Stage{ID: v1alpha1.ID(id), Kind: v1alpha1.StageKind(kind), Name: v1alpha1.Text{"en": v1alpha1.LocalizedString(id)}}
		if kind == "Query" {
			s.Clock = "Stops"
		}
		if targets != "" {
			for _, to := range strings.Split(targets, ", ") {
				s.Actions = append(s.Actions, v1alpha1.Action{ID: v1alpha1.ID(to), To: v1alpha1.ID(to), Name: v1alpha1.Text{"en": v1alpha1.LocalizedString("to " + to)}})
			}
		}
		p.Stages = append(p.Stages, s)
	}
	return p
}

func TestCheckGraph(t *testing.T) {
	running := stages("intake/Intake -> ask", "ask/Query -> end", "end/Issue")
	running.Stages[1].Clock = "Runs"
	cases := map[string]struct {
		process v1alpha1.Process
		want    []string
	}{
		"one stage":                  {stages("intake/Intake"), nil},
		"a way with a question":      {stages("intake/Intake -> decide", "decide/Decision -> ask, end", "ask/Query -> decide", "end/Issue"), nil},
		"an action back to itself":   {stages("intake/Intake -> intake, end", "end/Issue"), nil},
		"a decision comes first":     {stages("decide/Decision -> end", "end/Issue"), []string{"process-first-stage stages[0].kind"}},
		"an action leads nowhere":    {stages("intake/Intake -> away, end", "end/Issue"), []string{"process-action-target stages[0].actions[0].to"}},
		"nobody comes to a stage":    {stages("intake/Intake -> end", "check/Check -> end", "end/Issue"), []string{"process-unreachable stages[1]"}},
		"an island of two":           {stages("intake/Intake", "a/Check -> b", "b/Check -> a"), []string{"process-unreachable stages[1]"}},
		"a way to an island":         {stages("intake/Intake", "b/Check -> c", "a/Check -> b", "c/Check -> b"), []string{"process-unreachable stages[2]"}},
		"two islands":                {stages("intake/Intake", "a/Check -> a", "b/Check -> b"), []string{"process-unreachable stages[1]", "process-unreachable stages[2]"}},
		"no stage is an end":         {stages("intake/Intake -> a", "a/Check -> intake"), []string{"process-no-end stages[0]"}},
		"two stages for ever":        {stages("intake/Intake -> a, end", "a/Check -> b", "b/Check -> a", "end/Issue"), []string{"process-no-end stages[1]"}},
		"nowhere, and nobody knows":  {stages("intake/Intake -> away", "a/Check -> a"), []string{"process-action-target stages[0].actions[0].to"}},
		"nothing follows a question": {stages("intake/Intake -> ask", "ask/Query"), []string{"process-query-answer stages[1].actions"}},
		"the term runs while asking": {running, []string{"process-query-clock stages[1].clock"}},
		"no stages at all":           {v1alpha1.Process{}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range CheckGraph(tc.process) {
				got = append(got, f.Rule+" "+strings.TrimPrefix(f.Path, root+"."))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDeadline(t *testing.T) {
	cal, err := calendar.Builtin("ru")
	if err != nil {
		t.Fatal(err)
	}
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	process := func(value int32, unit v1alpha1.DurationUnit, startsAt v1alpha1.DeadlineStart) v1alpha1.Process {
		return v1alpha1.Process{
			RegistrationDeadline: v1alpha1.Duration{Value: 1, Unit: v1alpha1.WorkingDays},
			Deadline:             v1alpha1.Deadline{Value: value, Unit: unit, StartsAt: startsAt},
		}
	}
	cases := map[string]struct {
		process     v1alpha1.Process
		filedAt     string
		want        string
		provisional bool
	}{
		"from filing: Tuesday and five working days": {
			process(5, v1alpha1.WorkingDays, v1alpha1.StartsFiled), "2026-09-15T10:00:00+03:00", "2026-09-22T23:59:59+03:00", false,
		},
		"from registration: a working day more": {
			process(5, v1alpha1.WorkingDays, v1alpha1.StartsRegistered), "2026-09-15T10:00:00+03:00", "2026-09-23T23:59:59+03:00", false,
		},
		"filed on a Friday evening, registered on Monday": {
			process(1, v1alpha1.CalendarDays, v1alpha1.StartsRegistered), "2026-09-18T23:59:59+03:00", "2026-09-22T23:59:59+03:00", false,
		},
		"registration itself falls into a year without data": {
			process(1, v1alpha1.CalendarDays, v1alpha1.StartsRegistered), "2027-12-30T10:00:00+03:00", "2028-01-04T23:59:59+03:00", true,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			filedAt, err := time.Parse(time.RFC3339, tc.filedAt)
			if err != nil {
				t.Fatal(err)
			}
			deadline, provisional := Deadline(tc.process, filedAt, moscow, cal)
			if got := deadline.Format(time.RFC3339); got != tc.want || provisional != tc.provisional {
				t.Errorf("got %s, provisional %t; want %s, %t", got, provisional, tc.want, tc.provisional)
			}
		})
	}
}

func TestSchemeAndMermaid(t *testing.T) {
	p := stages("intake/Intake -> check, returned", "check/Check -> decide, ask", "ask/Query -> check", "decide/Decision -> granted, refused",
		"granted/Issue", "refused/Issue", "returned/Intake")
	p.Stages[3].Name = v1alpha1.Text{"en": `Decide "now" <#1>`, "ru": "Решение"}
	s := SchemeOf(p)
	var b strings.Builder
	for _, n := range s.Nodes {
		fmt.Fprintf(&b, "layer %d row %d: %s end=%t stops=%t\n", n.Layer, n.Row, n.ID, n.End, n.Stops)
	}
	for _, e := range s.Edges {
		fmt.Fprintf(&b, "%s -> %s back=%t\n", s.Nodes[e.From].ID, s.Nodes[e.To].ID, e.Back)
	}
	b.WriteString("\n" + s.Mermaid("en"))
	const file = "testdata/scheme.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("-golden +got; if the change is meant, run with -update:\n%s", diff)
	}
}

// Whatever the process, its drawing is a drawing: forward edges go to later layers, no two stages share a place, nothing is lost.
func TestAnySchemeCanBeDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "stages")
		p := v1alpha1.Process{}
		edges := 0
		for i := range n {
			s := v1alpha1.Stage{ID: v1alpha1.ID(fmt.Sprint("s", i))}
			for j, to := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 4).Draw(t, "to") {
				s.Actions = append(s.Actions, v1alpha1.Action{ID: v1alpha1.ID(fmt.Sprint("a", j)), To: v1alpha1.ID(fmt.Sprint("s", to))})
				edges++
			}
			p.Stages = append(p.Stages, s)
		}
		s := SchemeOf(p)
		if len(s.Nodes) != n || len(s.Edges) != edges {
			t.Fatalf("%d of %d stages, %d of %d actions", len(s.Nodes), n, len(s.Edges), edges)
		}
		places := map[[2]int]bool{}
		for _, node := range s.Nodes {
			if places[[2]int{node.Layer, node.Row}] || node.Layer >= s.Layers {
				t.Fatalf("stage %s at layer %d of %d, row %d", node.ID, node.Layer, s.Layers, node.Row)
			}
			places[[2]int{node.Layer, node.Row}] = true
		}
		for _, e := range s.Edges {
			if !e.Back && s.Nodes[e.To].Layer <= s.Nodes[e.From].Layer {
				t.Fatalf("a forward action from layer %d to %d", s.Nodes[e.From].Layer, s.Nodes[e.To].Layer)
			}
		}
		CheckGraph(p)
	})
}
