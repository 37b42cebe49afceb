// SPDX-License-Identifier: Apache-2.0

package observation

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/inner"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// place is an intake that tells a state, and the place where it is found.
type place struct {
	mu    sync.Mutex
	state inner.State
	url   string
	asked string // the token that came last
}

func (p *place) Intake(context.Context, string) (string, error) { return p.url, nil }
func (p *place) Forget(string, string)                          {}

func (p *place) tell(state inner.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = state
}

func (p *place) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = r.Header.Get("Authorization")
	_ = json.NewEncoder(w).Encode(p.state)
}

// bench is an observer over a cluster of one agency, and the writes that it made.
type bench struct {
	*Observer
	place  *place
	clock  *clocktesting.FakeClock
	client client.Client
	events *events.FakeRecorder
	writes []string
	refuse string // whose status is refused
}

func newBench(t *testing.T, services ...*v1alpha1.GovService) *bench {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	b := &bench{place: &place{}, clock: clocktesting.NewFakeClock(noon), events: events.NewFakeRecorder(8)}
	server := httptest.NewServer(b.place)
	t.Cleanup(server.Close)
	b.place.url = server.URL
	objects := []client.Object{&v1alpha1.ServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: "sfr"}, Spec: v1alpha1.ServiceProviderSpec{Namespace: "fund"}}}
	for _, svc := range services {
		objects = append(objects, svc)
	}
	base := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithStatusSubresource(&v1alpha1.GovService{}, &v1alpha1.ServiceProvider{}).
		WithIndex(&v1alpha1.Publication{}, "spec.service", func(o client.Object) []string { return []string{o.(*v1alpha1.Publication).Spec.Service} }).
		Build()
	b.client = interceptor.NewClient(base, interceptor.Funcs{
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			b.writes = append(b.writes, o.GetName())
			if o.GetName() == b.refuse {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "govservices"}, o.GetName(), nil)
			}
			return c.SubResource(sub).Patch(ctx, o, p, opts...)
		},
	})
	b.Observer = New(Options{
		Client: b.client, Events: annotating{b.events}, Clock: b.clock, HTTP: server.Client(), Find: b.place,
		Token: func(namespace string) string { return "for-" + namespace },
	})
	return b
}

// annotating makes the fake recorder one that also annotates.
type annotating struct{ *events.FakeRecorder }

func (r annotating) AnnotatedEventf(regarding, related runtime.Object, _ map[string]string, kind, reason, action, note string, args ...any) {
	r.Eventf(regarding, related, kind, reason, action, note, args...)
}

func service(name string, lastWritten time.Time) *v1alpha1.GovService {
	svc := &v1alpha1.GovService{ObjectMeta: metav1.ObjectMeta{Namespace: "fund", Name: name}, Spec: v1alpha1.GovServiceSpec{Service: v1alpha1.NewDefinition([]byte(`{}`))}}
	if !lastWritten.IsZero() {
		svc.Status.Metrics = &v1alpha1.Metrics{AsOf: metav1.NewTime(lastWritten)}
	}
	return svc
}

func count(service string, submitted int64) inner.Counts {
	return inner.Counts{Service: service, Digest: "sha256:x", Started: submitted, Submitted: submitted}
}

func TestOneStatusIsWrittenAtATimeTheStalestFirst(t *testing.T) {
	b := newBench(t, service("fresh", noon.Add(-time.Minute)), service("stale", noon.Add(-time.Hour)), service("never", time.Time{}), service("quiet", time.Time{}))
	b.place.tell(inner.State{Counts: []inner.Counts{count("fresh", 1), count("stale", 2), count("never", 3)}})
	b.ask(t.Context())
	for range 5 {
		b.write(t.Context())
	}
	if diff := cmp.Diff([]string{"never", "stale", "fresh"}, b.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	if b.place.asked != "Bearer for-fund" {
		t.Errorf("asked with %q", b.place.asked)
	}

	// The same counts again, and again after a restart, are no reason to write.
	b.writes = nil
	b.ask(t.Context())
	b.write(t.Context())
	again := New(b.Options)
	again.ask(t.Context())
	for range 5 {
		again.write(t.Context())
	}
	if len(b.writes) != 0 {
		t.Errorf("wrote %q although nothing changed", b.writes)
	}
}

func TestACountThatFallsToNothingIsNotKept(t *testing.T) {
	b := newBench(t, service("permit", time.Time{}))
	overdue := count("permit", 2)
	overdue.Overdue, overdue.InProgress = 2, 2
	key := client.ObjectKey{Namespace: "fund", Name: "permit"}
	svc := &v1alpha1.GovService{}
	for _, counts := range []inner.Counts{overdue, count("permit", 2)} {
		b.place.tell(inner.State{Counts: []inner.Counts{counts}})
		b.ask(t.Context())
		b.write(t.Context())
		if err := b.client.Get(t.Context(), key, svc); err != nil {
			t.Fatal(err)
		}
		if got := svc.Status.Metrics.Total; got.Overdue != counts.Overdue || got.InProgress != counts.InProgress {
			t.Errorf("total %+v, want %+v", got, counts)
		}
	}
}

func TestAStatusThatIsRefusedKeepsNobodyWaiting(t *testing.T) {
	b := newBench(t, service("refused", time.Time{}), service("willing", noon.Add(-time.Minute)))
	b.refuse = "refused"
	b.place.tell(inner.State{Counts: []inner.Counts{count("refused", 1), count("willing", 1)}})
	b.ask(t.Context())
	for range 3 {
		b.write(t.Context())
	}
	if diff := cmp.Diff([]string{"refused", "willing"}, b.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	b.refuse = ""
	b.clock.Step(putOff)
	b.write(t.Context())
	if diff := cmp.Diff([]string{"refused", "willing", "refused"}, b.writes); diff != "" {
		t.Errorf("writes after a while (-want +got):\n%s", diff)
	}
}

// rootOf is the root of a journal that a name stands for.
func rootOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestARecordCarriesTheNewestHeadThatContinuesTheWrittenOne(t *testing.T) {
	written := &v1alpha1.JournalCheckpoint{Size: 5, RootHash: rootOf("five"), At: metav1.NewTime(noon.Add(-time.Hour))}
	read := func(size uint64, root string) *inner.Checkpoint {
		return &inner.Checkpoint{Size: size, RootHash: rootOf(root)}
	}
	tests := map[string]struct {
		written *v1alpha1.JournalCheckpoint
		told    *inner.Checkpoint
		want    *v1alpha1.JournalCheckpoint
	}{
		"nothing is known":                  {nil, nil, nil},
		"an intake that is away":            {written, nil, written},
		"a journal that grew":               {written, read(7, "seven"), &v1alpha1.JournalCheckpoint{Size: 7, RootHash: rootOf("seven"), At: metav1.NewTime(noon)}},
		"one whose head was wiped":          {nil, read(7, "seven"), &v1alpha1.JournalCheckpoint{Size: 7, RootHash: rootOf("seven"), At: metav1.NewTime(noon)}},
		"one in which nothing happened":     {written, read(5, "five"), written},
		"one that was cut":                  {written, read(3, "three"), written},
		"one that was rewritten":            {written, read(5, "FIVE"), written},
		"an intake that tells what is none": {written, &inner.Checkpoint{Size: 9, RootHash: "nine"}, written},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.place.tell(inner.State{Checkpoint: tt.told})
			if tt.told != nil {
				b.ask(t.Context())
			}
			p := &v1alpha1.ServiceProvider{Spec: v1alpha1.ServiceProviderSpec{Namespace: "fund"}, Status: v1alpha1.ServiceProviderStatus{Checkpoint: tt.written}}
			if diff := cmp.Diff(tt.want, b.Checkpoint(p)); diff != "" {
				t.Errorf("checkpoint (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAJournalsHeadIsWrittenOnceAMinuteAtMost(t *testing.T) {
	b := newBench(t)
	look := func(size uint64, root string) {
		b.place.tell(inner.State{Checkpoint: &inner.Checkpoint{Size: size, RootHash: rootOf(root)}})
		b.ask(t.Context())
		b.write(t.Context())
	}
	look(1, "one")
	look(2, "two")
	if diff := cmp.Diff([]string{"sfr"}, b.writes); diff != "" {
		t.Errorf("writes within a minute (-want +got):\n%s", diff)
	}
	b.clock.Step(time.Minute)
	b.write(t.Context())
	p := &v1alpha1.ServiceProvider{}
	if err := b.client.Get(t.Context(), client.ObjectKey{Name: "sfr"}, p); err != nil {
		t.Fatal(err)
	}
	if len(b.writes) != 2 || p.Status.Checkpoint.Size != 2 || p.Status.Checkpoint.RootHash != rootOf("two") {
		t.Errorf("%d writes, checkpoint %+v", len(b.writes), p.Status.Checkpoint)
	}
	b.clock.Step(time.Hour)
	look(1, "one")
	select {
	case event := <-b.events.Events:
		if want := "Warning JournalBroken"; len(event) < len(want) || event[:len(want)] != want {
			t.Errorf("event %q", event)
		}
	default:
		t.Error("nobody was told that the journal was cut")
	}
	if len(b.writes) != 2 {
		t.Error("the head of a broken journal was written over the good one")
	}
}

func TestCountsRideOnOtherWrites(t *testing.T) {
	b := newBench(t, service("permit", time.Time{}))
	key := client.ObjectKey{Namespace: "fund", Name: "permit"}
	if got := b.Metrics(key, "", ""); got != nil {
		t.Errorf("metrics before any answer: %v", got)
	}
	b.place.tell(inner.State{Counts: []inner.Counts{count("permit", 7)}})
	b.ask(t.Context())
	if got := b.Metrics(key, "sha256:x", ""); got == nil || got.Published.Submitted != 7 {
		t.Errorf("metrics %+v", got)
	}
}

func TestNobodyIsAskedFasterThanTheBudget(t *testing.T) {
	b := newBench(t, service("a", time.Time{}), service("b", time.Time{}))
	b.place.tell(inner.State{Counts: []inner.Counts{count("a", 1), count("b", 1)}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.Start(ctx) }()
	for !b.clock.HasWaiters() {
		select {
		case <-t.Context().Done():
			t.Fatal("it does not wait for its clock")
		default:
		}
	}
	b.clock.Step(time.Second)
	for len(b.dueNow()) != 1 {
		if t.Context().Err() != nil {
			t.Fatal("the first was not written")
		}
	}
	cancel()
	if err := <-done; err != nil || len(b.writes) != 1 {
		t.Errorf("writes in one tick: %q, %v", b.writes, err)
	}
}

func (b *bench) dueNow() map[item]bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.states) == 0 {
		return nil
	}
	due := map[item]bool{}
	for i := range b.due {
		due[i] = true
	}
	return due
}
