// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/okno-dev/okno/internal/definition"
)

const (
	// gatherFrom is from how many findings of a kind in one language on they are told as one.
	gatherFrom = 4
	// gatherShown is how many of their places are named.
	gatherShown = 3
)

// textKind is a kind of finding of which a half-translated service has many. In its words %[1]s is the language of the text,
// %[2]s the languages of the service, %[3]s the text.
type textKind struct {
	rule     string
	severity definition.Severity
	// found and do are said of one text, allFound and allDo of many.
	found, allFound, allowed, do, allDo string
}

var (
	textMissing = &textKind{
		rule: "text-missing", severity: definition.Error,
		found: "no text in %[1]s", allFound: "no text in %[1]s", allowed: "a text in each of %[2]s",
		do: "translate the text, or remove the language from languages", allDo: "translate the texts, or remove %[1]s from languages",
	}
	textUndeclared = &textKind{
		rule: "text-undeclared", severity: definition.Warning,
		found: "a text in %[1]s", allFound: "texts in %[1]s", allowed: "texts in %[2]s",
		do:    "add %[1]s to languages, or remove the text: nobody will see it",
		allDo: "add %[1]s to languages, or remove the texts: nobody will see them",
	}
	textEmpty = &textKind{
		rule: "text-empty", severity: definition.Error,
		found: "an empty text", allFound: "empty texts in %[1]s", allowed: "a text for people",
		do: "write the text", allDo: "write the texts, or remove %[1]s from languages",
	}
	textCopy = &textKind{
		rule: "text-copy", severity: definition.Error,
		found: "the very text of another language: %[3]s", allFound: "the very texts of another language in %[1]s", allowed: "a translation",
		do: "translate the text", allDo: "translate the texts, or remove %[1]s from languages",
	}
	scriptKinds = map[string]*textKind{"Cyrillic": textInScript("Cyrillic"), "Latin": textInScript("Latin")}
)

func textInScript(script string) *textKind {
	return &textKind{
		rule: "text-script", severity: definition.Error,
		found: "a text in " + script + " letters: %[3]s", allFound: "texts in " + script + " letters in %[1]s", allowed: "a text in %[1]s",
		do: "translate the text", allDo: "translate the texts, or remove %[1]s from languages",
	}
}

// textFinding is one finding that may be told together with others.
type textFinding struct {
	kind *textKind
	tag  string
	path string
	text string
	// among are the languages of the service.
	among string
}

// say fills in what a kind says; what it says may leave out some of the three.
func (f textFinding) say(words string) string {
	return strings.NewReplacer("%[1]s", f.tag, "%[2]s", f.among, "%[3]s", quote(f.text)).Replace(words)
}

func (f textFinding) alone() definition.Finding {
	return definition.Finding{
		Path: f.path, Rule: f.kind.rule, Severity: f.kind.severity,
		Found: f.say(f.kind.found), Allowed: f.say(f.kind.allowed), Do: f.say(f.kind.do),
	}
}

// many notes a finding at a text, or at the place where it is missing.
func (t *textCheck) many(at *place, tag string, kind *textKind, text string) {
	t.untranslated = append(t.untranslated, textFinding{kind, tag, at.String(), text, strings.Join(t.languages, ", ")})
}

// gatherTexts tells findings of a kind in one language as one at the language when they are many: a service of two hundred texts
// that was never translated is one matter, not two hundred.
func gatherTexts(languages []string, untranslated []textFinding) []definition.Finding {
	type group struct {
		kind *textKind
		tag  string
	}
	var order []group
	groups := map[group][]textFinding{}
	for _, f := range untranslated {
		key := group{f.kind, f.tag}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], f)
	}
	var findings []definition.Finding
	for _, key := range order {
		all := groups[key]
		if len(all) < gatherFrom {
			for _, f := range all {
				findings = append(findings, f.alone())
			}
			continue
		}
		findings = append(findings, together(all, slices.Index(languages, key.tag)))
	}
	return findings
}

// together tells findings of one kind and language as one; language is its place in languages, -1 when it is not declared.
func together(all []textFinding, language int) definition.Finding {
	first := all[0]
	path := definition.Root + ".languages"
	if language >= 0 {
		path = fmt.Sprintf("%s[%d]", path, language)
	}
	places := make([]string, 0, gatherShown)
	for _, f := range all[:gatherShown] {
		places = append(places, strings.TrimPrefix(f.path, definition.Root+"."))
	}
	return definition.Finding{
		Path: path, Rule: first.kind.rule, Severity: first.kind.severity,
		Found:   fmt.Sprintf("%s at %d places: %s and %d more", first.say(first.kind.allFound), len(all), strings.Join(places, ", "), len(all)-gatherShown),
		Allowed: first.say(first.kind.allowed), Do: first.say(first.kind.allDo),
	}
}
