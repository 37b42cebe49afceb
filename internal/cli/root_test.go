// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

func TestExitCodes(t *testing.T) {
	tests := map[string]struct {
		args []string
		code int
		says string
	}{
		"no command shows the help":             {nil, exitOK, "Write a service"},
		"help of a command teaches by example":  {[]string{"serve", "--help"}, exitOK, "kubectl okno serve -f service.yaml"},
		"version":                               {[]string{"version"}, exitOK, "kubectl-okno"},
		"a misspelt command names the right":    {[]string{"lnit"}, exitUsage, "did you mean lint?"},
		"a misspelt command with its flags":     {[]string{"lnit", "-f", "x.yaml"}, exitUsage, "did you mean lint?"},
		"an unknown flag without a command":     {[]string{"--colour"}, exitUsage, "unknown flag: --colour"},
		"an unknown command points to the help": {[]string{"frobnicate"}, exitUsage, "kubectl okno --help"},
		"an unknown flag":                       {[]string{"serve", "--colour"}, exitUsage, "unknown flag: --colour"},
		"a missing file name":                   {[]string{"test"}, exitUsage, "--filename is required"},
		"a file as an argument":                 {[]string{"serve", "-f", "x.yaml", "y.yaml"}, exitUsage, "files go to -f"},
		"a file that is not there":              {[]string{"test", "-f", "no-such.yaml"}, exitFailed, "no-such.yaml"},
		"an address that others can reach":      {[]string{"serve", "-f", "x.yaml", "--addr", "0.0.0.0:8090"}, exitUsage, "for this machine alone"},
		"a time zone that does not exist":       {[]string{"test", "-f", "x.yaml", "--time-zone", "Moon/Base"}, exitUsage, "Moon/Base"},
		"an output that does not exist":         {[]string{"test", "-f", "x.yaml", "-o", "xml"}, exitUsage, `unknown output "xml"`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			streams, _, out, errOut := genericiooptions.NewTestIOStreams()
			if code := Run(t.Context(), tc.args, streams); code != tc.code {
				t.Errorf("exit code %d, want %d; it said:\n%s%s", code, tc.code, out, errOut)
			}
			if said := out.String() + errOut.String(); !strings.Contains(said, tc.says) {
				t.Errorf("it does not say %q but:\n%s", tc.says, said)
			}
		})
	}
}
