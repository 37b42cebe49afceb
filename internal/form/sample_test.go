// SPDX-License-Identifier: Apache-2.0

package form

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
)

// pension reads the sample definition that the project ships.
func pension(t testing.TB) *v1alpha1.ServiceDefinition {
	t.Helper()
	file, err := os.ReadFile("../../config/samples/pension-delivery/govservice.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, file)
}

// decode reads the definition of a GovService in YAML.
func decode(t testing.TB, file []byte) *v1alpha1.ServiceDefinition {
	t.Helper()
	object, err := yaml.YAMLToJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	var svc struct {
		Spec struct {
			Service json.RawMessage `json:"service"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(object, &svc); err != nil {
		t.Fatal(err)
	}
	var def v1alpha1.ServiceDefinition
	if err := json.Unmarshal(svc.Spec.Service, &def); err != nil {
		t.Fatal(err)
	}
	return &def
}

// compiled compiles a definition that must have no errors.
func compiled(t testing.TB, def *v1alpha1.ServiceDefinition) *Model {
	t.Helper()
	m, found := Compile(def)
	for _, f := range found {
		if f.Severity == definition.Error {
			t.Errorf("%s: %s: %s", f.Path, f.Rule, f.Message())
		}
	}
	if m == nil {
		t.FailNow()
	}
	return m
}

func TestTheShippedSampleCompiles(t *testing.T) {
	compiled(t, pension(t))
}

// The same hints stand on the form for print, where nothing can be pressed and no page is the next one.
func TestHintsOfTheSampleSuitPaper(t *testing.T) {
	m := compiled(t, pension(t))
	var look func(fields []FieldView)
	look = func(fields []FieldView) {
		for _, f := range fields {
			for _, word := range []string{"нажм", "кнопк", "страниц", "Продолжить", "press", "button", "click", "page", "Continue"} {
				if strings.Contains(f.Hint, word) {
					t.Errorf("%s: %q says %q", f.Label, f.Hint, word)
				}
			}
			for _, item := range f.Items {
				look(item.Fields)
			}
		}
	}
	for _, language := range []string{"ru", "en"} {
		for _, page := range m.Blank(language) {
			look(page.Fields)
		}
	}
}
