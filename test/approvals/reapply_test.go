// SPDX-License-Identifier: Apache-2.0

package approvals_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/controlplane"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/test/env"
)

// kubectl runs bin/kubectl as a user; without it the test is skipped.
func (o *office) kubectl(user, group string) func(args ...string) (string, error) {
	o.t.Helper()
	program := filepath.Join(root(o.t), "bin", "kubectl")
	if _, err := os.Stat(program); err != nil {
		o.t.Skipf("needs kubectl: %v; run 'make controlplane' first", err)
	}
	kubeconfig := filepath.Join(o.t.TempDir(), "kubeconfig")
	if err := writeKubeconfig(kubeconfig, o.config); err != nil {
		o.t.Fatal(err)
	}
	return func(args ...string) (string, error) {
		args = append([]string{"--kubeconfig", kubeconfig, "-n", o.namespace, "--as", user, "--as-group", group, "--as-group", "system:authenticated"}, args...)
		command := exec.CommandContext(o.t.Context(), program, args...)
		command.Env = append(os.Environ(), "HOME="+filepath.Dir(kubeconfig))
		var out bytes.Buffer
		command.Stdout, command.Stderr = &out, &out
		err := command.Run()
		return out.String(), err
	}
}

func writeKubeconfig(path string, config *rest.Config) error {
	return controlplane.WriteKubeconfig(path, config, "tests")
}

// TestApplyingADecisionAgainChangesNothing: a Git tool does it all day, each in its own way.
func TestApplyingADecisionAgainChangesNothing(t *testing.T) {
	o := open(t)
	// Git tools may update; whoever applies the file again is not who decided.
	o.grantInNamespace("deliverer", everything)
	o.grantInNamespace("officer", rbacv1.PolicyRule{
		APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"approvals"}, Verbs: []string{"get", "list", "patch"},
	}) // server-side apply takes patch
	for name, how := range map[string]struct{ first, again []string }{
		"client-side":       {first: []string{"apply", "-f"}, again: []string{"apply", "-f"}},
		"server-side":       {first: []string{"apply", "--server-side", "-f"}, again: []string{"apply", "--server-side", "-f"}},
		"server-side force": {first: []string{"create", "-f"}, again: []string{"apply", "--server-side", "--force-conflicts", "-f"}},
		"replace":           {first: []string{"create", "-f"}, again: []string{"replace", "-f"}},
	} {
		t.Run(name, func(t *testing.T) {
			approval := o.approval("decision-"+strings.ReplaceAll(name, " ", "-"), "security")
			file := filepath.Join(t.TempDir(), "approval.yaml")
			writeManifest(t, file, approval)
			officer, deliverer := o.kubectl("officer", groupOf["security"]), o.kubectl("deliverer", "deliverers")
			if out, err := officer(append(how.first, file)...); err != nil {
				t.Fatalf("first: %v\n%s", err, out)
			}
			before := o.stored(approval)
			for range 2 {
				if out, err := deliverer(append(how.again, file)...); err != nil {
					t.Fatalf("again: %v\n%s", err, out)
				}
			}
			after := o.stored(approval)
			if diff := cmp.Diff(before.Spec, after.Spec); diff != "" {
				t.Errorf("applied again it changed (-before +after):\n%s", diff)
			}
			if after.Spec.Approver == nil || after.Spec.Approver.Username != "officer" || after.Spec.Authority != v1alpha1.AuthorityCluster {
				t.Errorf("stamps %+v %q, want the officer's", after.Spec.Approver, after.Spec.Authority)
			}
			if before.Generation != after.Generation {
				t.Errorf("generation %d became %d", before.Generation, after.Generation)
			}
		})
	}
}

func (o *office) stored(a *v1alpha1.Approval) *v1alpha1.Approval {
	o.t.Helper()
	stored := &v1alpha1.Approval{}
	if err := o.admin.Get(context.Background(), client.ObjectKeyFromObject(a), stored); err != nil {
		o.t.Fatal(err)
	}
	return stored
}

func writeManifest(t *testing.T, path string, a *v1alpha1.Approval) {
	t.Helper()
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	fields["apiVersion"], fields["kind"] = v1alpha1.GroupVersion.String(), "Approval"
	text, err := yaml.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAdmissionIsInForceAsShipped: what the API server stores of the shipped files is what they say, defaults included.
func TestAdmissionIsInForceAsShipped(t *testing.T) {
	o := &office{t: t, config: env.Start(t)}
	shipped, inForce := o.admission()
	if altered := gate.AdmissionAltered(shipped, inForce); len(altered) > 0 {
		t.Errorf("the API server changed the shipped policies: %q", altered)
	}
}
