// SPDX-License-Identifier: Apache-2.0

// Package persons are those who act in the local cluster: each has a user name,
// groups that roles are bound to, and a kubeconfig of their own, so that whoever
// tries Okno can decide as one person and be refused as another.
package persons

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Person is a sample user. Names are duties: nobody is made up.
type Person struct {
	Name   string
	Groups []string
	// Gate is the gate of the default policy at which the person decides; may be empty.
	Gate string
	// Duty says in a few words what the person does.
	Duty string
}

// All are the sample persons in the order in which a service meets them.
func All() []Person {
	return []Person{
		{Name: "platform", Groups: []string{"system:masters"}, Duty: "runs the cluster and registers agencies"},
		{Name: "agency-editor", Groups: []string{"okno:agency-editors"}, Duty: "writes the agency's services"},
		{Name: "mfc-tester", Groups: []string{"okno:mfc-testers"}, Gate: "integration", Duty: "decides at the gate integration"},
		{Name: "security-officer", Groups: []string{"okno:security"}, Gate: "security", Duty: "decides at the gate security"},
		{Name: "ministry", Groups: []string{"okno:ministry"}, Gate: "ministry", Duty: "decides at the gate ministry"},
		{Name: "moderator", Groups: []string{"okno:moderators"}, Gate: "moderator", Duty: "decides at the gate moderator, the last"},
	}
}

// Decider is the person who decides at a gate.
func Decider(gate string) (Person, bool) {
	for _, p := range All() {
		if gate != "" && p.Gate == gate {
			return p, true
		}
	}
	return Person{}, false
}

// Kubeconfig is a person's kubeconfig file in the data folder.
func (p Person) Kubeconfig(data string) string {
	return filepath.Join(data, "persons", p.Name+".kubeconfig")
}

//go:embed as.sh
var script string

// WriteScript writes the program `as PERSON COMMAND…` that runs a command as a
// person of the cluster in the data folder, with programs from bin first.
func WriteScript(path, data, bin string) error {
	var list strings.Builder
	for _, p := range All() {
		fmt.Fprintf(&list, "  %-17s %s\n", p.Name, p.Duty)
	}
	text := strings.NewReplacer("@DATA@", quote(data), "@BIN@", quote(bin), "@PERSONS@", strings.TrimSuffix(list.String(), "\n")).Replace(script)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	draft := path + ".new"
	if err := os.WriteFile(draft, []byte(text), 0o755); err != nil {
		return err
	}
	return os.Rename(draft, path)
}

// quote makes one word of text for a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
