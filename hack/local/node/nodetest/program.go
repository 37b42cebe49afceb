// SPDX-License-Identifier: Apache-2.0

// Package nodetest lets a test binary play the programs of pods, and starts a
// real cluster with a local node for tests.
package nodetest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/hack/local/controlplane/controlplanetest"
	"github.com/okno-dev/okno/hack/local/node"
)

// Image is what pods of tests name to run Program.
const Image = "test.okno.dev/program:dev"

// programVariable is set in the environment of a test binary that shall be Program.
const programVariable = "OKNO_TEST_PROGRAM"

// Main runs the tests, or Program when the node started the binary for a pod.
func Main(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == programVariable {
		if err := program(os.Args[2:]); err != nil {
			slog.Error("program ends", "error", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Images maps Image to the running test binary.
func Images(reference string) (node.Image, error) {
	if reference != Image {
		return node.Image{}, fmt.Errorf("image %q cannot run here", reference)
	}
	path, err := os.Executable()
	return node.Image{Entrypoint: []string{path, programVariable}, Digest: "sha256:test"}, err
}

// program serves the folder in its second argument on the address in the
// first: GET reads a file, PUT writes one, POST /env/NAME answers a variable,
// POST /exit ends with an error, POST /sick fails /healthz from then on.
func program(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("want address and folder, got %q", args)
	}
	fmt.Println("serving", args[1], "on", args[0])
	root, err := os.OpenRoot(args[1])
	if err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	server := &http.Server{Addr: args[0], Handler: routes(root), ReadHeaderTimeout: time.Second}
	go func() {
		<-stop.Done()
		fmt.Println("stopping kindly")
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func routes(root *os.Root) http.Handler {
	mux := http.NewServeMux()
	var sick atomic.Bool
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if sick.Load() {
			http.Error(w, "sick", http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /sick", func(http.ResponseWriter, *http.Request) { sick.Store(true) })
	mux.HandleFunc("POST /exit", func(http.ResponseWriter, *http.Request) {
		fmt.Println("ending as asked")
		os.Exit(7)
	})
	mux.HandleFunc("POST /env/{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv(r.PathValue("name")))
	})
	mux.HandleFunc("POST /fetch", func(w http.ResponseWriter, r *http.Request) {
		response, err := http.Get(r.FormValue("url"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		_ = response.Write(w)
	})
	mux.HandleFunc("PUT /{file...}", func(w http.ResponseWriter, r *http.Request) {
		if err := root.WriteFile(filepath.FromSlash(r.PathValue("file")), []byte(r.FormValue("text")), 0o600); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.Handle("GET /", http.FileServerFS(root.FS()))
	return mux
}

// Cluster is a control plane with a node.
type Cluster struct {
	*controlplane.Cluster
	Node *node.Node
	// Dir is the node's folder.
	Dir     string
	options node.Options
}

// StartPlane starts a control plane for a test, and stops it after it.
func StartPlane(t testing.TB) *Cluster {
	t.Helper()
	dir := t.TempDir()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{
		Dir: filepath.Join(dir, "plane"), BinDir: controlplanetest.BinDir(t), Unsafe: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(plane.Stop)
	return &Cluster{Cluster: plane, Dir: filepath.Join(dir, "node")}
}

// RunNode starts a node whose pods use proxy, and stops it after the test.
func (c *Cluster) RunNode(t testing.TB, proxy string) {
	t.Helper()
	c.options = node.Options{
		Config: c.Config("okno:local-node", controlplane.Masters), Dir: c.Dir, Images: Images, Proxy: proxy,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	c.StartNode(t)
	t.Cleanup(func() { c.Node.Stop() })
}

// StartNode starts the node, again after it was stopped.
func (c *Cluster) StartNode(t testing.TB) {
	t.Helper()
	certificate, key, err := c.ServerPair("local")
	if err != nil {
		t.Fatal(err)
	}
	if c.options.Logs, err = node.ListenForLogs(certificate, key, c.CA(), controlplane.NodeClientGroup); err != nil {
		t.Fatal(err)
	}
	if c.Node, err = node.Start(t.Context(), c.options); err != nil {
		t.Fatal(err)
	}
}
