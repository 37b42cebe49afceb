// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/okno-dev/okno/api/v1alpha1"
)

const approveLong = `Approve a revision at a gate. The decision is yours: the API server records your user name, and the decision is about exactly the
content that you name. It cannot be edited or deleted, only revoked.

SERVICE means the revision of its present definition; name a REVISION to be sure of the content that you read. Where a service and a
revision have the same name, write govservice/NAME or servicerevision/NAME.`

// decideOptions are the flags of a decision.
type decideOptions struct {
	gate     string
	comment  string
	evidence []string
	dryRun   bool
	output   string
}

func (o *decideOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.comment, "comment", "m", "", "say why; everybody who may read the decision can read it")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "let the API server check the decision without recording it")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "yaml prints the recorded object")
}

func (o *decideOptions) addGateFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.gate, "gate", "", "the gate at which you decide")
	cmd.Flags().StringArrayVar(&o.evidence, "evidence", nil,
		"a document the decision rests on: kind=SecurityAct,title=Act 12,uri=https://…,sha256=HEX; may be repeated")
	o.addFlags(cmd)
}

func (o *decideOptions) check() error {
	if o.output != "" && o.output != "yaml" {
		return usageError{fmt.Errorf("-o %q: only yaml", o.output)}
	}
	return nil
}

func newApproveCommand(streams genericiooptions.IOStreams) *cobra.Command {
	o := &decideOptions{}
	cmd := &cobra.Command{
		Use:   "approve SERVICE|REVISION --gate GATE",
		Short: "Approve a revision at a gate",
		Long:  approveLong,
		Example: `  kubectl okno approve pension-delivery -n sfr --gate security
  kubectl okno approve pension-delivery-3fa9c1d2e4 -n sfr --gate security --comment "Act 12" \
    --evidence kind=SecurityAct,title=Act 12,sha256=$(sha256sum act.pdf | cut -d' ' -f1)`,
		Args: exactlyOne("a service or a revision"),
	}
	f := newClientFactory(cmd)
	o.addGateFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := f.connect()
		if err != nil {
			return err
		}
		return c.decide(cmd.Context(), streams, v1alpha1.DecisionApprove, args[0], o)
	}
	return cmd
}

// decide makes a decision of a kind about the service or revision called name and records it.
func (c *cluster) decide(ctx context.Context, streams genericiooptions.IOStreams, decision v1alpha1.Decision, name string, o *decideOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	evidence, err := parseEvidence(o.evidence)
	if err != nil {
		return usageError{err}
	}
	m, err := c.find(ctx, name)
	if err != nil {
		return err
	}
	if m.rev == nil {
		return fmt.Errorf("%w: the controller has made none of the present definition of %q; see kubectl okno why %s -n %s", errNoRevision, name, name, c.namespace)
	}
	c.gather(ctx, m, time.Now())
	return c.record(ctx, streams, m, v1alpha1.ApprovalSpec{
		Subject:  v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: m.revision, Digest: m.input.Revision.Digest},
		Gate:     o.gate,
		Decision: decision,
		Comment:  o.comment,
		Evidence: evidence,
	}, o)
}

// parseEvidence reads --evidence values: key=value pairs separated by commas. A comma inside a value is kept when no known key
// follows it.
func parseEvidence(flags []string) ([]v1alpha1.Evidence, error) {
	var all []v1alpha1.Evidence
	for _, flag := range flags {
		e, err := parseOneEvidence(flag)
		if err != nil {
			return nil, fmt.Errorf("--evidence %q: %w", flag, err)
		}
		all = append(all, e)
	}
	return all, nil
}

func parseOneEvidence(flag string) (v1alpha1.Evidence, error) {
	values := map[string]string{}
	last := ""
	for part := range strings.SplitSeq(flag, ",") {
		key, value, found := strings.Cut(part, "=")
		known := found && (key == "kind" || key == "title" || key == "uri" || key == "sha256")
		switch {
		case known && values[key] != "":
			return v1alpha1.Evidence{}, fmt.Errorf("%s is given twice", key)
		case known:
			values[key], last = value, key
		case last == "":
			return v1alpha1.Evidence{}, fmt.Errorf("%q is not one of kind=, title=, uri=, sha256=", part)
		default:
			values[last] += "," + part
		}
	}
	for _, key := range []string{"kind", "title", "sha256"} {
		if values[key] == "" {
			return v1alpha1.Evidence{}, errors.New(key + "= is missing")
		}
	}
	return v1alpha1.Evidence{
		Kind: values["kind"], Title: values["title"], URI: v1alpha1.URI(values["uri"]), SHA256: values["sha256"],
	}, nil
}
