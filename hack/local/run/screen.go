// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/persons"
)

// screen is the last thing that `make run` shows: addresses, state, and one
// next command.
func (s *story) screen(ctx context.Context) error {
	service, err := s.service(ctx)
	if err != nil {
		return err
	}
	if service == nil {
		return fmt.Errorf("service %s/%s is gone", s.sample.namespace, s.sample.name)
	}
	if s.context == "" && service.Status.Published != nil && service.Status.Endpoints != nil {
		err := s.t.step(ctx, "opening "+service.Status.Endpoints.Form, func(ctx context.Context) error {
			return s.pageServes(ctx, service.Status.Endpoints.Form, service.Status.Published.Digest)
		})
		if err != nil {
			return fmt.Errorf("%w\n\n%s", err, s.explainPods(ctx))
		}
	}
	table, err := s.as("platform").kubectl(ctx, "get", "govservices,publications", "-n", s.sample.namespace)
	if err != nil {
		return err
	}
	s.t.say("\n%s", addresses(service, s.address, s.context == ""))
	s.t.say("%s", table)
	s.t.say("%s", nextCommand(service))
	return nil
}

// pageServes waits until a citizen gets the published revision.
func (s *story) pageServes(ctx context.Context, address, digest string) error {
	return until(ctx, time.Minute, func(ctx context.Context) (bool, string, error) {
		page, err := url.Parse(address)
		if err != nil {
			return false, "", err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return false, "", err
		}
		// Browsers resolve *.localhost by themselves, Go does not.
		request.Host, request.URL.Host = page.Host, s.address
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, "", err
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
		served := response.Header.Get("Okno-Digest")
		return response.StatusCode == http.StatusOK && served == digest, fmt.Sprintf("%s, digest %q, published is %q", response.Status, served, digest), nil
	})
}

// addresses lists where people go.
func addresses(service *v1alpha1.GovService, door string, local bool) string {
	var text strings.Builder
	line := func(what, where string) {
		if where != "" {
			fmt.Fprintf(&text, "  %-12s %s\n", what, where)
		}
	}
	if endpoints := service.Status.Endpoints; endpoints != nil {
		line("Apply", endpoints.Form)
		line("JSON, XML", endpoints.API)
	}
	if local {
		_, port, _ := strings.Cut(door, ":")
		line("Catalogue", "http://catalogue.localhost:"+port+"/")
	}
	return text.String()
}

// nextCommand is the one command that a person may try next, and what comes of it.
func nextCommand(service *v1alpha1.GovService) string {
	form := "the service's page"
	if service.Status.Endpoints != nil {
		form = service.Status.Endpoints.Form
	}
	next := nextStep(service)
	person, ok := persons.Decider(next.gate)
	if !ok {
		return fmt.Sprintf("Next: what does it wait for?\n\n  bin/as agency-editor kubectl okno why %s -n %s\n", service.Name, service.Namespace)
	}
	ending := fmt.Sprintf("Then reload %s: the citizen sees the new title.", form)
	if !isLastGate(service.Status.Pending.Gates) {
		ending = "Then the next person decides: 'make run' or 'kubectl okno why' tells who."
	}
	return fmt.Sprintf("Next: a changed definition waits, and the old one serves. Let the %s decide:\n\n  bin/as %s kubectl okno approve %s -n %s --gate %s\n\n%s\n",
		person.Name, person.Name, service.Name, service.Namespace, next.gate, ending)
}

// isLastGate tells whether of the gates "4/5" only one is closed.
func isLastGate(gates string) bool {
	var open, total int
	_, err := fmt.Sscanf(gates, "%d/%d", &open, &total)
	return err == nil && open+1 == total
}
