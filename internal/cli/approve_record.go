// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

// keepInCluster tells Argo CD not to delete a decision whose file has left Git: it is a record.
var keepInCluster = map[string]string{"argocd.argoproj.io/sync-options": "Prune=false"}

// record writes a decision after telling what would keep it from counting. A decision that would never count is not recorded: it
// could not be deleted.
func (c *cluster) record(ctx context.Context, streams genericiooptions.IOStreams, m *matter, spec v1alpha1.ApprovalSpec, o *decideOptions) error {
	if err := c.mayDecideAt(m, spec.Decision, spec.Gate); err != nil {
		return err
	}
	user, err := c.user(ctx)
	if err != nil {
		return err
	}
	authority, err := c.authority(ctx, m, user, spec)
	if err != nil {
		return err
	}
	if same := standing(m, spec, user); same != nil {
		fmt.Fprintf(streams.Out, "%s: you decided so already, by Approval %s\n", m.revision, same.Name)
		return nil
	}
	approval := &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: approvalName(m, spec, user), Annotations: keepInCluster},
		Spec:       spec,
	}
	note, err := rehearse(m, approval, user, authority)
	if err != nil {
		return err
	}
	if err := c.create(ctx, approval, o.dryRun); err != nil {
		return err
	}
	return say(streams, approval, m, note, o)
}

// mayDecideAt refuses a gate that no policy in force has, but for what stops: that holds at any gate. Where policies may not be read,
// admission still checks the right.
func (c *cluster) mayDecideAt(m *matter, decision v1alpha1.Decision, name string) error {
	v := gate.Judge(m.input)
	stops := decision == v1alpha1.DecisionRevoke || decision == v1alpha1.DecisionWithdraw
	if (!m.input.PoliciesKnown || stops) && name != "" {
		return nil
	}
	if !v.Decided && len(v.Gates) == 0 { // something could not be read, so that the gates are not known
		if name == "" {
			return usageError{errors.New("--gate is missing")}
		}
		return nil
	}
	var human, waiting []string
	var named *gate.GateVerdict
	for i, g := range v.Gates {
		if g.Human {
			human = append(human, g.Name)
		}
		if g.Reason == gate.GateAwaitingApproval {
			waiting = append(waiting, g.Name)
		}
		if g.Name == name {
			named = &v.Gates[i]
		}
	}
	people := "people decide at " + strings.Join(human, ", ")
	if len(human) == 0 {
		people = "no gate in force is decided by people"
	}
	switch {
	case named != nil && named.Human:
		return nil
	case named != nil:
		return usageError{fmt.Errorf("gate %q opens by itself when the revision's scenarios pass; %s", name, people)}
	case len(v.Gates) == 0:
		return fmt.Errorf("no PublicationPolicy in force for namespace %q has a gate: ask the platform team", c.namespace)
	case name == "" && len(waiting) > 0:
		return usageError{fmt.Errorf("--gate is missing: %s waits for a decision at %s", m.revision, strings.Join(waiting, ", "))}
	case name == "":
		return usageError{fmt.Errorf("--gate is missing: %s", people)}
	default:
		return usageError{fmt.Errorf("no policy in force has a gate %q: %s", name, people)}
	}
}

// standing is a decision of the user that says the same already and counts, or nil.
func standing(m *matter, spec v1alpha1.ApprovalSpec, user string) *v1alpha1.Approval {
	dead := map[string]bool{}
	v := gate.Judge(m.input)
	for _, g := range v.Gates {
		for _, o := range g.NotCounted {
			dead[o.Approval] = !o.Early
		}
	}
	for _, o := range v.NotCounted {
		dead[o.Approval] = true
	}
	for i := range m.input.Approvals {
		a := &m.input.Approvals[i]
		if sameDecision(a, spec, user) && !dead[a.Name] && v.Decided {
			return a
		}
	}
	return nil
}

func sameDecision(a *v1alpha1.Approval, spec v1alpha1.ApprovalSpec, user string) bool {
	return a.Spec.Approver != nil && a.Spec.Approver.Username == user && a.Spec.Subject == spec.Subject &&
		a.Spec.Gate == spec.Gate && a.Spec.Decision == spec.Decision && a.Spec.Revokes == spec.Revokes
}

// approvalName is the same for the same decision of the same user, so that a command that is repeated after a lost answer makes
// nothing twice; who decides anew after a revocation gets another.
func approvalName(m *matter, spec v1alpha1.ApprovalSpec, user string) string {
	before := 0
	for i := range m.input.Approvals {
		if sameDecision(&m.input.Approvals[i], spec, user) {
			before++
		}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%d", user, spec.Decision, spec.Revokes, before))
	return fmt.Sprintf("%s-%s-%s", spec.Subject.Name, spec.Gate, hex.EncodeToString(sum[:4]))
}

// rehearse judges as if the decision stood. It returns what the user should know, or an error when the decision would not count.
func rehearse(m *matter, approval *v1alpha1.Approval, user string, authority v1alpha1.GateAuthority) (string, error) {
	imagined := approval.DeepCopy()
	imagined.CreationTimestamp = metav1.NewTime(m.input.Now.Add(time.Second)) // after all that was read
	imagined.Spec.Approver = &v1alpha1.Person{Username: user}
	imagined.Spec.SubmittedBy, imagined.Spec.Authority = user, authority
	in := m.input
	in.Approvals = append(append([]v1alpha1.Approval(nil), in.Approvals...), *imagined)
	v := gate.Judge(in)
	if !v.Decided {
		return "whether it counts could not be told: " + strings.Join(m.unread, "; "), nil
	}
	objections := v.NotCounted
	for _, g := range v.Gates {
		objections = append(objections, g.NotCounted...)
	}
	for _, o := range objections {
		switch {
		case o.Approval != approval.Name:
		case o.Early:
			return o.Why, nil
		default:
			return "", fmt.Errorf("your decision would not count and was not recorded: %s", o.Why)
		}
	}
	if approval.Spec.Decision == v1alpha1.DecisionReject && v.Serving && !v.Withdraw {
		return v.Message + "\ncitizens are still served it: a rejection does not stop what is served; this does:\n  " + withdrawCommand(m, approval.Spec.Gate), nil
	}
	return v.Message, nil
}

func (c *cluster) create(ctx context.Context, approval *v1alpha1.Approval, dryRun bool) error {
	var options []client.CreateOption
	if dryRun {
		options = append(options, client.DryRunAll)
	}
	wanted := approval.Spec
	err := c.Create(ctx, approval, options...)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	// The answer to an earlier try was lost, or another user's decision has this name.
	if err := c.Get(ctx, client.ObjectKeyFromObject(approval), approval); err != nil {
		return err
	}
	user, err := c.user(ctx)
	if err != nil {
		return err
	}
	if !sameDecision(approval, wanted, user) {
		return fmt.Errorf("an Approval %q of another decision exists already", approval.Name)
	}
	return nil
}

func say(streams genericiooptions.IOStreams, approval *v1alpha1.Approval, m *matter, note string, o *decideOptions) error {
	if o.output == "yaml" {
		approval.ManagedFields = nil
		approval.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Approval"}
		text, err := yaml.Marshal(approval)
		if err != nil {
			return err
		}
		_, err = streams.Out.Write(text)
		return err
	}
	decided := map[v1alpha1.Decision]string{
		v1alpha1.DecisionApprove: "approved", v1alpha1.DecisionReject: "rejected",
		v1alpha1.DecisionRevoke: "revoked " + approval.Spec.Revokes, v1alpha1.DecisionWithdraw: "withdrawn",
	}[approval.Spec.Decision]
	if o.dryRun {
		_, err := fmt.Fprintf(streams.Out, "%s: dry run: nothing was recorded; without --dry-run: %s at gate %s, and %s\n",
			m.revision, decided, approval.Spec.Gate, note)
		return err
	}
	_, err := fmt.Fprintf(streams.Out, "%s: %s at gate %s, recorded as Approval %s\n%s\n", m.revision, decided, approval.Spec.Gate, approval.Name, note)
	return err
}
