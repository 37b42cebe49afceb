// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/okno-dev/okno/hack/local/persons"
)

// existing tells the story on a cluster that runs elsewhere. Only a context
// that was named on purpose is touched, never the kubeconfig's current one.
func existing(ctx context.Context, s settings, t *teller, found sample) error {
	// A misspelt name shall not cost the time of the builds.
	config, err := kubeconfig(s.context)
	if err != nil {
		return err
	}
	steps := []struct {
		title string
		do    func(context.Context) error
	}{
		{"building the command line", s.buildProduct(t, "kubectl-okno")},
		{"building kubectl (once)", s.buildControlPlane(t, "kubectl")},
		{"letting the sample persons act by impersonation", func(context.Context) error { return s.impersonate(config) }},
	}
	for _, step := range steps {
		if err := t.step(ctx, step.title, step.do); err != nil {
			return err
		}
	}
	return tellStory(ctx, s, t, found, nil)
}

// kubeconfig reads the user's own kubeconfig, which must have the context.
func kubeconfig(contextName string) (*clientcmdapi.Config, error) {
	config, err := clientcmd.NewDefaultClientConfigLoadingRules().Load()
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	return config, hasContext(config, contextName)
}

// hasContext names the contexts that there are when one is missing.
func hasContext(config *clientcmdapi.Config, contextName string) error {
	if config.Contexts[contextName] != nil {
		return nil
	}
	if len(config.Contexts) == 0 {
		return fmt.Errorf("there is no context %q: kubeconfig has none; CLUSTER= names one, and 'make run' alone needs none", contextName)
	}
	return fmt.Errorf("there is no context %q in kubeconfig; there is %s", contextName, strings.Join(slices.Sorted(maps.Keys(config.Contexts)), ", "))
}

// impersonate writes kubeconfigs by which the bearer of the named context acts
// as the sample persons; the cluster's RBAC must allow that.
func (s settings) impersonate(config *clientcmdapi.Config) error {
	for _, p := range persons.All() {
		own, err := asPerson(config, s.context, s.namespace, p)
		if err != nil {
			return err
		}
		if err := clientcmd.WriteToFile(*own, p.Kubeconfig(s.data)); err != nil {
			return fmt.Errorf("write kubeconfig: %w", err)
		}
	}
	return s.writeScript()
}

// asPerson is the part of config that the context needs, with the person in
// place of its user and the namespace that commands are about; the platform is the user itself.
func asPerson(config *clientcmdapi.Config, contextName, namespace string, p persons.Person) (*clientcmdapi.Config, error) {
	if err := hasContext(config, contextName); err != nil {
		return nil, err
	}
	own := config.DeepCopy()
	own.CurrentContext = contextName
	if err := clientcmdapi.MinifyConfig(own); err != nil {
		return nil, fmt.Errorf("context %q: %w", contextName, err)
	}
	if err := clientcmdapi.FlattenConfig(own); err != nil {
		return nil, fmt.Errorf("context %q: %w", contextName, err)
	}
	own.Contexts[contextName].Namespace = namespace
	if p.Name == "platform" {
		return own, nil
	}
	for _, user := range own.AuthInfos {
		user.Impersonate, user.ImpersonateGroups = p.Name, p.Groups
	}
	return own, nil
}
