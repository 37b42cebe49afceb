// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
)

// defaultRepublishDays is how long a digest may come back on its old decisions where a policy says nothing.
const defaultRepublishDays = 30

// What a Publication has room for; the API's bounds.
const (
	maxPolicies  = 8
	maxDecisions = 32
)

// ErrSelector tells that a policy's namespaceSelector cannot be read, so that nobody knows whom the policy covers. Callers judge with
// Input.PoliciesKnown false then: nothing is published, and what somebody withdraws is withdrawn all the same.
var ErrSelector = errors.New("namespaceSelector cannot be read")

// Covering returns the policies that cover a namespace with these labels. Its only error is ErrSelector, which names the policy.
func Covering(policies []v1alpha1.PublicationPolicy, namespace map[string]string) ([]v1alpha1.PublicationPolicy, error) {
	var covering []v1alpha1.PublicationPolicy
	for _, p := range policies {
		selector := labels.Everything()
		if p.Spec.NamespaceSelector != nil {
			var err error
			if selector, err = metav1.LabelSelectorAsSelector(p.Spec.NamespaceSelector); err != nil {
				return nil, fmt.Errorf("PublicationPolicy %q: %w: %w", p.Name, ErrSelector, err)
			}
		}
		if selector.Matches(labels.Set(namespace)) {
			covering = append(covering, p)
		}
	}
	return covering, nil
}

// rules are what the policies of a namespace add up to: of everything the strictest.
type rules struct {
	gates             []*rule
	byName            map[string]*rule
	authorNotApprover bool
	onePersonOneGate  bool
	republishWithin   time.Duration
	onRevoke          v1alpha1.ServedAction
	references        []v1alpha1.PolicyReference
	decisions         int // that the gates ask for together
}

// rule is one gate as all policies together ask for it.
type rule struct {
	name             string
	title            v1alpha1.Text
	human, scenarios bool
	requires         []string
	quorum           int
	authority        v1alpha1.GateAuthority
	groups           []string
}

func addUp(policies []v1alpha1.PublicationPolicy) (*rules, error) {
	policies = slices.Clone(policies)
	slices.SortFunc(policies, func(a, b v1alpha1.PublicationPolicy) int { return cmp.Compare(a.Name, b.Name) })
	sum := &rules{byName: map[string]*rule{}, onRevoke: v1alpha1.ServedKeep}
	if len(policies) == 0 {
		sum.onRevoke = v1alpha1.ServedWithdraw // what a policy that says nothing means
	}
	for i := range policies {
		if err := sum.add(&policies[i], i == 0); err != nil {
			return nil, err
		}
	}
	for _, r := range sum.gates {
		sum.decisions += max(r.quorum, 1)
	}
	return sum, nil
}

func (sum *rules) add(p *v1alpha1.PublicationPolicy, first bool) error {
	_, hash, err := digest.JSON(p.Spec)
	if err != nil {
		return fmt.Errorf("PublicationPolicy %q: %w", p.Name, err)
	}
	sum.references = append(sum.references, v1alpha1.PolicyReference{Name: p.Name, SHA256: hash})
	sum.authorNotApprover = sum.authorNotApprover || slices.Contains(p.Spec.SeparationOfDuties, v1alpha1.AuthorNotApprover)
	sum.onePersonOneGate = sum.onePersonOneGate || slices.Contains(p.Spec.SeparationOfDuties, v1alpha1.OnePersonOneGate)
	if p.Spec.OnRevoke != v1alpha1.ServedKeep {
		sum.onRevoke = v1alpha1.ServedWithdraw
	}
	days := int32(defaultRepublishDays)
	if p.Spec.RepublishWithinDays != nil {
		days = *p.Spec.RepublishWithinDays
	}
	within := time.Duration(days) * 24 * time.Hour
	if first || within < sum.republishWithin {
		sum.republishWithin = within
	}
	for i := range p.Spec.Gates {
		sum.addGate(&p.Spec.Gates[i])
	}
	return nil
}

func (sum *rules) addGate(g *v1alpha1.Gate) {
	r, ok := sum.byName[g.Name]
	if !ok {
		r = &rule{name: g.Name, title: g.Title}
		sum.byName[g.Name] = r
		sum.gates = append(sum.gates, r)
	}
	r.requires = union(r.requires, g.Requires)
	if g.Type == v1alpha1.GateScenarios {
		r.scenarios = true
		return
	}
	// Any other type is for people: what this version does not know must not open by itself.
	r.human = true
	r.quorum = max(r.quorum, int(g.Quorum), 1)
	r.groups = union(r.groups, g.Groups)
	if g.Authority != v1alpha1.AuthorityNamespace {
		r.authority = v1alpha1.AuthorityCluster
	} else if r.authority == "" {
		r.authority = v1alpha1.AuthorityNamespace
	}
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// impossible tells why a gate can never open under these rules, or "".
func (sum *rules) impossible(r *rule) string {
	for _, name := range r.requires {
		if sum.byName[name] == nil {
			return fmt.Sprintf("it requires gate %q, which no policy in force has", name)
		}
	}
	if sum.reaches(r, r.name, map[string]bool{}) {
		return "it requires itself, directly or through other gates"
	}
	return ""
}

func (sum *rules) reaches(from *rule, name string, seen map[string]bool) bool {
	for _, next := range from.requires {
		if next == name {
			return true
		}
		if r := sum.byName[next]; r != nil && !seen[next] {
			seen[next] = true
			if sum.reaches(r, name, seen) {
				return true
			}
		}
	}
	return false
}
