// SPDX-License-Identifier: Apache-2.0

// Package resources builds the Kubernetes objects that an agency's intake consists of. It reads nothing and writes nothing: the
// same provider and settings give the same objects, byte for byte.
package resources

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// IntakeName is the name of every object of an agency's intake; the agency's namespace holds one of each kind.
const IntakeName = "okno-intake"

// Labels of the pods that Okno runs. Selectors use NameLabel alone: selectors cannot change later.
const (
	NameLabel      = "app.kubernetes.io/name"
	PartOfLabel    = "app.kubernetes.io/part-of"
	ManagedByLabel = "app.kubernetes.io/managed-by"
)

// Ports of an intake.
const (
	PublicPort = 8080 // people and their programs
	InnerPort  = 8081 // the controller and the probes
)

// What an intake's inner port is asked, as package inner names it. This package does not import that one: it speaks HTTP.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// audience is what tokens for a namespace's intake are bound to.
func audience(namespace string) string { return namespace + "/" + IntakeName }

// DefaultTimeZone is the zone of an agency that names none.
const DefaultTimeZone = "Europe/Moscow"

// Settings are what the installation decides for every agency.
type Settings struct {
	// IntakeImage is the image of the intake.
	IntakeImage string
	// BaseDomain is the domain under which every provider has a host: <provider>.<BaseDomain>.
	BaseDomain string
	// PublicScheme is http or https, as people's browsers see it.
	PublicScheme string
	// PublicPort is the port in people's addresses; 0 is the scheme's own.
	PublicPort int
	// Gateway is the Gateway that brings people to agencies; without one, Ingresses do.
	Gateway Gateway
	// IngressClass is the class of the Ingress; "" is the cluster's default.
	IngressClass string
	// TLSSecret names the certificate in each agency's namespace; "" leaves TLS to what stands before the Ingress.
	TLSSecret string
	// TrustedKeys are the public keys whose Publications an intake believes, base64 of PKIX, the newest first.
	TrustedKeys []string
}

// Gateway names a Gateway of the Gateway API, and perhaps one of its listeners.
type Gateway struct{ Namespace, Name, Listener string }

// ParseGateway reads namespace/name or namespace/name/listener; "" names none.
func ParseGateway(s string) (Gateway, error) {
	parts := strings.Split(s, "/")
	switch {
	case s == "":
		return Gateway{}, nil
	case len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, ""):
		return Gateway{}, fmt.Errorf("gateway %q is not namespace/name or namespace/name/listener", s)
	}
	g := Gateway{Namespace: parts[0], Name: parts[1]}
	if len(parts) == 3 {
		g.Listener = parts[2]
	}
	return g, nil
}

// Host is the host name of a provider.
func (s Settings) Host(provider string) string { return provider + "." + s.BaseDomain }

// BaseURL is the public address of a provider, without a slash at its end.
func (s Settings) BaseURL(provider string) string {
	host := s.Host(provider)
	if s.PublicPort != 0 {
		host = net.JoinHostPort(host, strconv.Itoa(s.PublicPort))
	}
	return (&url.URL{Scheme: s.PublicScheme, Host: host}).String()
}

// Endpoints are the public addresses of a service.
func (s Settings) Endpoints(provider, service string) *v1alpha1.Endpoints {
	base := s.BaseURL(provider)
	return &v1alpha1.Endpoints{
		Form:    base + "/s/" + service,
		API:     base + "/api/v1/services/" + service + "/applications",
		OpenAPI: base + "/api/v1/services/" + service + "/openapi.json",
		Schema:  base + "/schema/" + service + "/application.json",
		XSD:     base + "/schema/" + service + "/application.xsd",
	}
}

// TimeZone is the zone in which an agency counts terms.
func TimeZone(p *v1alpha1.ServiceProvider) string {
	if p.Spec.TimeZone == "" {
		return DefaultTimeZone
	}
	return p.Spec.TimeZone
}

func selector() map[string]string { return map[string]string{NameLabel: IntakeName} }

func labels() map[string]string {
	return map[string]string{NameLabel: IntakeName, PartOfLabel: "okno", ManagedByLabel: v1alpha1.FieldManager}
}
