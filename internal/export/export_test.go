// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/form"
)

var update = flag.Bool("update", false, "write the golden files")

// load reads the definition of a GovService and compiles it.
func load(t *testing.T, file string) (*v1alpha1.ServiceDefinition, *form.Model) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	object, err := yaml.YAMLToJSON(content)
	if err != nil {
		t.Fatal(err)
	}
	var svc v1alpha1.GovService
	if err := json.Unmarshal(object, &svc); err != nil {
		t.Fatal(err)
	}
	def, err := svc.Spec.Service.Decode()
	if err != nil {
		t.Fatal(err)
	}
	m, found := form.Compile(def)
	for _, f := range found {
		if f.Severity == definition.Error {
			t.Fatalf("%s: %s", f.Path, f.Message())
		}
	}
	return def, m
}

const (
	pension = "../../config/samples/pension-delivery/govservice.yaml"
	dogs    = "testdata/dogs.yaml"
)

func TestGoldenFiles(t *testing.T) {
	def, m := load(t, dogs)
	schema, err := JSONSchema(def, m)
	if err != nil {
		t.Fatal(err)
	}
	files, err := XSD(def, m)
	if err != nil {
		t.Fatal(err)
	}
	files["application.json"] = schema
	for name, got := range files {
		golden := filepath.Join("testdata", "golden", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	wanted, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(wanted) != len(files) {
		t.Errorf("%d golden files for %d exports, %v", len(wanted), len(files), err)
	}
}

func TestOpenAPIIsValidAndComplete(t *testing.T) {
	for _, file := range []string{pension, dogs} {
		def, m := load(t, file)
		raw, err := OpenAPI(def, m, "delivery", "https://sfr.example.org/")
		if err != nil {
			t.Fatal(err)
		}
		loader := openapi3.NewLoader()
		doc, err := loader.LoadFromData(raw)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := doc.Validate(loader.Context); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, path := range []string{"/api/v1/services/delivery/applications", "/api/v1/services/delivery/applications/{number}", "/api/v1/services/delivery/uploads"} {
			if doc.Paths.Find(path) == nil {
				t.Errorf("%s: no path %s", file, path)
			}
		}
		outputs := doc.Paths.Find("/api/v1/services/delivery/applications/{number}/outputs/{output}")
		if has := outputs != nil; has != (def.Data.XML != nil) {
			t.Errorf("%s: outputs are described: %t", file, has)
		}
		if got := doc.Servers[0].URL; got != "https://sfr.example.org" {
			t.Errorf("server %q", got)
		}
	}
}

// A repeated request is answered with 200 and the receipt of the first, which a client must know how to read.
func TestOpenAPIDescribesTheReplay(t *testing.T) {
	def, m := load(t, pension)
	raw, err := OpenAPI(def, m, "delivery", "https://sfr.example.org")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	responses := doc.Paths.Find("/api/v1/services/delivery/applications").Post.Responses
	for _, status := range []int{200, 201} {
		response := responses.Status(status)
		if response == nil {
			t.Errorf("no answer %d", status)
			continue
		}
		if got := response.Value.Content["application/json"].Schema.Ref; got != "#/components/schemas/Receipt" {
			t.Errorf("%d answers with %q", status, got)
		}
	}
	var outputs []any
	for _, p := range doc.Paths.Find("/api/v1/services/delivery/applications/{number}/outputs/{output}").Get.Parameters {
		if p.Value.Name == "output" {
			outputs = p.Value.Schema.Value.Enum
		}
	}
	if diff := cmp.Diff([]any{"application.xml", "service-message"}, outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// What the service accepts must fit the schema that it publishes: the schema is never narrower.
func TestAcceptedApplicationsFitThePublishedSchemas(t *testing.T) {
	def, m := load(t, pension)
	raw, err := JSONSchema(def, m)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("okno:schema", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("okno:schema")
	if err != nil {
		t.Fatal(err)
	}
	xsd := writeXSD(t, def, m)
	accepted := 0
	for _, s := range def.Scenarios {
		e := &form.Envelope{}
		if err := json.Unmarshal(s.Given.Raw, &e.Data); err != nil {
			t.Fatal(err)
		}
		for _, a := range s.Attachments {
			e.Documents = append(e.Documents, form.Attachment{Document: string(a.Document), ID: a.Name})
		}
		if len(m.Validate(e, s.Now.Time)) > 0 {
			continue
		}
		accepted++
		body, err := json.Marshal(map[string]any{"data": e.Data})
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance); err != nil {
			t.Errorf("%s: accepted, but not by the schema: %v", s.Name, err)
		}
		written, err := m.EncodeXML(e, form.Filled{Number: "SFR-1", FiledAt: s.Now.Time, UUID: "123e4567-e89b-12d3-a456-426614174000"})
		if err != nil {
			t.Fatal(err)
		}
		if xsd != "" {
			lint(t, xsd, s.Name, written, true)
		}
	}
	if accepted < 4 {
		t.Errorf("only %d scenarios are accepted: too few to tell anything", accepted)
	}
}

// writeXSD writes the schemas into a directory and returns the file of the root, or "" when xmllint is not there.
func writeXSD(t *testing.T, def *v1alpha1.ServiceDefinition, m *form.Model) string {
	t.Helper()
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Log("xmllint is not installed (package libxml2-utils): the XML Schema is not checked")
		return ""
	}
	files, err := XSD(def, m)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, body := range files {
		if !regexp.MustCompile(`^[A-Za-z0-9_-]+\.xsd$`).MatchString(name) {
			t.Errorf("the file name %q is not ASCII", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "application.xsd")
}

// lint asks xmllint by its exit code: it prints complaints about namespaces in Cyrillic and still accepts them.
func lint(t *testing.T, xsd, name string, document []byte, want bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "document.xml")
	if err := os.WriteFile(file, document, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("xmllint", "--noout", "--nonet", "--schema", xsd, file).CombinedOutput()
	if (err == nil) != want {
		t.Errorf("%s: xmllint accepts = %v, want %v\n%s\n%s", name, err == nil, want, out, document)
	}
}

func TestTheXMLSchemaRefusesWhatTheServiceWouldRefuse(t *testing.T) {
	def, m := load(t, dogs)
	xsd := writeXSD(t, def, m)
	if xsd == "" {
		t.Skip("xmllint is not installed (package libxml2-utils)")
	}
	e := &form.Envelope{Data: map[string]any{
		"owner": map[string]any{"name": "Анна Образцова", "phone": "89120000000"}, "count": int64(2), "tagged": true,
		"dogs": []any{map[string]any{"name": "Шарик", "born": "2020-05-06"}, map[string]any{"name": "Белка", "colours": []any{"black", "white"}}},
	}}
	if violations := m.Validate(e, time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)); len(violations) > 0 {
		t.Fatalf("the application must be good: %v", violations)
	}
	good, err := m.EncodeXML(e, form.Filled{Number: "D-1", FiledAt: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), UUID: "x"})
	if err != nil {
		t.Fatal(err)
	}
	lint(t, xsd, "good", good, true)
	for name, change := range map[string][2]string{
		"an unknown element":         {"<d:Кличка>Шарик</d:Кличка>", "<d:Кличка>Шарик</d:Кличка><d:Масть/>"},
		"a pattern":                  {"89120000000", "9120000000"},
		"a date":                     {"06.05.2020", "2020-05-06x"},
		"a number out of bounds":     {"<Количество>2", "<Количество>200"},
		"a value that is not listed": {">black<", ">green<"},
		"a wrong namespace":          {"<d:Кличка>Шарик</d:Кличка>", "<Кличка>Шарик</Кличка>"},
	} {
		bad := strings.Replace(string(good), change[0], change[1], 1)
		if bad == string(good) {
			t.Errorf("%s: nothing was changed in\n%s", name, good)
		}
		lint(t, xsd, name, []byte(bad), false)
	}
}

func TestPatternsInTheSyntaxOfXMLSchema(t *testing.T) {
	for pattern, want := range map[string]string{
		`[0-9]{6}`:              `[0-9]{6}`,
		`^[0-9]{6}$`:            `[0-9]{6}`,
		`8\d{10}`:               `8[0-9]{10}`,
		`(?:а|б|вг)+`:           `([а-б]|вг)+`,
		`[^-\]]x?`:              `[\t-\n\r -,.-\\^-퟿-�𐀀-􏿿]x?`,
		`a{2,}b{1,3}`:           `a{2,}b{1,3}`,
		`[0-9][0-9А-Яа-яЁё/-]*`: `[0-9][\-/-9ЁА-яё]*`,
		`a.b\$`:                 `a[^\n]b$`,
		``:                      ``,
		`a^b`:                   ``,
	} {
		got, ok := xsdPattern(pattern)
		if !ok {
			got = ""
		}
		if name := "[^-"; strings.HasPrefix(pattern, name) {
			if !strings.HasSuffix(got, "]x?") || strings.Contains(got, "\x00") {
				t.Errorf("xsdPattern(%q) = %q", pattern, got)
			}
			continue
		}
		if got != want {
			t.Errorf("xsdPattern(%q) = %q, want %q", pattern, got, want)
		}
	}
}
