// SPDX-License-Identifier: Apache-2.0

package form

import (
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// formats are the named formats, as the library for JSON Schema asserts them: what is published as a format and what is taken here
// are the same. It is all that is used of the library: the profile has few keywords, and a compiled schema of the library takes as
// long to make and as much memory as the rest of a form.
var formats = sync.OnceValues(func() (map[string]*jsonschema.Format, error) {
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{}) // nothing outside can be read
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	known := map[string]*jsonschema.Format{}
	for name := range formatSizes {
		location := "okno:format/" + name
		if err := compiler.AddResource(location, map[string]any{"format": name}); err != nil {
			return nil, err
		}
		schema, err := compiler.Compile(location)
		if err != nil {
			return nil, err
		}
		if schema.Format == nil {
			return nil, fmt.Errorf("the library has no format %q", name)
		}
		known[name] = schema.Format
	}
	return known, nil
})

// hasFormat tells whether s has a format of the profile. That the library knows all of them is a property of the build, which the
// tests assert.
func hasFormat(name, s string) bool {
	if name == "date" && isPlainDate(s) {
		return true
	}
	known, err := formats()
	if err != nil {
		panic("the formats of the schema profile: " + err.Error())
	}
	return known[name].Validate(s) == nil
}

// isPlainDate tells of most dates that they are one: a month that exists and a day that every month has.
func isPlainDate(s string) bool {
	if len(s) != len("2006-01-02") || s[4] != '-' || s[7] != '-' {
		return false
	}
	for i := range len(s) {
		if i != 4 && i != 7 && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	month, day := s[5:7], s[8:]
	return month >= "01" && month <= "12" && day >= "01" && day <= "28"
}
