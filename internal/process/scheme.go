// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Scheme is a process as it is drawn: stages in layers from the first to the ends, and the actions between them.
type Scheme struct {
	// Nodes are the stages in the definition's order.
	Nodes []Node
	// Edges are the actions in the definition's order; actions that lead nowhere are left out.
	Edges []Edge
	// Layers is how many layers there are.
	Layers int
}

// Node is a stage in a drawing.
type Node struct {
	ID   v1alpha1.ID
	Name v1alpha1.Text
	Kind v1alpha1.StageKind
	// Role is who works on it, "" when nobody is named.
	Role string
	// Deadline is the stage's own term, nil when it has none.
	Deadline *v1alpha1.Duration
	// Stops tells that the service's term does not run here.
	Stops bool
	// End tells that the way ends here.
	End bool
	// Layer counts from 0, the first stage's; Row counts within the layer from 0.
	Layer, Row int
}

// Edge is an action in a drawing.
type Edge struct {
	// From and To are indices into Nodes.
	From, To int
	Action   v1alpha1.ID
	Name     v1alpha1.Text
	Requires []v1alpha1.ActionRequirement
	// Back tells that the action returns to a stage on the way to its own, such as after a question to the applicant.
	Back bool
}

// SchemeOf returns how p is drawn. Every action that is not Back leads to a later layer.
func SchemeOf(p v1alpha1.Process) Scheme {
	g := newGraph(p)
	s := Scheme{Nodes: make([]Node, len(p.Stages))}
	for i, stage := range p.Stages {
		s.Nodes[i] = Node{
			ID: stage.ID, Name: stage.Name, Kind: stage.Kind, Role: stage.Role, Deadline: stage.Deadline,
			Stops: stage.Clock == "Stops", End: len(stage.Actions) == 0,
		}
		for _, a := range stage.Actions {
			if to, ok := g.index[a.To]; ok {
				s.Edges = append(s.Edges, Edge{From: i, To: to, Action: a.ID, Name: a.Name, Requires: a.Requires})
			}
		}
	}
	s.markBackEdges()
	s.layer()
	return s
}

// markBackEdges walks from the first stage; an edge to a stage that is still being walked closes a cycle.
func (s *Scheme) markBackEdges() {
	const unseen, open, done = 0, 1, 2
	state := make([]int, len(s.Nodes))
	var visit func(int)
	visit = func(i int) {
		state[i] = open
		for e := range s.Edges {
			edge := &s.Edges[e]
			if edge.From != i {
				continue
			}
			switch state[edge.To] {
			case unseen:
				visit(edge.To)
			case open:
				edge.Back = true
			}
		}
		state[i] = done
	}
	for i := range s.Nodes {
		if state[i] == unseen {
			visit(i)
		}
	}
}

// layer puts every stage one layer after the last stage that leads to it.
func (s *Scheme) layer() {
	for changed := true; changed; {
		changed = false
		for _, e := range s.Edges {
			if to := &s.Nodes[e.To]; !e.Back && to.Layer <= s.Nodes[e.From].Layer {
				to.Layer, changed = s.Nodes[e.From].Layer+1, true
			}
		}
	}
	rows := map[int]int{}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		n.Row = rows[n.Layer]
		rows[n.Layer]++
		s.Layers = max(s.Layers, n.Layer+1)
	}
}

// Mermaid returns the scheme as the text of a Mermaid flowchart in the first of the languages that its names have, for
// documents in Git.
func (s Scheme) Mermaid(languages ...string) string {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	for i, n := range s.Nodes {
		before, after := "[", "]"
		switch {
		case n.End:
			before, after = "([", "])"
		case n.Kind == "Decision":
			before, after = "{{", "}}"
		case n.Stops:
			before, after = "[/", "/]"
		}
		fmt.Fprintf(&b, "  s%d%s\"%s\"%s\n", i, before, mermaidText(n.Name.In(languages...)), after)
	}
	for _, e := range s.Edges {
		arrow := "-->"
		if e.Back {
			arrow = "-.->"
		}
		fmt.Fprintf(&b, "  s%d %s|\"%s\"| s%d\n", e.From, arrow, mermaidText(e.Name.In(languages...)), e.To)
	}
	return b.String()
}

// mermaidText escapes what Mermaid would read as markup: it knows the entities of HTML, by name or number, with # for &.
func mermaidText(text string) string {
	replacer := strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;", "\n", " ")
	return replacer.Replace(text)
}
