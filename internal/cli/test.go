// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/okno-dev/okno/internal/scenario"
)

const testLong = `Run the scenarios of a definition, as the prover in a cluster does before anybody may approve it.

Each scenario is filed three times over HTTP against the real intake, which is started for the run and thrown away: as an HTML form
without JavaScript, as JSON, and as the agency's XML. The three must come to the same end, and to the one that the scenario expects:
accepted, in the expected unit and by the expected day, or rejected with exactly the expected errors.

Exit code: 0 when all passed, 1 when a scenario failed or the definition has errors, 2 when the command line is wrong.`

const testExample = `  # run all scenarios
  kubectl okno test -f service.yaml

  # the report as a cluster hashes it
  kubectl okno test -f service.yaml -o json`

// testOptions are the flags of test.
type testOptions struct {
	file     string
	output   string
	timeZone string
	parallel int
	genericiooptions.IOStreams
}

func newTestCommand(streams genericiooptions.IOStreams) *cobra.Command {
	o := &testOptions{IOStreams: streams}
	cmd := &cobra.Command{
		Use:     "test -f FILE",
		Short:   "Run a definition's scenarios as form, JSON and XML",
		Long:    testLong,
		Example: testExample,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.file, "filename", "f", "", "file with a GovService or a definition alone, - for standard input (required)")
	flags.StringVarP(&o.output, "output", "o", outputText, "text, or json for the full report")
	flags.StringVar(&o.timeZone, "time-zone", defaultTimeZone, "the agency's time zone, in which terms are counted")
	flags.IntVar(&o.parallel, "parallel", 0, "how many scenarios run at once (default 4)")
	requireFlag(cmd, "filename")
	return cmd
}

func (o *testOptions) run(ctx context.Context) error {
	location, err := loadTimeZone(o.timeZone)
	if err != nil {
		return err
	}
	if o.output != outputText && o.output != outputJSON {
		return usageError{fmt.Errorf("unknown output %q: text or json", o.output)}
	}
	service, linted, err := readService(o.file, o.In)
	if err != nil {
		return err
	}
	if len(linted.Findings) > 0 {
		if err := printLinted(o.ErrOut, []*lintedFile{linted}); err != nil {
			return err
		}
	}
	if service == nil {
		return errFailed
	}
	report, err := prove(ctx, service, location, o.parallel, quietLog(o.ErrOut))
	if err != nil {
		return err
	}
	if o.output == outputJSON {
		body, _, err := report.Canonical()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(o.Out, "%s\n", body); err != nil {
			return err
		}
	} else {
		printReport(o.Out, report)
	}
	if _, failed := report.Counts(); failed > 0 {
		return errFailed
	}
	return nil
}

// printReport writes a line for each scenario and, under those that failed, what differs.
func printReport(w io.Writer, r scenario.Report) {
	for _, s := range r.Scenarios {
		ways := make([]string, 0, len(s.Ways))
		for _, way := range s.Ways {
			ways = append(ways, way.Way)
		}
		mark := "PASS"
		if !s.Passed() {
			mark = "FAIL"
		}
		_, _ = fmt.Fprintf(w, "  %s  %-74s %-14s %6d ms\n", mark, s.Name, strings.Join(ways, " "), s.Took.Milliseconds())
		if !s.Passed() {
			for difference := range strings.SplitSeq(s.Message, "; ") {
				_, _ = fmt.Fprintf(w, "        %s\n", difference)
			}
		}
	}
	passed, failed := r.Counts()
	took := r.FinishedAt.Sub(r.StartedAt).Round(10 * time.Millisecond)
	_, _ = fmt.Fprintf(w, "%s passed, %d failed, in %s\n", count(passed), failed, took)
}

// count says how many scenarios there are.
func count(n int) string {
	if n == 1 {
		return "1 scenario"
	}
	return fmt.Sprintf("%d scenarios", n)
}

const (
	outputText = "text"
	outputJSON = "json"
	// defaultTimeZone is that of a ServiceProvider that names none.
	defaultTimeZone = "Europe/Moscow"
)

func loadTimeZone(name string) (*time.Location, error) {
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, usageError{fmt.Errorf("--time-zone: %w", err)}
	}
	return location, nil
}

// quietLog shows only what the author must know: a healthy intake is silent.
func quietLog(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// noArgs refuses arguments as a wrong command line.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no arguments, found %q; files go to -f", cmd.CommandPath(), args[0])}
	}
	return nil
}

// requireFlag refuses a command line without the flag.
func requireFlag(cmd *cobra.Command, name string) {
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if !cmd.Flags().Changed(name) {
			return usageError{errors.New("--" + name + " is required\nsee: " + cmd.CommandPath() + " --help")}
		}
		return nil
	}
}
