// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/cli"
	"github.com/okno-dev/okno/internal/digest"
)

// desk is an office whose people use the command line.
type desk struct {
	*office
	kubeconfig string
}

// openDesk puts the default policy in force for one agency.
func openDesk(t *testing.T) *desk {
	t.Helper()
	o := open(t)
	p := readPolicy(t)
	p.Name = o.namespace
	p.Spec.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": o.namespace}}
	if err := o.admin.Create(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { deleteNow(t, o.admin, &p) })
	d := &desk{office: o, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if err := writeKubeconfig(d.kubeconfig, o.config); err != nil {
		t.Fatal(err)
	}
	return d
}

// run runs kubectl okno as a user and returns the exit code and everything that it said.
func (d *desk) run(user, group string, args ...string) (int, string) {
	d.t.Helper()
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	args = append(args, "--kubeconfig", d.kubeconfig, "-n", d.namespace, "--as", user)
	if group != "" {
		args = append(args, "--as-group", group, "--as-group", "system:authenticated")
	}
	code := cli.Run(d.t.Context(), args, streams)
	return code, out.String() + errOut.String()
}

func (d *desk) approve(user, at string, more ...string) (int, string) {
	d.t.Helper()
	return d.run(user, groupOf[at], append([]string{"approve", d.revision.Spec.Service, "--gate", at}, more...)...)
}

// says fails the test unless the command ended with code and said each of texts.
func says(t *testing.T, code int, output string, want int, texts ...string) {
	t.Helper()
	if code != want {
		t.Errorf("exit code %d, want %d; it said:\n%s", code, want, output)
	}
	for _, text := range texts {
		if !strings.Contains(output, text) {
			t.Errorf("it does not say %q but:\n%s", text, output)
		}
	}
}

func TestTheCommandLineLeadsToPublication(t *testing.T) {
	d := openDesk(t)
	service := d.revision.Spec.Service
	for i, step := range []struct{ person, at string }{
		{"tester", "integration"}, {"officer", "security"}, {"clerk", "ministry"}, {"mod", "moderator"},
	} {
		code, output := d.run("editor", editors, "why", service)
		next := "kubectl okno approve " + service + " --gate " + step.at + " -n " + d.namespace
		says(t, code, output, 0, "waits (AwaitingApproval)", groupOf[step.at], next)
		code, output = d.approve(step.person, step.at, "--comment", "step", "--evidence", "kind=Other,title=Minutes, page 2,sha256="+strings.Repeat("b", 64))
		says(t, code, output, 0, "approved at gate "+step.at, map[bool]string{true: "all 5 gates are open", false: "of 5 gates are open"}[i == 3])
	}
	code, output := d.run("editor", editors, "why", service)
	says(t, code, output, 0, "approved: all 5 gates are open")

	code, output = d.run("editor", editors, "why", d.revision.Name, "-o", "json")
	says(t, code, output, 0)
	var report struct {
		Approved bool
		Gates    []struct {
			Name      string
			Open      bool
			Approvals []struct{ Person, Comment string }
		}
	}
	if err := json.Unmarshal([]byte(output), &report); err != nil {
		t.Fatal(err)
	}
	if !report.Approved || len(report.Gates) != 5 || report.Gates[2].Approvals[0].Person != "officer" || report.Gates[2].Approvals[0].Comment != "step" {
		t.Errorf("report %+v", report)
	}
}

func TestADecisionIsRecordedOnce(t *testing.T) {
	d := openDesk(t)
	code, output := d.approve("tester", "integration", "--dry-run")
	says(t, code, output, 0, "dry run: nothing was recorded")
	if strings.Contains(output, "recorded as") {
		t.Errorf("a dry run says that it recorded: %s", output)
	}
	if n := d.count(); n != 0 {
		t.Fatalf("a dry run recorded %d approvals", n)
	}
	code, output = d.approve("tester", "integration")
	says(t, code, output, 0, "approved at gate integration")
	code, output = d.approve("tester", "integration")
	says(t, code, output, 0, "you decided so already")
	if n := d.count(); n != 1 {
		t.Errorf("%d approvals, want 1", n)
	}

	// Revoked and made anew it is another decision.
	name := d.only().Name
	code, output = d.run("tester", groupOf["integration"], "revoke", name, "--comment", "wrong stand")
	says(t, code, output, 0, "revoked "+name)
	code, output = d.run("tester", groupOf["integration"], "revoke", name, "--comment", "wrong stand")
	says(t, code, output, 0, "you decided so already")
	code, output = d.run("editor", editors, "why", d.revision.Spec.Service)
	says(t, code, output, 0, "1 of 5 gates are open", "Not counted:", "revoked it")
	code, output = d.approve("tester", "integration")
	says(t, code, output, 0, "approved at gate integration")
	if n := d.count(); n != 3 {
		t.Errorf("%d approvals, want the first, its revocation, and the second", n)
	}
}

func TestAnEarlyDecisionSaysSo(t *testing.T) {
	d := openDesk(t)
	code, output := d.approve("clerk", "ministry")
	says(t, code, output, 0, "approved at gate ministry", "must be open first; it will count then")
	code, output = d.approve("clerk", "ministry")
	says(t, code, output, 0, "you decided so already")
}

func TestARejectionIsAnsweredByWhoMadeIt(t *testing.T) {
	d := openDesk(t)
	service := d.revision.Spec.Service
	code, output := d.run("officer", groupOf["security"], "reject", service, "--gate", "security")
	says(t, code, output, 2, "--comment is missing")
	code, output = d.run("officer", groupOf["security"], "reject", service, "--gate", "security", "--comment", "no act")
	says(t, code, output, 0, "rejected at gate security")
	name := d.only().Name
	code, output = d.run("editor", editors, "why", service)
	says(t, code, output, 0, "waits (Rejected)", "officer rejected", "kubectl okno revoke "+name)
	code, output = d.run("colleague", groupOf["security"], "revoke", name, "--comment", "I disagree")
	says(t, code, output, 1, "your decision would not count and was not recorded: only who made the rejection")
	code, output = d.run("officer", groupOf["security"], "revoke", name, "--comment", "the act came")
	says(t, code, output, 0, "revoked "+name)
}

// TestWhatWouldNotCountIsRefusedWithItsReason: a record cannot be deleted, so a useless one is not made.
func TestWhatWouldNotCountIsRefusedWithItsReason(t *testing.T) {
	d := openDesk(t)
	d.grantInNamespace("tenant", everything)
	service := d.revision.Spec.Service
	for name, tc := range map[string]struct {
		user, group string
		args        []string
		code        int
		says        []string
	}{
		"a stranger": {
			user: "stranger", args: []string{"approve", service, "--gate", "security"}, code: 1, says: []string{"cannot get resource"},
		},
		"an editor": {
			user: "editor", group: editors, args: []string{"approve", service, "--gate", "security"}, code: 1,
			says: []string{"you (editor) wrote this revision: somebody else decides on it at gate \"security\", namely the group " + groupOf["security"]},
		},
		"an approver of another gate": {
			user: "clerk", group: groupOf["ministry"], args: []string{"approve", service, "--gate", "security"}, code: 1,
			says: []string{"you (clerk) may not decide at gate \"security\"", "ClusterRole okno-approve-security"},
		},
		"a tenant by his own role": {
			user: "tenant", group: editors, args: []string{"approve", service, "--gate", "security"}, code: 1,
			says: []string{"was not recorded", "granted within the namespace only"},
		},
		"the author": {
			user: "editor", group: groupOf["security"], args: []string{"approve", service, "--gate", "security"}, code: 1,
			says: []string{"was not recorded", "wrote this revision"},
		},
		"no gate": {
			user: "officer", group: groupOf["security"], args: []string{"approve", service}, code: 2,
			says: []string{"--gate is missing", "waits for a decision at integration"},
		},
		"an unknown gate": {
			user: "officer", group: groupOf["security"], args: []string{"approve", service, "--gate", "safety"}, code: 2,
			says: []string{`no policy in force has a gate "safety"`, "integration, security, ministry, moderator"},
		},
		"the scenarios": {
			user: "officer", group: groupOf["security"], args: []string{"approve", service, "--gate", "scenarios"}, code: 2,
			says: []string{"opens by itself", "people decide at integration, security, ministry, moderator"},
		},
		"no service": {
			user: "officer", group: groupOf["security"], args: []string{"approve"}, code: 2, says: []string{"name a service or a revision"},
		},
		"a service that does not exist": {
			user: "officer", group: groupOf["security"], args: []string{"approve", "pensoin", "--gate", "security"}, code: 1,
			says: []string{`has no GovService and no ServiceRevision "pensoin"`},
		},
		"an approval that does not exist": {
			user: "officer", group: groupOf["security"], args: []string{"revoke", "nothing", "--comment", "x"}, code: 1,
			says: []string{`Approval "nothing"`, "not found"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			code, output := d.run(tc.user, tc.group, tc.args...)
			says(t, code, output, tc.code, tc.says...)
		})
	}
	if n := d.count(); n != 0 {
		t.Errorf("%d approvals were recorded", n)
	}
}

func TestTheManifestOfADecisionStaysInTheCluster(t *testing.T) {
	d := openDesk(t)
	code, output := d.approve("tester", "integration", "-o", "yaml")
	says(t, code, output, 0)
	var a v1alpha1.Approval
	if err := yaml.UnmarshalStrict([]byte(output), &a); err != nil {
		t.Fatal(err)
	}
	if a.Annotations["argocd.argoproj.io/sync-options"] != "Prune=false" || a.Kind != "Approval" || a.Spec.Approver.Username != "tester" {
		t.Errorf("manifest:\n%s", output)
	}
}

func TestWhyWithoutARevision(t *testing.T) {
	d := openDesk(t)
	svc := d.sample()
	svc.Name = "fresh"
	if err := d.as("editor", editors).Create(t.Context(), svc); err != nil {
		t.Fatal(err)
	}
	code, output := d.run("editor", editors, "why", "fresh")
	says(t, code, output, 0, "the controller has made no revision of the present definition yet")
	code, output = d.run("officer", groupOf["security"], "approve", "fresh", "--gate", "security")
	says(t, code, output, 1, "there is no revision to decide on")
}

func TestWhyTellsWhatItCouldNotRead(t *testing.T) {
	d := openDesk(t)
	d.grantInNamespace("tenant", everything)
	code, output := d.run("tenant", "", "why", d.revision.Spec.Service)
	says(t, code, output, 0, "cannot tell: nothing was decided: policies, admission policies could not be read", "not read: PublicationPolicies:")
}

func TestWhoMayDecideMayWithdraw(t *testing.T) {
	d := openDesk(t)
	service := d.revision.Spec.Service
	withdraw := func(user, group string) (int, string) {
		return d.run(user, group, "withdraw", service, "--gate", "security", "--comment", "it leaks")
	}
	code, output := withdraw("officer", groupOf["security"])
	says(t, code, output, 1, "serves nothing")
	first := d.publication(service + "-000001")
	first.Spec.Decisions = []v1alpha1.DecisionRecord{{Gate: "security", Approval: d.decide("officer", "decision", "security").Name}}
	if err := d.controller().Create(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	code, output = withdraw("clerk", groupOf["ministry"])
	says(t, code, output, 1, "may not decide at gate \"security\"")
	code, output = withdraw("officer", groupOf["security"])
	says(t, code, output, 0, "withdrawn at gate security")
	if v := d.judge(); !v.Withdraw {
		t.Errorf("verdict %q does not withdraw", v.Message)
	}
	code, output = d.run("editor", editors, "why", service)
	says(t, code, output, 0, "withdrawn by officer at ", ": it leaks\n", "now waits (Revoked): withdrawn at gate", "withdrew this digest afterwards",
		"citizens are served it until the controller has recorded the withdrawal")
}

func (d *desk) list() []v1alpha1.Approval {
	d.t.Helper()
	var list v1alpha1.ApprovalList
	if err := d.admin.List(d.t.Context(), &list, client.InNamespace(d.namespace)); err != nil {
		d.t.Fatal(err)
	}
	return list.Items
}

func (d *desk) count() int { return len(d.list()) }

func (d *desk) only() v1alpha1.Approval {
	d.t.Helper()
	all := d.list()
	if len(all) != 1 {
		d.t.Fatalf("%d approvals, want 1", len(all))
	}
	return all[0]
}

// TestADecisionIsAboutWhatWasNamed: an agency can make a service whose name is that of the revision which an approver has read.
func TestADecisionIsAboutWhatWasNamed(t *testing.T) {
	d := openDesk(t)
	read := d.revision
	decoy := d.sample()
	decoy.Name = read.Name
	if err := d.as("editor", editors).Create(t.Context(), decoy); err != nil {
		t.Fatal(err)
	}
	d.snapshot(decoy) // the same content under the decoy's name; what matters is whose revision is approved
	d.revision = read

	code, output := d.run("tester", groupOf["integration"], "approve", read.Name, "--gate", "integration")
	says(t, code, output, 2, "is both a GovService and a ServiceRevision", "servicerevision/"+read.Name)
	code, output = d.run("tester", groupOf["integration"], "approve", "servicerevision/"+read.Name, "--gate", "integration")
	says(t, code, output, 0, read.Name+": approved at gate integration")
	code, output = d.run("officer", groupOf["security"], "why", "govservice/"+read.Name)
	says(t, code, output, 0, "/"+read.Name+":")
	code, output = d.run("officer", groupOf["security"], "why", "pod/"+read.Name)
	says(t, code, output, 2, "name a service or a revision")

	var all v1alpha1.ApprovalList
	if err := d.admin.List(t.Context(), &all, client.InNamespace(d.namespace)); err != nil {
		t.Fatal(err)
	}
	if len(all.Items) != 1 || all.Items[0].Spec.Subject.Name != read.Name || all.Items[0].Spec.Subject.Digest != read.Spec.Digest {
		t.Errorf("decisions %+v, want one on %s", all.Items, read.Name)
	}
}

// TestARevisionOfOtherContentIsNotApproved: its name has ten digits of the digest only.
func TestARevisionOfOtherContentIsNotApproved(t *testing.T) {
	d := openDesk(t)
	svc := d.sample()
	svc.Name = "colliding"
	if err := d.as("editor", editors).Create(t.Context(), svc); err != nil {
		t.Fatal(err)
	}
	content, err := digest.Of(svc.Spec.Service.Raw())
	if err != nil {
		t.Fatal(err)
	}
	other := v1alpha1.Digest("sha256:" + strings.Repeat("f", 64))
	collision := &v1alpha1.ServiceRevision{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.namespace, Name: digest.RevisionName(svc.Name, content)},
		Spec: v1alpha1.ServiceRevisionSpec{
			Service: svc.Name, Digest: other, Definition: v1alpha1.NewDefinition(svc.Spec.Service.Raw()), Author: "editor", RulePack: "test",
		},
	}
	if err := d.controller().Create(t.Context(), collision); err != nil {
		t.Fatal(err)
	}
	code, output := d.run("tester", groupOf["integration"], "approve", svc.Name, "--gate", "integration")
	says(t, code, output, 1, "there is no revision to decide on")
	code, output = d.run("tester", groupOf["integration"], "approve", collision.Name, "--gate", "integration")
	says(t, code, output, 1, "says that its digest is")
}
