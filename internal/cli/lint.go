// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/definition/manifest"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/lint"
)

const lintLong = `Check services without a cluster: the very checks that the controller makes, and all that the API server would refuse, drop or
change on its way in.

Each finding says where (line and field), what was found, what is allowed and what to do. Errors keep a service from being
published; warnings do not. Findings that come from the law name its article; --rules lists those rules.

A file holds one GovService, or a definition alone (what stands under spec.service), as YAML or JSON. - reads standard input.
The exit code is 0 without errors, 1 with errors, 2 when the command line is wrong.`

const lintExample = `  # check a service before committing it
  kubectl okno lint -f service.yaml

  # check what a pipeline has rendered, for machines to read
  kustomize build . | kubectl okno lint -f - -o json

  # several files in one go
  kubectl okno lint -f pension.yaml -f benefit.yaml

  # the rules of law, with their articles
  kubectl okno lint --rules`

type lintOptions struct {
	files  []string
	output string
	rules  bool
}

func newLintCommand(streams genericiooptions.IOStreams) *cobra.Command {
	var o lintOptions
	cmd := &cobra.Command{
		Use:     "lint -f FILE...",
		Short:   "Say what is wrong with a service, where, and what to do",
		Long:    lintLong,
		Example: lintExample,
		RunE: func(_ *cobra.Command, args []string) error {
			o.files = append(o.files, args...)
			return o.run(streams)
		},
	}
	cmd.Flags().StringArrayVarP(&o.files, "filename", "f", nil, "file to check, - for standard input; may be repeated")
	cmd.Flags().StringVarP(&o.output, "output", "o", "text", "text or json")
	cmd.Flags().BoolVar(&o.rules, "rules", false, "list the rules of law instead of checking a file")
	return cmd
}

func (o *lintOptions) run(streams genericiooptions.IOStreams) error {
	if o.output != "text" && o.output != "json" {
		return usageError{fmt.Errorf("unknown output %q: text or json", o.output)}
	}
	if o.rules {
		return printRules(streams.Out, lint.BuiltinPack(), o.output)
	}
	if len(o.files) == 0 {
		return usageError{errors.New("which file? see: kubectl okno lint --help")}
	}
	if err := onceStandardInput(o.files); err != nil {
		return err
	}
	linted := make([]*lintedFile, 0, len(o.files))
	failed := false
	for _, name := range o.files {
		file, err := lintFile(name, streams.In, time.Now())
		if err != nil {
			return err
		}
		linted = append(linted, file)
		failed = failed || definition.HasErrors(file.Findings)
	}
	printed := printLinted
	if o.output == "json" {
		printed = printLintedJSON
	}
	if err := printed(streams.Out, linted); err != nil {
		return err
	}
	if failed {
		return errFailed
	}
	return nil
}

// onceStandardInput refuses to read standard input twice.
func onceStandardInput(files []string) error {
	if first := slices.Index(files, "-"); first >= 0 && slices.Contains(files[first+1:], "-") {
		return usageError{errors.New("standard input (-) can be read once only")}
	}
	return nil
}

// lintedFile is a file and all that is known of it.
type lintedFile struct {
	Name string
	// File is nil when the bytes are not one object.
	File *manifest.File
	// Findings are sorted, the gravest first.
	Findings []definition.Finding
	// Unread tells that the rules were not asked: the definition does not reach them as it is.
	Unread bool
	// Digest is the definition's, "" when the API server would not store it as written.
	Digest v1alpha1.Digest
}

// lintFile reads and checks a file, or in when name is -. The error is that of reading; what is wrong with the content is in
// Findings.
func lintFile(name string, in io.Reader, now time.Time) (*lintedFile, error) {
	data, err := readFile(name, in)
	if err != nil {
		return nil, err
	}
	file, findings := manifest.ParseFile(data)
	linted := &lintedFile{Name: name, File: file}
	if file == nil || file.Raw == nil || definition.HasErrors(findings) {
		// The API server would refuse or change it: what the rules make of the rest is seen when that is mended.
		linted.Findings, linted.Unread = definition.Sort(findings), true
		return linted, nil
	}
	if linted.Digest, err = digest.Of(file.Raw); err != nil {
		return nil, fmt.Errorf("digest of %s: %w", name, err)
	}
	findings = append(findings, lint.Lint(file.Raw, lint.Options{At: now})...)
	if file.Object != nil {
		findings = append(findings, lint.Spec(&file.Object.Spec)...)
	}
	linted.Findings = definition.WithoutFollowUps(definition.Sort(findings))
	return linted, nil
}

func readFile(name string, in io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(in)
	}
	return os.ReadFile(name)
}
