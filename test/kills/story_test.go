// SPDX-License-Identifier: Apache-2.0

package kills

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
)

// gates are those of the agencies' policy after the first, which scenarios open; each has a person of its own.
var gates = []string{"security", "moderator"}

// agency makes an agency with a policy of its own.
func (p *plane) agency(namespace string) {
	p.Helper()
	policy := &v1alpha1.PublicationPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: namespace},
		Spec: v1alpha1.PublicationPolicySpec{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
			Gates:             []v1alpha1.Gate{{Name: "scenarios", Type: v1alpha1.GateScenarios}},
		},
	}
	for _, name := range gates {
		policy.Spec.Gates = append(policy.Spec.Gates, v1alpha1.Gate{Name: name, Type: v1alpha1.GateHuman, Groups: []string{"okno:" + name}})
	}
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		&v1alpha1.ServiceProvider{
			ObjectMeta: metav1.ObjectMeta{Name: namespace}, Spec: v1alpha1.ServiceProviderSpec{Namespace: namespace, DisplayName: v1alpha1.Text{"en": "A fund"}},
		},
		policy,
	} {
		if err := p.admin.Create(p.Context(), o); err != nil {
			p.Fatal(err)
		}
	}
}

// life is what befalls one service.
type life struct {
	*plane
	key    client.ObjectKey
	editor client.Client
	titles map[v1alpha1.Digest]string // the definitions that there were, by their titles
	steps  int                        // records so far
}

func (p *plane) life(t *testing.T, namespace, name string) *life {
	p.Helper()
	own := *p
	own.T = t
	return &life{plane: &own, key: client.ObjectKey{Namespace: namespace, Name: name}, editor: p.as("agency-editor"), titles: map[v1alpha1.Digest]string{}}
}

// definition is the sample with a code and a title of its own.
func (l *life) definition(title string) []byte {
	text, err := os.ReadFile(filepath.Join(l.root, "config/samples/first-service/govservice.yaml"))
	if err != nil {
		l.Fatal(err)
	}
	var object struct {
		Spec struct{ Service map[string]any }
	}
	if err := yaml.Unmarshal(text, &object); err != nil {
		l.Fatal(err)
	}
	def := object.Spec.Service
	def["code"] = l.key.Namespace + "." + l.key.Name
	titles, ok := def["title"].(map[string]any)
	if !ok {
		l.Fatal("the sample has no title")
	}
	titles["en"] = title
	raw, err := json.Marshal(def)
	if err != nil {
		l.Fatal(err)
	}
	return raw
}

// apply makes the agency want the definition with a title, and returns its digest.
func (l *life) apply(title string) v1alpha1.Digest {
	l.Helper()
	raw := l.definition(title)
	d, err := digest.Of(raw)
	if err != nil {
		l.Fatal(err)
	}
	l.titles[d] = title
	svc := &v1alpha1.GovService{
		ObjectMeta: metav1.ObjectMeta{Namespace: l.key.Namespace, Name: l.key.Name},
		Spec:       v1alpha1.GovServiceSpec{Service: v1alpha1.NewDefinition(raw)},
	}
	err = l.editor.Create(l.Context(), svc)
	if client.IgnoreAlreadyExists(err) != nil {
		l.Fatal(err)
	}
	if err != nil {
		l.patch(fmt.Appendf(nil, `{"spec":{"service":%s}}`, raw))
	}
	return d
}

func (l *life) patch(merge []byte) {
	l.Helper()
	svc := &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Namespace: l.key.Namespace, Name: l.key.Name}}
	if err := l.editor.Patch(l.Context(), svc, client.RawPatch(types.MergePatchType, merge)); err != nil {
		l.Fatal(err)
	}
}

// decide makes the decision of a gate's person on a definition. It does not wait for the revision: a decision may come first.
func (l *life) decide(gate string, decision v1alpha1.Decision, d v1alpha1.Digest) {
	l.Helper()
	name := digest.RevisionName(l.key.Name, d)
	err := l.as(gate+"-officer").Create(l.Context(), &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: l.key.Namespace, Name: fmt.Sprintf("%s-%s-%d", name, gate, l.steps)},
		Spec: v1alpha1.ApprovalSpec{
			Subject: v1alpha1.ApprovalSubject{Kind: "ServiceRevision", Name: name, Digest: d}, Gate: gate, Decision: decision,
		},
	})
	if err != nil {
		l.Fatal(err)
	}
}

// publish applies a definition and has it approved, and waits for the record.
func (l *life) publish(title string) v1alpha1.Digest {
	l.Helper()
	d := l.apply(title)
	l.awaitRevision(d)
	for _, gate := range gates {
		l.decide(gate, v1alpha1.DecisionApprove, d)
	}
	l.awaitRecord(v1alpha1.ActionPublish, d)
	return d
}

func (l *life) awaitRevision(d v1alpha1.Digest) {
	l.Helper()
	key := client.ObjectKey{Namespace: l.key.Namespace, Name: digest.RevisionName(l.key.Name, d)}
	l.eventually(fmt.Sprintf("revision %s", key), func(ctx context.Context) error { return l.admin.Get(ctx, key, &v1alpha1.ServiceRevision{}) })
}

// records are the service's Publications by their numbers.
func (p *plane) records(key client.ObjectKey) []v1alpha1.Publication {
	p.Helper()
	list := &v1alpha1.PublicationList{}
	if err := p.admin.List(p.Context(), list, client.InNamespace(key.Namespace), client.MatchingFields{"spec.service": key.Name}); err != nil {
		p.Fatal(err)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.Publication) int { return int(a.Spec.Seq - b.Spec.Seq) })
	return list.Items
}

// awaitRecord waits for the next record, which is the only one that there may be.
func (l *life) awaitRecord(action v1alpha1.PublicationAction, d v1alpha1.Digest) {
	l.Helper()
	l.steps++
	l.eventually(fmt.Sprintf("%s: record %d", l.key, l.steps), func(context.Context) error {
		records := l.records(l.key)
		if len(records) < l.steps {
			return fmt.Errorf("%d records:%s", len(records), l.conditions())
		}
		return nil
	})
	last := l.records(l.key)[l.steps-1].Spec
	if last.Action != action || last.Digest != d {
		l.Errorf("%s: record %d is %s of %q, want %s of %q", l.key, l.steps, last.Action, l.titles[last.Digest], action, l.titles[d])
	}
}

// awaitCondition waits until the status of the present generation has a condition with a reason.
func (l *life) awaitCondition(condition, reason string) {
	l.Helper()
	l.eventually(fmt.Sprintf("%s: %s/%s", l.key, condition, reason), func(ctx context.Context) error {
		svc := &v1alpha1.GovService{}
		if err := l.admin.Get(ctx, l.key, svc); err != nil {
			return err
		}
		c := meta.FindStatusCondition(svc.Status.Conditions, condition)
		if c == nil || c.Reason != reason || svc.Status.ObservedGeneration != svc.Generation {
			return fmt.Errorf("generation %d of %d:%s", svc.Status.ObservedGeneration, svc.Generation, l.conditions())
		}
		return nil
	})
}

func (l *life) conditions() string {
	svc := &v1alpha1.GovService{}
	if err := l.admin.Get(l.Context(), l.key, svc); err != nil {
		return " " + err.Error()
	}
	var b strings.Builder
	for _, c := range svc.Status.Conditions {
		fmt.Fprintf(&b, "\n  %s=%s/%s: %s", c.Type, c.Status, c.Reason, c.Message)
	}
	return b.String()
}

// live leads the service through what agencies and approvers do.
func (l *life) live() {
	first := l.publish("First title")
	refused := l.apply("Second title")
	l.awaitRevision(refused)
	l.decide("security", v1alpha1.DecisionReject, refused)
	l.awaitCondition(v1alpha1.ConditionReady, v1alpha1.ReasonRejected)
	third := l.publish("Third title")
	l.patch([]byte(`{"spec":{"state":"Suspended"}}`))
	l.awaitRecord(v1alpha1.ActionSuspend, third)
	l.patch([]byte(`{"spec":{"state":"Active"}}`))
	l.awaitRecord(v1alpha1.ActionResume, third)
	l.apply("First title")
	l.awaitRecord(v1alpha1.ActionPublish, first) // it was approved, and is served again at once
	if err := l.editor.Delete(l.Context(), &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Namespace: l.key.Namespace, Name: l.key.Name}}); err != nil {
		l.Fatal(err)
	}
	l.awaitRecord(v1alpha1.ActionWithdraw, first)
	l.eventually(l.key.String()+" to go", func(ctx context.Context) error {
		err := l.admin.Get(ctx, l.key, &v1alpha1.GovService{})
		if err == nil {
			return fmt.Errorf("it is there:%s", l.conditions())
		}
		return client.IgnoreNotFound(err)
	})
	l.apply("First title")
	l.awaitRecord(v1alpha1.ActionPublish, first) // within the grace
	waiting := l.apply("Fourth title")
	l.awaitRevision(waiting)
	l.decide("moderator", v1alpha1.DecisionApprove, waiting)
	l.awaitGates("2/3")
}

// ending is where a service ends, without what differs from life to life.
type ending struct {
	Records    []string
	Revisions  []string
	Conditions []string
	Published  string
	Pending    *v1alpha1.PendingStatus
	Finalizers []string
	Claim      string
}

// ending waits for nothing: everything that was asked for has been seen to happen.
func (l *life) ending() ending {
	l.Helper()
	svc := &v1alpha1.GovService{}
	if err := l.admin.Get(l.Context(), l.key, svc); err != nil {
		l.Fatal(err)
	}
	end := ending{Finalizers: svc.Finalizers, Pending: svc.Status.Pending}
	for d, title := range l.titles {
		if end.Pending != nil && end.Pending.Revision == digest.RevisionName(l.key.Name, d) {
			end.Pending.Revision = title
		}
	}
	if published := svc.Status.Published; published != nil {
		end.Published = fmt.Sprintf("%d %s", published.Seq, l.titles[v1alpha1.Digest(published.Digest)])
	}
	for _, r := range l.records(l.key) {
		end.Records = append(end.Records, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", r.Spec.Seq, r.Spec.Action, l.titles[r.Spec.Digest], r.Spec.Cause)))
	}
	list := &v1alpha1.ServiceRevisionList{}
	if err := l.admin.List(l.Context(), list, client.InNamespace(l.key.Namespace), client.MatchingLabels{v1alpha1.ServiceLabel: l.key.Name}); err != nil {
		l.Fatal(err)
	}
	for _, r := range list.Items {
		end.Revisions = append(end.Revisions, l.titles[r.Spec.Digest])
	}
	slices.Sort(end.Revisions)
	for _, c := range svc.Status.Conditions {
		end.Conditions = append(end.Conditions, fmt.Sprintf("%s=%s/%s", c.Type, c.Status, c.Reason))
	}
	slices.Sort(end.Conditions)
	end.Claim = l.claim()
	return end
}

// claim tells whether the service's code is claimed for it, and by how many objects.
func (l *life) claim() string {
	l.Helper()
	list := &corev1.ConfigMapList{}
	if err := l.admin.List(l.Context(), list, client.InNamespace(v1alpha1.SystemNamespace)); err != nil {
		l.Fatal(err)
	}
	n := 0
	for _, c := range list.Items {
		if c.Data["code"] == l.key.Namespace+"."+l.key.Name && c.Data["namespace"] == l.key.Namespace && c.Data["service"] == l.key.Name {
			n++
		}
	}
	return fmt.Sprintf("%d of its own", n)
}

// lives leads n services of two new agencies and returns where they end.
func (p *plane) lives(round string, n int) map[string]ending {
	p.Helper()
	ends := make([]ending, n)
	for i := range min(n, 2) {
		p.agency(fmt.Sprintf("%s-%d", round, i))
	}
	p.Run(round, func(t *testing.T) {
		for i := range n {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				l := p.life(t, fmt.Sprintf("%s-%d", round, i%2), fmt.Sprintf("service-%d", i))
				l.live()
				ends[i] = l.ending()
			})
		}
	})
	named := map[string]ending{}
	for i, end := range ends {
		named[fmt.Sprintf("service-%d", i)] = end
	}
	return named
}
