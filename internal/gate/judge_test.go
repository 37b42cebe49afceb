// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/gate"
)

// chain is the shape of the default policy: each gate after the one before, by different persons, none of them the author.
func chain() []v1alpha1.PublicationPolicy {
	return policies(policy("default", separate, scenarios, human("security", "scenarios"), human("ministry", "security")))
}

func one(mods ...func(*v1alpha1.PublicationPolicySpec)) []v1alpha1.PublicationPolicy {
	return policies(policy("one", append([]func(*v1alpha1.PublicationPolicySpec){human("security")}, mods...)...))
}

func with(in gate.Input, mods ...func(*gate.Input)) gate.Input {
	for _, mod := range mods {
		mod(&in)
	}
	return in
}

func writtenBy(name string) func(*gate.Input) {
	return func(in *gate.Input) { in.Revision.Author = name }
}

func TestTheWayToPublication(t *testing.T) {
	both := []v1alpha1.Approval{approve("sonya", "security", 1), approve("misha", "ministry", 2)}
	for name, tc := range map[string]struct {
		in   gate.Input
		want string
	}{
		"scenarios have not been run": {
			in: with(input(chain()), func(in *gate.Input) { in.Revision.Verified, in.Revision.ReportSHA256 = "", "" }),
			want: `AwaitingApproval 0/3: 0 of 3 gates are open; scenarios: the revision's scenarios have not passed yet
gate scenarios: AwaitingScenarios
gate security: AwaitingGates
gate ministry: AwaitingGates
`,
		},
		"scenarios failed": {
			in: with(input(chain()), func(in *gate.Input) { in.Revision.Verified = metav1.ConditionFalse }),
			want: `AwaitingApproval 0/3: 0 of 3 gates are open; scenarios: the revision's scenarios failed
gate scenarios: ScenariosFailed
gate security: AwaitingGates
gate ministry: AwaitingGates
`,
		},
		"verified without a report proves nothing": {
			in: with(input(chain()), func(in *gate.Input) { in.Revision.ReportSHA256 = "" }),
			want: `AwaitingApproval 0/3: 0 of 3 gates are open; scenarios: the revision's scenarios have not passed yet
gate scenarios: AwaitingScenarios
gate security: AwaitingGates
gate ministry: AwaitingGates
`,
		},
		"proven, nobody has decided": {
			in: input(chain()),
			want: `AwaitingApproval 1/3: 1 of 3 gates are open; security: waits for okno:security
gate scenarios: Open
gate security: AwaitingApproval
gate ministry: AwaitingGates
`,
		},
		"one of two": {
			in: input(chain(), both[0]),
			want: `AwaitingApproval 2/3: 2 of 3 gates are open; ministry: waits for okno:ministry
gate scenarios: Open
gate security: Open +sonya
gate ministry: AwaitingApproval
`,
		},
		"the second before the first waits for it": {
			in: input(chain(), both[1]),
			want: `AwaitingApproval 1/3: 1 of 3 gates are open; security: waits for okno:security
gate scenarios: Open
gate security: AwaitingApproval
gate ministry: AwaitingGates
  not misha@ministry: gate "security" must be open first; it will count then
`,
		},
		"all": {
			in: input(chain(), both...),
			want: `Approved 3/3 approved: all 3 gates are open
gate scenarios: Open
gate security: Open +sonya
gate ministry: Open +misha
`,
		},
		"all, decided in the other order": {
			in: input(chain(), approve("sonya", "security", 5), approve("misha", "ministry", 2)),
			want: `Approved 3/3 approved: all 3 gates are open
gate scenarios: Open
gate security: Open +sonya
gate ministry: Open +misha
`,
		},
		"approvals do not stand in for scenarios": {
			in: with(input(chain(), both...), func(in *gate.Input) { in.Revision.Verified = metav1.ConditionUnknown }),
			want: `AwaitingApproval 0/3: 0 of 3 gates are open; scenarios: the revision's scenarios have not passed yet
gate scenarios: AwaitingScenarios
gate security: AwaitingGates
  not sonya@security: gate "scenarios" must be open first; it will count then
gate ministry: AwaitingGates
  not misha@ministry: gate "security" must be open first; it will count then
`,
		},
		"no policy": {
			in:   input(nil, both...),
			want: "NoPolicy 0/0: no PublicationPolicy covers this namespace, and what no policy allows is not published\nnot sonya@security: no policy in force has a gate \"security\"\nnot misha@ministry: no policy in force has a gate \"ministry\"\n",
		},
		"admission altered": {
			in: with(input(one(), both[0]), func(in *gate.Input) {
				in.AdmissionAltered = []string{"ValidatingAdmissionPolicy okno-records was altered"}
			}),
			want: `AdmissionPolicyAltered 0/1: who decided is not certain while these are not in force as shipped: ValidatingAdmissionPolicy okno-records was altered
gate security: AwaitingApproval
  not sonya@security: the admission policies are not in force as shipped, so that who made it is not certain
`,
		},
		"a quorum of two, one twice": {
			in: input(one(quorum(2)), both[0], approve("sonya", "security", 3, named("again"))),
			want: `AwaitingApproval 0/1: 0 of 1 gates are open; security: waits for okno:security; 1 of 2 persons approved
gate security: AwaitingApproval +sonya
  not again: its maker approved at this gate already, by "sonya@security"
`,
		},
		"a quorum of two, two": {
			in: input(one(quorum(2)), both[0], approve("pavel", "security", 3)),
			want: `Approved 1/1 approved: all 1 gates are open
gate security: Open +sonya +pavel
`,
		},
		"a gate without groups names the verb": {
			in: input(one(last(func(g *v1alpha1.Gate) { g.Groups = nil }))),
			want: `AwaitingApproval 0/1: 0 of 1 gates are open; security: waits for who holds the verb approve
gate security: AwaitingApproval
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tell(gate.Judge(tc.in))); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingIsDecidedUntilEverythingWasRead(t *testing.T) {
	for name, forget := range map[string]func(*gate.Input){
		"policies":           func(in *gate.Input) { in.PoliciesKnown = false },
		"approvals":          func(in *gate.Input) { in.ApprovalsKnown = false },
		"publications":       func(in *gate.Input) { in.PublicationsKnown = false },
		"admission policies": func(in *gate.Input) { in.AdmissionKnown = false },
	} {
		t.Run(name, func(t *testing.T) {
			v := gate.Judge(with(input(one(), approve("sonya", "security", 1)), forget))
			if v.Decided || v.Approved || v.Withdraw || !strings.Contains(v.Message, name+" could not be read") {
				t.Errorf("verdict %+v, want undecided for want of %s", v, name)
			}
		})
	}
}

func TestPoliciesAddUpToTheStrictest(t *testing.T) {
	lax := policy("lax", human("security"), ofNamespace(), republishDays(90), onRevoke(v1alpha1.ServedKeep))
	strict := policy("strict", separate, human("security"), quorum(2), scenarios)
	proof := policy("proof", func(s *v1alpha1.PublicationPolicySpec) {
		s.Gates = []v1alpha1.Gate{{Name: "security", Type: v1alpha1.GateScenarios}}
	})
	own := authority(v1alpha1.AuthorityNamespace)
	for name, tc := range map[string]struct {
		in   gate.Input
		want string
	}{
		"the lax one alone counts what the namespace grants": {
			in: input(policies(lax), approve(author, "security", 1, own)),
			want: `Approved 1/1 approved: all 1 gates are open
gate security: Open +editor
`,
		},
		"both ask for two, of the cluster, not the author, and scenarios": {
			in: input(policies(strict, lax), approve("tenant", "security", 1, own), approve(author, "security", 2), approve("sonya", "security", 3)),
			want: `AwaitingApproval 1/2: 1 of 2 gates are open; security: waits for okno:security; 1 of 2 persons approved
gate security: AwaitingApproval +sonya
  not tenant@security: the right to decide at gate "security" was granted within the namespace only, and this gate counts what the platform grants for the cluster
  not editor@security: its maker wrote this revision, and the policy lets no author decide
gate scenarios: Open
`,
		},
		"a gate that is of people in one and of scenarios in another asks for both": {
			in: with(input(policies(lax, proof), approve("sonya", "security", 1)), func(in *gate.Input) { in.Revision.Verified = metav1.ConditionFalse }),
			want: `AwaitingApproval 0/1: 0 of 1 gates are open; security: the revision's scenarios failed
gate security: ScenariosFailed +sonya
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tell(gate.Judge(tc.in))); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPoliciesThatContradictThemselvesOpenNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		policies []v1alpha1.PublicationPolicy
		want     string
	}{
		"a gate requires one that no policy has": {
			policies: policies(policy("p", human("security", "fire-brigade"))),
			want:     "gate security: NeverOpens\n  not sonya@security: gate \"fire-brigade\" must be open first; it will count then\n",
		},
		"gates require each other": {
			policies: policies(policy("p", human("security", "ministry"), human("ministry", "security"))),
			want:     "gate security: NeverOpens\n  not sonya@security: gate \"ministry\" must be open first; it will count then\ngate ministry: NeverOpens\n",
		},
		"a gate requires itself": {
			policies: policies(policy("p", human("security", "security"))),
			want:     "gate security: NeverOpens\n  not sonya@security: gate \"security\" must be open first; it will count then\n",
		},
		"two policies close the circle": {
			policies: policies(policy("p", human("security", "ministry"), human("ministry")), policy("q", human("ministry", "security"))),
			want:     "gate security: NeverOpens\n  not sonya@security: gate \"ministry\" must be open first; it will count then\ngate ministry: NeverOpens\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := gate.Judge(input(tc.policies, approve("sonya", "security", 1)))
			_, gates, _ := strings.Cut(tell(v), "\n")
			if diff := cmp.Diff(tc.want, gates); diff != "" || v.Approved {
				t.Errorf("approved %v, gates (-want +got):\n%s", v.Approved, diff)
			}
		})
	}
}

func TestMoreThanARecordHoldsIsNotPublished(t *testing.T) {
	var many []v1alpha1.PublicationPolicy
	for _, name := range strings.Fields("a b c d e f g h i") {
		many = append(many, policy(name, human("security")))
	}
	wide := policies(policy("wide", human("security"), quorum(20), human("ministry"), quorum(13)))
	for name, in := range map[string]gate.Input{
		"nine policies":   input(many, approve("sonya", "security", 1)),
		"33 of decisions": input(wide, approve("sonya", "security", 1)),
	} {
		t.Run(name, func(t *testing.T) {
			if v := gate.Judge(in); v.Approved || v.Reason != v1alpha1.ReasonPoliciesTooLarge || !strings.Contains(v.Message, "records at most") {
				t.Errorf("verdict: %s", tell(v))
			}
		})
	}
}

func TestARecordNamesWhoOpenedTheGates(t *testing.T) {
	v := gate.Judge(input(policies(policy("p", scenarios, human("security"))),
		approve("zoya", "security", 1), approve("anna", "security", 2)))
	if !v.Approved || len(v.Decisions) != 2 || len(v.Policies) != 1 {
		t.Fatalf("verdict: %s decisions %v policies %v", tell(v), v.Decisions, v.Policies)
	}
	if diff := cmp.Diff(v1alpha1.DecisionRecord{Gate: "scenarios"}, v.Decisions[0]); diff != "" {
		t.Errorf("decision of the scenarios (-want +got):\n%s", diff)
	}
	got := v.Decisions[1]
	if got.Person != "zoya" || got.Approval != "zoya@security" || len(got.SHA256) != 64 {
		t.Errorf("decision %+v, want the first that made the quorum", got)
	}
	if v.Policies[0].Name != "p" || len(v.Policies[0].SHA256) != 64 {
		t.Errorf("policy %+v", v.Policies[0])
	}
}

func TestRevisionOf(t *testing.T) {
	rev := &v1alpha1.ServiceRevision{
		ObjectMeta: metav1.ObjectMeta{Name: revision, Namespace: "sfr", CreationTimestamp: metav1.NewTime(noon)},
		Spec:       v1alpha1.ServiceRevisionSpec{Service: "pension", Digest: thisDigest, Author: author},
	}
	want := gate.Revision{Name: revision, Namespace: "sfr", Service: "pension", Digest: thisDigest, Author: author, Created: noon}
	if diff := cmp.Diff(want, gate.RevisionOf(rev)); diff != "" {
		t.Errorf("before the scenarios (-want +got):\n%s", diff)
	}
	rev.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionVerified, Status: metav1.ConditionTrue}}
	rev.Status.Report = &v1alpha1.ScenarioReport{SHA256: "ab"}
	want.Verified, want.ReportSHA256 = metav1.ConditionTrue, "ab"
	if diff := cmp.Diff(want, gate.RevisionOf(rev)); diff != "" {
		t.Errorf("after them (-want +got):\n%s", diff)
	}
}

func TestCovering(t *testing.T) {
	only := func(key, value string) func(*v1alpha1.PublicationPolicySpec) {
		return func(s *v1alpha1.PublicationPolicySpec) {
			s.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
		}
	}
	all := policies(policy("everyone"), policy("federal", only("level", "federal")), policy("municipal", only("level", "municipal")))
	covering, err := gate.Covering(all, map[string]string{"level": "federal", "provider": "sfr"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range covering {
		names = append(names, p.Name)
	}
	if diff := cmp.Diff([]string{"everyone", "federal"}, names); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
	broken := policy("broken", func(s *v1alpha1.PublicationPolicySpec) {
		s.NamespaceSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "level", Operator: "Near"}}}
	})
	if _, err := gate.Covering(append(all, broken), nil); !errors.Is(err, gate.ErrSelector) || !strings.Contains(err.Error(), `"broken"`) {
		t.Errorf("err = %v, want one that names the policy with the unreadable selector", err)
	}
}
