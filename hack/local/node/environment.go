// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// serviceAccountDir is where Kubernetes mounts a pod's token.
const serviceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// variables is an environment in which later entries may use earlier ones.
type variables struct {
	names  []string
	values map[string]string
}

func (v *variables) set(name, value string) {
	if v.values == nil {
		v.values = map[string]string{}
	}
	if _, ok := v.values[name]; !ok {
		v.names = append(v.names, name)
	}
	v.values[name] = value
}

func (v *variables) list() []string {
	list := make([]string, 0, len(v.names))
	for _, name := range v.names {
		list = append(list, name+"="+v.values[name])
	}
	return list
}

// expand replaces $(NAME) by the value of a known variable, and $$ by $.
func (v *variables) expand(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		if text[i+1] == '$' {
			out.WriteByte('$')
			i++
			continue
		}
		name, ok := strings.CutPrefix(text[i+1:], "(")
		end := strings.IndexByte(name, ')')
		if value, known := v.values[name[:max(end, 0)]]; ok && end > 0 && known {
			out.WriteString(value)
			i += len("()") + end
			continue
		}
		out.WriteByte('$')
	}
	return out.String()
}

// nodeVariables are what every container finds in its environment. They come
// first, so that a container's own settings win.
func (p *podRun) nodeVariables(paths pathMap) *variables {
	v := &variables{}
	v.set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	v.set("HOSTNAME", p.object().Name)
	v.set("HOME", p.dir)
	if server, err := url.Parse(p.node.options.Config.Host); err == nil {
		v.set("KUBERNETES_SERVICE_HOST", server.Hostname())
		v.set("KUBERNETES_SERVICE_PORT", server.Port())
	}
	if proxy := p.node.options.Proxy; proxy != "" {
		for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
			v.set(name, proxy)
		}
		// localhost is not listed: it would take <provider>.localhost with it.
		v.set("NO_PROXY", "127.0.0.0/8")
		v.set("no_proxy", "127.0.0.0/8")
	}
	if dir, ok := paths.realOf(serviceAccountDir); ok {
		v.set("KUBECONFIG", p.kubeconfig())
		v.set("OKNO_SERVICEACCOUNT_DIR", dir)
	}
	if dir, ok := paths.realOf("/tmp"); ok {
		v.set("TMPDIR", dir)
	}
	return v
}

// environment is a container's whole environment, in the order in which a
// kubelet would build it.
func (p *podRun) environment(ctx context.Context, container *corev1.Container, paths pathMap) (*variables, error) {
	v := p.nodeVariables(paths)
	for _, from := range container.EnvFrom {
		data, err := p.envFrom(ctx, from)
		if err != nil {
			return nil, err
		}
		keys := make([]string, 0, len(data))
		for key := range data {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			v.set(from.Prefix+key, data[key])
		}
	}
	for _, env := range container.Env {
		value, found, err := p.envValue(ctx, container, env, v)
		if err != nil {
			return nil, fmt.Errorf("variable %q: %w", env.Name, err)
		}
		if found {
			v.set(env.Name, paths.replace(value))
		}
	}
	return v, nil
}

func (p *podRun) envFrom(ctx context.Context, from corev1.EnvFromSource) (map[string]string, error) {
	switch {
	case from.ConfigMapRef != nil:
		data, err := p.configMap(ctx, from.ConfigMapRef.Name, isTrue(from.ConfigMapRef.Optional))
		return texts(data), err
	case from.SecretRef != nil:
		data, err := p.secret(ctx, from.SecretRef.Name, isTrue(from.SecretRef.Optional))
		return texts(data), err
	}
	return nil, nil
}

// envValue is a variable's value; found is false when an optional source is absent.
func (p *podRun) envValue(ctx context.Context, container *corev1.Container, env corev1.EnvVar, known *variables) (value string, found bool, err error) {
	from := env.ValueFrom
	switch {
	case from == nil:
		return known.expand(env.Value), true, nil
	case from.FieldRef != nil:
		value, err = field(p.object(), p.address, from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		value, err = resourceField(container, from.ResourceFieldRef)
		return value, true, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		data, err := p.configMap(ctx, ref.Name, isTrue(ref.Optional))
		return key(data, ref.Key, isTrue(ref.Optional), err)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		data, err := p.secret(ctx, ref.Name, isTrue(ref.Optional))
		return key(data, ref.Key, isTrue(ref.Optional), err)
	}
	return "", false, errors.New("its source is not supported by the local node")
}

func key(data map[string][]byte, name string, optional bool, err error) (string, bool, error) {
	value, ok := data[name]
	if err == nil && !ok && !optional {
		err = fmt.Errorf("key %q is missing", name)
	}
	return string(value), ok, err
}

// configMap is the content of a ConfigMap in the pod's namespace.
func (p *podRun) configMap(ctx context.Context, name string, optional bool) (map[string][]byte, error) {
	object, err := p.node.client.CoreV1().ConfigMaps(p.key.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && optional {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	data := map[string][]byte{}
	for key, value := range object.Data {
		data[key] = []byte(value)
	}
	for key, value := range object.BinaryData {
		data[key] = value
	}
	return data, nil
}

// secret is the content of a Secret in the pod's namespace.
func (p *podRun) secret(ctx context.Context, name string, optional bool) (map[string][]byte, error) {
	object, err := p.node.client.CoreV1().Secrets(p.key.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && optional {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return object.Data, nil
}

// field is the value of a downward API path.
func field(pod *corev1.Pod, address, path string) (string, error) {
	if name, rest, ok := strings.Cut(path, "['"); ok {
		switch key := strings.TrimSuffix(rest, "']"); name {
		case "metadata.labels":
			return pod.Labels[key], nil
		case "metadata.annotations":
			return pod.Annotations[key], nil
		}
	}
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "metadata.labels":
		return quoted(pod.Labels), nil
	case "metadata.annotations":
		return quoted(pod.Annotations), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.podIP", "status.podIPs":
		return address, nil
	case "status.hostIP", "status.hostIPs":
		return "127.0.0.1", nil
	}
	return "", fmt.Errorf("field path %q is not supported by the local node", path)
}

// quoted writes labels the way the downward API does: key="value" lines.
func quoted(values map[string]string) string {
	lines := make([]string, 0, len(values))
	for key, value := range values {
		lines = append(lines, key+"="+strconv.Quote(value))
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// resourceField is a container's request or limit in units of the divisor,
// rounded up. Without a limit it is the node's capacity.
func resourceField(container *corev1.Container, ref *corev1.ResourceFieldSelector) (string, error) {
	kind, name, _ := strings.Cut(ref.Resource, ".")
	var quantity resource.Quantity
	switch limit, limited := container.Resources.Limits[corev1.ResourceName(name)]; {
	case kind == "requests":
		quantity = container.Resources.Requests[corev1.ResourceName(name)]
	case kind == "limits" && limited:
		quantity = limit
	case kind == "limits":
		quantity = capacity()[corev1.ResourceName(name)]
	default:
		return "", fmt.Errorf("resource %q is not supported by the local node", ref.Resource)
	}
	divisor := ref.Divisor
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	units := (quantity.MilliValue() + divisor.MilliValue() - 1) / divisor.MilliValue()
	return strconv.FormatInt(units, 10), nil
}

func texts(data map[string][]byte) map[string]string {
	values := make(map[string]string, len(data))
	for key, value := range data {
		values[key] = string(value)
	}
	return values
}

func isTrue(b *bool) bool { return b != nil && *b }
