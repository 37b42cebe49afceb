// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

const whyLong = `Tell why a revision is or is not served: what is missing gate by gate, who may decide there, which decisions do not count and for
what reason, and the next command.

SERVICE is a GovService; its present definition is looked at. REVISION is a ServiceRevision, for older ones. Where both are called so,
write govservice/NAME or servicerevision/NAME.`

func newWhyCommand(streams genericiooptions.IOStreams) *cobra.Command {
	output := ""
	cmd := &cobra.Command{
		Use:     "why SERVICE|REVISION",
		Short:   "Tell what a service waits for, who may decide, and the next command",
		Long:    whyLong,
		Example: "  kubectl okno why pension-delivery -n sfr",
		Args:    exactlyOne("a service or a revision"),
	}
	f := newClientFactory(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if output != "text" && output != "json" {
			return usageError{fmt.Errorf("-o %q: text or json", output)}
		}
		c, err := f.connect()
		if err != nil {
			return err
		}
		report, err := c.why(cmd.Context(), args[0], time.Now())
		if err != nil {
			return err
		}
		if output == "json" {
			return writeJSON(streams.Out, report)
		}
		return report.writeText(streams.Out)
	}
	return cmd
}

// exactlyOne refuses every number of arguments but one, naming what is wanted.
func exactlyOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return usageError{fmt.Errorf("name %s: %s", what, cmd.UseLine())}
	}
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// whyReport is what kubectl okno why prints; its JSON form is for programs.
type whyReport struct {
	Namespace string          `json:"namespace"`
	Service   string          `json:"service"`
	Revision  string          `json:"revision"`
	Digest    v1alpha1.Digest `json:"digest,omitempty"`
	Author    string          `json:"author,omitempty"`
	// Served is the revision that citizens are served now.
	Served string `json:"served,omitempty"`
	// Withdrawn tells who stopped what was served last, and why; absent unless the service was published and serves nothing now.
	Withdrawn *whyWithdrawn `json:"withdrawn,omitempty"`
	// Decided is false when something could not be read; see Unread.
	Decided  bool     `json:"decided"`
	Approved bool     `json:"approved"`
	Serving  bool     `json:"serving"`
	Reason   string   `json:"reason"`
	Message  string   `json:"message"`
	Unread   []string `json:"unread,omitempty"`
	// Invalid tells that the definition is not valid, whatever its gates say: nothing of it is published.
	Invalid bool `json:"invalid,omitempty"`
	// Findings are what validation found, the gravest first, when the definition is not valid.
	Findings []string `json:"findings,omitempty"`
	// Failures are the scenarios that failed, each with what came instead.
	Failures []string  `json:"failures,omitempty"`
	Gates    []whyGate `json:"gates,omitempty"`
	// Rejects are rejections at gates that no policy in force has.
	Rejects    []whyDecision   `json:"rejections,omitempty"`
	NotCounted []whyNotCounted `json:"notCounted,omitempty"`
	// Next are commands, each with what it is for.
	Next []whyNext `json:"next,omitempty"`
}

type whyGate struct {
	Name      string          `json:"name"`
	Title     v1alpha1.Text   `json:"title,omitempty"`
	Open      bool            `json:"open"`
	Reason    string          `json:"reason"`
	Message   string          `json:"message"`
	Authority string          `json:"authority,omitempty"`
	Quorum    int             `json:"quorum,omitempty"`
	Groups    []string        `json:"groups,omitempty"`
	Approvals []whyDecision   `json:"approvals,omitempty"`
	Rejects   []whyDecision   `json:"rejections,omitempty"`
	Not       []whyNotCounted `json:"notCounted,omitempty"`
}

type whyDecision struct {
	Approval string `json:"approval"`
	Gate     string `json:"gate"`
	Person   string `json:"person"`
	At       string `json:"at"`
	Comment  string `json:"comment,omitempty"`
}

type whyNotCounted struct {
	Approval string            `json:"approval"`
	Decision v1alpha1.Decision `json:"decision"`
	Person   string            `json:"person,omitempty"`
	Gate     string            `json:"gate"`
	Why      string            `json:"why"`
}

type whyNext struct {
	Who     string `json:"who,omitempty"`
	Command string `json:"command"`
}

// why finds, reads and judges, and says it.
func (c *cluster) why(ctx context.Context, name string, now time.Time) (*whyReport, error) {
	m, err := c.find(ctx, name)
	if err != nil {
		return nil, err
	}
	if m.rev == nil {
		return unmade(m), nil
	}
	c.gather(ctx, m, now)
	return report(m, gate.Judge(m.input)), nil
}

// unmade reports on a definition of which there is no revision: it is invalid, or the controller has not come to it.
func unmade(m *matter) *whyReport {
	r := &whyReport{
		Namespace: m.namespace, Service: m.service, Revision: m.revision, Decided: true,
		Reason:  v1alpha1.ReasonAwaitingRevision,
		Message: "the controller has made no revision of the present definition yet",
		Next:    []whyNext{{Command: fmt.Sprintf("kubectl get govservice %s -n %s -o wide", m.service, m.namespace)}},
	}
	if published := m.svc.Status.Published; published != nil {
		r.Served = published.Revision
	}
	r.leadWithInvalid(m.svc)
	return r
}

// leadWithInvalid says first that the present definition is not valid, and why: until that is mended nothing else is of use.
func (r *whyReport) leadWithInvalid(svc *v1alpha1.GovService) {
	if svc == nil {
		return
	}
	valid := meta.FindStatusCondition(svc.Status.Conditions, v1alpha1.ConditionValid)
	if valid == nil || valid.ObservedGeneration != svc.Generation || valid.Status == metav1.ConditionTrue {
		return
	}
	r.Invalid, r.Approved, r.Reason, r.Message, r.Findings = true, false, valid.Reason, valid.Message, nil
	for _, f := range svc.Status.Findings {
		line := strings.TrimSpace(f.Severity + " " + f.Path + ": " + f.Message)
		if f.Article != "" {
			line += " (" + f.Article + ")"
		}
		r.Findings = append(r.Findings, line)
	}
	switch valid.Reason {
	case v1alpha1.ReasonNoProvider, v1alpha1.ReasonNameTaken, v1alpha1.ReasonSchemaSkew:
		r.Next = []whyNext{{Who: "the platform team", Command: fmt.Sprintf("kubectl get govservice %s -n %s -o yaml", svc.Name, svc.Namespace)}}
	case v1alpha1.ReasonCodeTaken:
		r.Next = []whyNext{{Who: "the agency, after correcting spec.service.code", Command: "kubectl apply -f FILE -n " + svc.Namespace}}
	default:
		r.Next = []whyNext{{Who: "the agency, in the file of the service", Command: "kubectl okno lint -f FILE"}}
	}
}

func report(m *matter, v gate.Verdict) *whyReport {
	in := m.input
	r := &whyReport{
		Namespace: m.namespace, Service: m.service, Revision: m.revision, Digest: in.Revision.Digest, Author: in.Revision.Author,
		Decided: v.Decided, Approved: v.Approved, Serving: v.Serving, Reason: v.Reason, Message: v.Message, Unread: m.unread,
		Served: servedRevision(in.Publications),
	}
	for _, g := range v.Gates {
		line := whyGate{
			Name: g.Name, Title: g.Title, Open: g.Open, Reason: g.Reason, Message: g.Message,
			Authority: string(g.Authority), Quorum: g.Quorum, Groups: g.Groups, Not: notCounted(g.NotCounted),
		}
		for _, d := range g.Counted {
			line.Approvals = append(line.Approvals, sayDecision(d))
		}
		for _, d := range g.Rejected {
			line.Rejects = append(line.Rejects, sayDecision(d))
		}
		r.Gates = append(r.Gates, line)
	}
	for _, d := range v.Rejected {
		r.Rejects = append(r.Rejects, sayDecision(d))
	}
	r.NotCounted = notCounted(v.NotCounted)
	r.Failures = failures(m.rev)
	r.Next = next(m, v)
	r.Withdrawn = withdrawal(m, v)
	if r.stopped() {
		r.Next = r.Withdrawn.next(m, r.Next)
	}
	r.leadWithInvalid(m.svc)
	return r
}

func failures(rev *v1alpha1.ServiceRevision) []string {
	if rev == nil || rev.Status.Report == nil {
		return nil
	}
	var failed []string
	for _, s := range rev.Status.Report.Scenarios {
		if s.Result == "Failed" {
			failed = append(failed, s.Name+": "+s.Message)
		}
	}
	return failed
}

func sayDecision(d gate.Decision) whyDecision {
	return whyDecision{Approval: d.Approval, Gate: d.Gate, Person: d.Person, At: d.At.UTC().Format(time.RFC3339), Comment: d.Comment}
}

func notCounted(objections []gate.Objection) []whyNotCounted {
	var list []whyNotCounted
	for _, o := range objections {
		list = append(list, whyNotCounted{Approval: o.Approval, Decision: o.Decision.Decision, Person: o.Person, Gate: o.Gate, Why: o.Why})
	}
	return list
}

// stopped tells that the revision which the report is about is the one that was withdrawn.
func (r *whyReport) stopped() bool { return r.Withdrawn != nil && r.Withdrawn.Revision == r.Revision }

// newestRecord is the record with the highest number, or nil.
func newestRecord(publications []v1alpha1.Publication) *v1alpha1.PublicationSpec {
	var newest *v1alpha1.PublicationSpec
	for i := range publications {
		if newest == nil || publications[i].Spec.Seq > newest.Seq {
			newest = &publications[i].Spec
		}
	}
	return newest
}

// servedRevision is what the newest record says is served, or "".
func servedRevision(publications []v1alpha1.Publication) string {
	newest := newestRecord(publications)
	if newest == nil || newest.Action == v1alpha1.ActionWithdraw {
		return ""
	}
	return newest.Revision
}

// next are the commands that bring the revision on: of every gate that somebody can act at now.
func next(m *matter, v gate.Verdict) []whyNext {
	in := func(command string, args ...any) string {
		return fmt.Sprintf(command, args...) + " -n " + m.namespace
	}
	switch {
	case !v.Decided || v.Approved:
		return nil
	case v.Serving:
		return nextWhileServed(m, v)
	}
	switch v.Reason {
	case v1alpha1.ReasonNoPolicy, v1alpha1.ReasonPoliciesTooLarge:
		return []whyNext{{Who: "the platform team", Command: "kubectl get publicationpolicies"}}
	case v1alpha1.ReasonAdmissionAltered:
		return []whyNext{{Who: "the platform team", Command: "kubectl apply --server-side --force-conflicts -f config/admission"}}
	}
	commands := takeBack(m, v)
	for _, g := range v.Gates {
		switch g.Reason {
		case gate.GateAwaitingApproval:
			who := strings.Join(g.WaitingForGroups, " or ")
			if who == "" {
				who = "who holds the verb approve on gates/" + g.Name
			}
			commands = append(commands, whyNext{Who: who, Command: in("kubectl okno approve %s --gate %s", m.target(), g.Name)})
		case gate.GateScenariosFailed, gate.GateAwaitingScenarios:
			commands = append(commands, whyNext{Command: in("kubectl get servicerevision %s -o yaml", m.revision)})
		case gate.GateNeverOpens:
			commands = append(commands, whyNext{Who: "the platform team", Command: "kubectl get publicationpolicies -o yaml"})
		case gate.GateAuthorUnknown:
			commands = append(commands, whyNext{Who: "a person of the agency, with their own account, after changing the definition", Command: in("kubectl apply -f FILE")})
			return commands
		}
	}
	return commands
}

// nextWhileServed is about a revision that citizens are served though somebody spoke against it: a rejection does not stop it.
func nextWhileServed(m *matter, v gate.Verdict) []whyNext {
	if v.Reason != v1alpha1.ReasonRejected {
		return nil
	}
	return append(takeBack(m, v), whyNext{Who: "who may decide at a gate, to serve it no more", Command: withdrawCommand(m, "GATE")})
}

func withdrawCommand(m *matter, at string) string {
	return fmt.Sprintf("kubectl okno withdraw %s --gate %s --comment TEXT -n %s", m.service, at, m.namespace)
}

// takeBack is how the rejections stop blocking; nothing when there are none.
func takeBack(m *matter, v gate.Verdict) []whyNext {
	rejections := slices.Clone(v.Rejected)
	for _, g := range v.Gates {
		rejections = append(rejections, g.Rejected...)
	}
	var commands []whyNext
	for _, d := range rejections {
		commands = append(commands, whyNext{
			Who:     d.Person + ", to take the rejection back",
			Command: fmt.Sprintf("kubectl okno revoke %s --comment TEXT -n %s", d.Approval, m.namespace),
		})
	}
	if len(commands) > 0 {
		commands = append(commands, whyNext{Who: "or the agency, after changing the definition", Command: "kubectl apply -f FILE -n " + m.namespace})
	}
	return commands
}

// target is how commands name the revision: by its service while it is the newest of it.
func (m *matter) target() string {
	if m.svc != nil {
		return m.service
	}
	return m.revision
}

// errNoRevision ends a decision on what does not exist yet.
var errNoRevision = errors.New("there is no revision to decide on")
