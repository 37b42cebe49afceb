// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/okno-dev/okno/test/tutorial"
)

// student follows the tutorial up to the cluster, with what the page itself says. The part in a cluster is followed by test/e2e.
type student struct {
	*testing.T
	page *tutorial.Page
	// file is permit.yaml.
	file string
	// screen is what `serve` says.
	screen *transcript
	form   string
}

// TestTheTutorial runs every command of the page and makes every change that it asks for, in the page's order.
func TestTheTutorial(t *testing.T) {
	page, err := tutorial.Read(root + "docs/tutorial-first-service.md")
	if err != nil {
		t.Fatal(err)
	}
	s := &student{T: t, page: page, file: filepath.Join(t.TempDir(), "permit.yaml")}
	for _, command := range page.Commands("Your first service") {
		s.prepare(command)
	}
	stop := s.serve()
	s.breakAndMend()
	s.addAndProve()
	for _, command := range page.Commands("See what an approver approves") {
		if digest := s.runs(command, exitOK); !regexp.MustCompile(`^sha256:[0-9a-f]{64}\n$`).MatchString(digest) {
			t.Errorf("%s: %q is no digest", command, digest)
		}
	}
	if code := stop(); code != exitOK {
		t.Errorf("exit code %d, want %d:\n%s", code, exitOK, s.screen)
	}
}

// prepare does what the page begins with. A command that is new there fails until it is followed here.
func (s *student) prepare(command string) {
	s.Helper()
	words := strings.Fields(command)
	switch words[0] {
	case "make":
		makefile, err := os.ReadFile(root + "Makefile")
		if err != nil {
			s.Fatal(err)
		}
		if !strings.Contains(string(makefile), "\n"+words[1]+":") {
			s.Errorf("%s: there is no such target", command)
		}
	case "export":
		if command != `export PATH="$PWD/bin:$PATH"` {
			s.Errorf("%s: the programs lie in bin/", command)
		}
	case "cp":
		if words[2] != filepath.Base(s.file) {
			s.Errorf("%s: the page goes on with %s", command, filepath.Base(s.file))
		}
		text, err := os.ReadFile(root + words[1])
		if err != nil {
			s.Fatal(err)
		}
		s.save(text)
	default:
		s.Fatalf("%s: nobody has tried this", command)
	}
}

// serve runs the command of the page, on a free port, until the returned function is called.
func (s *student) serve() func() int {
	s.Helper()
	commands := s.page.Commands("Serve it")
	if len(commands) != 1 {
		s.Fatalf("%d commands, want one that serves: %q", len(commands), commands)
	}
	words := s.words(commands[0])
	if words[0] != "serve" || words[1] != "-f" || len(words) != 3 {
		s.Fatalf("%s: nobody has tried this", commands[0])
	}
	screen, stop := serving(s.T, words[2])
	s.screen, s.form = screen, screen.await(s.T, 0, `form +(http://\S+)`)
	screen.await(s.T, 0, `curl -sS .*/applications`)
	screen.await(s.T, 0, `Ctrl-C ends`)
	if path := "/s/" + regexp.MustCompile(`/s/([a-z-]+)>`).FindStringSubmatch(s.page.Sections["Serve it"])[1]; !strings.HasSuffix(s.form, path) {
		s.Errorf("the page names %s, and the form is at %s", path, s.form)
	}
	get(s.T, s.form)
	return stop
}

// breakAndMend: the page still works while the file is broken, and lint says the same as serve.
func (s *student) breakAndMend() {
	s.Helper()
	swaps := s.page.Swaps("Break it")
	if len(swaps) != 1 {
		s.Fatalf("%d changes, want one: %q", len(swaps), swaps)
	}
	good, from := s.swap(swaps[0])
	said := s.screen.await(s.T, from, `(?s)(form\.pages.*/distrikt.*the last definition without errors is still served)`)
	get(s.T, s.form)
	command := s.inline("Break it")
	for line := range strings.Lines(s.runs(command, exitFailed)) {
		if strings.Contains(line, "/distrikt") && !strings.Contains(said, strings.TrimSpace(line)) {
			s.Errorf("%s says %q, and serve does not:\n%s", command, line, said)
		}
	}
	from = s.save(good)
	s.screen.await(s.T, from, `the definition is the same as before`)
}

// addAndProve: what the page adds is asked for on every way, and its scenarios fail when they should.
func (s *student) addAndProve() {
	s.Helper()
	text, err := os.ReadFile(s.file)
	if err != nil {
		s.Fatal(err)
	}
	if text, err = s.page.Additions(text); err != nil {
		s.Fatal(err)
	}
	from := s.save(text)
	s.screen.await(s.T, from, `PASS +two light cars`)
	s.screen.await(s.T, from, `the gate for scenarios would open`)
	base, name, _ := strings.Cut(s.form, "/s/")
	for _, where := range []string{"/schema/" + name + "/application.json", "/api/v1/services/" + name + "/openapi.json"} {
		if !strings.Contains(get(s.T, base+where), `"colour"`) {
			s.Errorf("%s does not know the colour", where)
		}
	}
	if !strings.Contains(get(s.T, s.form+"/blank?lang=en"), "Colour") {
		s.Error("the form does not ask for the colour")
	}

	swaps, command := s.page.Swaps("Prove it"), s.inline("Prove it")
	if len(swaps) != 1 {
		s.Fatalf("%d changes, want one: %q", len(swaps), swaps)
	}
	good, from := s.swap(swaps[0])
	said := s.screen.await(s.T, from, `(?s)(FAIL.*the gate for scenarios would stay closed)`)
	for _, day := range []string{"2026-03-05", "2026-03-06"} {
		if !strings.Contains(said, day) {
			s.Errorf("the terminal does not show %s:\n%s", day, said)
		}
	}
	s.runs(command, exitFailed)
	s.save(good)
	s.runs(command, exitOK)
}

// swap makes one change in the file and returns what was there, and where the screen stood before.
func (s *student) swap(swap [2]string) (good []byte, from int) {
	s.Helper()
	good, err := os.ReadFile(s.file)
	if err != nil {
		s.Fatal(err)
	}
	bad, err := tutorial.Swap(good, swap)
	if err != nil {
		s.Fatal(err)
	}
	return good, s.save(bad)
}

// save writes the file and returns where the screen stood before.
func (s *student) save(text []byte) int {
	s.Helper()
	from := 0
	if s.screen != nil {
		from = len(s.screen.String())
	}
	if err := os.WriteFile(s.file, text, 0o600); err != nil {
		s.Fatal(err)
	}
	return from
}

var inlineCommand = regexp.MustCompile("`(kubectl-okno [^`]+)`")

// inline is the one command that a section gives within a sentence.
func (s *student) inline(section string) string {
	s.Helper()
	found := inlineCommand.FindAllStringSubmatch(s.page.Sections[section], -1)
	if len(found) != 1 {
		s.Fatalf("%q gives %d commands within sentences, want one", section, len(found))
	}
	return found[0][1]
}

// runs runs a command of the page and returns what it prints.
func (s *student) runs(command string, code int) string {
	s.Helper()
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	if got := Run(s.Context(), s.words(command), streams); got != code {
		s.Errorf("%s: exit code %d, want %d:\n%s%s", command, got, code, out, errOut)
	}
	return out.String()
}

// words are a command's arguments, with the file where the test has it.
func (s *student) words(command string) []string {
	s.Helper()
	words := strings.Fields(command)
	if words[0] != "kubectl-okno" {
		s.Fatalf("%s: nobody has tried this", command)
	}
	for i, word := range words {
		if word == filepath.Base(s.file) {
			words[i] = s.file
		}
	}
	return words[1:]
}
