// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/persons"
)

func TestNewEditionChangesOnlyTheTitles(t *testing.T) {
	const manifest = `# A service.
apiVersion: catalog.okno.dev/v1alpha1
kind: GovService
spec:
  service:
    code: "1" # its code
    title:
      ru: "Пенсия"
      en: Pension
    shortTitle: {ru: Пенсия, en: Pay}
    summary: {ru: Пенсия, en: Pension}
    languages: [ru, en]
`
	got, err := newEdition([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(`"Пенсия"`, `"Пенсия — новая редакция"`, "en: Pension\n", "en: Pension — new edition\n",
		"{ru: Пенсия, en: Pay}", "{ru: Пенсия — новая редакция, en: Pay — new edition}").Replace(manifest)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := newEdition([]byte("spec: {}\n")); err == nil {
		t.Error("a manifest without a title was changed")
	}
}

func TestNextStep(t *testing.T) {
	service := func(change func(*v1alpha1.GovServiceStatus)) *v1alpha1.GovService {
		s := &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Name: "pension", Namespace: "fund", Generation: 2}}
		s.Status = v1alpha1.GovServiceStatus{
			ObservedGeneration: 2, LatestRevision: "pension-2",
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "Ready"}},
			Published:  &v1alpha1.PublishedStatus{Revision: "pension-1"},
			Endpoints:  &v1alpha1.Endpoints{Form: "http://fund.localhost:8080/s/pension"},
		}
		change(&s.Status)
		return s
	}
	waits := func(gates string, waitingFor ...string) func(*v1alpha1.GovServiceStatus) {
		return func(s *v1alpha1.GovServiceStatus) {
			s.Pending = &v1alpha1.PendingStatus{Revision: "pension-2", Gates: gates, WaitingFor: waitingFor}
		}
	}
	tests := map[string]struct {
		change    func(*v1alpha1.GovServiceStatus)
		gate      string
		published bool
		command   string
	}{
		"AServiceThatIsPublished":        {func(s *v1alpha1.GovServiceStatus) { s.Published.Revision = "pension-2" }, "", true, "kubectl okno why pension"},
		"AServiceNobodyHasLookedAt":      {func(s *v1alpha1.GovServiceStatus) { s.ObservedGeneration = 1 }, "", false, "kubectl okno why"},
		"ARevisionThatWaitsForAPerson":   {waits("2/5", "security (okno:security)"), "security", false, "bin/as security-officer kubectl okno approve pension -n fund --gate security"},
		"ARevisionThatWaitsForTheLast":   {waits("4/5", "moderator: okno:moderators"), "moderator", false, "the citizen sees the new title"},
		"ARevisionThatWaitsForScenarios": {waits("0/5", "scenarios"), "", false, "kubectl okno why"},
		"AGateOfAnotherPolicy":           {waits("0/1", "council (okno:ministry)"), "", false, "kubectl okno why"},
		"AnOlderRevisionThatWaits":       {func(s *v1alpha1.GovServiceStatus) { waits("1/5", "integration")(s); s.Pending.Revision = "pension-1" }, "", false, "kubectl okno why"},
		"APublishedServiceThatIsNotReady": {func(s *v1alpha1.GovServiceStatus) {
			s.Published.Revision = "pension-2"
			s.Conditions[0].Status = metav1.ConditionFalse
		}, "", false, "kubectl okno why"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			object := service(tc.change)
			if got := nextStep(object); got.gate != tc.gate || got.published != tc.published {
				t.Errorf("nextStep = %+v, want gate %q, published %v", got, tc.gate, tc.published)
			}
			if got := nextCommand(object); !strings.Contains(got, tc.command) {
				t.Errorf("nextCommand = %q, lacks %q", got, tc.command)
			}
		})
	}
}

func TestADecisionIsToldWhenItCounts(t *testing.T) {
	made := decision{person: "ministry", gate: "ministry", before: "3/5"}
	tests := map[string]struct {
		made decision
		next step
		open string
	}{
		"TheStatusIsOld":             {made, step{gate: "ministry", gates: "3/5"}, ""},
		"TheControllerLooksAgain":    {made, step{}, ""},
		"TheGateIsOpen":              {made, step{gate: "moderator", gates: "4/5"}, "4/5"},
		"TheLastGateIsOpen":          {decision{gate: "moderator", before: "4/5"}, step{gates: "5/5"}, "5/5"},
		"TheRevisionIsPublished":     {decision{gate: "moderator", before: "4/5"}, step{published: true}, "5/5"},
		"NothingWasDecidedInThisRun": {decision{}, step{gate: "moderator", gates: "4/5"}, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			open := ""
			if tc.made.counts(tc.next) {
				open = tc.made.openBy(tc.next)
			}
			if open != tc.open {
				t.Errorf("told %q, want %q", open, tc.open)
			}
		})
	}
}

func TestUntil(t *testing.T) {
	calls := 0
	err := until(t.Context(), time.Minute, func(context.Context) (bool, string, error) {
		calls++
		return calls == 3, "", nil
	})
	if err != nil || calls != 3 {
		t.Errorf("err = %v after %d calls, want none after 3", err, calls)
	}
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"NothingHappens":  {nil, "last seen: rain"},
		"SomethingFails":  {errors.New("storm"), "last seen: storm"},
		"ItCannotGetWell": {fmt.Errorf("service: %w", hopeless{errors.New("flood")}), "service: flood"},
	} {
		t.Run(name, func(t *testing.T) {
			err := until(t.Context(), 10*time.Millisecond, func(context.Context) (bool, string, error) { return false, "rain", tc.err })
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("err = %v, lacks %q", err, tc.want)
			}
		})
	}
}

func TestAddArgsTouchesOnlyTheNamedDeployments(t *testing.T) {
	const manifest = `apiVersion: v1
kind: Namespace
metadata:
  name: okno-system
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: okno-controller
spec:
  template:
    spec:
      containers:
      - args:
        - --leader-elect
        name: controller
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: okno-portal
spec:
  template:
    spec:
      containers:
      - name: portal
`
	objects, err := decode([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	if err := addArgs(objects, arguments{"okno-controller": {"--public-port=8080"}}); err != nil {
		t.Fatal(err)
	}
	got, err := encode(objects)
	if err != nil {
		t.Fatal(err)
	}
	want := "---\n" + strings.Replace(manifest, "        - --leader-elect\n", "        - --leader-elect\n        - --public-port=8080\n", 1)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if staged := stages(objects); len(staged) != 2 || staged[0][0].GetKind() != "Namespace" || len(staged[1]) != 2 {
		t.Errorf("stages = %v, want the namespace before the deployments", staged)
	}
}

func TestReadFolderJoinsManifestsByName(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"b.yaml": "b: 1", "a.yaml": "a: 1", "embed.go": "package x", "kustomization.yaml": "resources: []"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := readFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := encode(got); err != nil || string(text) != "---\na: 1\n---\nb: 1\n" {
		t.Errorf("got %q, %v", text, err)
	}
	if _, err := readFolder(t.TempDir()); err == nil {
		t.Error("an empty folder was read")
	}
}

func TestAllAvailable(t *testing.T) {
	for text, want := range map[string]bool{
		"okno-controller True 1 1\nokno-portal True 2 2\n": true,
		"okno-controller True 1 1\nokno-portal False 2 2":  false,
		"okno-controller True 2 1":                         false,
		"okno-controller":                                  false,
		"":                                                 false,
	} {
		if got := allAvailable(text); got != want {
			t.Errorf("allAvailable(%q) = %v", text, got)
		}
	}
}

func TestPersonsActByImpersonationOnAnExistingCluster(t *testing.T) {
	config := clientcmdapi.NewConfig()
	config.CurrentContext = "production"
	for _, name := range []string{"production", "trial"} {
		config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
		config.Clusters[name] = &clientcmdapi.Cluster{Server: "https://" + name}
		config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: name}
	}
	ministry, _ := persons.Decider("ministry")
	own, err := asPerson(config, "trial", "fund", ministry)
	if err != nil {
		t.Fatal(err)
	}
	if own.Contexts["trial"].Namespace != "fund" {
		t.Errorf("the person's commands are about namespace %q", own.Contexts["trial"].Namespace)
	}
	if len(own.Clusters) != 1 || own.Clusters["trial"] == nil || own.CurrentContext != "trial" {
		t.Errorf("clusters = %v, context %q", own.Clusters, own.CurrentContext)
	}
	if user := own.AuthInfos["trial"]; user.Impersonate != "ministry" || user.ImpersonateGroups[0] != "okno:ministry" || user.Token != "trial" {
		t.Errorf("user = %+v", user)
	}
	if config.AuthInfos["trial"].Impersonate != "" {
		t.Error("the person's own kubeconfig was changed")
	}
	if _, err := asPerson(config, "none", "fund", ministry); err == nil || !strings.Contains(err.Error(), "production, trial") {
		t.Errorf("a context that does not exist: %v", err)
	}
}
