// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	yamlprint "sigs.k8s.io/yaml"
)

// installFolders are applied in this order, each file of a folder by name, but
// kinds and namespaces before everything else.
var installFolders = []string{"config/crd", "config/admission", "config/rbac", "config/policy", "config/manager"}

// arguments are added to those of the Deployments that they name.
type arguments map[string][]string

// install applies the product's manifests.
func (s settings) install(args arguments) func(context.Context) error {
	return func(ctx context.Context) error {
		var all []*unstructured.Unstructured
		for _, folder := range installFolders {
			objects, err := readFolder(filepath.Join(s.root, folder))
			if err != nil {
				return err
			}
			all = append(all, objects...)
		}
		if err := addArgs(all, args); err != nil {
			return err
		}
		if s.context != "" {
			return s.apply(ctx, all)
		}
		return s.applyOnce(ctx, all)
	}
}

// applyOnce applies objects that differ from those of the last run only: a
// cluster that is started again shall be there at once.
func (s settings) applyOnce(ctx context.Context, objects []*unstructured.Unstructured) error {
	manifest, err := encode(objects)
	if err != nil {
		return err
	}
	installed := filepath.Join(s.data, "installed.yaml")
	if last, err := os.ReadFile(installed); err == nil && bytes.Equal(last, manifest) {
		return nil
	}
	if err := s.apply(ctx, objects); err != nil {
		return err
	}
	return os.WriteFile(installed, manifest, 0o600)
}

// apply applies objects: the kinds and namespaces that others need first.
func (s settings) apply(ctx context.Context, objects []*unstructured.Unstructured) error {
	platform := s.as("platform")
	for _, stage := range stages(objects) {
		manifest, err := encode(stage)
		if err != nil {
			return err
		}
		// What was applied before takes a moment to be known everywhere.
		err = until(ctx, 20*time.Second, func(ctx context.Context) (bool, string, error) {
			_, err := platform.run(ctx, bytes.NewReader(manifest), "kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-")
			return err == nil, "", err
		})
		if err != nil {
			return err
		}
		if stage[0].GetKind() == "CustomResourceDefinition" {
			if _, err := platform.run(ctx, bytes.NewReader(manifest), "kubectl", "wait", "--for=condition=Established", "--timeout=60s", "-f", "-"); err != nil {
				return err
			}
		}
	}
	return nil
}

// stages splits objects into those that must exist before the others.
func stages(objects []*unstructured.Unstructured) [][]*unstructured.Unstructured {
	var kinds, namespaces, others []*unstructured.Unstructured
	for _, object := range objects {
		switch object.GetKind() {
		case "CustomResourceDefinition":
			kinds = append(kinds, object)
		case "Namespace":
			namespaces = append(namespaces, object)
		default:
			others = append(others, object)
		}
	}
	var list [][]*unstructured.Unstructured
	for _, stage := range [][]*unstructured.Unstructured{kinds, namespaces, others} {
		if len(stage) > 0 {
			list = append(list, stage)
		}
	}
	return list
}

// readFolder reads the manifests of a folder in the order of their names.
func readFolder(folder string) ([]*unstructured.Unstructured, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var all []*unstructured.Unstructured
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		objects, err := decode(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, objects...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no manifests", folder)
	}
	return all, nil
}

func decode(manifest []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	var all []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if len(object.Object) > 0 {
			all = append(all, object)
		}
	}
}

func encode(objects []*unstructured.Unstructured) ([]byte, error) {
	var all bytes.Buffer
	for _, object := range objects {
		text, err := yamlprint.Marshal(object.Object)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&all, "---\n%s", text)
	}
	return all.Bytes(), nil
}

// addArgs adds args to the first containers of Deployments: of a flag given
// twice the last one counts.
func addArgs(objects []*unstructured.Unstructured, args arguments) error {
	path := []string{"spec", "template", "spec", "containers"}
	for _, object := range objects {
		added := args[object.GetName()]
		if object.GetKind() != "Deployment" || len(added) == 0 {
			continue
		}
		containers, _, err := unstructured.NestedSlice(object.Object, path...)
		if err != nil || len(containers) == 0 {
			return fmt.Errorf("deployment %q has no containers", object.GetName())
		}
		first, ok := containers[0].(map[string]any)
		if !ok {
			return fmt.Errorf("deployment %q has a container that is no object", object.GetName())
		}
		known, _, err := unstructured.NestedStringSlice(first, "args")
		if err != nil {
			return err
		}
		if err := unstructured.SetNestedStringSlice(first, append(known, added...), "args"); err != nil {
			return err
		}
		if err := unstructured.SetNestedSlice(object.Object, containers, path...); err != nil {
			return err
		}
	}
	return nil
}

// publicArgs tell the product the addresses that people see at the front door.
func publicArgs(address string) (arguments, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	return arguments{
		"okno-controller": {"--base-domain=localhost", "--public-scheme=http", "--public-port=" + port},
		"okno-portal":     {"--public-url=http://catalogue.localhost:" + port},
	}, nil
}

// deploymentsReady waits until what was installed runs.
func (s settings) deploymentsReady(within time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		err := until(ctx, within, func(ctx context.Context) (bool, string, error) {
			text, err := s.as("platform").kubectl(ctx, "get", "deployments", "-n", "okno-system",
				"-o", `jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Available")].status} {.metadata.generation} {.status.observedGeneration}{"\n"}{end}`)
			return err == nil && allAvailable(text), "name, Available, generations: " + strings.ReplaceAll(strings.TrimSpace(text), "\n", ", "), err
		})
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("%w\n\n%s", err, s.explainPods(ctx))
		}
		return err
	}
}

// allAvailable reads lines of name, Available, generation and observed generation.
func allAvailable(text string) bool {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for _, line := range lines {
		fields := strings.Fields(line)
		if len(fields) != 4 || fields[1] != "True" || fields[2] != fields[3] {
			return false
		}
	}
	return true
}

// explainPods says what the pods that are not ready wait for, and how their logs end.
func (s settings) explainPods(ctx context.Context) string {
	const format = `jsonpath={range .items[*]}{.metadata.namespace}{"\t"}{.metadata.name}{"\t"}{.status.containerStatuses[0].name}{"\t"}{.status.containerStatuses[0].ready}{"\t"}{.status.containerStatuses[0].state.waiting.reason} {.status.containerStatuses[0].state.waiting.message}{"\n"}{end}`
	text, err := s.as("platform").kubectl(ctx, "get", "pods", "-A", "-o", format)
	if err != nil {
		return err.Error()
	}
	var all strings.Builder
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSpace(line), "\t", 5)
		if len(fields) < 4 || fields[3] == "true" {
			continue
		}
		fmt.Fprintf(&all, "pod %s/%s is not ready", fields[0], fields[1])
		if len(fields) == 5 {
			fmt.Fprintf(&all, ": %s", strings.TrimSpace(fields[4]))
		}
		for _, previous := range []string{"false", "true"} {
			log, err := s.as("platform").kubectl(ctx, "logs", "-n", fields[0], fields[1], "-c", fields[2], "--tail=8", "--previous="+previous)
			if err == nil && strings.TrimSpace(log) != "" {
				fmt.Fprintf(&all, "\nits log ends with:\n%s", log)
				break
			}
		}
		all.WriteByte('\n')
	}
	return all.String()
}
