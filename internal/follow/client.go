// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"errors"
	"net"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// NewClient speaks to the API server about Okno's objects and no others.
func NewClient(config *rest.Config) (rest.Interface, error) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	c := rest.CopyConfig(config)
	c.GroupVersion = &v1alpha1.GroupVersion
	c.APIPath = "/apis"
	c.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	c.UserAgent = "okno-follow"
	c.DisableCompression = true // what is read is near and small; packing and unpacking it takes longer than sending it
	if c.QPS == 0 {
		c.QPS, c.Burst = 100, 200
	}
	return rest.RESTClientFor(c)
}

// accountDir is where a pod finds its service account's token; accountDirVariable names another place, for pods without a file
// system of their own.
const (
	accountDir         = "/var/run/secrets/kubernetes.io/serviceaccount"
	accountDirVariable = "OKNO_SERVICEACCOUNT_DIR"
)

// ErrNoCluster tells that the process does not run in a cluster.
var ErrNoCluster = errors.New("not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")

// InCluster is the configuration of a process in a pod. The token is read again when it is renewed.
func InCluster() (*rest.Config, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, ErrNoCluster
	}
	dir := os.Getenv(accountDirVariable)
	if dir == "" {
		dir = accountDir
	}
	return &rest.Config{
		Host:            "https://" + net.JoinHostPort(host, port),
		BearerTokenFile: filepath.Join(dir, "token"),
		TLSClientConfig: rest.TLSClientConfig{CAFile: filepath.Join(dir, "ca.crt")},
	}, nil
}
