// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
)

// copyWords is from how many words on a text that is equal in two languages counts as a copy: names, numbers and short terms
// may well be the same.
const copyWords = 4

// languages demands proper tags, each once.
func languages(in input) []definition.Finding {
	var findings []definition.Finding
	for i, tag := range in.def.Languages {
		path := fmt.Sprintf("%s.languages[%d]", definition.Root, i)
		if _, err := language.Parse(tag); err != nil {
			findings = append(findings, definition.Finding{
				Path: path, Rule: "language-tag", Severity: definition.Error, Found: fmt.Sprintf("%q", tag),
				Allowed: "BCP-47 tags such as ru, en, tt", Do: "correct the tag",
			})
		}
		if slices.Index(in.def.Languages, tag) < i {
			findings = append(findings, definition.Finding{
				Path: path, Rule: "language-twice", Severity: definition.Error, Found: fmt.Sprintf("%q for the second time", tag),
				Allowed: "each language once", Do: "remove one of the two",
			})
		}
	}
	return findings
}

// texts demands every text in every declared language, each in its own words.
func texts(in input) []definition.Finding {
	t := textCheck{own: ownNames(in.def), title: in.def.Title}
	for _, tag := range in.def.Languages {
		if _, err := language.Parse(tag); err == nil && !slices.Contains(t.languages, tag) {
			t.languages = append(t.languages, tag)
		}
	}
	t.walk(reflect.ValueOf(in.def).Elem(), &place{name: definition.Root})
	return append(t.findings, gatherTexts(in.def.Languages, t.untranslated)...)
}

var (
	textType   = reflect.TypeFor[v1alpha1.Text]()
	outputType = reflect.TypeFor[v1alpha1.Output]()
)

// place is where a walk is; it becomes a path only for findings, of which there are few.
type place struct {
	parent *place
	name   string // "" of an entry of a list
	index  int
}

func (p *place) String() string {
	switch {
	case p.parent == nil:
		return p.name
	case p.name == "":
		return fmt.Sprintf("%s[%d]", p.parent, p.index)
	default:
		return p.parent.String() + "." + p.name
	}
}

// textCheck walks the typed definition, so that exactly the fields of type Text are looked at, new ones included.
type textCheck struct {
	languages []string
	own       []string // what the service is called, see ownNames
	title     v1alpha1.Text
	findings  []definition.Finding
	// untranslated are the findings of which a half-translated service has many: they are gathered by language.
	untranslated []textFinding
}

func (t *textCheck) walk(v reflect.Value, at *place) {
	switch {
	case v.Type() == textType:
		t.text(v.Interface().(v1alpha1.Text), at)
	case v.Type() == outputType:
		t.output(v.Interface().(v1alpha1.Output), at)
	case v.Kind() == reflect.Pointer && !v.IsNil():
		t.walk(v.Elem(), at)
	case v.Kind() == reflect.Slice:
		if !mayHoldTexts(v.Type().Elem()) {
			return
		}
		for i := range v.Len() {
			t.walk(v.Index(i), &place{parent: at, index: i})
		}
	case v.Kind() == reflect.Map && v.Type().Elem() == textType:
		for _, key := range sortedKeys(v) {
			t.walk(v.MapIndex(reflect.ValueOf(key).Convert(v.Type().Key())), &place{parent: at, name: key})
		}
	case v.Kind() == reflect.Struct && mayHoldTexts(v.Type()):
		for i := range v.NumField() {
			if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); name != "" {
				t.walk(v.Field(i), &place{parent: at, name: name})
			}
		}
	}
}

// mayHoldTexts tells whether a type is Text or one of the API's own structs.
func mayHoldTexts(typ reflect.Type) bool {
	return typ == textType || (typ.Kind() == reflect.Struct && typ.PkgPath() == outputType.PkgPath())
}

// output looks at an output's name; its template is a document of its own format, in as many languages as it is made in.
func (t *textCheck) output(o v1alpha1.Output, at *place) {
	t.text(o.Name, &place{parent: at, name: "name"})
	if o.Format != "XML" {
		t.text(o.Template, &place{parent: at, name: "template"})
	}
}

func sortedKeys(v reflect.Value) []string {
	keys := make([]string, 0, v.Len())
	for _, k := range v.MapKeys() {
		keys = append(keys, k.String())
	}
	slices.Sort(keys)
	return keys
}

func (t *textCheck) add(path *place, rule string, severity definition.Severity, found, allowed, do string) {
	t.findings = append(t.findings, definition.Finding{
		Path: path.String(), Rule: rule, Severity: severity, Found: found, Allowed: allowed, Do: do,
	})
}

func (t *textCheck) text(text v1alpha1.Text, at *place) {
	if len(text) == 0 {
		return // absent, and where it must not be, the schema says so
	}
	tags := t.tagsOf(text)
	for i, tag := range tags {
		words, ok := text[tag]
		here := &place{parent: at, name: tag}
		if !ok {
			t.many(at, tag, textMissing, "")
			continue
		}
		if t.one(tag, string(words), here) {
			continue
		}
		for _, other := range tags[:i] {
			if text[other] == words && len(strings.Fields(string(words))) >= copyWords {
				t.many(here, tag, textCopy, string(words))
				break
			}
		}
	}
}

// tagsOf returns the languages of the service in their order, and then those that the text has beyond them.
func (t *textCheck) tagsOf(text v1alpha1.Text) []string {
	var more []string
	for tag := range text {
		if !slices.Contains(t.languages, tag) {
			more = append(more, tag)
		}
	}
	if more == nil {
		return t.languages
	}
	slices.Sort(more)
	return slices.Concat(t.languages, more)
}

// markup is an HTML tag or comment; Markdown's <https://…> and <a@b.c> are none.
var markup = regexp.MustCompile(`<(/?[A-Za-z][A-Za-z0-9-]*(\s[^<>]*)?/?|!--[^>]*--)>`)

// unfinished are marks that authors leave for later.
var unfinished = []string{"TODO", "FIXME", "TBD", "XXX", "Lorem ipsum", "lorem ipsum"}

// unfinishedMark returns the first such mark that stands in the text as a word, or "".
func unfinishedMark(text string) string {
	for _, mark := range unfinished {
		if at := strings.Index(text, mark); at >= 0 {
			before, _ := utf8.DecodeLastRuneInString(text[:at])
			after, _ := utf8.DecodeRuneInString(text[at+len(mark):])
			if !unicode.IsLetter(before) && !unicode.IsLetter(after) {
				return mark
			}
		}
	}
	return ""
}

// one judges a text by itself and tells whether its words are of another language.
func (t *textCheck) one(tag, text string, path *place) (foreign bool) {
	if !slices.Contains(t.languages, tag) {
		t.many(path, tag, textUndeclared, "")
	}
	if strings.TrimSpace(text) == "" {
		t.many(path, tag, textEmpty, "")
		return false
	}
	if strings.ContainsRune(text, utf8.RuneError) {
		t.add(path, "text-damaged", definition.Error, "U+FFFD, which stands for what could not be read: "+quote(text), "a text as it was written",
			"write the text anew: a program that took it for another encoding has damaged it")
	}
	if strings.Contains(text, "<") {
		if tag := markup.FindString(text); tag != "" {
			t.add(path, "text-html", definition.Error, quote(tag), "plain text or Markdown", "remove the HTML")
		}
	}
	if word := unfinishedMark(text); word != "" {
		t.add(path, "text-unfinished", definition.Warning, quote(word), "a finished text", "finish the text")
	}
	if name := t.otherService(text, path); name != "" {
		t.add(path, "text-other-service", definition.Warning, "another service: "+quote(name), "this service: "+quote(t.title.In(tag)),
			"correct the name; the text may have been copied from the definition of another service")
	}
	if kind := scriptKinds[foreignScript(tag, text)]; kind != nil {
		t.many(path, tag, kind, text)
		return true
	}
	return false
}

// foreignScript returns the script of a text that is plainly not in the language: mostly Cyrillic where Latin is written, or
// words without one Cyrillic letter where Cyrillic is. Names, abbreviations and numbers of acts are let pass.
func foreignScript(tag, text string) string {
	cyrillic, latin := 0, 0
	for _, r := range text {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
			latin++
		case r < utf8.RuneSelf:
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic++
		case unicode.Is(unicode.Latin, r):
			latin++
		}
	}
	switch script := scriptOf(tag); {
	case script == "Latn" && cyrillic > latin:
		return "Cyrillic"
	case script == "Cyrl" && cyrillic == 0 && latin > 0 && len(strings.Fields(text)) >= copyWords && !strings.Contains(text, "://"):
		return "Latin"
	}
	return ""
}

// scriptOf returns the script in which a language is written, such as Cyrl, or "" for a tag that is none.
func scriptOf(tag string) string {
	switch tag { // the languages of nearly every text
	case "ru":
		return "Cyrl"
	case "en":
		return "Latn"
	}
	parsed, err := language.Parse(tag)
	if err != nil {
		return ""
	}
	script, _ := parsed.Script()
	return script.String()
}

// quote shortens a text for a finding.
func quote(text string) string {
	const limit = 60
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
