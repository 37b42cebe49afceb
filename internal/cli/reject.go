// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/okno-dev/okno/api/v1alpha1"
)

const rejectLong = `Reject a revision at a gate. It cannot be published while the rejection stands; what is served now stays served. Only you can take the
rejection back (kubectl okno revoke); the agency answers it with a changed definition.`

func newRejectCommand(streams genericiooptions.IOStreams) *cobra.Command {
	o := &decideOptions{}
	cmd := &cobra.Command{
		Use:     "reject SERVICE|REVISION --gate GATE --comment TEXT",
		Short:   "Reject a revision at a gate",
		Long:    rejectLong,
		Example: `  kubectl okno reject pension-delivery -n sfr --gate ministry --comment "The deadline is ten working days, not fifteen"`,
		Args:    exactlyOne("a service or a revision"),
	}
	f := newClientFactory(cmd)
	o.addGateFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.comment == "" {
			return usageError{errors.New("--comment is missing: say what the agency has to change")}
		}
		c, err := f.connect()
		if err != nil {
			return err
		}
		return c.decide(cmd.Context(), streams, v1alpha1.DecisionReject, args[0], o)
	}
	return cmd
}
