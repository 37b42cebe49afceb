// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// writeText prints the report for people, the answer first and the next command last.
func (r *whyReport) writeText(w io.Writer) error {
	var b strings.Builder
	if r.stopped() && !r.Invalid {
		fmt.Fprintf(&b, "%s/%s: %s\n  now %s\n", r.Namespace, r.Service, r.Withdrawn.text(), r.answer())
	} else {
		fmt.Fprintf(&b, "%s/%s: %s\n", r.Namespace, r.Service, r.answer())
	}
	r.writeFindings(&b)
	if r.Revision != "" {
		fmt.Fprintf(&b, "  revision  %s\n", r.Revision)
	}
	if r.Digest != "" {
		fmt.Fprintf(&b, "  digest    %s\n  author    %s\n", r.Digest, r.Author)
	}
	fmt.Fprintf(&b, "  %s\n", r.servedNow())
	for _, u := range r.Unread {
		fmt.Fprintf(&b, "  not read: %s\n", u)
	}
	if err := r.writeGates(&b); err != nil {
		return err
	}
	writeList(&b, "Scenarios that failed:", r.Failures)
	writeList(&b, "Rejected:", r.rejections())
	r.writeNotCounted(&b)
	r.writeNext(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// servedNow is what citizens are served.
func (r *whyReport) servedNow() string {
	switch w := r.Withdrawn; {
	case w != nil && r.Served != "":
		return "citizens are served it until the controller has recorded the withdrawal"
	case w != nil && w.EffectiveAt != "":
		return fmt.Sprintf("citizens are served nothing from %s on: %s was %s", w.EffectiveAt, w.Revision, w.text())
	case r.stopped() && !r.Invalid:
		return "citizens are served nothing any more"
	case w != nil:
		return fmt.Sprintf("citizens are served nothing any more: %s was %s", w.Revision, w.text())
	case r.Served == "":
		return "citizens are served nothing yet"
	case r.Served == r.Revision:
		return "citizens are served this revision"
	default:
		return "citizens are served " + r.Served
	}
}

// shownFindings is how many findings are printed: who has more has the file at hand, and lint.
const shownFindings = 10

func (r *whyReport) writeFindings(b *strings.Builder) {
	if len(r.Findings) == 0 {
		return
	}
	b.WriteString("\n")
	for _, line := range r.Findings[:min(len(r.Findings), shownFindings)] {
		fmt.Fprintf(b, "  %s\n", wrapped(line, 4))
	}
	if more := len(r.Findings) - shownFindings; more > 0 {
		fmt.Fprintf(b, "  and %d more\n", more)
	}
	b.WriteString("\n")
}

func writeList(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", title)
	for _, line := range lines {
		fmt.Fprintf(b, "  %s\n", line)
	}
}

func (r *whyReport) rejections() []string {
	all := slices.Clone(r.Rejects)
	for _, g := range r.Gates {
		all = append(all, g.Rejects...)
	}
	var lines []string
	for _, d := range all {
		lines = append(lines, fmt.Sprintf("by %s at %s (%s): %s", d.Person, d.Gate, d.Approval, d.Comment))
	}
	return lines
}

func (r *whyReport) answer() string {
	switch {
	case r.Invalid && len(r.Findings) > 0:
		message, _, _ := strings.Cut(r.Message, ", the first at ") // it follows
		return "not valid (" + r.Reason + "): " + message
	case r.Invalid:
		return "not valid (" + r.Reason + "): " + r.Message
	case !r.Decided:
		return "cannot tell: " + r.Message
	case r.Serving && r.Approved:
		return "served: " + r.Message
	case r.Serving && r.Reason == v1alpha1.ReasonRejected:
		return "served all the same (" + r.Reason + "): " + r.Message
	case r.Approved:
		return "approved: " + r.Message
	default:
		return "waits (" + r.Reason + "): " + r.Message
	}
}

func (r *whyReport) writeGates(b *strings.Builder) error {
	if len(r.Gates) == 0 {
		return nil
	}
	b.WriteString("\n")
	table := tabwriter.NewWriter(b, 0, 8, 3, ' ', 0)
	fmt.Fprintln(table, "GATE\tSTATE\tWHO MAY DECIDE\tDECISIONS")
	for _, g := range r.Gates {
		state := g.Reason
		if g.Open {
			state = "open"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", g.Name, state, g.deciders(), g.decisions())
	}
	return table.Flush()
}

func (g *whyGate) deciders() string {
	switch {
	case g.Quorum == 0:
		return "opens by itself"
	case len(g.Groups) == 0:
		return "verb approve on gates/" + g.Name
	case g.Quorum > 1:
		return fmt.Sprintf("%d of %s", g.Quorum, strings.Join(g.Groups, ", "))
	default:
		return strings.Join(g.Groups, ", ")
	}
}

func (g *whyGate) decisions() string {
	var said []string
	for _, d := range g.Rejects {
		said = append(said, d.Person+" rejected")
	}
	for _, d := range g.Approvals {
		said = append(said, d.Person+" approved")
	}
	if len(said) == 0 {
		return "-"
	}
	return strings.Join(said, ", ")
}

func (r *whyReport) writeNotCounted(b *strings.Builder) {
	var all []whyNotCounted
	for _, g := range r.Gates {
		all = append(all, g.Not...)
	}
	all = append(all, r.NotCounted...)
	var lines []string
	for _, n := range all {
		person := n.Person
		if person == "" {
			person = "nobody known"
		}
		lines = append(lines, fmt.Sprintf("%s of %s at %s (%s): %s", n.Decision, person, n.Gate, n.Approval, n.Why))
	}
	writeList(b, "Not counted:", lines)
}

func (r *whyReport) writeNext(b *strings.Builder) {
	if len(r.Next) == 0 {
		return
	}
	b.WriteString("\nNext:\n")
	for _, n := range r.Next {
		if n.Who != "" {
			fmt.Fprintf(b, "  %s:\n  ", n.Who)
		}
		fmt.Fprintf(b, "  %s\n", n.Command)
	}
}
