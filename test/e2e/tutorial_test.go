// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/okno-dev/okno/test/tutorial"
)

// tutorial goes on where internal/cli leaves the tutorial: the service with all that the page adds to it is sent to the cluster by
// the commands of the page, word for word, and served at the address that it names.
func (w *walk) tutorial(t *testing.T) {
	const section = "Send it to a cluster"
	page, err := tutorial.Read(filepath.Join(w.root, "docs/tutorial-first-service.md"))
	if err != nil {
		t.Fatal(err)
	}
	folder := w.desk(t, page)
	blocks := 0
	for _, block := range page.Blocks {
		if block.Section != section || block.Language != "sh" {
			continue
		}
		blocks++
		if blocks == 2 { // the first block ends with a question; the second decides as soon as the scenarios have passed
			w.await(t, "the scenarios of the permit", func() error {
				said := w.as(t, "platform", "kubectl", "get", "gsvc", "parking-permit", "-n", "town", "-o", `jsonpath={.status.pending.gates}`).text()
				if said != "1/5" {
					return fmt.Errorf("gates %q, want 1/5: %s", said, w.as(t, "platform", "kubectl", "okno", "why", "parking-permit", "-n", "town").text())
				}
				return nil
			})
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", block.Text)
		cmd.Dir = folder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s\n%v:\n%s", block.Text, err, out)
		}
	}
	if blocks != 2 {
		t.Errorf("%d blocks of commands, want two", blocks)
	}
	addresses := regexp.MustCompile(`<(http://[^>]+)>`).FindAllStringSubmatch(page.Sections[section], -1)
	if len(addresses) != 2 {
		t.Fatalf("the page names %d addresses, want the service's and the catalogue's", len(addresses))
	}
	for _, m := range addresses {
		address := strings.Replace(m[1], ":8080", w.door[strings.LastIndex(w.door, ":"):], 1)
		w.await(t, address, func() error {
			p, err := w.open(t).do(t.Context(), http.MethodGet, address, map[string]string{"Accept-Language": "ru"}, nil)
			if err != nil {
				return err
			}
			if p.status != http.StatusOK || !strings.Contains(string(p.body), "арковочн") {
				return fmt.Errorf("status %d:\n%s", p.status, p.body)
			}
			return nil
		})
	}
}

// desk is a folder as the page has it: bin/as and permit.yaml.
func (w *walk) desk(t *testing.T, page *tutorial.Page) string {
	t.Helper()
	folder := t.TempDir()
	text, err := os.ReadFile(filepath.Join(w.root, "config/samples/first-service/govservice.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if text, err = page.Additions(text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "permit.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(w.data, "as"), filepath.Join(folder, "bin", "as")); err != nil {
		t.Fatal(err)
	}
	return folder
}
