// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/okno-dev/okno/hack/local/persons"
)

// existing tells the story on a cluster that runs elsewhere. Only a context
// that was named on purpose is touched, never the kubeconfig's current one.
func existing(ctx context.Context, s settings, t *teller) error {
	steps := []struct {
		title string
		do    func(context.Context) error
	}{
		{"building the command line", s.buildProduct(t, "kubectl-okno")},
		{"building kubectl (once)", s.buildControlPlane(t, "kubectl")},
		{"letting the sample persons act by impersonation", func(context.Context) error { return s.impersonate() }},
	}
	for _, step := range steps {
		if err := t.step(ctx, step.title, step.do); err != nil {
			return err
		}
	}
	return tellStory(ctx, s, t, nil)
}

// impersonate writes kubeconfigs by which the bearer of the named context acts
// as the sample persons; the cluster's RBAC must allow that.
func (s settings) impersonate() error {
	config, err := clientcmd.NewDefaultClientConfigLoadingRules().Load()
	if err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	for _, p := range persons.All() {
		own, err := asPerson(config, s.context, p)
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
// place of its user; the platform is the user itself.
func asPerson(config *clientcmdapi.Config, contextName string, p persons.Person) (*clientcmdapi.Config, error) {
	own := config.DeepCopy()
	own.CurrentContext = contextName
	if err := clientcmdapi.MinifyConfig(own); err != nil {
		return nil, fmt.Errorf("context %q: %w", contextName, err)
	}
	if err := clientcmdapi.FlattenConfig(own); err != nil {
		return nil, fmt.Errorf("context %q: %w", contextName, err)
	}
	if p.Name == "platform" {
		return own, nil
	}
	for _, user := range own.AuthInfos {
		user.Impersonate, user.ImpersonateGroups = p.Name, p.Groups
	}
	return own, nil
}
