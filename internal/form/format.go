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
	known, err := formats()
	if err != nil {
		panic("the formats of the schema profile: " + err.Error())
	}
	return known[name].Validate(s) == nil
}
