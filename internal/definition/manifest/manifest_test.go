// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/test/definitions/bad"
)

// base is a definition that the schema accepts; lint's tests own it.
func base(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../../lint/testdata/base.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// govService is base as a manifest.
func govService(t testing.TB) string {
	t.Helper()
	indented := strings.ReplaceAll(strings.TrimSpace(base(t)), "\n", "\n    ")
	return "apiVersion: catalog.okno.dev/v1alpha1\nkind: GovService\nmetadata:\n  name: card\nspec:\n  service:\n    " + indented + "\n"
}

// change replaces the only place where old stands.
func change(t testing.TB, text, old, new string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q stands %d times in the base", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, new, 1)
}

func TestParseFileAcceptsAGovService(t *testing.T) {
	file, findings := ParseFile([]byte(govService(t)))
	if diff := cmp.Diff([]definition.Finding(nil), findings); diff != "" {
		t.Fatal(diff)
	}
	if file.Object.Name != "card" || file.Definition.Code != "70000000001" || file.Bare() {
		t.Errorf("object %q, code %q, bare %t", file.Object.Name, file.Definition.Code, file.Bare())
	}
	if diff := cmp.Diff(string(file.Raw), string(file.Object.Spec.Service.Raw())); diff != "" {
		t.Error(diff)
	}
}

// However a definition is written down, it is the same definition.
func TestParseFileReadsOneDefinitionFromManyForms(t *testing.T) {
	asJSON, err := yaml.YAMLToJSON([]byte(govService(t)))
	if err != nil {
		t.Fatal(err)
	}
	var pretty strings.Builder
	encoder := json.NewEncoder(&pretty)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(json.RawMessage(asJSON)); err != nil {
		t.Fatal(err)
	}
	want, err := digest.Of(mustParse(t, govService(t)).Raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a definition alone":          base(t),
		"JSON":                        string(asJSON),
		"indented JSON":               pretty.String(),
		"a byte order mark":           "\ufeff" + govService(t),
		"Windows line ends":           strings.ReplaceAll(govService(t), "\n", "\r\n"),
		"document marks":              "---\n" + govService(t) + "...\n",
		"an empty document beside it": "---\n# nothing\n---\n" + govService(t),
		"labels":                      strings.Replace(govService(t), "  name: card\n", "  name: card\n  labels: {a: b}\n", 1),
		"creationTimestamp: null":     strings.Replace(govService(t), "  name: card\n", "  name: card\n  creationTimestamp: null\n", 1),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := digest.Of(mustParse(t, text).Raw)
			if err != nil || got != want {
				t.Errorf("got %s, %v; want %s", got, err, want)
			}
		})
	}
}

func mustParse(t testing.TB, text string) *File {
	t.Helper()
	file, findings := ParseFile([]byte(text))
	if definition.HasErrors(findings) {
		t.Fatalf("%v", findings)
	}
	return file
}

func TestParseFileRefuses(t *testing.T) {
	good := govService(t)
	cases := map[string]struct {
		text string
		want []string // line, rule, path
	}{
		"nothing":                        {"", []string{"0 not-an-object "}},
		"a comment":                      {"# nothing\n", []string{"0 not-an-object "}},
		"a list":                         {"- a\n", []string{"0 not-an-object "}},
		"a text":                         {"GovService", []string{"0 not-an-object "}},
		"two objects":                    {good + "---\n" + good, []string{"0 not-an-object "}},
		"YAML that is none":              {"a: [", []string{"0 syntax "}},
		"JSON that is none":              {`{"a": [}`, []string{"0 syntax "}},
		"windows-1251":                   {"title: \xcf\xe5\xed\xf1\xe8\xff", []string{"0 invalid-utf8 "}},
		"another kind":                   {change(t, good, "kind: GovService", "kind: ConfigMap"), []string{"2 wrong-kind kind"}},
		"another version":                {change(t, good, "v1alpha1", "v1"), []string{"1 wrong-kind apiVersion"}},
		"no name":                        {change(t, good, "  name: card\n", "  namespace: a\n"), []string{"3 metadata metadata.name"}},
		"no metadata":                    {change(t, good, "metadata:\n  name: card\n", ""), []string{"0 metadata metadata"}},
		"a name of capitals":             {change(t, good, "name: card", "name: Card"), []string{"4 metadata metadata.name"}},
		"a name with dots":               {change(t, good, "name: card", "name: a.b"), []string{"4 schema-rule metadata.name"}},
		"a name of 41 characters":        {change(t, good, "name: card", "name: "+strings.Repeat("a", 41)), []string{"4 schema-rule metadata.name"}},
		"unknown metadata":               {change(t, good, "name: card", "name: card\n  colour: red"), []string{"5 unknown-field metadata.colour"}},
		"a label that is none":           {change(t, good, "name: card", "name: card\n  labels: {a: 'b c'}"), []string{"5 metadata metadata.labels"}},
		"a field beside the definition":  {change(t, good, "spec:\n", "spec:\n  sevrice: {}\n"), []string{"6 unknown-field spec.sevrice"}},
		"a misspelt field":               {change(t, good, "    routing:", "    rooting:"), []string{"", "unknown-field spec.service.rooting"}},
		"a field of another name":        {change(t, good, "    routing:", "    paths:"), []string{"", "unknown-field spec.service.paths", "schema-required spec.service.routing"}},
		"aliases without end":            {"a: &a [*a]\n", []string{"0 too-large "}},
		"aliases of a long text":         {"a: &a '" + strings.Repeat("x", 1<<20) + "'\nb: [*a, *a, *a]\n", []string{"0 too-large "}},
		"an unknown field deep inside":   {change(t, good, "stages:\n", "stages:\n      - {id: x, name: {ru: Х}, kind: Check, color: red}\n"), []string{"", "unknown-field spec.service.process.stages[0].color"}},
		"a key twice":                    {change(t, good, "    languages:", "    code: '2'\n    languages:"), []string{"", "duplicate-key spec.service.code"}},
		"a key twice in JSON":            {`{"apiVersion":"catalog.okno.dev/v1alpha1","apiVersion":"catalog.okno.dev/v1alpha1"}`, []string{"", "duplicate-key apiVersion", "wrong-kind kind", "metadata metadata"}},
		"null":                           {change(t, good, "    languages:", "    fees:\n    languages:"), []string{"", "null-value spec.service.fees"}},
		"null in the schemaless part":    {change(t, good, "given: {surname: Иванова, town: Город, age: 30}", "given: {surname: ~}"), []string{"", "null-value spec.service.scenarios[0].given.surname"}},
		"a number that is rounded":       {change(t, good, "age: 30}", "age: 0.1234567890123456789}"), []string{"", "rounded-number spec.service.scenarios[0].given.age"}},
		"a big integer":                  {change(t, good, "age: 30}", "age: 9007199254740993}"), []string{"", "big-integer spec.service.scenarios[0].given.age"}},
		"a fraction for a whole number":  {change(t, good, "value: 1825", "value: 0.5"), []string{"", "schema-type spec.service.dataProtection.retention.value"}},
		"a number for a text":            {change(t, good, `number: "12"`, `number: 12`), []string{"", "schema-type spec.service.legalBasis[1].number"}},
		"yes for a text":                 {change(t, good, `number: "12"`, `number: yes`), []string{"", "schema-type spec.service.legalBasis[1].number"}},
		"a value outside the choice":     {change(t, good, "level: UZ4", "level: UZ5"), []string{"", "schema-enum spec.service.dataProtection.level"}},
		"a text that is too long":        {change(t, good, "sector: culture", "sector: "+strings.Repeat("a", 65)), []string{"", "schema-length spec.service.classification.sector"}},
		"a text that is too short":       {change(t, good, "sector: culture", "sector: ''"), []string{"", "schema-length spec.service.classification.sector"}},
		"a code of odd characters":       {change(t, good, `code: "70000000001"`+"\n    registry", `code: "№ 7"`+"\n    registry"), []string{"", "schema-pattern spec.service.code"}},
		"too large a number":             {change(t, good, "value: 1825", "value: 3651"), []string{"", "schema-range spec.service.dataProtection.retention.value"}},
		"an empty list":                  {change(t, good, "applicants: [Person]", "applicants: []"), []string{"", "schema-items spec.service.audience.applicants"}},
		"a moment that is none":          {change(t, good, "  - name: A resident files\n      now: \"2026-09-15T10:00:00+03:00\"", "  - name: A resident files\n      now: yesterday"), []string{"", "schema-format spec.service.scenarios[0].now"}},
		"an entry twice in a set":        {change(t, good, "applicants: [Person]", "applicants: [Person, Person]"), []string{"", "schema-duplicate spec.service.audience.applicants[1]"}},
		"an id twice":                    {change(t, good, "- id: registration", "- id: photo"), []string{"", "schema-duplicate spec.service.documents[1]"}},
		"a rule of the schema":           {change(t, good, "contacts: [{phone: 8 800 000-00-00}]", "contacts: [{hours: {ru: Всегда}}]"), []string{"", "schema-rule spec.service.support.contacts[0]"}},
		"a language tag that is none":    {change(t, good, "shortTitle: {ru:", "shortTitle: {Russian:"), []string{"", "schema-rule spec.service.shortTitle"}},
		"a definition that is no object": {"apiVersion: catalog.okno.dev/v1alpha1\nkind: GovService\nmetadata:\n  name: card\nspec:\n  service: text\n", []string{"", "schema-type spec.service"}},
		"too large a definition":         {change(t, good, "ru: Дать жителям доступ к книгам", "ru: '"+strings.Repeat("я", 8192)+"'") + bigList(), []string{"", "too-large spec.service"}},
		"too large a file":               {strings.Repeat("#", 3<<20+1), []string{"0 too-large "}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file, findings := ParseFile([]byte(tc.text))
			var got []string
			withLines := tc.want[0] != ""
			for _, f := range findings {
				line := fmt.Sprintf("%s %s", f.Rule, f.Path)
				if withLines {
					line = fmt.Sprintf("%d %s", file.Line(f.Path), line)
				}
				got = append(got, line)
				if f.Severity != definition.Error || f.Found == "" || f.Do == "" {
					t.Errorf("a finding without severity or words: %+v", f)
				}
			}
			want := tc.want
			if !withLines {
				want = tc.want[1:]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n%v", diff, findings)
			}
		})
	}
}

// bigList continues a manifest with a schemaless value that is too large.
func bigList() string {
	return "    - name: large\n      now: \"2026-09-15T10:00:00+03:00\"\n      given: {a: '" + strings.Repeat("b", digest.MaxBytes) + "'}\n      expect: {outcome: Accepted}\n"
}

func TestAMisspeltFieldIsGuessed(t *testing.T) {
	cases := map[string]struct{ old, new, found, do string }{
		"one letter":             {"    routing:", "    rooting:", `"rooting", which is no field here`, "did you mean routing? "},
		"two letters swapped":    {"shortTitle:", "shortTilte:", `"shortTilte", which is no field here`, "did you mean shortTitle? "},
		"another case":           {"    legalBasis:", "    legalbasis:", `"legalbasis", which is no field here`, "did you mean legalBasis? "},
		"nothing like any field": {"    routing:", "    xyz:", `"xyz", which is no field here`, "correct the name or remove the field"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, findings := ParseFile([]byte(change(t, govService(t), tc.old, tc.new)))
			at := slices.IndexFunc(findings, func(f definition.Finding) bool { return f.Rule == "unknown-field" })
			if at < 0 || findings[at].Found != tc.found || !strings.HasPrefix(findings[at].Do, tc.do) ||
				!strings.HasPrefix(findings[at].Allowed, "accessibility, audience, authority") {
				t.Errorf("%+v", findings)
			}
		})
	}
}

func TestAStatusInAFileIsAWarning(t *testing.T) {
	file, findings := ParseFile([]byte(govService(t) + "status:\n  latestRevision: card-1\n"))
	if len(findings) != 1 || findings[0].Rule != "status-ignored" || findings[0].Severity != definition.Warning || file.Raw == nil {
		t.Errorf("%v", findings)
	}
}

func TestLine(t *testing.T) {
	file := mustParse(t, govService(t))
	lines := strings.Split(govService(t), "\n")
	for path, want := range map[string]string{
		"spec.service.code":                            "code:",
		"spec.service.legalBasis[1].title.ru":          "Административный регламент",
		"spec.service.legalBasis[1].title[ru]":         "Административный регламент",
		"spec.service.data.schema.properties[town]":    "town: {type",
		"spec.service.process.stages[2].actions[9]":    "actions:",
		"spec.service.process.stages[2].actions[1].to": "id: refuse",
	} {
		if line := file.Line(path); line == 0 || !strings.Contains(lines[line-1], want) {
			t.Errorf("%s is at line %d, want one with %q", path, line, want)
		}
	}
	bare := mustParse(t, base(t))
	if line := bare.Line("spec.service.languages"); line == 0 || !strings.HasPrefix(strings.Split(base(t), "\n")[line-1], "languages:") {
		t.Errorf("languages of a definition alone are at line %d", line)
	}
	if line := file.Line(""); line != 0 {
		t.Errorf("the whole file is at line %d", line)
	}
}

// Whatever the bytes, reading ends, findings have their words, and what passes can be hashed.
func FuzzParseFile(f *testing.F) {
	f.Add([]byte(govService(f)))
	table, err := bad.Read("../../lint/testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, group := range table.Groups {
		for i := range group.Cases {
			if c := &group.Cases[i]; group.Stage != bad.Stored && c.Grow == nil {
				file, err := table.Manifest(c, "card")
				if err != nil {
					f.Fatal(err)
				}
				f.Add(file)
			}
		}
	}
	for _, seed := range []string{"", "a: 1", "spec: {service: {code: x}}", `{"spec":{"service":null}}`, "a: &a [*a]", "<<: {a: 1}\na: 2", "? [a]\n: b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, findings := ParseFile(text)
		if file == nil && !definition.HasErrors(findings) {
			t.Fatal("neither a file nor an error")
		}
		for _, found := range findings {
			if found.Rule == "" || found.Message() == "" {
				t.Fatalf("a finding without words: %+v", found)
			}
			file.Line(found.Path)
		}
		if definition.HasErrors(findings) {
			return
		}
		if _, err := digest.Of(file.Raw); err != nil {
			t.Fatalf("accepted, and cannot be hashed: %v", err)
		}
		if file.Object == nil || file.Definition == nil {
			t.Fatal("accepted, and not decoded")
		}
	})
}
