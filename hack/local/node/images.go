// SPDX-License-Identifier: Apache-2.0

package node

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Image is the program that stands for a container image.
type Image struct {
	// Entrypoint is the program's file and its first arguments.
	Entrypoint []string
	// Digest is the image's identity, sha256:….
	Digest string
}

// Images finds the program of an image reference; an error says what is known.
type Images func(reference string) (Image, error)

// Programs maps the images <registry>/<name>[:tag][@digest] to the programs
// <dir>/<name>. The digest is that of the program's content, so a rebuilt
// program is a new image.
func Programs(registry, dir string) Images {
	return func(reference string) (Image, error) {
		name, ok := strings.CutPrefix(repository(reference), registry+"/")
		if !ok || strings.Contains(name, "/") {
			return Image{}, fmt.Errorf("image %q cannot run here: only %s/<name> for a program in %s can", reference, registry, dir)
		}
		path := filepath.Join(dir, name)
		digest, err := fileDigest(path)
		if err != nil {
			return Image{}, fmt.Errorf("image %q: %w", reference, err)
		}
		return Image{Entrypoint: []string{path}, Digest: digest}, nil
	}
}

// repository is an image reference without tag and digest.
func repository(reference string) string {
	reference, _, _ = strings.Cut(reference, "@")
	if colon := strings.LastIndex(reference, ":"); colon > strings.LastIndex(reference, "/") {
		return reference[:colon]
	}
	return reference
}

func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", fmt.Errorf("read %q: %w", path, err)
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
}
