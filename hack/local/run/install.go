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

// controllerName is the Deployment whose settings depend on where people come in.
const controllerName = "okno-controller"

// installFolders are applied in this order, each file of a folder by name. What
// stands later needs what stands earlier.
var installFolders = []string{"config/crd", "config/admission", "config/rbac", "config/policy", "config/manager"}

// install applies the product's manifests; args are added to the controller's.
func (s settings) install(args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, folder := range installFolders {
			manifest, err := readFolder(filepath.Join(s.root, folder))
			if err != nil {
				return err
			}
			if manifest, err = withArgs(manifest, args); err != nil {
				return fmt.Errorf("%s: %w", folder, err)
			}
			// What was installed before takes a moment to be known everywhere.
			err = until(ctx, 20*time.Second, func(ctx context.Context) (bool, string, error) {
				_, err := s.as("platform").run(ctx, bytes.NewReader(manifest), "kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-")
				return err == nil, "", err
			})
			if err != nil {
				return fmt.Errorf("%s: %w", folder, err)
			}
			if folder == "config/crd" {
				if _, err := s.as("platform").run(ctx, bytes.NewReader(manifest), "kubectl", "wait", "--for=condition=Established", "--timeout=60s", "-f", "-"); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// readFolder joins the manifests of a folder in the order of their names.
func readFolder(folder string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var all bytes.Buffer
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&all, "---\n%s\n", text)
	}
	if all.Len() == 0 {
		return nil, fmt.Errorf("%s holds no manifests", folder)
	}
	return all.Bytes(), nil
}

// withArgs adds args to the controller's first container: of a flag given
// twice the last one counts.
func withArgs(manifest []byte, args []string) ([]byte, error) {
	if len(args) == 0 || !bytes.Contains(manifest, []byte(controllerName)) {
		return manifest, nil
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	var all bytes.Buffer
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return all.Bytes(), nil
		} else if err != nil {
			return nil, err
		}
		if len(object.Object) == 0 {
			continue
		}
		if object.GetKind() == "Deployment" && object.GetName() == controllerName {
			if err := addArgs(object, args); err != nil {
				return nil, err
			}
		}
		text, err := yamlprint.Marshal(object.Object)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&all, "---\n%s", text)
	}
}

func addArgs(deployment *unstructured.Unstructured, args []string) error {
	path := []string{"spec", "template", "spec", "containers"}
	containers, _, err := unstructured.NestedSlice(deployment.Object, path...)
	if err != nil || len(containers) == 0 {
		return fmt.Errorf("deployment %q has no containers", deployment.GetName())
	}
	first, ok := containers[0].(map[string]any)
	if !ok {
		return fmt.Errorf("deployment %q has a container that is no object", deployment.GetName())
	}
	known, _, err := unstructured.NestedStringSlice(first, "args")
	if err != nil {
		return err
	}
	if err := unstructured.SetNestedStringSlice(first, append(known, args...), "args"); err != nil {
		return err
	}
	return unstructured.SetNestedSlice(deployment.Object, containers, path...)
}

// publicArgs tell the controller the addresses that people see at the front door.
func publicArgs(address string) ([]string, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", address, err)
	}
	return []string{"--base-domain=localhost", "--public-scheme=http", "--public-port=" + port}, nil
}

// deploymentsReady waits until what was installed runs.
func (s settings) deploymentsReady(within time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		err := until(ctx, within, func(ctx context.Context) (bool, string, error) {
			text, err := s.as("platform").kubectl(ctx, "get", "deployments", "-n", "okno-system",
				"-o", `jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Available")].status} {.metadata.generation} {.status.observedGeneration}{"\n"}{end}`)
			return err == nil && allAvailable(text), strings.ReplaceAll(strings.TrimSpace(text), "\n", ", "), err
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
