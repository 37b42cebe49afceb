// SPDX-License-Identifier: Apache-2.0

package govservice

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/definition"
	"github.com/okno-dev/okno/internal/gate"
	"github.com/okno-dev/okno/internal/ledger"
	"github.com/okno-dev/okno/internal/signature"
)

func signer(t *testing.T) *signature.Signer {
	t.Helper()
	pem, err := signature.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signature.NewSigner(pem)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOnlyRecordsThatVerifyWhereTheyStandAreTrusted(t *testing.T) {
	own, other := signer(t), signer(t)
	keys, err := signature.ParseKeys(own.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	record := func(seq int64, by *signature.Signer, edits ...func(*v1alpha1.Publication)) v1alpha1.Publication {
		p := recordOf(seq, v1alpha1.ActionPublish, "permit-new", newDigest)
		p.Spec.Namespace = "fund"
		if by != nil {
			if err := by.SignPublication(&p.Spec); err != nil {
				t.Fatal(err)
			}
		}
		p.Name, p.Namespace, p.UID = ledger.RecordName("permit", seq), "fund", types.UID(fmt.Sprint(seq))
		for _, edit := range edits {
			edit(&p)
		}
		return p
	}
	list := []v1alpha1.Publication{
		record(1, own),
		record(2, other),
		record(3, nil),
		record(4, own, func(p *v1alpha1.Publication) { p.Spec.Digest = oldDigest }),
		record(5, own, func(p *v1alpha1.Publication) { p.Namespace = "elsewhere" }),
		record(6, own, func(p *v1alpha1.Publication) { p.Name = "permit-000099" }),
		record(7, own),
	}
	tr := trust{keys: keys}
	for range 2 { // the second time from memory
		trusted, untrusted := tr.split(list)
		var seqs []int64
		for _, p := range trusted {
			seqs = append(seqs, p.Spec.Seq)
		}
		if diff := cmp.Diff([]int64{1, 7}, seqs); diff != "" {
			t.Errorf("trusted (-want +got):\n%s", diff)
		}
		if len(untrusted) != 5 {
			t.Errorf("untrusted %q", untrusted)
		}
	}
}

func TestAnAuthorIsNamedOnlyWhenTheStampIsCertain(t *testing.T) {
	since := noon
	at := func(d time.Duration) metav1.Time { return metav1.NewTime(since.Add(d)) }
	tests := map[string]struct {
		stamped  string
		created  metav1.Time
		previous *metav1.Time // when a revision of another digest was made
		own      *metav1.Time // when one of this digest was
		altered  []string
		want     string
	}{
		"a service younger than the policies":           {"maria", at(time.Hour), nil, nil, nil, "maria"},
		"one from before them":                          {"maria", at(-time.Hour), nil, nil, nil, v1alpha1.UnknownAuthor},
		"one from the moment that they settled in":      {"maria", at(time.Second), nil, nil, nil, v1alpha1.UnknownAuthor},
		"an old one that was changed since":             {"maria", at(-time.Hour), new(at(time.Hour)), nil, nil, "maria"},
		"an old one, changed before":                    {"maria", at(-time.Hour), new(at(-time.Minute)), nil, nil, v1alpha1.UnknownAuthor},
		"a revision of the same proves nothing":         {"maria", at(-time.Hour), nil, new(at(time.Hour)), nil, v1alpha1.UnknownAuthor},
		"nobody stamped it":                             {"", at(time.Hour), nil, nil, nil, v1alpha1.UnknownAuthor},
		"the policies are not as shipped at the moment": {"maria", at(time.Hour), nil, nil, []string{"x was altered"}, v1alpha1.UnknownAuthor},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := scopeOf(nil, nil, func(s *scope) { s.facts = facts{admission: inForce{since: since, altered: tt.altered}} })
			for d, made := range map[v1alpha1.Digest]*metav1.Time{oldDigest: tt.previous, newDigest: tt.own} {
				if made != nil {
					rev := revisionOf("permit-x", d)
					rev.CreationTimestamp = *made
					s.revisions = append(s.revisions, *rev)
				}
			}
			svc := &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: tt.created, Annotations: map[string]string{v1alpha1.AuthorAnnotation: tt.stamped}}}
			if got := s.author(svc); got != tt.want {
				t.Errorf("author = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOnlyNewerLawIsExcused(t *testing.T) {
	law := definition.Finding{Severity: definition.Error, Rule: "term", Article: "210-ФЗ art. 14"}
	plain := definition.Finding{Severity: definition.Error, Rule: "no-such-field"}
	unsupported := definition.Finding{Severity: definition.Error, Rule: "unsupported", Reason: definition.Unsupported, Article: "210-ФЗ"}
	warning := definition.Finding{Severity: definition.Warning, Rule: "copy"}
	tests := map[string]struct {
		found []definition.Finding
		want  bool
	}{
		"a rule of law":           {[]definition.Finding{law, warning}, true},
		"anything else":           {[]definition.Finding{law, plain}, false},
		"what is not carried out": {[]definition.Finding{unsupported}, false},
		"both":                    {[]definition.Finding{unsupported, law}, false},
		"warnings need no excuse": {[]definition.Finding{warning}, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := onlyLaw(tt.found); got != tt.want {
				t.Errorf("onlyLaw = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAnAgencyCannotFillTheLedgerByItself(t *testing.T) {
	var l ledger.Ledger
	for n := range int64(recordsAnHour) {
		action := v1alpha1.ActionSuspend
		if n%2 == 0 {
			action = v1alpha1.ActionPublish
		}
		r := recordOf(n+1, action, "permit-old", oldDigest)
		r.Spec.DecidedAt = metav1.NewTime(noon.Add(-30 * time.Minute))
		l = append(l, r)
	}
	type verdicts = map[v1alpha1.Digest]gate.Verdict
	busy := scopeOf(l, verdicts{newDigest: no, oldDigest: yes})
	if next, ok := busy.nextStep(); ok || busy.held.reason == "" || busy.requeue != 30*time.Minute {
		t.Errorf("resumed by %+v, held by %q, looks again after %s", next, busy.held.reason, busy.requeue)
	}
	revert := scopeOf(l, verdicts{newDigest: again, oldDigest: yes})
	if next, ok := revert.nextStep(); ok {
		t.Errorf("reverted by %+v", next)
	}
	decided := scopeOf(l, verdicts{newDigest: yes, oldDigest: yes})
	if _, ok := decided.nextStep(); !ok {
		t.Error("what people have just approved was held up")
	}
	serving := append(l[:len(l)-1:len(l)-1], recordOf(recordsAnHour, v1alpha1.ActionResume, "permit-old", oldDigest))
	stop := scopeOf(serving, verdicts{newDigest: no, oldDigest: yes}, suspendedByAgency)
	if next, ok := stop.nextStep(); !ok || next.action != v1alpha1.ActionSuspend {
		t.Error("the emergency stop was held up")
	}
	later := scopeOf(l, verdicts{newDigest: no, oldDigest: yes}, func(s *scope) { s.now = noon.Add(31 * time.Minute) })
	if next, ok := later.nextStep(); !ok || next.action != v1alpha1.ActionResume {
		t.Error("it is held up after the hour")
	}
}

func TestErrorsThatPassAreNotTold(t *testing.T) {
	resource := schema.GroupResource{Group: v1alpha1.GroupName, Resource: "publications"}
	tests := map[string]struct {
		err  error
		want bool
	}{
		"the network":             {&net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		"a timeout":               {context.DeadlineExceeded, true},
		"a conflict":              {apierrors.NewConflict(resource, "x", nil), true},
		"an overloaded server":    {apierrors.NewTooManyRequests("later", 1), true},
		"a server in trouble":     {apierrors.NewInternalError(errors.New("etcd")), true},
		"a right that is missing": {fmt.Errorf("create record: %w", apierrors.NewForbidden(resource, "x", errors.New("exceeded quota"))), false},
		"an object refused":       {apierrors.NewInvalid(schema.GroupKind{}, "x", nil), false},
		"one of our own":          {errors.New("revision does not hash to its digest"), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := passes(tt.err); got != tt.want {
				t.Errorf("passes = %v, want %v", got, tt.want)
			}
		})
	}
}

// slowProver runs until it is let go, and tells what began and what was ended.
type slowProver struct {
	began, ended chan string
	release      chan struct{}
}

func (p *slowProver) Prove(ctx context.Context, rev *v1alpha1.ServiceRevision, _ string) (*v1alpha1.ScenarioReport, error) {
	p.began <- rev.Namespace + "/" + rev.Name
	select {
	case <-p.release:
		return nil, errors.New("let go")
	case <-ctx.Done():
		p.ended <- rev.Namespace + "/" + rev.Name
		return nil, ctx.Err()
	}
}

// proofBench are proofs over a cluster in which every revision exists.
func proofBench(t *testing.T) (*proofs, *slowProver) {
	t.Helper()
	prover := &slowProver{began: make(chan string, 16), ended: make(chan string, 16), release: make(chan struct{})}
	p := newProofs(prover, everything{}, everything{}, clocktesting.NewFakePassiveClock(noon))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p, prover
}

// everything is a cluster that has every revision and a provider for every namespace.
type everything struct{ client.Client }

func (everything) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	o.SetNamespace(key.Namespace)
	o.SetName(key.Name)
	return nil
}

func (everything) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*v1alpha1.ServiceProviderList).Items = []v1alpha1.ServiceProvider{{}}
	return nil
}

func TestNoAgencyKeepsTheProverFromOthers(t *testing.T) {
	p, prover := proofBench(t)
	ask := func(namespace, service string) {
		p.ensure(types.NamespacedName{Namespace: namespace, Name: service + "-1"}, types.NamespacedName{Namespace: namespace, Name: service}, noon)
	}
	for i := range 5 {
		ask("greedy", fmt.Sprintf("s%d", i))
	}
	for range proofsOfAgency {
		if got := <-prover.began; got[:6] != "greedy" {
			t.Errorf("%s began", got)
		}
	}
	ask("modest", "permit")
	if got := <-prover.began; got != "modest/permit-1" {
		t.Errorf("%s began before the other agency's only one", got)
	}
	select {
	case got := <-prover.began:
		t.Errorf("%s began beyond the agency's share", got)
	default:
	}
}

func TestANewerRevisionTakesTheOlderOnesPlace(t *testing.T) {
	p, prover := proofBench(t)
	service := types.NamespacedName{Namespace: "fund", Name: "permit"}
	p.ensure(types.NamespacedName{Namespace: "fund", Name: "permit-1"}, service, noon)
	<-prover.began
	p.ensure(types.NamespacedName{Namespace: "fund", Name: "permit-2"}, service, noon)
	if got := <-prover.ended; got != "fund/permit-1" {
		t.Errorf("%s ended", got)
	}
	if got := <-prover.began; got != "fund/permit-2" {
		t.Errorf("%s began", got)
	}
	p.forget(service)
	if got := <-prover.ended; got != "fund/permit-2" {
		t.Errorf("%s ended when its service went", got)
	}
}

func TestAProofThatFailsIsTriedAgainLater(t *testing.T) {
	p, prover := proofBench(t)
	service, revision := types.NamespacedName{Namespace: "fund", Name: "permit"}, types.NamespacedName{Namespace: "fund", Name: "permit-1"}
	p.ensure(revision, service, noon)
	<-prover.began
	close(prover.release)
	if woken := <-p.wake; woken.Object != service {
		t.Errorf("woke %s", woken.Object)
	}
	failed := p.ensure(revision, service, noon)
	if failed.failed == nil || !failed.retryAt.Equal(noon.Add(firstProofRetry)) {
		t.Errorf("run %+v", failed)
	}
	if again := p.ensure(revision, service, failed.retryAt); again.failed != nil {
		t.Errorf("it is not tried again: %+v", again)
	}
	<-prover.began
}

// TestNothingBeginsOnceTheEndWaits: services go on asking while the controller ends, and none of their proofs outlives it.
func TestNothingBeginsOnceTheEndWaits(t *testing.T) {
	for range 50 {
		prover := &slowProver{began: make(chan string, 64), ended: make(chan string, 64), release: make(chan struct{})}
		p := newProofs(prover, everything{}, everything{}, clocktesting.NewFakePassiveClock(noon))
		ctx, cancel := context.WithCancel(t.Context())
		var asking sync.WaitGroup
		for i := range 8 {
			asking.Go(func() {
				at := types.NamespacedName{Namespace: fmt.Sprint("fund", i), Name: "permit"}
				p.ensure(at, at, noon)
			})
		}
		asking.Go(cancel)
		if err := p.Start(ctx); err != nil {
			t.Error(err)
		}
		began := len(prover.began)
		if ended := len(prover.ended); ended != began {
			t.Fatalf("%d proofs began and %d had ended when the controller did", began, ended)
		}
		asking.Wait()
		late := types.NamespacedName{Namespace: "late", Name: "permit"}
		p.ensure(late, late, noon)
		p.mu.Lock()
		if len(prover.began) != began || len(p.busy) != 0 {
			t.Errorf("%d proofs began after the end, %d agencies are busy", len(prover.began)-began, len(p.busy))
		}
		p.mu.Unlock()
	}
}
