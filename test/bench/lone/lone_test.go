// SPDX-License-Identifier: Apache-2.0

package lone_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/test/bench/applications"
	"github.com/okno-dev/okno/test/bench/lone"
)

const root = "../../.."

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestTheRealProgramTakesTheSampleApplication: all figures rest on this path.
func TestTheRealProgramTakesTheSampleApplication(t *testing.T) {
	dir := t.TempDir()
	program, err := lone.Build(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	service, err := lone.Prepare(t.Context(), dir, read(t, "config/samples/pension-delivery/govservice.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	in, err := lone.Start(t.Context(), lone.Options{Program: program, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Kill()
	load := applications.Load{
		URL: in.Applications(service), Header: http.Header{"Content-Type": {"application/json"}},
		Body: read(t, "config/samples/applications/pension.json"), Clients: 2, N: 30, Rate: 1000, Dir: t.TempDir(),
	}
	took, err := applications.Paced(t.Context(), load)
	if err != nil || len(took) != load.N || took[0] <= 0 {
		t.Fatalf("%d applications were timed, %v", len(took), err)
	}
	syncs, commands, err := in.Syncs(t.Context())
	if err != nil || commands < 30 || syncs < 1 || syncs > commands {
		t.Errorf("the program tells of %v syncs and %v commands, %v", syncs, commands, err)
	}
	if exit := in.Stop(10 * time.Second); exit.Code != 0 {
		t.Errorf("it ended with code %d", exit.Code)
	}
	if stored := submitted(t, dir); stored != 30 {
		t.Errorf("%d applications are stored", stored)
	}
}

func submitted(t *testing.T, dir string) (stored int64) {
	t.Helper()
	s, err := store.Open(context.Background(), lone.StorePath(dir), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	counts, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		stored += c.Submitted
	}
	return stored
}
