// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

const revokeLong = `Take back a decision. An approval may be revoked by everybody who may decide at its gate; a rejection only by who made it. When the
revision is served, the policy in force says whether it is withdrawn (onRevoke).`

func newRevokeCommand(streams genericiooptions.IOStreams) *cobra.Command {
	o := &decideOptions{}
	cmd := &cobra.Command{
		Use:     "revoke APPROVAL --comment TEXT",
		Short:   "Take back an approval or a rejection",
		Long:    revokeLong,
		Example: `  kubectl okno revoke pension-delivery-3fa9c1d2e4-security-0d1f -n sfr --comment "The act was issued for another system"`,
		Args:    exactlyOne("an Approval; kubectl okno why lists them"),
	}
	f := newClientFactory(cmd)
	o.addFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.comment == "" {
			return usageError{errors.New("--comment is missing: say why the decision no longer holds")}
		}
		return revoke(cmd.Context(), f, streams, args[0], o)
	}
	return cmd
}

func revoke(ctx context.Context, f *clientFactory, streams genericiooptions.IOStreams, name string, o *decideOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	c, err := f.connect()
	if err != nil {
		return err
	}
	target := &v1alpha1.Approval{}
	if err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, target); err != nil {
		return fmt.Errorf("read Approval %q: %w", name, err)
	}
	m, err := c.find(ctx, kindRevision+"/"+target.Spec.Subject.Name)
	if err != nil {
		return err
	}
	c.gather(ctx, m, time.Now())
	o.gate = target.Spec.Gate
	return c.record(ctx, streams, m, v1alpha1.ApprovalSpec{
		Subject:  target.Spec.Subject,
		Gate:     target.Spec.Gate,
		Decision: v1alpha1.DecisionRevoke,
		Revokes:  target.Name,
		Comment:  o.comment,
	}, o)
}
