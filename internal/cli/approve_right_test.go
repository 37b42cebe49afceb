// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Who may not decide is told whom to ask, and an author never how to get a right that would not help.
func TestWhoMayNotDecideIsToldWhoDoes(t *testing.T) {
	const author = `you (agency-editor) wrote this revision: somebody else decides on it at gate "ministry", namely the group okno:ministry`
	for name, tc := range map[string]struct {
		user, at string
		decision v1alpha1.Decision
		create   bool
		right    v1alpha1.GateAuthority
		want     string
	}{
		"the author":                  {user: "agency-editor", at: "ministry", want: author},
		"the author with half of it":  {user: "agency-editor", at: "ministry", create: true, want: author},
		"the author, who withdraws":   {user: "agency-editor", at: "ministry", decision: v1alpha1.DecisionWithdraw, want: author + "; the agency stops its service itself with spec.state: Suspended"},
		"a colleague with no right":   {user: "colleague", at: "ministry", want: `you (colleague) may not decide at gate "ministry" in namespace "sfr": ask the group okno:ministry; if you are to decide there, the platform team binds what you lack: ClusterRole okno-approver, to write decisions; ClusterRole okno-approve-ministry, the verb approve on gates/ministry of catalog.okno.dev`},
		"an approver of another gate": {user: "officer", at: "ministry", create: true, want: `you (officer) may not decide at gate "ministry" in namespace "sfr": ask the group okno:ministry; if you are to decide there, the platform team binds what you lack: ClusterRole okno-approve-ministry, the verb approve on gates/ministry of catalog.okno.dev`},
		"who holds the verb alone":    {user: "clerk", at: "ministry", right: v1alpha1.AuthorityCluster, want: `you (clerk) may not decide at gate "ministry" in namespace "sfr": ask the group okno:ministry; if you are to decide there, the platform team binds what you lack: ClusterRole okno-approver, to write decisions`},
		"at a gate that went":         {user: "clerk", at: "fire-brigade", create: true, want: `you (clerk) may not decide at gate "fire-brigade" in namespace "sfr": ask who holds the verb approve on gates/fire-brigade; if you are to decide there, the platform team binds what you lack: ClusterRole okno-approve-fire-brigade, the verb approve on gates/fire-brigade of catalog.okno.dev`},
	} {
		t.Run(name, func(t *testing.T) {
			err := mayNotDecide(pending(), tc.user, v1alpha1.ApprovalSpec{Gate: tc.at, Decision: tc.decision}, tc.create, tc.right)
			if diff := cmp.Diff(tc.want, err.Error()); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
		})
	}
}

// A rejection stops nothing that is served: who rejects to stop it learns so at once.
func TestARejectionOfWhatIsServedTellsThatItStaysServed(t *testing.T) {
	reject := func(m *matter) string {
		a := by("second-officer", "security", v1alpha1.DecisionReject)
		a.Namespace, a.Spec.Subject = m.namespace, v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: m.revision, Digest: m.input.Revision.Digest}
		note, err := rehearse(m, &a, "second-officer", v1alpha1.AuthorityCluster)
		if err != nil {
			t.Fatal(err)
		}
		return note
	}
	const said = `rejected at gate "security" by Approval "security-second-officer": change the definition, or ask who rejected to revoke it`
	const served = "\ncitizens are still served it: a rejection does not stop what is served; this does:\n" +
		"  kubectl okno withdraw pension --gate security --comment TEXT -n sfr"
	if diff := cmp.Diff(said+served, reject(change(pending(by("officer", "security", v1alpha1.DecisionApprove)), recorded(v1alpha1.ActionPublish, "")))); diff != "" {
		t.Errorf("of what is served (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(said, reject(pending())); diff != "" {
		t.Errorf("of what waits (-want +got):\n%s", diff)
	}
}
