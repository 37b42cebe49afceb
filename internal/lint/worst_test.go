// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/internal/digest"
)

// BenchmarkLintOfTheWorst lints definitions that are made to take long and still fit into 192 KiB. A reconcile worker is held for as
// long; it is milliseconds for an honest definition, and must never be minutes.
func BenchmarkLintOfTheWorst(b *testing.B) {
	BuiltinPack()
	for name, make := range worst {
		raw := made(b, make)
		b.Run(name, func(b *testing.B) {
			b.ReportMetric(float64(len(Lint(raw, Options{}))), "findings")
			for b.Loop() {
				Lint(raw, Options{})
			}
		})
	}
}

// TestTheWorstDefinitionsFit keeps the benchmark honest: what is refused for its size takes no time.
func TestTheWorstDefinitionsFit(t *testing.T) {
	for name, make := range worst {
		t.Run(name, func(t *testing.T) {
			raw := made(t, make)
			if canonical, err := digest.Canonical(raw); err != nil || len(canonical) < digest.MaxBytes/4 {
				t.Errorf("%d bytes, %v", len(canonical), err)
			}
		})
	}
}

type object = map[string]any

func made(t testing.TB, make func(def object)) []byte {
	t.Helper()
	var def object
	if err := yaml.Unmarshal(base(t), &def); err != nil {
		t.Fatal(err)
	}
	make(def)
	raw, err := json.Marshal(def)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func times[T any](n int, make func(i int) T) []T {
	list := []T{}
	for i := range n {
		list = append(list, make(i))
	}
	return list
}

func text(words string) object { return object{"ru": words, "en": words} }

// rules replaces the rules of a definition by as many of one assert as fit.
func rules(def object, n int, assert string) {
	def["data"].(object)["rules"] = times(n, func(i int) object {
		return object{"id": fmt.Sprintf("r%d", i), "assert": fmt.Sprintf(assert, i), "at": "/age", "code": "c", "message": text("Я")}
	})
}

// properties adds n properties, each on the page when asked.
func properties(def object, n int, asked bool) {
	data := def["data"].(object)["schema"].(object)["properties"].(object)
	for i := range n {
		data[fmt.Sprintf("p%d", i)] = object{"type": "boolean"}
		if page := def["form"].(object)["pages"].([]any)[0].(object); asked {
			page["fields"] = append(page["fields"].([]any), object{"path": fmt.Sprintf("/p%d", i), "label": text("Я")})
		}
	}
}

var worst = map[string]func(def object){
	"rules that loop over literals": func(def object) {
		numbers := strings.Repeat("1,", 29) + "1"
		rules(def, 500, "["+numbers+"].all(a, ["+numbers+"].all(b, ["+numbers+"].all(c, a+b+c < %d+10)))")
	},
	"rules that differ": func(def object) {
		rules(def, 1500, "app.?age.orValue(0) != %d")
	},
	"rules that read much": func(def object) {
		properties(def, 90, true)
		reads := strings.Join(times(60, func(i int) string { return fmt.Sprintf("app.?p%d.orValue(true)", i) }), " || ")
		rules(def, 80, reads+" || app.town == '%d'")
	},
	"properties on no page": func(def object) {
		inner := strings.Join(times(90, func(i int) string { return fmt.Sprintf(`"q%d":{"type":"boolean"}`, i) }), ",")
		var group object
		if err := json.Unmarshal([]byte(`{"type":"object","additionalProperties":false,"properties":{`+inner+`}}`), &group); err != nil {
			panic(err)
		}
		properties := def["data"].(object)["schema"].(object)["properties"].(object)
		for i := range 10 {
			properties[fmt.Sprintf("g%d", i)] = group
		}
		rules(def, 900, "%d > 0")
	},
	"a field named wrongly very often": func(def object) {
		def["form"].(object)["pages"].([]any)[0].(object)["fields"] = times(1500, func(i int) object {
			return object{"path": fmt.Sprintf("/x%d", i), "label": text("Я"), "showWhen": "app.town != ''"}
		})
	},
	"a code list that is one long branch": func(def object) {
		def["data"].(object)["codeLists"] = []object{{"id": "l", "items": times(1900, func(i int) object {
			return object{"code": fmt.Sprint(i), "label": text("Я"), "parent": fmt.Sprint((i + 1) % 1900)}
		})}}
	},
	"stages that all lead everywhere": func(def object) {
		def["process"].(object)["stages"] = times(50, func(i int) object {
			return object{"id": fmt.Sprintf("s%d", i), "name": text("Я"), "kind": "Intake", "actions": times(50, func(j int) object {
				return object{"id": fmt.Sprintf("a%d", j), "name": text("Я"), "to": fmt.Sprintf("s%d", j)}
			})}
		})
	},
	"texts of quotation marks": func(def object) {
		def["description"] = text(strings.Repeat("услуга «", 2500))
		def["guides"] = times(8, func(int) object {
			return object{"audience": "Citizen", "title": text("Я"), "body": text(strings.Repeat("service \"<a ", 500))}
		})
	},
	"a pattern of repetitions": func(def object) {
		surname := def["data"].(object)["schema"].(object)["properties"].(object)
		for i := range 90 {
			surname[fmt.Sprintf("t%d", i)] = object{"type": "string", "maxLength": 8192, "pattern": strings.Repeat("(a{1,9}){1,9}", 38)}
		}
		rules(def, 400, "app.town.matches('%d(a|b)*c')")
	},
}
