// SPDX-License-Identifier: Apache-2.0

package env

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// Install applies the CRDs, the admission policies and the roles of the repository at root, and returns when they are enforced.
func Install(ctx context.Context, config *rest.Config, root string) error {
	system := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "okno-system"},
	}}
	if err := apply(ctx, config, system); err != nil {
		return err
	}
	for _, folder := range []string{"crd", "admission", "rbac"} {
		objects, err := Objects(filepath.Join(root, "config", folder))
		if err != nil {
			return err
		}
		if err := apply(ctx, config, objects...); err != nil {
			return err
		}
	}
	return enforced(ctx, config)
}

// Objects reads the YAML files of a folder.
func Objects(folder string) ([]*unstructured.Unstructured, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, path := range files {
		read, err := ObjectsOf(path)
		if err != nil {
			return nil, err
		}
		objects = append(objects, read...)
	}
	return objects, nil
}

// ObjectsOf reads the documents of a YAML file.
func ObjectsOf(path string) ([]*unstructured.Unstructured, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	objects, err := documents(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return objects, nil
}

func documents(from io.Reader) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	reader := utilyaml.NewYAMLReader(bufio.NewReader(from))
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(text, &object.Object); err != nil {
			return nil, err
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

func apply(ctx context.Context, config *rest.Config, objects ...*unstructured.Unstructured) error {
	c, err := client.New(config, client.Options{})
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("okno-tests"), client.ForceOwnership); err != nil {
			return fmt.Errorf("apply %s %q: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// enforced waits until the policies do what they are for: CRDs are served, and policies read, with a delay.
func enforced(ctx context.Context, config *rest.Config) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		last = probe(ctx, config)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("admission policies are not enforced: %w: %w", err, last)
	}
	return nil
}

// probe tries, without writing anything, that a record is protected and that a decision is stamped.
func probe(ctx context.Context, config *rest.Config) error {
	c, err := client.New(config, client.Options{}) // anew, for it remembers which kinds there are
	if err != nil {
		return err
	}
	approval := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "catalog.okno.dev/v1alpha1", "kind": "Approval",
		"metadata": map[string]any{"name": "probe", "namespace": "default"},
		"spec": map[string]any{
			"gate": "probe", "decision": "Approve",
			"subject": map[string]any{"kind": "ServiceRevision", "name": "probe", "digest": "sha256:" + strings.Repeat("0", 64)},
		},
	}}
	owned := approval.DeepCopy()
	owned.SetFinalizers([]string{"okno.dev/probe"})
	if err := c.Create(ctx, owned, client.DryRunAll); !apierrors.IsForbidden(err) {
		return fmt.Errorf("an Approval with a finalizer: %w, want forbidden", err)
	}
	if err := c.Create(ctx, approval, client.DryRunAll); err != nil {
		return err
	}
	if approver, _, _ := unstructured.NestedString(approval.Object, "spec", "approver", "username"); approver == "" {
		return errors.New("an Approval has no approver")
	}
	return nil
}
