// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// StaticPrefix is where static files are served.
const StaticPrefix = "/static/"

// Static serves files under names that carry their content's hash, so that browsers keep them for good and a new version is a new
// name.
type Static struct {
	files map[string]*staticFile // by hashed name
	names map[string]string      // hashed name by plain name
}

type staticFile struct {
	contentType   string
	plain, zipped []byte
}

// contentTypes are the kinds of static files that there are; the system's table of all kinds would take half a megabyte.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png", ".js": "text/javascript; charset=utf-8",
	".woff2": "font/woff2",
}

// LoadStatic reads all files of a folder.
func LoadStatic(fsys fs.FS, dir string) (*Static, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read static files: %w", err)
	}
	s := &Static{files: map[string]*staticFile{}, names: map[string]string{}}
	for _, e := range entries {
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		raw, err := fs.ReadFile(fsys, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read static files: %w", err)
		}
		zipped, err := compress(raw)
		if err != nil {
			return nil, fmt.Errorf("compress %q: %w", e.Name(), err)
		}
		sum := sha256.Sum256(raw)
		ext := path.Ext(e.Name())
		if contentTypes[ext] == "" {
			return nil, fmt.Errorf("static file %q is of a kind that is not served", e.Name())
		}
		hashed := strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		s.files[hashed] = &staticFile{contentType: contentTypes[ext], plain: raw, zipped: zipped}
		s.names[e.Name()] = hashed
	}
	return s, nil
}

func compress(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(raw); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// URL is the address of a file by its plain name. A name that does not exist is a mistake of the program and panics.
func (s *Static) URL(name string) string {
	hashed, ok := s.names[name]
	if !ok {
		panic(fmt.Sprintf("page: no static file %q", name))
	}
	return StaticPrefix + hashed
}

// ServeHTTP serves a file by its hashed name. Mount it at StaticPrefix.
func (s *Static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := s.files[strings.TrimPrefix(r.URL.Path, StaticPrefix)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := file.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = file.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // who left does not want the rest
	}
}
