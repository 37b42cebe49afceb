// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/definition/manifest"
	"github.com/okno-dev/okno/internal/digest"
)

const digestLong = `Print the digest of a service's definition, the same that the cluster will show. Approvals, publications and applications carry
it: it is what an approver approves.

The digest is over the content alone. Labels, annotations, key order, comments, and YAML or JSON make no difference. What the
API server would drop or change on its way in is an error, since the digest would name what is not stored.

Anybody can check it: it is the SHA-256 of the line okno.definition.v1 and the RFC 8785 form of spec.service.`

const digestExample = `  # the digest, to compare with what an approver sees
  kubectl okno digest -f service.yaml

  # the name that the revision will have
  kubectl okno digest -f service.yaml -o revision

  # without trusting this command
  { echo okno.definition.v1; kubectl okno digest -f service.yaml -o canonical; } | sha256sum`

type digestOptions struct {
	files  []string
	output string
}

func newDigestCommand(streams genericiooptions.IOStreams) *cobra.Command {
	var o digestOptions
	cmd := &cobra.Command{
		Use:     "digest -f FILE...",
		Short:   "Print what an approver approves: the digest of a service",
		Long:    digestLong,
		Example: digestExample,
		RunE: func(_ *cobra.Command, args []string) error {
			o.files = append(o.files, args...)
			return o.run(streams)
		},
	}
	cmd.Flags().StringArrayVarP(&o.files, "filename", "f", nil, "file to hash, - for standard input; may be repeated")
	cmd.Flags().StringVarP(&o.output, "output", "o", "digest", "digest, revision or canonical")
	return cmd
}

func (o *digestOptions) run(streams genericiooptions.IOStreams) error {
	if len(o.files) == 0 {
		return usageError{errors.New("which file? see: kubectl okno digest --help")}
	}
	if err := onceStandardInput(o.files); err != nil {
		return err
	}
	failed := false
	for _, name := range o.files {
		data, err := readFile(name, streams.In)
		if err != nil {
			return err
		}
		file, findings := manifest.ParseFile(data)
		if definition.HasErrors(findings) {
			failed = true
			if err := printLinted(streams.ErrOut, []*lintedFile{{Name: name, File: file, Findings: findings}}); err != nil {
				return err
			}
			continue
		}
		text, err := o.render(file)
		if err != nil {
			return fmt.Errorf("%s: %w", displayName(name), err)
		}
		if len(o.files) > 1 && o.output != "canonical" {
			text = strings.TrimSuffix(text, "\n") + "  " + name + "\n"
		}
		if _, err := fmt.Fprint(streams.Out, text); err != nil {
			return err
		}
	}
	if failed {
		return errFailed
	}
	return nil
}

func (o *digestOptions) render(file *manifest.File) (string, error) {
	sum, err := digest.Of(file.Raw)
	if err != nil {
		return "", err
	}
	switch o.output {
	case "digest":
		return string(sum) + "\n", nil
	case "revision":
		if file.Object == nil || file.Object.Name == "" {
			return "", errors.New("a definition alone has no name: give the whole GovService")
		}
		return digest.RevisionName(file.Object.Name, sum) + "\n", nil
	case "canonical":
		canonical, err := digest.Canonical(file.Raw)
		return string(canonical), err
	default:
		return "", usageError{fmt.Errorf("unknown output %q: digest, revision or canonical", o.output)}
	}
}
