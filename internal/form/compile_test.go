// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/okno-dev/okno/internal/definition"
)

// servable are the findings about definitions that can be served all the same, badly.
var servable = map[string]bool{"required-not-asked": true, "condition-looks-ahead": true, "required-hidden": true, "expression-partial": true}

// Each row breaks the good definition in one place, by replacing a text of the file, and tells the one finding that must come.
func TestFindings(t *testing.T) {
	file, err := os.ReadFile("testdata/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ old, new, want string }{
		"an open object":                          {"additionalProperties: false\n        required: [person", "required: [person", "spec.service.data.schema.additionalProperties schema-open"},
		"an unknown keyword":                      {"type: object\n        additionalProperties", "anyOf: []\n        type: object\n        additionalProperties", "spec.service.data.schema.anyOf schema-keyword"},
		"a foreign dialect":                       {"draft/2020-12", "draft/2019-09", "spec.service.data.schema[$schema] schema-dialect"},
		"two types":                               {"notes: {type: string,", "notes: {type: [string],", "spec.service.data.schema.properties[notes].type schema-type"},
		"a name that CEL cannot say":              {"          notes: {", "          заметки: {type: boolean}\n          notes: {", "spec.service.data.schema.properties[заметки] schema-property-name"},
		"a string without a bound":                {"notes: {type: string, maxLength: 300,", "notes: {type: string,", "spec.service.data.schema.properties[notes] schema-unbounded"},
		"a list without a bound":                  {"phones: {type: array, maxItems: 3,", "phones: {type: array,", "spec.service.data.schema.properties[phones] schema-unbounded"},
		"a number without a bound":                {"minimum: 0, maximum: 20, multipleOf: 1", "minimum: 0", "spec.service.data.schema.properties[children] schema-unbounded"},
		"an unknown format":                       {"format: email", "format: hostname, maxLength: 9", "spec.service.data.schema.properties[email].format schema-format"},
		"a pattern with a word boundary":          {`8[0-9]{10}"`, `\\b8[0-9]{10}"`, "spec.service.data.schema.properties[phones].items.pattern schema-pattern"},
		"a pattern with flags":                    {`8[0-9]{10}"`, `(?i)8[0-9]{10}"`, "spec.service.data.schema.properties[phones].items.pattern schema-pattern"},
		"a remote reference":                      {`address: {title: Адрес, $ref: "#/$defs/address"`, `address: {title: Адрес, $ref: "file:///etc/passwd"`, "spec.service.data.schema.properties[proxy].properties[address].$ref schema-ref"},
		"a reference to itself":                   {"city: {type: string, maxLength: 20, x-okno-xml: {name: Город/Название, order: 1}}", "city: {$ref: \"#/$defs/address\"}", "spec.service.data.schema.$defs[address].properties[city].$ref schema-ref-cycle"},
		"a keyword beside a reference":            {"title: Адрес\n                $ref", "minLength: 1\n                title: Адрес\n                $ref", "spec.service.data.schema.properties[person].properties[address].minLength schema-keyword"},
		"required of nothing":                     {"required: [name, address]", "required: [name, address, age]", "spec.service.data.schema.properties[proxy].required[2] schema-required"},
		"an enum of another type":                 {"enum: [self, proxy]", "enum: [self, proxy, 1]", "spec.service.data.schema.properties[filing].enum[2] schema-keyword"},
		"an unknown code list":                    {"x-okno-codeList: kinds", "x-okno-codeList: kind", "spec.service.data.schema.properties[proxy].properties[kind].x-okno-codeList unknown-code-list"},
		"a code without its parent":               {"parent: legal}", "parent: lawful}", "spec.service.data.codeLists[0].items[1].parent code-parent"},
		"a code that stands above itself":         {"{code: legal, label", "{code: legal, parent: parent, label", "spec.service.data.codeLists[0].items[0].parent code-cycle"},
		"a field that is not in the schema":       {"path: /email,", "path: /mail,", "spec.service.form.pages[4].fields[0].path field-not-in-schema"},
		"a field on two pages":                    {"path: /email,", "path: /married,", "spec.service.form.pages[4].fields[0].path field-twice"},
		"a required property that nobody asks":    {"            - {path: /agreed, label: {ru: Я ознакомлен, en: I have read it}}\n", "", "spec.service.data.schema.properties[agreed] required-not-asked"},
		"a question in one language":              {"{path: /notes, label: {ru: Заметки, en: Notes}}", "{path: /notes}", "spec.service.form.pages[4].fields[1] field-label"},
		"a widget that does not suit":             {"widget: Radios", "widget: Date", "spec.service.form.pages[0].fields[0].widget widget-type"},
		"a text for a code that cannot come":      {"errors: {minLength:", "errors: {tooShort:", "spec.service.form.pages[1].fields[0].errors[tooShort] unknown-error-code"},
		"a page that looks ahead":                 {`showWhen: app.filing == "proxy"`, `showWhen: has(app.notes)`, "spec.service.form.pages[2].showWhen condition-looks-ahead"},
		"a page that looks at itself":             {`showWhen: app.filing == "proxy"`, `showWhen: has(app.proxy)`, "spec.service.form.pages[2].showWhen condition-looks-ahead"},
		"a field that looks at a later field":     {`showWhen: "app.?married.orValue(false)"`, `showWhen: "has(app.pets)"`, "spec.service.form.pages[3].fields[1].showWhen condition-looks-ahead"},
		"a required question that may be hidden":  {"- {path: /person/surname,", "- {showWhen: app.filing == \"proxy\", path: /person/surname,", "spec.service.form.pages[1].fields[0] required-hidden"},
		"a part of an object hidden by itself":    {"- {path: /proxy/name,", "- {showWhen: app.filing == \"self\", path: /proxy/name,", "spec.service.form.pages[2].fields[0] required-hidden"},
		"an expression without a guard":           {"app.?children.orValue(0) < 10", "app.children < 10", "spec.service.data.rules[3].assert expression-partial"},
		"an expression of the wrong type":         {"app.?children.orValue(0) < 10", "app.?children.orValue(\\\"0\\\") == \\\"1\\\"", "spec.service.data.rules[3].assert expression"},
		"a rule about nothing":                    {"at: /children, code: many", "at: /child, code: many", "spec.service.data.rules[3].at rule-at"},
		"a rule about every entry":                {"at: /pets, code: petBorn", "at: /pets/*/born, code: petBorn", "spec.service.data.rules[2].at rule-at"},
		"a rule that takes a built-in code":       {"code: many", "code: maximum", "spec.service.data.rules[3].code rule-code"},
		"an eligibility that fails":               {"when: age(app.person.born, now) >= 18", "when: age(app.person.birth, now) >= 18", "spec.service.audience.eligibility[0].when expression"},
		"a route that fails":                      {`app.person.address.city == "Казань"`, `app.city == "Казань"`, "spec.service.routing.rules[0].when expression"},
		"a page for a document that is not there": {"documents: [power]", "documents: [powers]", "spec.service.form.pages[2].documents[0] unknown-document"},
		"a document of another agency asked for":  {"documents: [power]", "documents: [power, extract]", "spec.service.form.pages[2].documents[1] document-source"},
		"two elements of one name":                {"ФИО/Отчество", "ФИО/Фамилия", "spec.service.data.schema.properties[person].properties[patronymic].x-okno-xml xml-name-clash"},
		"an element inside a value":               {"name: ФИО/Отчество", "name: ФИО/Фамилия/Отчество", "spec.service.data.schema.properties[person].properties[patronymic].x-okno-xml xml-name-clash"},
		"a prefix that is not declared":           {"name: ФИО/Отчество, prefix: p", "name: ФИО/Отчество, prefix: q", "spec.service.data.schema.properties[person].properties[patronymic].x-okno-xml xml-prefix"},
		"an element's name with a space":          {"name: Согласен", "name: Я согласен", "spec.service.data.schema.properties[agreed].x-okno-xml.name schema-keyword"},
		"a lexical form of another type":          {"lexical: OneZero", "lexical: DayMonthYear", "spec.service.data.schema.properties[married].x-okno-xml.lexical schema-keyword"},
		"a constant outside the root":             {"at: /Всё/Данные/Человек/p:Вид", "at: /Все/Данные/Человек/p:Вид", "spec.service.data.xml.constants[0].at xml-path"},
		"a constant where a property stands":      {"at: /Всё/Данные/Человек/p:Вид", "at: /Всё/Данные/ВБраке", "spec.service.data.xml.constants[0].at xml-name-clash"},
		"a constant inside a value":               {"at: /Всё/Данные/Человек/p:Вид", "at: /Всё/Данные/ВБраке/Вид", "spec.service.data.xml.constants[0].at xml-path"},
		"a message that is not well-formed":       {"</Request>", "</Requests>", "spec.service.outputs[0].template template"},
		"a message with a bad placeholder":        {"{{ app.?email }}", "{{ app.mail }}", "spec.service.outputs[0].template expression"},
		"a message without a guard":               {"{{ app.?email }}", "{{ app.email }}", "spec.service.outputs[0].template expression-partial"},
		"a page named like the one that sends":    {"- id: rest", "- id: check", "spec.service.form.pages[4] page-id"},
		"special data that are not there":         {"      rules:\n", "      sensitive: [{path: /blood, category: Special}]\n      rules:\n", "spec.service.data.sensitive[0].path sensitive-not-in-schema"},
		"a page named like the documents' own":    {"- id: rest", "- id: documents", "spec.service.form.pages[4] page-id"},
	} {
		t.Run(name, func(t *testing.T) {
			if n := strings.Count(string(file), tc.old); n == 0 {
				t.Fatalf("%q is not in the file", tc.old)
			}
			m, found := Compile(decode(t, []byte(strings.Replace(string(file), tc.old, tc.new, 1))))
			var got []string
			for _, f := range found {
				if f.Severity == definition.Error {
					got = append(got, f.Path+" "+f.Rule)
				}
				if f.Found == "" || f.Do == "" || strings.Contains(f.Message(), "%!") {
					t.Errorf("a finding that does not tell what to do: %+v", f)
				}
			}
			if len(got) == 0 || got[0] != tc.want && !contains(got, tc.want) {
				t.Errorf("findings %q, want %q", got, tc.want)
			}
			if m != nil {
				t.Error("a broken definition was compiled")
			}
			m, err := Load(decode(t, []byte(strings.Replace(string(file), tc.old, tc.new, 1))))
			if err == nil {
				err = m.Ready()
			}
			if rule := tc.want[strings.LastIndex(tc.want, " ")+1:]; err == nil && !servable[rule] {
				t.Error("a broken definition was loaded, and said to be ready")
			}
		})
	}
}

// A page that names a property wrongly is told which it may mean, at any depth, and nothing where none is near.
func TestAMisspeltFieldIsToldTheNearest(t *testing.T) {
	file, err := os.ReadFile("testdata/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ old, new, do string }{
		"a letter":                 {"path: /email,", "path: /emial,", "did you mean /email? Else declare the property"},
		"deep inside":              {"path: /person/surname,", "path: /person/surnane,", "did you mean /person/surname? Else declare the property"},
		"a step on the way":        {"path: /person/surname,", "path: /persom/surname,", "did you mean /person/surname? Else declare the property"},
		"another case":             {"path: /person/surname,", "path: /Person/Surname,", "did you mean /person/surname? Else declare the property"},
		"in the entries of a list": {"path: /pets/*/born,", "path: /pets/*/bron,", "did you mean /pets/*/born? Else declare the property"},
		"what nothing is near":     {"path: /email,", "path: /vehicle,", "declare the property or correct the path"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(string(file), tc.old) {
				t.Fatalf("%q is not in the file", tc.old)
			}
			_, found := Compile(decode(t, []byte(strings.Replace(string(file), tc.old, tc.new, 1))))
			for _, f := range found {
				if f.Rule == "field-not-in-schema" {
					if f.Do != tc.do {
						t.Errorf("do %q, want %q", f.Do, tc.do)
					}
					return
				}
			}
			t.Errorf("no finding about the field: %+v", found)
		})
	}
}

func TestAPropertyOutsideTheFormIsAWarning(t *testing.T) {
	file, err := os.ReadFile("testdata/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, found := Compile(decode(t, []byte(strings.Replace(string(file), "            - {path: /notes, label: {ru: Заметки, en: Notes}}\n", "", 1))))
	var rules []string
	for _, f := range found {
		if f.Severity != definition.Warning {
			t.Errorf("%+v is no warning", f)
		}
		rules = append(rules, f.Rule)
	}
	if m == nil || !contains(rules, "property-not-asked") || !contains(rules, "enum-labels") {
		t.Errorf("%v, findings %q", m != nil, rules)
	}
}

func TestSchemasThatAreNoObjectsAreRefused(t *testing.T) {
	for _, schema := range []string{``, `null`, `[]`, `{}`, `{"type":"string","maxLength":1}`, `{"type":"object"}`, `{"type":"object","type":"object"}`} {
		def := pension(t)
		def.Data.Schema.Raw = []byte(schema)
		if m, found := Compile(def); m != nil || !definition.HasErrors(found) {
			t.Errorf("the schema %q was compiled", schema)
		}
	}
}

func TestDepthAndSizeAreBounded(t *testing.T) {
	deep := `{"type":"string","maxLength":1}`
	for range 12 {
		deep = `{"type":"object","additionalProperties":false,"properties":{"a":` + deep + `}}`
	}
	wide := make([]string, 0, 20)
	for i := range 20 {
		inner := make([]string, 0, 90)
		for j := range 90 {
			inner = append(inner, fmt.Sprintf(`"b%d":{"type":"boolean"}`, j))
		}
		wide = append(wide, fmt.Sprintf(`"a%d":{"type":"object","additionalProperties":false,"properties":{%s}}`, i, strings.Join(inner, ",")))
	}
	for name, schema := range map[string]string{"deep": deep, "wide": `{"type":"object","additionalProperties":false,"properties":{` + strings.Join(wide, ",") + `}}`} {
		def := pension(t)
		def.Data.Schema.Raw = []byte(schema)
		_, found := Compile(def)
		bounded := false
		for _, f := range found {
			bounded = bounded || f.Rule == "schema-size"
		}
		if !bounded {
			t.Errorf("%s: no finding about the size", name)
		}
	}
}
