// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/intake"
)

const serveLong = `Serve a definition on this machine, without a cluster: its form, its JSON and XML API, its schemas.

The definition is linted, its scenarios are run, and it is served by the very intake that agencies run. When the file changes it is
linted and served anew, and its scenarios are run again. A file with errors leaves the last definition without errors in place. A definition
whose scenarios fail is served all the same, so that you can look at it; in a cluster its gate for scenarios would stay closed. What is
filed goes to a store that is thrown away at the end, unless --data names a folder to keep it in.`

const serveExample = `  # write a service: save the file, see it in the browser
  kubectl okno serve -f service.yaml

  # keep what is filed
  kubectl okno serve -f service.yaml --data ./applications`

// pollEvery is how often the file is looked at for changes.
const pollEvery = 300 * time.Millisecond

// serveOptions are the flags of serve.
type serveOptions struct {
	file     string
	addr     string
	data     string
	timeZone string
	genericiooptions.IOStreams
}

func newServeCommand(streams genericiooptions.IOStreams) *cobra.Command {
	o := &serveOptions{IOStreams: streams}
	cmd := &cobra.Command{
		Use:     "serve -f FILE",
		Short:   "Serve a definition's form and API on this machine",
		Long:    serveLong,
		Example: serveExample,
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.file, "filename", "f", "", "file with a GovService or a definition alone, YAML or JSON (required)")
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8090", "loopback address to listen on; port 0 takes a free one")
	flags.StringVar(&o.data, "data", "", "folder to keep what is filed in (default: a folder that is removed at the end)")
	flags.StringVar(&o.timeZone, "time-zone", defaultTimeZone, "the agency's time zone, in which terms are counted")
	requireFlag(cmd, "filename")
	return cmd
}

func (o *serveOptions) run(ctx context.Context) (err error) {
	location, err := loadTimeZone(o.timeZone)
	if err != nil {
		return err
	}
	if err := onlyLoopback(o.addr); err != nil {
		return err
	}
	dir, cleanUp, err := o.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanUp()) }()
	w := &workshop{serveOptions: o, dir: dir, location: location}
	if err := w.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.intake.Close()) }()
	return w.watch(ctx)
}

// folder returns where the store lies and how to clean up after it.
func (o *serveOptions) folder() (dir string, cleanUp func() error, err error) {
	if o.data != "" {
		return o.data, func() error { return nil }, os.MkdirAll(o.data, 0o700)
	}
	dir, err = os.MkdirTemp("", "okno-serve-")
	return dir, func() error { return os.RemoveAll(dir) }, err
}

// onlyLoopback refuses addresses that others can reach: an author's intake asks nobody who he is.
func onlyLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return usageError{fmt.Errorf("--addr: %w", err)}
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usageError{fmt.Errorf("--addr %q: serve is for this machine alone: give a loopback address such as 127.0.0.1:8090", addr)}
	}
	return nil
}

// workshop is a definition in the making.
type workshop struct {
	*serveOptions
	dir      string
	location *time.Location
	intake   *localIntake
	// seen is the file as it was last read.
	seen fileState
	// missing counts the looks in a row at which the file was not there.
	missing int
	// served is the digest that is served; "" before the first good definition.
	served v1alpha1.Digest
}

// fileState tells whether a file changed.
type fileState struct {
	modified time.Time
	size     int64
}

func stateOf(path string) (fileState, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}, err
	}
	return fileState{info.ModTime(), info.Size()}, nil
}

// open starts the intake and serves the file for the first time.
func (w *workshop) open(ctx context.Context) (err error) {
	if w.seen, err = stateOf(w.file); err != nil {
		return err
	}
	w.say("Okno serves %s", w.file)
	w.intake, err = startIntake(ctx, intakeOptions{
		dir: w.dir, addr: w.addr, mode: intake.Author, location: w.location, log: quietLog(w.ErrOut),
	})
	if err != nil {
		return err
	}
	return w.reload(ctx)
}

// watch serves the file anew whenever it changes, until ctx ends or the server fails.
func (w *workshop) watch(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			w.say("\nstopped")
			return nil
		case err := <-w.intake.failed:
			if errors.Is(err, http.ErrServerClosed) {
				return nil
			}
			return err
		case <-tick.C:
		}
		if !w.look() {
			continue
		}
		w.say("\n%s changed", w.file)
		if err := w.reload(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// goneAfter is at how many looks in a row a file is missing that is gone: an editor that puts a new one in its place is quicker.
const goneAfter = 4

// look tells whether the file changed since the last look, and says once when it has gone.
func (w *workshop) look() bool {
	now, err := stateOf(w.file)
	if err != nil {
		if w.missing++; w.missing == goneAfter {
			still := "still serving the last one"
			if w.served == "" {
				still = w.kept()
			}
			w.say("\n%s: the file is gone; %s", w.file, still)
		}
		return false
	}
	if w.missing >= goneAfter && now == w.seen {
		w.say("\n%s: the file is back, as it was", w.file)
	}
	w.missing = 0
	if now == w.seen {
		return false
	}
	w.seen = now
	return true
}

// reload lints, serves and proves the file as it is now. What is wrong with the file is told and is no error.
func (w *workshop) reload(ctx context.Context) error {
	service, linted, err := readService(w.file, w.In)
	if err != nil {
		w.say("  cannot read it: %v", err)
		return nil
	}
	if err := printLinted(w.Out, []*lintedFile{linted}); err != nil {
		return err
	}
	if service == nil {
		w.say("  %s; mend the file and save it", w.kept())
		return nil
	}
	if service.digest == w.served {
		w.say("  the definition is the same as before")
		return nil
	}
	if err := w.intake.server.Serve(ctx, service.name, service.raw); err != nil {
		w.say("  it cannot be served: %v\n  %s", err, w.kept())
		return nil
	}
	first := w.served == ""
	w.served = service.digest
	w.say("  form     %s/s/%s", w.intake.URL, service.name)
	if first {
		w.explain(service)
	}
	return w.prove(ctx, service)
}

func (w *workshop) kept() string {
	if w.served == "" {
		return "nothing is served yet"
	}
	return "the last definition without errors is still served"
}

// prove runs the scenarios and tells what came of them.
func (w *workshop) prove(ctx context.Context, service *serviceFile) error {
	w.say("\nscenarios, each filed as form, JSON and XML:")
	report, err := prove(ctx, service, w.location, 0, quietLog(w.ErrOut))
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	printReport(w.Out, report)
	w.say("%s", verdict(report.Counts()))
	w.say("\nchange %s and save it: it is served anew. Ctrl-C ends.", w.file)
	return nil
}

// verdict says what the scenarios mean for the definition's way through a cluster.
func verdict(passed, failed int) string {
	if failed == 0 {
		return "the gate for scenarios would open: people could approve this definition"
	}
	return fmt.Sprintf("%d of %s failed: the gate for scenarios would stay closed, and nobody could approve this definition.\nIt is served here so that you can look at it; 'kubectl okno test' exits with 1",
		failed, count(passed+failed))
}

// explain prints addresses and commands that work as they stand.
func (w *workshop) explain(service *serviceFile) {
	api := w.intake.URL + "/api/v1/services/" + service.name
	w.say("  API      %s/openapi.json", api)
	w.say("  schema   %s/schema/%s/application.json", w.intake.URL, service.name)
	examples, err := writeExamples(w.dir, service)
	if err != nil {
		w.say("  no ready-made applications: %v", err)
		return
	}
	for _, e := range examples {
		w.say("\n  file %s:\n    curl -sS -H 'Content-Type: %s' --data-binary @%s %s/applications", e.what, e.mediaType, e.path, api)
	}
}

func (w *workshop) say(format string, args ...any) { _, _ = fmt.Fprintf(w.Out, format+"\n", args...) }
