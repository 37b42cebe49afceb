// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/controllers"
	"github.com/okno-dev/okno/test/env"
)

// service is the sample service with a code of its own; edits change its definition.
func (f *fixture) service(name string, edits ...func(definition map[string]any)) *v1alpha1.GovService {
	f.Helper()
	return &v1alpha1.GovService{
		ObjectMeta: metav1.ObjectMeta{Namespace: f.ns, Name: name},
		Spec:       v1alpha1.GovServiceSpec{Service: f.definition(name, edits...)},
	}
}

func (f *fixture) definition(name string, edits ...func(definition map[string]any)) v1alpha1.Definition {
	f.Helper()
	text, err := os.ReadFile("../config/samples/first-service/govservice.yaml")
	if err != nil {
		f.Fatal(err)
	}
	var object struct {
		Spec struct{ Service map[string]any }
	}
	if err := yaml.Unmarshal(text, &object); err != nil {
		f.Fatal(err)
	}
	def := object.Spec.Service
	def["code"] = f.ns + "." + name
	for _, edit := range edits {
		edit(def)
	}
	raw, err := json.Marshal(def)
	if err != nil {
		f.Fatal(err)
	}
	return v1alpha1.NewDefinition(raw)
}

func titled(en string) func(map[string]any) {
	return func(def map[string]any) { def["title"].(map[string]any)["en"] = en }
}

// as acts as a person of the agency's or the platform's; all of them may do everything, so that only the gates judge.
func (f *fixture) as(person string) client.Client {
	f.Helper()
	c, err := client.New(env.As(f.config, person, "system:masters"), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		f.Fatal(err)
	}
	return c
}

// apply makes the agency want what svc says.
func (f *fixture) apply(svc *v1alpha1.GovService) {
	f.Helper()
	c := f.as("agency-editor")
	err := c.Create(f.Context(), svc.DeepCopy())
	if client.IgnoreAlreadyExists(err) != nil {
		f.Fatal(err)
	}
	if err == nil {
		return
	}
	patch, err := json.Marshal([]map[string]any{{"op": "add", "path": "/spec", "value": svc.Spec}})
	if err != nil {
		f.Fatal(err)
	}
	if err := c.Patch(f.Context(), svc.DeepCopy(), client.RawPatch(types.JSONPatchType, patch)); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) patchSpec(name, merge string) {
	f.Helper()
	svc := &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Namespace: f.ns, Name: name}}
	if err := f.as("agency-editor").Patch(f.Context(), svc, client.RawPatch(types.MergePatchType, []byte(`{"spec":`+merge+`}`))); err != nil {
		f.Fatal(err)
	}
}

// decide makes a decision of a person at a gate on a revision and returns the approval's name.
func (f *fixture) decide(person, gate string, decision v1alpha1.Decision, rev *v1alpha1.ServiceRevision, edits ...func(*v1alpha1.Approval)) string {
	f.Helper()
	a := &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: f.ns, Name: strings.ToLower(rev.Name + "-" + gate + "-" + rand.Text()[:6])},
		Spec: v1alpha1.ApprovalSpec{
			Subject: v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: rev.Name, Digest: rev.Spec.Digest}, Gate: gate, Decision: decision,
		},
	}
	for _, edit := range edits {
		edit(a)
	}
	if err := f.as(person).Create(f.Context(), a); err != nil {
		f.Fatal(err)
	}
	return a.Name
}

// report says how a revision's scenarios came out, in the place of the prover.
func (f *fixture) report(rev *v1alpha1.ServiceRevision, passed, failed int32) {
	f.Helper()
	now := metav1.NewTime(f.clock.Now())
	status, reason := metav1.ConditionTrue, v1alpha1.ReasonVerified
	if failed > 0 {
		status, reason = metav1.ConditionFalse, v1alpha1.ReasonScenariosFailed
	}
	body, err := json.Marshal(map[string]any{"status": v1alpha1.ServiceRevisionStatus{
		Conditions: []metav1.Condition{{Type: v1alpha1.ConditionVerified, Status: status, Reason: reason, LastTransitionTime: now}},
		Report:     &v1alpha1.ScenarioReport{SHA256: strings.Repeat("0", 64), Image: "i", StartedAt: now, FinishedAt: now, Passed: passed, Failed: failed},
	}})
	if err != nil {
		f.Fatal(err)
	}
	c, err := client.New(env.As(f.config, v1alpha1.ControllerAccount, "system:masters"), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		f.Fatal(err)
	}
	if err := c.Status().Patch(f.Context(), rev.DeepCopy(), client.RawPatch(types.MergePatchType, body)); err != nil {
		f.Fatal(err)
	}
}
