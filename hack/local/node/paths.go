// SPDX-License-Identifier: Apache-2.0

package node

import (
	"path"
	"path/filepath"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// pathMap replaces the paths of a container by real ones.
type pathMap []mount

type mount struct{ inside, real string }

// newPathMap maps a container's mounts, given each volume's real folder.
func newPathMap(mounts []corev1.VolumeMount, folders map[string]string) pathMap {
	var m pathMap
	for _, vm := range mounts {
		m = append(m, mount{inside: path.Clean(vm.MountPath), real: filepath.Join(folders[vm.Name], filepath.FromSlash(vm.SubPath))})
	}
	// A mount inside of another one wins over it.
	sort.SliceStable(m, func(i, j int) bool { return len(m[i].inside) > len(m[j].inside) })
	return m
}

// replace puts real folders in place of mounts wherever text names a path under
// one: `--store=/data/store.db`, `file:///data`, `/data:/more`. A longer name
// (`/database`) or a path's inner part (`/mnt/data`) stays.
func (m pathMap) replace(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		if mount, ok := m.at(text, i); ok {
			out.WriteString(mount.real)
			i += len(mount.inside)
			continue
		}
		out.WriteByte(text[i])
		i++
	}
	return out.String()
}

// at finds the mount that the path starting at i lies under.
func (m pathMap) at(text string, i int) (mount, bool) {
	if text[i] != '/' || i > 0 && isPathByte(text[i-1]) && !strings.HasSuffix(text[:i], "://") {
		return mount{}, false
	}
	for _, candidate := range m {
		rest, ok := strings.CutPrefix(text[i:], candidate.inside)
		if ok && (rest == "" || rest[0] == '/' || !isPathByte(rest[0])) {
			return candidate, true
		}
	}
	return mount{}, false
}

// real is the folder mounted at exactly inside.
func (m pathMap) realOf(inside string) (string, bool) {
	for _, mount := range m {
		if mount.inside == inside {
			return mount.real, true
		}
	}
	return "", false
}

func isPathByte(b byte) bool {
	return b == '/' || b == '.' || b == '_' || b == '-' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}
