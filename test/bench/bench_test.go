// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/hack/local/persons"
)

func TestAFigureIsJudgedByItsTarget(t *testing.T) {
	for name, test := range map[string]struct {
		figure  figure
		verdict string
		value   string
	}{
		"AtItsUpperBound":          {atMost("P1", "", 8, 8, ""), within, "8"},
		"AboveItsUpperBound":       {atMost("P1", "", 8.5, 8, ""), over, "8.50"},
		"BelowItsLowerBound":       {p12(0.049), over, "0.049"},
		"AtItsLowerBound":          {p12(0.5), within, "0.50"},
		"GoodOnAnUnsteadyMachine":  {p12(0.9).unless(false), discarded, "0.90"},
		"GoodOnASteadyMachine":     {p12(0.9).unless(true), within, "0.90"},
		"WithoutATarget":           {told("P2", "", 123.4, "/s"), noted, "123 /s"},
		"AHardZeroThatIsNot":       {atMost("P7", "", 1, 0, ""), over, "1"},
		"AHardZero":                {atMost("P7", "", 0, 0, ""), within, "0"},
		"AGreatFigureIsNotPrecise": {atMost("P9", "", 173.4, 500, "ms"), within, "173 ms"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.figure.Verdict != test.verdict || test.figure.value() != test.value {
				t.Errorf("it is %s, %q; want %s, %q", test.figure.Verdict, test.figure.value(), test.verdict, test.value)
			}
		})
	}
}

func TestTheRecordHoldsTheTable(t *testing.T) {
	r := newRecord(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC))
	r.Figures = []figure{atMost("P9", "until it is seen", 42, 100, "ms").because("%d services", 3)}
	path, err := r.save(filepath.Join(t.TempDir(), "results"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var kept record
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, kept); diff != "" {
		t.Error(diff)
	}
	var table bytes.Buffer
	if err := printTable(&table, r.Figures); err != nil || !strings.Contains(table.String(), "42 ms") || !strings.Contains(table.String(), "3 services") {
		t.Errorf("the table is %v\n%s", err, table.String())
	}
}

const auditLines = `{"stage":"ResponseComplete","verb":"create","user":{"username":"system:serviceaccount:okno-system:okno-controller"},"objectRef":{"resource":"publications","namespace":"a","name":"p"},"stageTimestamp":"2026-11-21T12:00:00.5Z"}
{"stage":"ResponseComplete","verb":"patch","user":{"username":"system:serviceaccount:okno-system:okno-controller"},"objectRef":{"resource":"govservices","subresource":"status"}}
{"stage":"ResponseComplete","verb":"patch","user":{"username":"agency-editor"},"objectRef":{"resource":"govservices"}}
{"stage":"ResponseStarted","verb":"create","user":{"username":"system:serviceaccount:okno-system:okno-controller"},"objectRef":{"resource":"publications"}}
{"stage":"ResponseComplete","verb":"create","user":{"username":"system:serviceaccount:okno-system:okno-controller"},"objectRef":{"resource":"events"}}
{"stage":"ResponseComplete","verb":"update","user":{"username":"system:serviceaccount:okno-system:okno-controller"},"objectRef":{"resource":"leases"}}
{"stage":"ResponseComplete","verb":"patch","user":{"username":"system:serviceaccount:okno-system:okno-controller"},"objectRef":{"resource":"serviceproviders","subresource":"status"}}
{"stage":"ResponseComplete","verb":"create","user":{"username":"system:serviceacc`

func TestOnlyTheControllersWritesAreCounted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte(auditLines), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &audit{path: path}
	got, err := a.since(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := writes{"publications": 1, "govservices/status": 1, "events": 1, "leases": 1, "serviceproviders/status": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.total() != 3 || got.total("serviceproviders/status") != 2 {
		t.Errorf("the totals are %d and %d", got.total(), got.total("serviceproviders/status"))
	}
	if at := time.Date(2026, 11, 21, 12, 0, 0, 5e8, time.UTC); len(a.published) != 1 || !a.published[0].Equal(at) {
		t.Errorf("publications were on record at %v", a.published)
	}
	rest := `ount:okno-system:okno-controller"},"objectRef":{"resource":"configmaps"}}` + "\n"
	if err := os.WriteFile(path, []byte(auditLines+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err = a.since(t.Context()); err != nil || got.total() != 1 || got["configmaps"] != 1 {
		t.Errorf("a line that was half written is read as %v, %v", got, err)
	}
}

func TestServicesDifferInWhatMustBeUnique(t *testing.T) {
	c := &cluster{root: "../.."}
	services, err := c.makeServices("config/samples/pension-delivery/govservice.yaml", "pension", 0, 12, []string{"one", "two", "three"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, s := range services {
		before, err := s.digest()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.newEdition(); err != nil {
			t.Fatal(err)
		}
		after, err := s.digest()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []v1alpha1.Digest{before, after} {
			if other := seen[string(d)]; other != "" {
				t.Errorf("%s and %s have one digest", other, s.Name)
			}
			seen[string(d)] = s.Name
		}
	}
	if services[3].Namespace != "one" || services[4].Namespace != "two" {
		t.Errorf("agencies take turns as %s, %s", services[3].Namespace, services[4].Namespace)
	}
	scenarios := services[0].manifest.Object["spec"].(map[string]any)["service"].(map[string]any)["scenarios"].([]any)
	if len(scenarios) != 2 {
		t.Errorf("a service has %d scenarios", len(scenarios))
	}
}

func TestWhereAServiceStands(t *testing.T) {
	waits := func(latest string, waitingFor ...string) *v1alpha1.GovService {
		svc := &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Generation: 2}}
		svc.Status.ObservedGeneration, svc.Status.LatestRevision = 2, latest
		svc.Status.Pending = &v1alpha1.PendingStatus{Revision: "b", WaitingFor: waitingFor}
		return svc
	}
	unseen := waits("b", "security: okno:security")
	unseen.Status.ObservedGeneration = 1
	published := waits("b")
	published.Status.Pending, published.Status.Published = nil, &v1alpha1.PublishedStatus{Revision: "b"}
	invalid := waits("b")
	invalid.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionValid, Status: metav1.ConditionFalse, Reason: "Invalid"}}
	for name, test := range map[string]struct {
		svc       *v1alpha1.GovService
		gate      string
		published bool
		fails     bool
	}{
		"AtAGate":               {svc: waits("b", "security: okno:security"), gate: "security"},
		"AtAGateOfNobodyNamed":  {svc: waits("b", "security"), gate: "security"},
		"BeforeItsProof":        {svc: waits("b")},
		"WithAnOlderRevision":   {svc: waits("c", "security: okno:security")},
		"NotLookedAt":           {svc: unseen},
		"Published":             {svc: published, published: true},
		"RefusedForItsMistakes": {svc: invalid, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			gate, published, err := standing(test.svc)
			if gate != test.gate || published != test.published || (err != nil) != test.fails {
				t.Errorf("it stands at %q, published %t, %v", gate, published, err)
			}
		})
	}
}

func TestTheLastGateIsAPersonsOwn(t *testing.T) {
	if p, ok := persons.Decider(lastGate()); !ok || p.Gate != "moderator" {
		t.Errorf("the last gate is %q of %q", lastGate(), p.Name)
	}
}

func TestMemoryOfThisProcess(t *testing.T) {
	m, err := memoryOf(os.Getpid())
	if err != nil || m.anonymous <= 0 || m.resident < m.anonymous {
		t.Errorf("it is %+v, %v", m, err)
	}
	if _, err := memoryOf(0); err == nil {
		t.Error("a process that is none has memory")
	}
}

func TestCPUOfThisProcess(t *testing.T) {
	before, err := cpuOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for sum, until := 0, before+2*tick; ; sum++ {
		if sum%1000 != 0 {
			continue
		}
		if now, err := cpuOf(os.Getpid()); err != nil || now < before {
			t.Fatalf("it went from %s to %s, %v", before, now, err)
		} else if now >= until {
			return
		}
	}
}
