// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

func TestFourPeopleOpenFiveGates(t *testing.T) {
	o := open(t)
	for _, d := range []struct{ person, at string }{
		{"tester", "integration"}, {"officer", "security"}, {"clerk", "ministry"}, {"moderator", "moderator"},
	} {
		if v := o.judge(); v.Approved {
			t.Fatalf("approved before %s decided: %s", d.person, v.Message)
		}
		made := o.decide(d.person, d.at, d.at)
		if made.Spec.Approver == nil || made.Spec.Approver.Username != d.person || made.Spec.SubmittedBy != d.person || made.Spec.Authority != v1alpha1.AuthorityCluster {
			t.Errorf("stamped %+v by %q with authority %q, want %q of the cluster", made.Spec.Approver, made.Spec.SubmittedBy, made.Spec.Authority, d.person)
		}
	}
	if v := o.judge(); !v.Approved || v.Open != 5 {
		t.Errorf("after four decisions: %s", v.Message)
	}
}

func TestAForgedStampIsOverwritten(t *testing.T) {
	o := open(t)
	made := o.decide("officer", "forged", "security", func(s *v1alpha1.ApprovalSpec) {
		s.Approver, s.SubmittedBy, s.Authority = &v1alpha1.Person{Username: "minister"}, "minister", v1alpha1.AuthorityNamespace
	})
	if made.Spec.Approver.Username != "officer" || made.Spec.SubmittedBy != "officer" || made.Spec.Authority != v1alpha1.AuthorityCluster {
		t.Errorf("the API server kept what the sender wrote: %+v %q %q", made.Spec.Approver, made.Spec.SubmittedBy, made.Spec.Authority)
	}
}

// TestWhoMayNotDecide: nothing reaches the store.
func TestWhoMayNotDecide(t *testing.T) {
	o := open(t)
	o.grantInNamespace("writer", rbacv1.PolicyRule{
		APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"approvals"}, Verbs: []string{"create", "get", "list", "patch"},
	})
	o.grantInNamespace("neighbour", rbacv1.PolicyRule{
		APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"approvals"}, Verbs: []string{"create", "get", "list"},
	}, rbacv1.PolicyRule{
		APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"gates"}, ResourceNames: []string{"integration"}, Verbs: []string{"approve"},
	})
	decisions := map[string]func(*v1alpha1.ApprovalSpec){
		"approve":  func(*v1alpha1.ApprovalSpec) {},
		"reject":   func(s *v1alpha1.ApprovalSpec) { s.Decision = v1alpha1.DecisionReject },
		"withdraw": func(s *v1alpha1.ApprovalSpec) { s.Decision = v1alpha1.DecisionWithdraw },
		"revoke": func(s *v1alpha1.ApprovalSpec) {
			s.Decision, s.Revokes = v1alpha1.DecisionRevoke, "anything"
		},
		"approve as somebody else": func(s *v1alpha1.ApprovalSpec) {
			s.Approver, s.SubmittedBy, s.Authority = &v1alpha1.Person{Username: "officer"}, "officer", v1alpha1.AuthorityCluster
		},
	}
	for who, tc := range map[string]struct {
		user, group, at, says string
	}{
		"a stranger":                            {user: "stranger", at: "security", says: "cannot create resource"},
		"an editor":                             {user: "editor", group: editors, at: "security", says: "cannot create resource"},
		"who may create approvals but not here": {user: "writer", at: "security", says: "you may not decide at gate security"},
		"an approver of another gate":           {user: "clerk", group: groupOf["ministry"], at: "security", says: "you may not decide at gate security"},
		"a tenant with the verb on another":     {user: "neighbour", at: "security", says: "you may not decide at gate security"},
		"an approver at an unknown gate":        {user: "clerk", group: groupOf["ministry"], at: "fire-brigade", says: "you may not decide at gate fire-brigade"},
		"an approver at the scenarios":          {user: "clerk", group: groupOf["ministry"], at: "scenarios", says: "you may not decide at gate scenarios"},
	} {
		for what, mod := range decisions {
			t.Run(who+" may not "+what, func(t *testing.T) {
				var groups []string
				if tc.group != "" {
					groups = append(groups, tc.group)
				}
				as := o.as(tc.user, groups...)
				refused(t, as.Create(t.Context(), o.approval("attempt", tc.at, mod)), tc.says)
				refused(t, as.Create(t.Context(), o.approval("attempt", tc.at, mod), client.DryRunAll), tc.says)
				generated := o.approval("", tc.at, mod)
				generated.GenerateName = "attempt-"
				refused(t, as.Create(t.Context(), generated), tc.says)
				applied, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o.approval("attempt", tc.at, mod))
				if err != nil {
					t.Fatal(err)
				}
				applied["apiVersion"], applied["kind"] = v1alpha1.GroupVersion.String(), "Approval"
				delete(applied["metadata"].(map[string]any), "creationTimestamp")
				object := client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: applied})
				refused(t, as.Apply(t.Context(), object, client.FieldOwner("attempt"), client.ForceOwnership), "")
			})
		}
	}
	var stored v1alpha1.ApprovalList
	if err := o.admin.List(t.Context(), &stored, client.InNamespace(o.namespace)); err != nil || len(stored.Items) > 0 {
		t.Errorf("%d attempts were stored, %v", len(stored.Items), err)
	}
}

// TestNoMachineDecides: the role of a GitOps controller grants every verb, and so approve at every gate.
func TestNoMachineDecides(t *testing.T) {
	o := open(t)
	const argo = "system:serviceaccount:argocd:argocd-application-controller"
	o.grantInNamespace(argo, everything)
	machines := map[string]client.Client{
		"of the namespace's own role":   o.as(argo),
		"of the cluster's every right":  o.as(argo, "system:masters"),
		"in the group of the approvers": o.as("system:serviceaccount:pipelines:deliver", groupOf["security"]),
	}
	for name, machine := range machines {
		for _, decision := range []v1alpha1.Decision{v1alpha1.DecisionApprove, v1alpha1.DecisionReject, v1alpha1.DecisionWithdraw} {
			t.Run(name+" "+string(decision), func(t *testing.T) {
				a := o.approval("machine", "security", func(s *v1alpha1.ApprovalSpec) {
					s.Decision, s.Approver = decision, &v1alpha1.Person{Username: "officer"}
				})
				refused(t, machine.Create(t.Context(), a), "only persons decide")
			})
		}
	}
}

// TestRecordedAndNotCounted: the API server lets these through, the verdict does not count them and says why.
func TestRecordedAndNotCounted(t *testing.T) {
	for name, tc := range map[string]struct {
		// make records a decision and returns its name.
		make func(o *office) string
		why  string
	}{
		"a tenant who bound everything to himself in his namespace": {
			make: func(o *office) string {
				o.grantInNamespace("tenant", everything)
				a := o.approval("self-made", "integration")
				if err := o.as("tenant").Create(o.t.Context(), a); err != nil {
					o.t.Fatal(err)
				}
				if a.Spec.Authority != v1alpha1.AuthorityNamespace {
					o.t.Errorf("authority %q, want Namespace", a.Spec.Authority)
				}
				return a.Name
			},
			why: "granted within the namespace only",
		},
		"the author, who is an approver too": {
			make: func(o *office) string { return o.decide("editor", "own", "integration").Name },
			why:  "wrote this revision",
		},
		"one person a second time": {
			make: func(o *office) string {
				o.decide("tester", "first", "integration")
				return o.decide("tester", "second", "integration").Name
			},
			why: "approved at this gate already",
		},
		"one person at a second gate": {
			make: func(o *office) string {
				o.decide("tester", "first", "integration")
				return o.decide("tester", "second", "security").Name
			},
			why: "one person open one gate",
		},
		"about another digest": {
			make: func(o *office) string {
				return o.decide("tester", "other", "integration", func(s *v1alpha1.ApprovalSpec) {
					s.Subject.Digest = v1alpha1.Digest("sha256:" + strings.Repeat("f", 64))
				}).Name
			},
			why: "about other content",
		},
		"about a revision of another name": {
			make: func(o *office) string {
				return o.decide("tester", "other", "integration", func(s *v1alpha1.ApprovalSpec) { s.Subject.Name = "pension-delivery-0000000000" }).Name
			},
			why: "it is about ServiceRevision",
		},
		"a revocation of another's rejection": {
			make: func(o *office) string {
				o.decide("tester", "rejection", "integration", func(s *v1alpha1.ApprovalSpec) { s.Decision = v1alpha1.DecisionReject })
				return o.decide("colleague", "revocation", "integration", func(s *v1alpha1.ApprovalSpec) {
					s.Decision, s.Revokes = v1alpha1.DecisionRevoke, "rejection"
				}).Name
			},
			why: "only who made the rejection",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			approval := tc.make(o)
			objection, ok := objectionTo(o.judge(), approval)
			if !ok || !strings.Contains(objection.Why, tc.why) {
				t.Errorf("objection %+v, want one to %q that says %q", objection, approval, tc.why)
			}
		})
	}
}

func objectionTo(v gate.Verdict, approval string) (gate.Objection, bool) {
	all := v.NotCounted
	for _, g := range v.Gates {
		all = append(all, g.NotCounted...)
	}
	for _, o := range all {
		if o.Approval == approval {
			return o, true
		}
	}
	return gate.Objection{}, false
}
