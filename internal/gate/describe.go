// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// describe fills in everything but the outcome.
func (s *scope) describe() Verdict {
	v := Verdict{
		Decided: true, Serving: s.history.serving != nil,
		Total: len(s.rules.gates), Policies: s.rules.references,
	}
	for _, r := range s.rules.gates {
		g := s.gate(r)
		if g.Open {
			v.Open++
		}
		v.Gates = append(v.Gates, g)
	}
	for _, gate := range slices.Sorted(maps.Keys(s.rejections)) {
		if s.rules.byName[gate] != nil {
			continue
		}
		for _, a := range s.rejections[gate] {
			v.Rejected = append(v.Rejected, decisionOf(a))
		}
	}
	for _, o := range s.objections {
		if s.rules.byName[o.Gate] == nil {
			v.NotCounted = append(v.NotCounted, o)
		}
	}
	return v
}

func (s *scope) gate(r *rule) GateVerdict {
	g := GateVerdict{
		Name: r.name, Title: r.title, Human: r.human, Scenarios: r.scenarios,
		Quorum: r.quorum, Authority: r.authority, Groups: r.groups, Open: s.open[r.name],
	}
	for _, a := range s.rejections[r.name] {
		g.Rejected = append(g.Rejected, decisionOf(a))
	}
	for _, o := range s.objections {
		if o.Gate == r.name {
			g.NotCounted = append(g.NotCounted, o)
		}
	}
	early := s.closed(r.requires)
	for _, a := range s.counted[r.name] {
		if len(early) == 0 {
			g.Counted = append(g.Counted, decisionOf(a))
			continue
		}
		why := fmt.Sprintf("gate %s must be open first; it will count then", quoted(early))
		g.NotCounted = append(g.NotCounted, Objection{Decision: decisionOf(a), Why: why, Early: true})
	}
	g.Reason, g.Message = s.state(r, &g)
	if g.Reason == GateAwaitingApproval {
		g.WaitingForGroups = r.groups
	}
	return g
}

// state finds what keeps a gate closed; the gravest comes first.
func (s *scope) state(r *rule, g *GateVerdict) (reason, message string) {
	closed := s.closed(r.requires)
	switch impossible := s.rules.impossible(r); {
	case g.Open:
		return GateOpen, "open"
	case impossible != "":
		return GateNeverOpens, impossible + "; the platform team has to change the policy"
	case len(g.Rejected) > 0:
		return GateRejected, fmt.Sprintf("rejected by Approval %q", g.Rejected[0].Approval)
	case r.human && s.rules.authorNotApprover && !AuthorKnown(s.in.Revision.Author):
		return GateAuthorUnknown, "nobody can decide: the policy lets no author decide, and who wrote this revision is not known: " + deliveredBy(s.in.Revision.Author)
	case len(closed) > 0:
		return GateAwaitingGates, "waits for gate " + quoted(closed)
	case !s.proven(r) && s.in.Revision.Verified == metav1.ConditionFalse:
		return GateScenariosFailed, "the revision's scenarios failed"
	case !s.proven(r):
		return GateAwaitingScenarios, "the revision's scenarios have not passed yet"
	default:
		return GateAwaitingApproval, awaited(r, len(g.Counted))
	}
}

func awaited(r *rule, have int) string {
	who := "who holds the verb " + v1alpha1.ApproveVerb
	if len(r.groups) > 0 {
		who = strings.Join(r.groups, ", ")
	}
	if r.quorum == 1 {
		return "waits for " + who
	}
	return fmt.Sprintf("waits for %s; %d of %d persons approved", who, have, r.quorum)
}

func (s *scope) closed(names []string) []string {
	var closed []string
	for _, name := range names {
		if !s.open[name] {
			closed = append(closed, name)
		}
	}
	return closed
}

func quoted(names []string) string {
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(parts, " and ")
}
