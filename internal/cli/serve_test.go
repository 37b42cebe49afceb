// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// A file that goes is told once, and not while an editor puts a new one in its place.
func TestServeTellsThatItsFileHasGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "service.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a: 1\n")
	out := &bytes.Buffer{}
	w := &workshop{serveOptions: &serveOptions{file: path, IOStreams: genericiooptions.IOStreams{Out: out}}, served: "sha256:good"}
	var err error
	if w.seen, err = stateOf(path); err != nil {
		t.Fatal(err)
	}
	remove := func(looks int) {
		t.Helper()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		for range looks {
			if w.look() {
				t.Error("a file that is not there has changed")
			}
		}
	}
	remove(goneAfter - 1)
	write("a: 1, put back by an editor\n")
	if !w.look() || out.Len() > 0 {
		t.Errorf("a file put back at once: said %q", out)
	}
	remove(3 * goneAfter)
	if diff := cmp.Diff("\n"+path+": the file is gone; still serving the last one\n", out.String()); diff != "" {
		t.Errorf("a file that is gone (-want +got):\n%s", diff)
	}
	write("a: 1, written anew\n")
	if !w.look() {
		t.Error("a file that came back has not changed")
	}
}
