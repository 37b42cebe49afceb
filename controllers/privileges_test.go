// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/test/env"
)

// privilege is one thing that a role allows in a place, or that a program did there. The place is a namespace, "" for the cluster;
// of a grant also inAgency.
type privilege struct{ place, group, resource, verb, name string }

// inAgency is the place of what is granted in the namespaces of agencies.
const inAgency = "an agency's namespace"

func (p privilege) String() string {
	s := strings.TrimPrefix(p.group+"/"+p.resource, "/") + " " + p.verb
	if p.name != "" {
		s += " " + p.name
	}
	if p.place != "" {
		s += " in " + p.place
	}
	return s
}

// covers tells whether something that was done needed a grant.
func (p privilege) covers(done privilege) bool {
	switch {
	case p.place == inAgency && (done.place == "" || done.place == v1alpha1.SystemNamespace):
		return false
	case p.place == v1alpha1.SystemNamespace && done.place != p.place:
		return false
	}
	return p.group == done.group && p.resource == done.resource && p.verb == done.verb && (p.name == "" || p.name == done.name)
}

// uses notes what a program asks of the API server, as authorisation there sees it.
type uses struct {
	mu   sync.Mutex
	seen map[privilege]bool
}

// wrap notes the requests that go through next. Only what was not refused counts as use.
func (u *uses) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		bound := boundRoles(req)
		resp, err := next.RoundTrip(req)
		if err == nil && resp.StatusCode != http.StatusForbidden {
			u.note(req, resp.StatusCode == http.StatusCreated, bound)
		}
		return resp, err
	})
}

func (u *uses) note(req *http.Request, created bool, bound []string) {
	p, ok := asked(req)
	if !ok {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seen[p] = true
	switch {
	case p.verb == "patch" && created: // server-side apply makes what is not there
		p.verb = "create"
		u.seen[p] = true
	case p.verb == "watch" && req.URL.Query().Get("sendInitialEvents") == "true": // older API servers are asked for a list instead
		p.verb = "list"
		u.seen[p] = true
	}
	for _, role := range bound {
		u.seen[privilege{"", rbacv1.GroupName, "clusterroles", "bind", role}] = true
	}
}

// asked is what a request asks for: /api/v1/… or /apis/group/version/…, with or without a namespace.
func asked(req *http.Request) (privilege, bool) {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	p := privilege{}
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		p.group, parts = parts[1], parts[3:]
	default:
		return p, false // discovery
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		p.place, parts = parts[1], parts[2:]
	}
	p.resource = parts[0]
	if len(parts) > 1 {
		p.name = parts[1]
	}
	if len(parts) > 2 {
		p.resource += "/" + parts[2]
	}
	p.verb = map[string]string{
		http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete", http.MethodGet: "list",
	}[req.Method]
	switch {
	case req.URL.Query().Get("watch") == "true" || req.URL.Query().Get("watch") == "1":
		p.verb = "watch"
	case p.name != "" && req.Method == http.MethodGet:
		p.verb = "get"
	}
	return p, true
}

// boundRoles are the roles of a RoleBinding that a request writes: binding them is a privilege of its own.
func boundRoles(req *http.Request) []string {
	if !strings.Contains(req.URL.Path, "/rolebindings") || req.GetBody == nil {
		return nil
	}
	var roles []string
	for _, role := range []string{"okno-agency-controller", "okno-intake"} {
		if strings.HasSuffix(req.URL.Path, "/"+role) && req.Method == http.MethodPatch {
			roles = append(roles, role)
		}
	}
	return roles
}

// granted are the privileges of the roles of a name as shipped: one for each group, resource, verb and name.
func granted(t *testing.T, role, place string) []privilege {
	t.Helper()
	objects, err := env.Objects("../config/rbac")
	if err != nil {
		t.Fatal(err)
	}
	var list []privilege
	for _, object := range objects {
		if (object.GetKind() != "ClusterRole" && object.GetKind() != "Role") || object.GetName() != role {
			continue
		}
		var r struct {
			Rules []rbacv1.PolicyRule `json:"rules"`
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &r); err != nil {
			t.Fatal(err)
		}
		where := place
		if object.GetKind() == "Role" {
			where = object.GetNamespace()
		}
		for _, rule := range r.Rules {
			list = append(list, expand(rule, where)...)
		}
	}
	if len(list) == 0 {
		t.Fatalf("role %s grants nothing", role)
	}
	return list
}

func expand(rule rbacv1.PolicyRule, place string) []privilege {
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	var list []privilege
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				for _, name := range names {
					list = append(list, privilege{place, group, resource, verb, name})
				}
			}
		}
	}
	return list
}

// unused are the privileges that nothing that was done needed.
func (u *uses) unused(grants []privilege) []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var list []string
	for _, grant := range grants {
		used := false
		for done := range u.seen {
			used = used || grant.covers(done)
		}
		if !used {
			list = append(list, grant.String())
		}
	}
	return list
}

func (u *uses) has(p privilege) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	for done := range u.seen {
		if p.covers(done) {
			return nil
		}
	}
	return fmt.Errorf("%s was not done", p)
}

func TestUnusedPrivilegesAreFound(t *testing.T) {
	u := &uses{seen: map[privilege]bool{
		{"fund", "apps", "statefulsets", "get", "okno-intake"}:         true,
		{"fund", "", "pods", "list", ""}:                               true,
		{"okno-system", "", "secrets", "get", "okno-installation-key"}: true,
	}}
	var got []string
	for _, grant := range []struct {
		rule  rbacv1.PolicyRule
		place string
	}{
		{rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"statefulsets"}, Verbs: []string{"get", "delete"}}, inAgency},
		{rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list"}}, inAgency},
		{rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list"}}, "okno-system"},
		{rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"okno-installation-key", "another"}, Verbs: []string{"get"}}, "okno-system"},
		{rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}}, inAgency},
	} {
		got = append(got, u.unused(expand(grant.rule, grant.place))...)
	}
	want := []string{
		"apps/statefulsets delete in an agency's namespace", "pods list in okno-system", "secrets get another in okno-system",
		"secrets get in an agency's namespace",
	}
	if !slices.Equal(got, want) {
		t.Errorf("unused %q, want %q", got, want)
	}
}

func TestRequestsAreReadAsAuthorisationReadsThem(t *testing.T) {
	for url, want := range map[string]privilege{
		"GET /api/v1/namespaces":                                                      {"", "", "namespaces", "list", ""},
		"GET /api/v1/namespaces/fund":                                                 {"", "", "namespaces", "get", "fund"},
		"GET /api/v1/namespaces/fund/pods?labelSelector=x":                            {"fund", "", "pods", "list", ""},
		"GET /apis/catalog.okno.dev/v1alpha1/publications?watch=true":                 {"", "catalog.okno.dev", "publications", "watch", ""},
		"PATCH /apis/catalog.okno.dev/v1alpha1/namespaces/fund/govservices/p/status":  {"fund", "catalog.okno.dev", "govservices/status", "patch", "p"},
		"POST /apis/events.k8s.io/v1/namespaces/fund/events":                          {"fund", "events.k8s.io", "events", "create", ""},
		"PUT /apis/coordination.k8s.io/v1/namespaces/okno-system/leases/okno":         {"okno-system", "coordination.k8s.io", "leases", "update", "okno"},
		"DELETE /apis/networking.k8s.io/v1/namespaces/fund/ingresses/okno-intake":     {"fund", "networking.k8s.io", "ingresses", "delete", "okno-intake"},
		"PATCH /apis/rbac.authorization.k8s.io/v1/namespaces/fund/rolebindings/other": {"fund", "rbac.authorization.k8s.io", "rolebindings", "patch", "other"},
	} {
		method, path, _ := strings.Cut(url, " ")
		req, err := http.NewRequestWithContext(t.Context(), method, "https://server"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := asked(req); !ok || got != want {
			t.Errorf("%s is %+v, want %+v", url, got, want)
		}
	}
}
