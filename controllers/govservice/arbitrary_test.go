// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/config/crd"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/installation"
	"github.com/okno-dev/okno/internal/ledger"
	"github.com/okno-dev/okno/internal/lint"
)

// arbitrary is what a reconcile of one service may find, whoever wrote it and whichever check it got past.
type arbitrary struct {
	Service      v1alpha1.GovService          `json:"service"`
	Labels       map[string]string            `json:"labels"` // of the namespace
	Provider     *v1alpha1.ServiceProvider    `json:"provider"`
	Revisions    []v1alpha1.ServiceRevision   `json:"revisions"`
	Approvals    []v1alpha1.Approval          `json:"approvals"`
	Policies     []v1alpha1.PublicationPolicy `json:"policies"`
	Publications []v1alpha1.Publication       `json:"publications"`
	Now          metav1.Time                  `json:"now"`
}

// strip does to a definition what the cache does.
func strip(def *v1alpha1.Definition) {
	if def.Raw() == nil {
		return
	}
	var found struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(def.Raw(), &found)
	d, err := digest.Of(def.Raw())
	if err != nil {
		d = ""
	}
	def.Strip(string(d))
	def.KeepCode(found.Code)
}

// decided goes through the pure part of every phase, in their order.
func (a arbitrary) decided(t testing.TB, r *Reconciler, before v1alpha1.GovServiceStatus) *scope {
	t.Helper()
	body := a.Service.DeepCopy()
	s := &scope{svc: a.Service.DeepCopy(), before: before, now: a.Now.Time, provider: a.Provider, ledger: ledger.Of(a.Publications)}
	strip(&s.svc.Spec.Service)
	s.digest = v1alpha1.Digest(s.svc.Spec.Service.Digest())
	for _, rev := range a.Revisions {
		strip(&rev.Spec.Definition)
		s.revisions = append(s.revisions, rev)
	}
	s.facts = facts{namespace: &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Labels: a.Labels}}, approvals: map[v1alpha1.Digest][]v1alpha1.Approval{}}
	s.facts.policies, s.facts.policiesProblem = gate.Covering(a.Policies, a.Labels)
	for _, approval := range a.Approvals {
		d := approval.Spec.Subject.Digest
		s.facts.approvals[d] = append(s.facts.approvals[d], approval)
	}
	s.validity = r.judgeRules(s, body)
	if s.isSkewed() {
		s.validity = validity{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonSchemaSkew}
	}
	if s.revision = s.ownRevision(); s.revision != nil {
		if c := meta.FindStatusCondition(s.revision.Status.Conditions, v1alpha1.ConditionVerified); c != nil {
			s.proof = proof{reason: c.Reason, message: c.Message}
		} else {
			s.proof = proof{reason: v1alpha1.ReasonProving}
		}
	}
	if err := r.judge(t.Context(), s); err != nil { // it reads nothing
		t.Fatal(err)
	}
	return s
}

// schemaOf is what the API server asks of a part of the objects of a CRD.
func schemaOf(t testing.TB, file, part string) validation.SchemaValidator {
	t.Helper()
	text, err := crd.Files.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var object apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &object); err != nil {
		t.Fatal(err)
	}
	var props apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(object.Spec.Versions[0].Schema.OpenAPIV3Schema, &props, nil); err != nil {
		t.Fatal(err)
	}
	partProps := props.Properties[part]
	validator, _, err := validation.NewSchemaValidator(&partProps)
	if err != nil {
		t.Fatal(err)
	}
	return validator
}

func unstructuredOf(t testing.TB, value any) (fields map[string]any) {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := utiljson.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

// FuzzDecide: no objects make a decision panic, publish what is not approved, collect what is served, write a status that the API
// server refuses, or write again when nothing changed.
func FuzzDecide(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	schema, records, r := schemaOf(f, crd.GovServices, "status"), recordSchema(f), decider()
	endpoints := func(string, string) *v1alpha1.Endpoints { return &v1alpha1.Endpoints{} }
	f.Fuzz(func(t *testing.T, raw []byte) {
		var a arbitrary
		if json.Unmarshal(raw, &a) != nil {
			return
		}
		a.keepRecords(t, records)
		s := a.decided(t, r, a.Service.Status)
		if next, ok := s.nextStep(); ok {
			checkStep(t, r, s, next)
		}
		for _, gone := range garbage(s.revisions, 0, s.digest, s.ledger.ServedDigest()) {
			if gone.Spec.Digest == s.ledger.ServedDigest() {
				t.Errorf("collects %q, which is served", gone.Name)
			}
		}
		status := s.newStatus(endpoints)
		transitions(&s.before, status)
		if _, err := statusPatch(&s.before, status, "1"); err != nil {
			t.Error(err)
		}
		// What was in the status before is the API server's matter; what is set now is ours.
		if unset := schema.Validate(unstructuredOf(t, a.Service.Status)); !unset.IsValid() {
			return
		}
		if found := schema.Validate(unstructuredOf(t, status)); !found.IsValid() {
			t.Errorf("a status that is refused: %v", found.Errors)
		}
		again := a.decided(t, r, *status)
		again.nextStep()
		if diff := cmp.Diff(status, again.newStatus(endpoints)); diff != "" {
			t.Errorf("the status says another thing although nothing changed:\n%s", diff)
		}
	})
}

// keepRecords keeps the records that may be: they are the controller's own, it signed them, and the API server took them.
func (a *arbitrary) keepRecords(t testing.TB, schema validation.SchemaValidator) {
	t.Helper()
	a.Publications = slices.DeleteFunc(a.Publications, func(p v1alpha1.Publication) bool {
		found := schema.Validate(unstructuredOf(t, p.Spec))
		return !found.IsValid() || p.Spec.Service != a.Service.Name
	})
}

func recordSchema(t testing.TB) validation.SchemaValidator {
	t.Helper()
	return schemaOf(t, "catalog.okno.dev_publications.yaml", "spec")
}

func decider() *Reconciler {
	return &Reconciler{rules: lint.BuiltinPack(), Options: Options{
		Installation: &installation.Installation{Name: "okno"},
		Checkpoint:   func(*v1alpha1.ServiceProvider) *v1alpha1.JournalCheckpoint { return nil },
	}}
}

// TestSeedsReachTheSteps: the fuzzer begins where something is written.
func TestSeedsReachTheSteps(t *testing.T) {
	reached := map[v1alpha1.PublicationAction]bool{}
	records, r := recordSchema(t), decider()
	for _, raw := range seeds(t) {
		var a arbitrary
		if err := json.Unmarshal(raw, &a); err != nil {
			continue // what cannot be read reaches nothing
		}
		a.keepRecords(t, records)
		if next, ok := a.decided(t, r, a.Service.Status).nextStep(); ok {
			reached[next.action] = true
		}
	}
	want := map[v1alpha1.PublicationAction]bool{v1alpha1.ActionPublish: true, v1alpha1.ActionSuspend: true, v1alpha1.ActionWithdraw: true}
	if diff := cmp.Diff(want, reached); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func checkStep(t *testing.T, r *Reconciler, s *scope, next step) {
	t.Helper()
	if next.action == v1alpha1.ActionPublish {
		if v := s.verdicts[next.digest]; !v.Decided || !v.Approved {
			t.Errorf("publishes %q, which is not approved: %+v", next.revision, v)
		}
		if _, err := s.codeOf(next); err == nil && s.ledger.PublishedAs(next.digest) == nil && !revisionHashes(s, next) {
			t.Errorf("publishes %q, whose body is another", next.revision)
		}
	}
	if _, err := r.makeRecord(s, next, s.verdicts[next.digest], "code"); err != nil {
		t.Logf("no record: %v", err)
	}
}

func revisionHashes(s *scope, next step) bool {
	for _, rev := range s.revisions {
		if rev.Name == next.revision && rev.Spec.Definition.Digest() == string(next.digest) {
			return true
		}
	}
	return false
}

// seeds are situations that differ in kind.
func seeds(f testing.TB) [][]byte {
	f.Helper()
	text, err := os.ReadFile("../../config/samples/first-service/govservice.yaml")
	if err != nil {
		f.Fatal(err)
	}
	var svc v1alpha1.GovService
	if err := yaml.Unmarshal(text, &svc); err != nil {
		f.Fatal(err)
	}
	d, err := digest.Of(svc.Spec.Service.Raw())
	if err != nil {
		f.Fatal(err)
	}
	now := metav1.NewTime(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	svc.Name, svc.Namespace, svc.Generation = "permit", "town", 1
	rev := v1alpha1.ServiceRevision{
		ObjectMeta: metav1.ObjectMeta{Name: digest.RevisionName("permit", d), Namespace: "town", CreationTimestamp: metav1.NewTime(now.Add(-time.Hour))},
		Spec:       v1alpha1.ServiceRevisionSpec{Service: "permit", Digest: d, Definition: svc.Spec.Service, Author: "editor", RulePack: lint.BuiltinPack().Version},
		Status: v1alpha1.ServiceRevisionStatus{
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionVerified, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonVerified}},
			Report:     &v1alpha1.ScenarioReport{SHA256: strings.Repeat("0", 64), Passed: 3},
		},
	}
	policy := v1alpha1.PublicationPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "default"},
		Spec:       v1alpha1.PublicationPolicySpec{Gates: []v1alpha1.Gate{{Name: "scenarios", Type: v1alpha1.GateScenarios}, {Name: "moderator", Type: v1alpha1.GateHuman, Groups: []string{"okno:moderators"}}}},
	}
	approval := v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Name: "yes", Namespace: "town", CreationTimestamp: metav1.NewTime(now.Add(-time.Minute))},
		Spec: v1alpha1.ApprovalSpec{
			Subject: v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: rev.Name, Digest: d}, Gate: "moderator", Decision: v1alpha1.DecisionApprove,
			Approver: &v1alpha1.Person{Username: "head"}, SubmittedBy: "head", Authority: v1alpha1.AuthorityCluster,
		},
	}
	record := v1alpha1.Publication{
		ObjectMeta: metav1.ObjectMeta{Name: ledger.RecordName("permit", 1), Namespace: "town"},
		Spec: v1alpha1.PublicationSpec{
			Service: "permit", Seq: 1, Action: v1alpha1.ActionPublish, Revision: rev.Name, Digest: d, Code: "town-0001", DecidedAt: now,
			Installation: "okno", Namespace: "town", Signature: v1alpha1.Signature{KeyID: strings.Repeat("0", 64), Value: "c2lnbmVk"},
		},
	}
	provider := &v1alpha1.ServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: "town"}, Spec: v1alpha1.ServiceProviderSpec{Namespace: "town"}}
	ready := arbitrary{
		Service: svc, Provider: provider, Revisions: []v1alpha1.ServiceRevision{rev}, Approvals: []v1alpha1.Approval{approval},
		Policies: []v1alpha1.PublicationPolicy{policy}, Now: now,
	}
	edited := func(edit func(*arbitrary)) arbitrary {
		a := ready
		a.Service = *ready.Service.DeepCopy()
		edit(&a)
		return a
	}
	var list [][]byte
	for _, a := range []arbitrary{
		ready,
		edited(func(a *arbitrary) { a.Revisions, a.Approvals = nil, nil }),
		edited(func(a *arbitrary) { a.Publications = []v1alpha1.Publication{record} }),
		edited(func(a *arbitrary) {
			a.Publications, a.Service.Spec.State = []v1alpha1.Publication{record}, v1alpha1.StateSuspended
		}),
		edited(func(a *arbitrary) {
			a.Publications = []v1alpha1.Publication{record}
			no := approval
			no.Name, no.Spec.Decision = "no", v1alpha1.DecisionWithdraw
			a.Approvals = append(a.Approvals, no)
		}),
		edited(func(a *arbitrary) {
			a.Service.Spec.Publication = &v1alpha1.PublicationSpecOptions{Activation: "Manual", Revision: "permit-0000000000", PublishAt: &now, WithdrawAt: &now}
		}),
		edited(func(a *arbitrary) { a.Provider, a.Policies = nil, nil }),
	} {
		raw, err := json.Marshal(a)
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, raw)
	}
	for _, definition := range []string{
		`null`, `{}`, `[]`, `"text"`, `1e400`, `{"code":{},"data":{"schema":{"$ref":"#"}}}`, `{"title":{"ru":null}}`, `{"code":"1","code":"2"}`,
		`{"data":{"schema":` + strings.Repeat(`{"properties":{"a":`, 200) + `{}` + strings.Repeat(`}}`, 200) + `}}`,
		`{"process":{"stages":[{"name":"a","next":["a"]}]},"routing":{"rules":[{"when":"app.a.b.c(){}"}]},"scenarios":[{"name":"x","at":"never"}]}`,
	} {
		list = append(list, []byte(`{"service":{"metadata":{"name":"permit","namespace":"town","generation":3},"spec":{"service":`+definition+`}},"now":"2026-11-21T12:00:00Z",
			"revisions":[{"metadata":{"name":"permit-x"},"spec":{"service":"permit","digest":"sha256:x","definition":`+definition+`}}],
			"publications":[{"spec":{"seq":-1,"action":"Resume","digest":""}},{"spec":{"seq":9007199254740993,"action":"?","revision":"permit-x","digest":"sha256:x"}}],
			"policies":[{"spec":{"gates":[{"name":"","requires":["","x"]},{"type":"Human","quorum":-5}]}}],"approvals":[{"spec":{"subject":{"digest":"sha256:x"},"decision":"Revoke"}}]}`))
	}
	return list
}
