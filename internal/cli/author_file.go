// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
)

// serviceFile is a definition that was read from a file and may be served.
type serviceFile struct {
	name   string
	raw    []byte
	def    *v1alpha1.ServiceDefinition
	digest v1alpha1.Digest
}

// readService reads and lints a definition. The serviceFile is nil when lint found errors: what the API server or lint would
// refuse is not served either. The error is that of reading.
func readService(path string, in io.Reader) (*serviceFile, *lintedFile, error) {
	linted, err := lintFile(path, in, time.Now())
	if err != nil {
		return nil, nil, err
	}
	if definition.HasErrors(linted.Findings) || linted.File == nil || linted.File.Definition == nil {
		return nil, linted, nil
	}
	return &serviceFile{
		name: serviceName(linted, path), raw: linted.File.Raw, def: linted.File.Definition, digest: linted.Digest,
	}, linted, nil
}

// provider is the agency's name in the header of pages.
func (f *serviceFile) provider() string { return f.def.Authority.Name.In(f.def.Languages...) }

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// serviceName is the manifest's name, or one made of the file's when the file holds a definition alone.
func serviceName(linted *lintedFile, path string) string {
	if object := linted.File.Object; object != nil && object.Name != "" {
		return object.Name
	}
	base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(base), "-"), "-0123456789")
	if name == "" {
		return "service"
	}
	return name
}
