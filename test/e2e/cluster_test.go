// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/process"
)

// within bounds every wait. It is generous: the machine may be busy with other tests.
const within = 3 * time.Minute

// ready is the last line of the screen of a cluster that runs.
const ready = "Ctrl-C stops everything and keeps the data."

// cluster is a local cluster, run by okno-local as a child process.
type cluster struct {
	root, data, log string
	// door is the front door's address, such as 127.0.0.1:18080.
	door    string
	process *process.Process
}

// start builds the programs as `make build` and `make run` do, starts okno-local over a data folder of its own and waits for its
// last screen.
func (c *cluster) start(t *testing.T) {
	t.Helper()
	watchSources(t, c.root)
	for _, args := range [][]string{{"-o", "bin/", "./cmd/..."}, {"-o", "bin/okno-local", "./hack/local/run"}} {
		build := exec.CommandContext(t.Context(), "go", append([]string{"build"}, args...)...)
		build.Dir = c.root
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false -trimpath")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("go build %v: %v\n%s", args, err, out)
		}
	}
	dir := t.TempDir()
	c.data, c.log, c.door = filepath.Join(dir, "data"), filepath.Join(dir, "screen.log"), freeAddress(t)
	c.launch(t)
	// Whatever fails, what the cluster told of itself says most.
	t.Cleanup(func() {
		if c.process.Stop(time.Minute); t.Failed() {
			t.Logf("okno-local said:\n%s", c.said())
		}
	})
	c.await(t, "the last screen", c.hasStarted)
}

// watchSources reads the repository's folders: what a test reads is what `go test` compares before it repeats an old result, and
// child processes are not seen.
func watchSources(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "bin" || entry.Name() == "bench") {
			return filepath.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// launch starts okno-local. It ends with the test, however the test ends.
func (c *cluster) launch(t *testing.T) {
	t.Helper()
	if err := process.Rotate(c.log); err != nil {
		t.Fatal(err)
	}
	var err error
	c.process, err = process.Start(process.Spec{
		Path: filepath.Join(c.root, "bin", "okno-local"), Args: []string{"--data", c.data, "--address", c.door},
		Dir: c.root, Env: os.Environ(), Log: c.log,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *cluster) hasStarted() error {
	if !strings.Contains(c.said(), ready) {
		return errors.New("the last screen is not shown yet")
	}
	return nil
}

// said is what okno-local has shown.
func (c *cluster) said() string { return process.Tail(c.log, 20000) }

// told is the address that the last screen gives under a name.
func (c *cluster) told(name string) (string, bool) {
	for line := range strings.Lines(c.said()) {
		if words := strings.Fields(line); len(words) == 2 && words[0] == name {
			return words[1], true
		}
	}
	return "", false
}

// await polls until check returns nil. It fails the test with the last error when the time is over or the cluster has ended.
func (c *cluster) await(t *testing.T, what string, check func() error) {
	t.Helper()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	over := time.NewTimer(within)
	defer over.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-ticker.C:
		case <-c.process.Done():
			t.Fatalf("waiting for %s: okno-local has ended:\n%s", what, c.said())
		case <-over.C:
			t.Fatalf("waiting for %s: %v", what, err)
		}
	}
}

// answer is what a command came to.
type answer struct {
	out, problems string
	code          int
}

// text is everything that the command said.
func (a answer) text() string { return a.out + a.problems }

// as runs a command as a person, by the script that people use.
func (c *cluster) as(t *testing.T, person string, command ...string) answer {
	t.Helper()
	return c.asWith(t, "", person, command...)
}

// asWith is as with a standard input.
func (c *cluster) asWith(t *testing.T, input, person string, command ...string) answer {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.data, "as"), append([]string{person}, command...)...)
	cmd.Dir = c.root
	var out, problems bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &problems
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("as %s %s: %v", person, strings.Join(command, " "), err)
	}
	return answer{out: out.String(), problems: problems.String(), code: cmd.ProcessState.ExitCode()}
}

// must runs a command that succeeds and returns its output.
func (c *cluster) must(t *testing.T, person string, command ...string) string {
	t.Helper()
	a := c.as(t, person, command...)
	if a.code != 0 {
		t.Fatalf("as %s %s: code %d\n%s", person, strings.Join(command, " "), a.code, a.text())
	}
	return a.out
}

// refused holds a command to its failure and to what it says of it.
func refused(t *testing.T, a answer, phrases ...string) {
	t.Helper()
	if a.code == 0 {
		t.Errorf("it was not refused:\n%s", a.text())
	}
	says(t, a.text(), phrases...)
}

// says holds a text to phrases.
func says(t *testing.T, text string, phrases ...string) {
	t.Helper()
	for _, phrase := range phrases {
		if !strings.Contains(text, phrase) {
			t.Errorf("it does not say %q:\n%s", phrase, text)
		}
	}
}

// why is what `kubectl okno why` tells the agency about its service.
func (c *cluster) why(t *testing.T) string {
	t.Helper()
	return c.must(t, "agency-editor", "kubectl", "okno", "why", service, "-n", namespace)
}

// read decodes what kubectl get tells of objects into into.
func (c *cluster) read(t *testing.T, into any, what ...string) {
	t.Helper()
	text := c.must(t, "platform", append([]string{"kubectl", "get", "-n", namespace, "-o", "json"}, what...)...)
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("kubectl get %v: %v", what, err)
	}
}

// service is the sample as it stands in the cluster.
func (c *cluster) service(t *testing.T) *v1alpha1.GovService {
	t.Helper()
	svc := &v1alpha1.GovService{}
	c.read(t, svc, "govservice", service)
	return svc
}

// publications are the service's records, in the order of their numbers.
func (c *cluster) publications(t *testing.T) []v1alpha1.Publication {
	t.Helper()
	list := &v1alpha1.PublicationList{}
	c.read(t, list, "publications", "--sort-by=.spec.seq")
	return list.Items
}

// nobody: a person who does not exist is answered with those who do.
func (w *walk) nobody(t *testing.T) {
	refused(t, w.as(t, "somebody", "kubectl", "version"), "there is no person somebody", "moderator         decides at the gate moderator", "agency-editor     writes the agency's services")
}

// secondRun: over one data folder runs one cluster.
func (w *walk) secondRun(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), filepath.Join(w.root, "bin", "okno-local"), "--data", w.data, "--address", freeAddress(t))
	cmd.Dir = w.root
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("a second run ended well:\n%s", out)
	}
	says(t, string(out), "a local cluster is running already", "Ctrl-C")
}
