// SPDX-License-Identifier: Apache-2.0

// Package lone runs the real intake program alone, as a process on a store that
// serves one published service. It needs no cluster: an intake serves what its
// store remembers. Measurements and durability tests share it.
package lone

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/process"
	"github.com/okno-dev/okno/internal/definition/manifest"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/inner"
	"github.com/okno-dev/okno/internal/intake"
	"github.com/okno-dev/okno/internal/intake/store"
)

// Build builds cmd/intake of the repository at root into its bin, with the one set of flags, and returns the program's path.
func Build(ctx context.Context, root string) (string, error) {
	program, err := filepath.Abs(filepath.Join(root, "bin", "intake")) // go build takes a relative path from its own folder
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/intake")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false -trimpath")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the intake: %w: %s", err, out)
	}
	return program, nil
}

// StorePath is the store's file in a data folder.
func StorePath(dir string) string { return filepath.Join(dir, "okno.db") }

// Prepare makes a store in dir that serves the GovService of the manifest, and returns the service's name.
func Prepare(ctx context.Context, dir string, govService []byte) (string, error) {
	name, raw, err := read(govService)
	if err != nil {
		return "", err
	}
	return name, serve(ctx, dir, func(publish publisher) error { return publish(name, raw) })
}

// PrepareMany makes a store in dir that serves n services made from the manifest, each with a name and a code of its own, and
// returns their names.
func PrepareMany(ctx context.Context, dir string, govService []byte, n int) ([]string, error) {
	name, raw, err := read(govService)
	if err != nil {
		return nil, err
	}
	var def map[string]json.RawMessage
	if err := json.Unmarshal(raw, &def); err != nil {
		return nil, err
	}
	names := make([]string, n)
	return names, serve(ctx, dir, func(publish publisher) error {
		for i := range names {
			names[i] = fmt.Sprintf("%s-%d", name, i+1)
			def["code"] = fmt.Appendf(nil, `"%010d"`, i+1)
			own, err := json.Marshal(def)
			if err != nil {
				return err
			}
			if err := publish(names[i], own); err != nil {
				return err
			}
		}
		return nil
	})
}

// read returns a GovService's name and its definition.
func read(govService []byte) (name string, raw []byte, err error) {
	file, findings := manifest.ParseFile(govService)
	if file == nil || file.Object == nil {
		return "", nil, fmt.Errorf("read the service: %v", findings)
	}
	return file.Object.Name, file.Raw, nil
}

// publisher serves a definition from now on.
type publisher func(service string, definition []byte) error

// serve makes a store in dir that serves what is published into it.
func serve(ctx context.Context, dir string, fill func(publisher) error) (err error) {
	kept, err := store.Open(ctx, StorePath(dir), store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	server, err := intake.New(ctx, intake.Options{Store: kept, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return fill(func(service string, definition []byte) error {
		d, err := digest.Of(definition)
		if err != nil {
			return err
		}
		spec := v1alpha1.PublicationSpec{
			Service: service, Seq: 1, Action: v1alpha1.ActionPublish, Revision: digest.RevisionName(service, d), Digest: d,
		}
		spec.DecidedAt.Time = time.Now()
		return server.Publish(ctx, spec, definition)
	})
}

// Options say what to run.
type Options struct {
	// Program is the intake's file; Wrapper stands before it, such as strace with its flags.
	Program string
	Wrapper []string
	// Dir is the data folder, which Prepare filled.
	Dir string
	// ReadyWithin bounds the start; zero means 20 s.
	ReadyWithin time.Duration
}

// Intake is a running intake.
type Intake struct {
	*process.Process
	// Public and Inner are the base URLs of its two ports.
	Public, Inner string
	// Log is the file with what it says.
	Log string
}

// Start starts the program and returns when it is ready. One who measures is one client, so that no client's rate is bounded.
func Start(ctx context.Context, o Options) (*Intake, error) {
	public, err := freeAddress()
	if err != nil {
		return nil, err
	}
	private, err := freeAddress()
	if err != nil {
		return nil, err
	}
	key, err := trustedKey()
	if err != nil {
		return nil, err
	}
	command := append(append([]string{}, o.Wrapper...), o.Program, "--namespace=lone", "--client-rate=0", "--trusted-key="+key,
		"--data-dir="+o.Dir, "--public-bind="+public, "--inner-bind="+private)
	path, err := exec.LookPath(command[0])
	if err != nil {
		return nil, err
	}
	in := &Intake{Public: "http://" + public, Inner: "http://" + private, Log: filepath.Join(o.Dir, "intake.log")}
	in.Process, err = process.Start(process.Spec{Path: path, Args: command[1:], Env: environment(), Log: in.Log})
	if err != nil {
		return nil, err
	}
	if o.ReadyWithin == 0 {
		o.ReadyWithin = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, o.ReadyWithin)
	defer cancel()
	if err := in.ready(ctx); err != nil {
		in.Kill()
		return nil, fmt.Errorf("%w; its log ends with:\n%s", err, process.Tail(in.Log, 2000))
	}
	return in, nil
}

// environment leaves out the variables by which an intake would find an API server.
func environment() []string {
	env := []string{"GOMEMLIMIT=115MiB"} // as internal/resources sets it
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (in *Intake) ready(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := get(ctx, in.Inner+inner.PathReady); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("the intake is not ready in time")
		case <-in.Done():
			return fmt.Errorf("the intake ended with code %d", in.Exit().Code)
		case <-tick.C:
		}
	}
}

func get(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s: %.300s", url, response.Status, text)
	}
	return string(text), err
}

// Pages of a service that ask for nothing and leave nothing behind.
const (
	StartPage = ""
	PaperForm = "/blank" // needs the compiled form
)

// Visit asks for pages of a service, as a citizen does.
func (in *Intake) Visit(ctx context.Context, service string, pages ...string) error {
	for _, page := range pages {
		if _, err := get(ctx, in.Public+"/s/"+service+page); err != nil {
			return err
		}
	}
	return nil
}

// Applications is where a service's applications are posted.
func (in *Intake) Applications(service string) string {
	return in.Public + "/api/v1/services/" + service + "/applications"
}

var metric = regexp.MustCompile(`(?m)^okno_intake_store_(syncs|commands) (\S+)$`)

// Syncs returns how many syncs the store has asked of the disk since the start, and how many commands it has answered.
func (in *Intake) Syncs(ctx context.Context) (syncs, commands float64, err error) {
	text, err := get(ctx, in.Inner+inner.PathMetrics)
	if err != nil {
		return 0, 0, err
	}
	found := metric.FindAllStringSubmatch(text, -1)
	if len(found) != 2 {
		return 0, 0, fmt.Errorf("metrics tell %d of syncs and commands", len(found))
	}
	for _, m := range found {
		value, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return 0, 0, err
		}
		if m[1] == "syncs" {
			syncs = value
		} else {
			commands = value
		}
	}
	return syncs, commands, nil
}

// trustedKey is a key that nobody holds: the intake must trust one, and follows nobody here.
func trustedKey() (string, error) {
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	return base64.StdEncoding.EncodeToString(der), err
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
