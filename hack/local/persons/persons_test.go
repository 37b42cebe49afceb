// SPDX-License-Identifier: Apache-2.0

package persons

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestScript(t *testing.T) {
	root := filepath.Join(t.TempDir(), "it's a folder")
	data, bin := filepath.Join(root, "data"), filepath.Join(root, "bin")
	as := filepath.Join(bin, "as")
	if err := WriteScript(as, data, bin); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(bin, "whoami"), "#!/bin/sh\necho \"$(basename \"$KUBECONFIG\") $*\"\n")
	if text, code := run(t, as, "moderator", "whoami"); code != 1 || !strings.Contains(text, "make run") {
		t.Errorf("without a cluster: %d %s", code, text)
	}
	for _, p := range All() {
		write(t, p.Kubeconfig(data), "")
	}
	tests := map[string]struct {
		args []string
		code int
		want string
	}{
		"ACommandRunsAsThePerson":    {[]string{"moderator", "whoami", "a b", "c"}, 0, "moderator.kubeconfig a b c\n"},
		"ItsExitCodeIsKept":          {[]string{"ministry", "/bin/sh", "-c", "exit 7"}, 7, ""},
		"WithoutACommandAllAreNamed": {[]string{"ministry"}, 2, "security-officer  decides at the gate security"},
		"AStrangerLearnsWhoThereIs":  {[]string{"somebody", "whoami"}, 2, "there is no person somebody"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			text, code := run(t, as, tc.args...)
			if code != tc.code || !strings.Contains(text, tc.want) {
				t.Errorf("code %d, want %d; output %q lacks %q", code, tc.code, text, tc.want)
			}
		})
	}
}

func TestDecider(t *testing.T) {
	for gate, want := range map[string]string{"security": "security-officer", "moderator": "moderator", "scenarios": "", "": ""} {
		if p, ok := Decider(gate); p.Name != want || ok != (want != "") {
			t.Errorf("Decider(%q) = %q, want %q", gate, p.Name, want)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, path string, args ...string) (string, int) {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		return string(text), exit.ExitCode()
	}
	return string(text), 0
}
