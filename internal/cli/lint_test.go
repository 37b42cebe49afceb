// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

const sampleFile = "../../config/samples/pension-delivery/govservice.yaml"

func runCommand(t *testing.T, make func(genericiooptions.IOStreams) *cobra.Command, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	streams, in, out, errOut := genericiooptions.NewTestIOStreams()
	in.WriteString(stdin)
	cmd := make(streams)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(errOut)
	err = cmd.Execute()
	return out.String(), errOut.String(), err
}

func sample(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(sampleFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// write puts a file into a directory of its own and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLintCommand(t *testing.T) {
	good := sample(t)
	broken := strings.Replace(good, "\n    routing:", "\n    rooting:", 1)
	if broken == good {
		t.Fatal("the sample has no routing where this test expects it")
	}
	cases := map[string]struct {
		stdin  string
		args   []string
		failed bool
		want   []string
	}{
		"the sample has no errors": {
			args: []string{"-f", sampleFile},
			want: []string{sampleFile, "sha256:", "judged by 210-FZ/"},
		},
		"a misspelt field is found with its line, and once": {
			stdin: broken, args: []string{"-f", "-"}, failed: true,
			want: []string{"standard input", "spec.service.rooting (line ", "unknown-field", "did you mean routing?", "\n  1 error, "},
		},
		"several files are told apart": {
			args: []string{"-f", sampleFile, "-f", write(t, "other.yaml", "a: [")}, failed: true,
			want: []string{sampleFile, "other.yaml", "rule     syntax"},
		},
		"the rules of law can be listed": {
			args: []string{"--rules"},
			want: []string{"law-registration-term", "law-protection-level", "210-ФЗ art. 14 part 1 item 7"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			out, _, err := runCommand(t, newLintCommand, tc.stdin, tc.args...)
			if got := errors.Is(err, errFailed); got != tc.failed || (err != nil && !got) {
				t.Fatalf("error %v, want failed %t\n%s", err, tc.failed, out)
			}
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("output lacks %q:\n%s", want, out)
				}
			}
		})
	}
}

func TestLintCommandAsJSON(t *testing.T) {
	broken := strings.Replace(sample(t), "\n    routing:", "\n    rooting:", 1)
	out, _, err := runCommand(t, newLintCommand, broken, "-f", "-", "-o", "json")
	if !errors.Is(err, errFailed) {
		t.Fatalf("error %v", err)
	}
	var report lintReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if report.Errors != 1 || len(report.Files) != 1 || report.Files[0].Digest != "" || report.Files[0].Service != "pension-delivery" {
		t.Errorf("report %+v", report)
	}
	first := report.Files[0].Findings[0]
	if first.Path != "spec.service.rooting" || first.Line < 2 || first.Message == "" {
		t.Errorf("first finding %+v", first)
	}
}

func TestWrapped(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"a short text":         {"one  two", "one two"},
		"no text":              {"", ""},
		"a text of two lines":  {strings.Repeat("я", 60) + " " + strings.Repeat("ю", 60) + " э", strings.Repeat("я", 60) + "\n  " + strings.Repeat("ю", 60) + " э"},
		"a word beyond a line": {"a " + strings.Repeat("b", 120), "a\n  " + strings.Repeat("b", 120)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := wrapped(tc.text, 2); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestLintAndDigestRefuseWrongCommandLines(t *testing.T) {
	for name, args := range map[string][]string{
		"no file":                                {},
		"an unknown output":                      {"-f", sampleFile, "-o", "xml"},
		"standard input twice":                   {"-f", "-", "-f", "-"},
		"standard input before and after a file": {"-f", "-", "-f", sampleFile, "-f", "-"},
	} {
		for command, make := range map[string]func(genericiooptions.IOStreams) *cobra.Command{"lint": newLintCommand, "digest": newDigestCommand} {
			t.Run(command+" "+name, func(t *testing.T) {
				_, _, err := runCommand(t, make, sample(t), args...)
				var usage usageError
				if !errors.As(err, &usage) {
					t.Errorf("error %v, want a usage error", err)
				}
			})
		}
	}
	if _, _, err := runCommand(t, newLintCommand, "", "-f", "/does/not/exist.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestDigestCommand(t *testing.T) {
	out, _, err := runCommand(t, newDigestCommand, "", "-f", sampleFile)
	if err != nil || !strings.HasPrefix(out, "sha256:") || len(out) != len("sha256:")+64+1 {
		t.Fatalf("%q, %v", out, err)
	}
	revision, _, err := runCommand(t, newDigestCommand, "", "-f", sampleFile, "-o", "revision")
	if want := "pension-delivery-" + out[len("sha256:"):][:10] + "\n"; err != nil || revision != want {
		t.Errorf("revision %q, want %q, %v", revision, want, err)
	}
	labelled := strings.Replace(sample(t), "metadata:\n", "metadata:\n  labels: {team: a}\n", 1)
	same, _, err := runCommand(t, newDigestCommand, labelled, "-f", "-")
	if err != nil || same != out {
		t.Errorf("a label changed the digest: %q, %v", same, err)
	}
	canonical, _, err := runCommand(t, newDigestCommand, "", "-f", sampleFile, "-o", "canonical")
	if err != nil || !bytes.HasPrefix([]byte(canonical), []byte(`{"accessibility":`)) || strings.HasSuffix(canonical, "\n") {
		t.Errorf("canonical form begins %.40q, %v", canonical, err)
	}
	stdout, stderr, err := runCommand(t, newDigestCommand, strings.Replace(sample(t), "\n    routing:", "\n    rooting:", 1), "-f", "-")
	if !errors.Is(err, errFailed) || stdout != "" || !strings.Contains(stderr, "unknown-field") {
		t.Errorf("a field that the API server drops: %v, %q, %s", err, stdout, stderr)
	}
}
