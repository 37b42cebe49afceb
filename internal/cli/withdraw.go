// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
)

const withdrawLong = `Withdraw what is served: new applications stop, cases go on. It takes the right to decide at any one gate. The same content can be served
again only when every gate decides on it anew. To stop an agency's service without a decision, the agency sets spec.state: Suspended.`

func newWithdrawCommand(streams genericiooptions.IOStreams) *cobra.Command {
	o := &decideOptions{}
	cmd := &cobra.Command{
		Use:     "withdraw SERVICE --gate GATE --comment TEXT",
		Short:   "Withdraw what a service serves",
		Long:    withdrawLong,
		Example: `  kubectl okno withdraw pension-delivery -n sfr --gate security --comment "The form leaks passport numbers"`,
		Args:    exactlyOne("a service"),
	}
	f := newClientFactory(cmd)
	o.addGateFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.comment == "" {
			return usageError{errors.New("--comment is missing: say why people may no longer be served this")}
		}
		c, err := f.connect()
		if err != nil {
			return err
		}
		served, err := c.served(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return c.decide(cmd.Context(), streams, v1alpha1.DecisionWithdraw, kindRevision+"/"+served, o)
	}
	return cmd
}

// served is the revision that the newest record of a service serves.
func (c *cluster) served(ctx context.Context, service string) (string, error) {
	list := &v1alpha1.PublicationList{}
	if err := c.List(ctx, list, client.InNamespace(c.namespace)); err != nil {
		return "", fmt.Errorf("read Publications: %w", err)
	}
	var own []v1alpha1.Publication
	for _, p := range list.Items {
		if p.Spec.Service == service {
			own = append(own, p)
		}
	}
	if revision := servedRevision(own); revision != "" {
		return revision, nil
	}
	return "", fmt.Errorf("service %q of namespace %q serves nothing", service, c.namespace)
}
