// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"encoding/json"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
)

type object = map[string]any

// JSONSchema returns the JSON Schema of an application's body, with titles in the service's first language.
func JSONSchema(def *v1alpha1.ServiceDefinition, m *form.Model) ([]byte, error) {
	schema := envelope(def, m)
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return indented(schema)
}

// envelope is the schema of form.Envelope as a client sends it.
func envelope(def *v1alpha1.ServiceDefinition, m *form.Model) object {
	properties := object{
		"data":           m.DataSchema(mainLanguage(def)),
		"applicant":      claims("What is known of the person who applies."),
		"representative": claims("What is known of the person who files for the applicant."),
		"channel": closed("The centre that files for a visitor.", object{
			"mfc":   object{"type": "string", "minLength": 1, "maxLength": 20, "description": "The centre's code."},
			"okato": object{"type": "string", "pattern": "^[0-9]{8,11}$", "description": "The code of the centre's territory."},
		}, "mfc", "okato"),
		"language": object{"type": "string", "enum": def.Languages, "description": "The language in which the applicant files."},
	}
	if ids := m.DocumentIDs(); len(ids) > 0 {
		properties["documents"] = object{
			"type": "array", "maxItems": m.MaxFiles(), "description": "The uploads that come with the application.",
			"items": closed("", object{
				"document": object{"type": "string", "enum": ids},
				"id":       object{"type": "string", "minLength": 1, "maxLength": 64, "description": "The upload's id."},
			}, "document", "id"),
		}
	}
	schema := closed("", properties, "data")
	schema["title"] = def.Title.In(def.Languages...)
	return schema
}

func claims(description string) object {
	return object{
		"type": "object", "description": description, "maxProperties": 32,
		"additionalProperties": object{"type": "string", "maxLength": 512},
	}
}

// closed is an object that takes nothing unknown.
func closed(description string, properties object, required ...string) object {
	s := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	if description != "" {
		s["description"] = description
	}
	return s
}

func mainLanguage(def *v1alpha1.ServiceDefinition) string {
	if len(def.Languages) == 0 {
		return ""
	}
	return def.Languages[0]
}

// indented writes JSON for people too: indented, keys sorted, < and > as they are.
func indented(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
