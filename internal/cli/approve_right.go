// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

// authority asks by which right the user would decide, and says what is missing when there is none.
func (c *cluster) authority(ctx context.Context, m *matter, user string, spec v1alpha1.ApprovalSpec) (v1alpha1.GateAuthority, error) {
	create, err := c.allowed(ctx, authorizationv1.ResourceAttributes{
		Namespace: c.namespace, Verb: "create", Group: v1alpha1.GroupName, Resource: "approvals",
	})
	if err != nil {
		return "", err
	}
	right, err := c.rightAt(ctx, spec.Gate)
	if err != nil {
		return "", err
	}
	if !create || right == "" {
		return "", mayNotDecide(m, user, spec, create, right)
	}
	return right, nil
}

// rightAt is how far the user's right to decide at a gate reaches; "" when there is none.
func (c *cluster) rightAt(ctx context.Context, name string) (v1alpha1.GateAuthority, error) {
	verb := authorizationv1.ResourceAttributes{
		Verb: v1alpha1.ApproveVerb, Group: v1alpha1.GroupName, Resource: v1alpha1.GatesResource, Name: name,
	}
	if cluster, err := c.allowed(ctx, verb); err != nil || cluster {
		return v1alpha1.AuthorityCluster, err
	}
	verb.Namespace = c.namespace
	if namespace, err := c.allowed(ctx, verb); err != nil || namespace {
		return v1alpha1.AuthorityNamespace, err
	}
	return "", nil
}

// mayNotDecide says who decides in the user's place, and to all but the revision's author which roles he lacks: an author needs
// somebody else, and no role.
func mayNotDecide(m *matter, user string, spec v1alpha1.ApprovalSpec, create bool, right v1alpha1.GateAuthority) error {
	deciders := "who holds the verb approve on gates/" + spec.Gate
	if groups := groupsAt(m, spec.Gate); len(groups) > 0 {
		deciders = "the group " + strings.Join(groups, " or ")
	}
	if user == m.input.Revision.Author {
		stop := ""
		if spec.Decision == v1alpha1.DecisionWithdraw {
			stop = "; the agency stops its service itself with spec.state: Suspended"
		}
		return fmt.Errorf("you (%s) wrote this revision: somebody else decides on it at gate %q, namely %s%s", user, spec.Gate, deciders, stop)
	}
	var lacking []string
	if !create {
		lacking = append(lacking, "okno-approver, to write decisions")
	}
	if right == "" {
		lacking = append(lacking, fmt.Sprintf("okno-approve-%s, the verb approve on gates/%s of %s", spec.Gate, spec.Gate, v1alpha1.GroupName))
	}
	return fmt.Errorf("you (%s) may not decide at gate %q in namespace %q: ask %s; if you are to decide there, the platform team binds what you lack: ClusterRole %s",
		user, spec.Gate, m.namespace, deciders, strings.Join(lacking, "; ClusterRole "))
}

// groupsAt are the groups that the policies in force name for a gate.
func groupsAt(m *matter, name string) []string {
	for _, g := range gate.Judge(m.input).Gates {
		if g.Name == name {
			return g.Groups
		}
	}
	return nil
}
