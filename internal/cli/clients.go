// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// clientFactory connects to the cluster that kubectl would, by the same flags and files.
type clientFactory struct {
	files     *clientcmd.ClientConfigLoadingRules
	overrides *clientcmd.ConfigOverrides
}

// cluster is a connection as one user, with the namespace that the command is about.
type cluster struct {
	client.Client
	namespace string
}

// newClientFactory gives a command kubectl's flags for choosing a cluster, a user and a namespace. It does without
// genericclioptions, which brings kustomize along.
func newClientFactory(cmd *cobra.Command) *clientFactory {
	f := &clientFactory{files: clientcmd.NewDefaultClientConfigLoadingRules(), overrides: &clientcmd.ConfigOverrides{}}
	cmd.Flags().StringVar(&f.files.ExplicitPath, clientcmd.RecommendedConfigPathFlag, "", "the kubeconfig file to use")
	clientcmd.BindOverrideFlags(f.overrides, cmd.Flags(), clientcmd.RecommendedConfigOverrideFlags(""))
	return f
}

func (f *clientFactory) connect() (*cluster, error) {
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(f.files, f.overrides)
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("no cluster to ask: %w", err)
	}
	config.WarningHandler = rest.NoWarnings{}
	log.SetLogger(logr.Discard()) // the library would complain on the user's terminal that nobody set one
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, fmt.Errorf("no namespace: %w", err)
	}
	c, err := client.New(config, client.Options{Scheme: clusterScheme()})
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	return &cluster{Client: c, namespace: namespace}, nil
}

func clusterScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		v1alpha1.AddToScheme, corev1.AddToScheme, admissionregistrationv1.AddToScheme,
		authenticationv1.AddToScheme, authorizationv1.AddToScheme,
	} {
		utilruntime.Must(add(scheme))
	}
	return scheme
}

// user asks the API server who the command acts as.
func (c *cluster) user(ctx context.Context) (string, error) {
	var self authenticationv1.SelfSubjectReview
	if err := c.Create(ctx, &self); err != nil {
		return "", fmt.Errorf("ask who you are: %w", err)
	}
	return self.Status.UserInfo.Username, nil
}

// allowed asks whether the user may do what attributes say.
func (c *cluster) allowed(ctx context.Context, attributes authorizationv1.ResourceAttributes) (bool, error) {
	review := authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &attributes},
	}
	if err := c.Create(ctx, &review); err != nil {
		return false, fmt.Errorf("ask what you may do: %w", err)
	}
	return review.Status.Allowed, nil
}
