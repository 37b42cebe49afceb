// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// refreshEvery is how often the content of volumes is brought up to date.
const refreshEvery = 20 * time.Second

// file is one file of a volume.
type file struct {
	data []byte
	mode fs.FileMode
}

// token is a service account token that the node asked for.
type token struct {
	text    string
	renewAt time.Time
}

// mountVolumes makes the folders of all volumes and fills them. Called again,
// it brings their content up to date.
func (p *podRun) mountVolumes(ctx context.Context) (map[string]string, error) {
	folders := map[string]string{}
	for _, volume := range p.object().Spec.Volumes {
		folder, err := p.mountVolume(ctx, volume)
		if err != nil {
			return nil, fmt.Errorf("volume %q: %w", volume.Name, err)
		}
		folders[volume.Name] = folder
	}
	return folders, p.makeSubPaths(folders)
}

func (p *podRun) mountVolume(ctx context.Context, volume corev1.Volume) (string, error) {
	if claim := volume.PersistentVolumeClaim; claim != nil {
		folder, err := p.node.claimFolder(p.key.Namespace, claim.ClaimName)
		if err != nil {
			return "", err
		}
		return folder, os.MkdirAll(folder, 0o700)
	}
	folder := filepath.Join(p.dir, "volumes", volume.Name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	if volume.EmptyDir != nil {
		return folder, nil
	}
	files, err := p.volumeFiles(ctx, volume)
	if err != nil {
		return "", err
	}
	return folder, writeFiles(folder, files)
}

// makeSubPaths makes the folders that mounts name inside of a volume.
func (p *podRun) makeSubPaths(folders map[string]string) error {
	for _, container := range containersOf(p.object()) {
		for _, m := range container.VolumeMounts {
			path := filepath.Join(folders[m.Name], filepath.FromSlash(m.SubPath))
			if _, err := os.Stat(path); m.SubPath == "" || err == nil {
				continue
			}
			if err := os.MkdirAll(path, 0o700); err != nil {
				return err
			}
		}
	}
	return nil
}

// volumeFiles is what a volume made of API objects holds.
func (p *podRun) volumeFiles(ctx context.Context, volume corev1.Volume) (map[string]file, error) {
	files := map[string]file{}
	switch {
	case volume.ConfigMap != nil:
		source := volume.ConfigMap
		data, err := p.configMap(ctx, source.Name, isTrue(source.Optional))
		return files, or(err, addItems(files, data, source.Items, source.DefaultMode, isTrue(source.Optional)))
	case volume.Secret != nil:
		source := volume.Secret
		data, err := p.secret(ctx, source.SecretName, isTrue(source.Optional))
		return files, or(err, addItems(files, data, source.Items, source.DefaultMode, isTrue(source.Optional)))
	case volume.DownwardAPI != nil:
		return files, p.addFields(files, volume.DownwardAPI.Items, volume.DownwardAPI.DefaultMode)
	case volume.Projected != nil:
		for _, source := range volume.Projected.Sources {
			if err := p.addProjection(ctx, files, source, volume.Projected.DefaultMode); err != nil {
				return nil, err
			}
		}
		return files, nil
	}
	return nil, errors.New("its type is not supported by the local node")
}

func (p *podRun) addProjection(ctx context.Context, files map[string]file, source corev1.VolumeProjection, mode *int32) error {
	switch {
	case source.ConfigMap != nil:
		data, err := p.configMap(ctx, source.ConfigMap.Name, isTrue(source.ConfigMap.Optional))
		return or(err, addItems(files, data, source.ConfigMap.Items, mode, isTrue(source.ConfigMap.Optional)))
	case source.Secret != nil:
		data, err := p.secret(ctx, source.Secret.Name, isTrue(source.Secret.Optional))
		return or(err, addItems(files, data, source.Secret.Items, mode, isTrue(source.Secret.Optional)))
	case source.DownwardAPI != nil:
		return p.addFields(files, source.DownwardAPI.Items, mode)
	case source.ServiceAccountToken != nil:
		text, err := p.token(ctx, source.ServiceAccountToken)
		files[source.ServiceAccountToken.Path] = file{data: []byte(text), mode: 0o600}
		return err
	}
	return errors.New("its projection is not supported by the local node")
}

// addItems adds all keys, or those that items name under their paths.
func addItems(files map[string]file, data map[string][]byte, items []corev1.KeyToPath, mode *int32, optional bool) error {
	if len(items) == 0 {
		for key, value := range data {
			files[key] = file{data: value, mode: fileMode(mode, nil)}
		}
		return nil
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if !ok && !optional {
			return fmt.Errorf("key %q is missing", item.Key)
		}
		if ok {
			files[item.Path] = file{data: value, mode: fileMode(mode, item.Mode)}
		}
	}
	return nil
}

func (p *podRun) addFields(files map[string]file, items []corev1.DownwardAPIVolumeFile, mode *int32) error {
	for _, item := range items {
		if item.FieldRef == nil {
			return fmt.Errorf("file %q: only fieldRef is supported by the local node", item.Path)
		}
		value, err := field(p.object(), p.address, item.FieldRef.FieldPath)
		if err != nil {
			return err
		}
		files[item.Path] = file{data: []byte(value), mode: fileMode(mode, item.Mode)}
	}
	return nil
}

// token asks for a token bound to the pod, and again when four fifths of its
// life are over.
func (p *podRun) token(ctx context.Context, source *corev1.ServiceAccountTokenProjection) (string, error) {
	id := source.Audience + "\n" + source.Path
	if known, ok := p.tokens[id]; ok && time.Now().Before(known.renewAt) {
		return known.text, nil
	}
	pod := p.object()
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: source.ExpirationSeconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
	}}
	if source.Audience != "" {
		request.Spec.Audiences = []string{source.Audience}
	}
	asked := time.Now()
	answer, err := p.node.client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("token of service account %q: %w", pod.Spec.ServiceAccountName, err)
	}
	life := answer.Status.ExpirationTimestamp.Sub(asked)
	p.tokens[id] = token{text: answer.Status.Token, renewAt: asked.Add(life * 4 / 5)}
	return answer.Status.Token, nil
}

// kubeconfig is the file by which the pod's programs find the API server.
func (p *podRun) kubeconfig() string { return filepath.Join(p.dir, "kubeconfig") }

// writeKubeconfig lets client libraries use the mounted token: they look for
// it at a fixed path, which only a mount namespace could give.
func (p *podRun) writeKubeconfig(tokenFile string) error {
	server := rest.CopyConfig(p.node.options.Config)
	if err := rest.LoadTLSFiles(server); err != nil {
		return err
	}
	const name = "pod"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: server.Host, CertificateAuthorityData: server.CAData}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{TokenFile: tokenFile}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: p.key.Namespace}
	config.CurrentContext = name
	text, err := clientcmd.Write(*config)
	if err != nil {
		return err
	}
	return writeFile(p.kubeconfig(), file{data: text, mode: 0o600})
}

// writeFiles makes a folder hold exactly files.
func writeFiles(folder string, files map[string]file) error {
	for name, f := range files {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("file %q would lie outside of its volume", name)
		}
		if err := writeFile(filepath.Join(folder, name), f); err != nil {
			return err
		}
	}
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if _, wanted := files[filepath.ToSlash(name)]; wanted {
			return nil
		}
		return os.Remove(path)
	})
}

// writeFile replaces a file at once, so that no reader meets half of it, and
// leaves an equal one alone.
func writeFile(path string, f file) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, f.data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft := filepath.Join(filepath.Dir(path), "."+strings.TrimPrefix(filepath.Base(path), ".")+".new")
	if err := os.WriteFile(draft, f.data, f.mode); err != nil {
		return err
	}
	return os.Rename(draft, path)
}

// fileMode is an item's mode, else the volume's, else a readable file. Group
// and others never get more than the owner's folder gives them, which is nothing.
func fileMode(volume, item *int32) fs.FileMode {
	for _, mode := range []*int32{item, volume} {
		if mode != nil {
			return fs.FileMode(*mode) & fs.ModePerm
		}
	}
	return 0o644
}

// or is the first error.
func or(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
