// SPDX-License-Identifier: Apache-2.0

// Package manifest reads GovService manifests as strictly as the API server would, offline: unknown and duplicate keys, null,
// numbers that readers disagree about, invalid UTF-8, and everything that the CRD's schema and its rules forbid. It carries
// the API server's own validators, which are heavy: only command line and tests import it.
package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/digest"
)

// maxFileBytes bounds a manifest: the API server takes no request beyond 3 MiB.
const maxFileBytes = 3 << 20

// File is one GovService manifest as the API server would store it.
type File struct {
	// Object is the GovService. Of a bare definition it has no name.
	Object *v1alpha1.GovService
	// Raw is the JSON of spec.service as the API server would store it, nil when the file has none.
	Raw []byte
	// Definition is Raw decoded, nil when a value has not the type that its field needs.
	Definition *v1alpha1.ServiceDefinition

	lines map[string]int
	bare  bool
}

// mapKey is a key of a map in brackets, as k8s field paths write it; indices of lists are digits.
var mapKey = regexp.MustCompile(`\["?[^\]"0-9][^\]"]*"?\]`)

// Bare tells that the file held a definition alone, without a GovService around it.
func (f *File) Bare() bool { return f.bare }

// Line returns the line of the place at path, or of its nearest parent that the file has, counted from 1; 0 means unknown.
func (f *File) Line(path string) int {
	path = mapKey.ReplaceAllStringFunc(path, func(key string) string { return digest.PathKey(strings.Trim(key, `[]"`)) })
	for f != nil && path != "" {
		if line, ok := f.lines[path]; ok {
			return line
		}
		path = parentPath(path)
	}
	return 0
}

// ParseFile reads a GovService manifest, or a bare definition, in YAML or JSON, as strictly as the API server would be and
// more: what it would refuse, prune or change is a finding of severity Error. The File is nil when the bytes are not one
// object; otherwise it is given as far as it could be read, so that other checks can report all in one go.
func ParseFile(yamlOrJSON []byte) (*File, []definition.Finding) {
	if len(yamlOrJSON) > maxFileBytes {
		return nil, []definition.Finding{{
			Rule: "too-large", Severity: definition.Error, Found: fmt.Sprintf("a file of %d bytes", len(yamlOrJSON)),
			Allowed: "at most 3 MiB", Do: "check that it is the right file",
		}}
	}
	src, findings := readSource(yamlOrJSON)
	if src == nil {
		return nil, definition.Sort(findings)
	}
	file := &File{bare: src.isBare(), lines: src.lines}
	manifest := src.json
	if file.bare {
		file.lines = rebase(src.lines)
		manifest = wrap(manifest)
	}
	findings = append(findings, outerFaults(digest.ScanJSON(manifest))...)
	if definition.HasErrors(findings) && !json.Valid(manifest) {
		return nil, definition.Sort(findings)
	}
	findings = append(findings, file.decode(manifest)...)
	for i := range findings {
		if file.bare && !strings.HasPrefix(findings[i].Path, definition.Root) && findings[i].Path != "" {
			findings[i].Path = definition.Root
		}
	}
	return file, definition.Sort(findings)
}

// outerFaults turns the faults of a manifest into findings, but for those inside the definition, which is judged by itself: how
// deep it is does not depend on what stands around it. Null outside spec is left alone: printed manifests carry
// creationTimestamp: null.
func outerFaults(faults []digest.Fault) []definition.Finding {
	var findings []definition.Finding
	for _, f := range faults {
		path := strings.TrimPrefix(f.Path, ".")
		if f.Kind == digest.Null && !strings.HasPrefix(f.Path, ".spec.") || path != definition.Root && definition.Within(path, definition.Root) {
			continue
		}
		findings = append(findings, definition.FromFault("", f))
	}
	return findings
}

// decode fills the file from the JSON of a manifest.
func (f *File) decode(manifest []byte) []definition.Finding {
	var outer struct {
		Spec struct {
			Service json.RawMessage `json:"service"`
		} `json:"spec"`
	}
	// A wrong type anywhere is the schema's finding; what could be decoded is used.
	_ = json.Unmarshal(manifest, &outer)
	if service := outer.Spec.Service; len(service) > 0 && service[0] == '{' {
		var compact bytes.Buffer
		if err := json.Compact(&compact, service); err == nil {
			f.Raw = compact.Bytes()
		}
	}
	findings := validate(manifest, f.bare)
	var object v1alpha1.GovService
	if err := json.Unmarshal(manifest, &object); err == nil {
		f.Object = &object
	}
	if f.Raw == nil {
		return findings
	}
	findings = append(findings, definition.Check(f.Raw)...)
	var def v1alpha1.ServiceDefinition
	if err := json.Unmarshal(f.Raw, &def); err == nil {
		f.Definition = &def
	} else if !definition.HasErrors(findings) {
		findings = append(findings, definition.Finding{
			Path: definition.Root, Rule: "schema-type", Severity: definition.Error, Found: err.Error(),
			Allowed: "values of the types that kubectl explain govservice.spec.service shows", Do: "correct the value",
		})
	}
	return findings
}

// wrap puts a bare definition into a manifest.
func wrap(definition []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"apiVersion":%q,"kind":"GovService","spec":{"service":`, v1alpha1.GroupVersion.String())
	b.Write(definition)
	b.WriteString("}}")
	return b.Bytes()
}

func rebase(lines map[string]int) map[string]int {
	based := make(map[string]int, len(lines)+1)
	for path, line := range lines {
		based[definition.Root+"."+path] = line
	}
	based[definition.Root] = 1
	return based
}

func parentPath(path string) string {
	if strings.HasSuffix(path, "]") {
		return path[:max(strings.LastIndexByte(path, '['), 0)]
	}
	return path[:max(strings.LastIndexByte(path, '.'), 0)]
}
