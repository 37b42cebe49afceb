// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/digest"
	"github.com/okno-dev/okno/internal/signature"
)

// apiServer answers lists, watches and gets as an API server does, from what a test puts into it.
type apiServer struct {
	*httptest.Server
	mu        sync.Mutex
	records   []v1alpha1.Publication
	revisions map[string]v1alpha1.ServiceRevision
	watchers  []chan v1alpha1.Publication
	fetched   int
	fetches   chan struct{} // one for each fetch of a revision
	// cacheLags tells that the cache, which resourceVersion=0 asks for, knows no revision yet.
	cacheLags bool
	// doubled sends each event twice, as a watch that is resumed may.
	doubled bool
}

func newAPIServer(t *testing.T) *apiServer {
	t.Helper()
	a := &apiServer{revisions: map[string]v1alpha1.ServiceRevision{}, fetches: make(chan struct{}, 64)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /apis/catalog.okno.dev/v1alpha1/namespaces/{namespace}/publications", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		switch {
		case query.Get("sendInitialEvents") != "":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422}`)
		case query.Get("watch") != "":
			a.watch(w, r)
		default:
			a.mu.Lock()
			defer a.mu.Unlock()
			list := v1alpha1.PublicationList{Items: a.records}
			list.APIVersion, list.Kind, list.ResourceVersion = v1alpha1.GroupVersion.String(), "PublicationList", "1"
			answer(w, http.StatusOK, list)
		}
	})
	mux.HandleFunc("GET /apis/catalog.okno.dev/v1alpha1/namespaces/{namespace}/servicerevisions/{name}", func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.fetched++
		a.fetches <- struct{}{}
		revision, ok := a.revisions[r.PathValue("name")]
		if !ok || a.cacheLags && r.URL.Query().Get("resourceVersion") == "0" {
			answer(w, http.StatusNotFound, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Reason: "NotFound", Code: 404})
			return
		}
		answer(w, http.StatusOK, revision)
	})
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.CloseClientConnections)
	t.Cleanup(a.Close)
	return a
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func (a *apiServer) watch(w http.ResponseWriter, r *http.Request) {
	events := make(chan v1alpha1.Publication, 16)
	a.mu.Lock()
	a.watchers = append(a.watchers, events)
	a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case p := <-events:
			raw, _ := json.Marshal(p)
			fmt.Fprintf(w, `{"type":"ADDED","object":%s}`+"\n", raw)
			w.(http.Flusher).Flush()
		}
	}
}

// publish records a Publication and tells the watchers.
func (a *apiServer) publish(p v1alpha1.Publication) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.records = append(a.records, p)
	for _, events := range a.watchers {
		events <- p
		if a.doubled {
			events <- p
		}
	}
}

const agency = "pension"

type records struct {
	t      *testing.T
	signer *signature.Signer
}

func newRecords(t *testing.T) records {
	t.Helper()
	key, err := signature.GenerateKey(strings.NewReader(strings.Repeat("k", 64)))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signature.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return records{t, signer}
}

func (r records) keys() signature.Keys {
	keys, err := signature.ParseKeys(r.signer.PublicKey())
	if err != nil {
		r.t.Fatal(err)
	}
	return keys
}

// revision makes a revision of a service whose definition holds a code.
func (r records) revision(service, code string) v1alpha1.ServiceRevision {
	raw := fmt.Appendf(nil, `{"code":%q}`, code)
	d, err := digest.Of(raw)
	if err != nil {
		r.t.Fatal(err)
	}
	return v1alpha1.ServiceRevision{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ServiceRevision"},
		ObjectMeta: metav1.ObjectMeta{Name: digest.RevisionName(service, d), Namespace: agency},
		Spec:       v1alpha1.ServiceRevisionSpec{Service: service, Digest: d, Definition: v1alpha1.NewDefinition(raw)},
	}
}

func (r records) publication(seq int64, revision v1alpha1.ServiceRevision, mods ...func(*v1alpha1.PublicationSpec)) v1alpha1.Publication {
	p := v1alpha1.Publication{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Publication"},
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%06d", revision.Spec.Service, seq), Namespace: agency, ResourceVersion: fmt.Sprint(seq + 10)},
		Spec: v1alpha1.PublicationSpec{
			Installation: "test", Namespace: agency, Service: revision.Spec.Service, Seq: seq, Action: v1alpha1.ActionPublish, Code: "1",
			Revision: revision.Name, Digest: revision.Spec.Digest, DecidedAt: metav1.NewTime(time.Unix(1_800_000_000, 0)),
		},
	}
	for _, mod := range mods {
		mod(&p.Spec)
	}
	if err := r.signer.SignPublication(&p.Spec); err != nil {
		r.t.Fatal(err)
	}
	return p
}

// listen runs a follower and returns what it delivers. refuse says how often the listener fails first.
func listen(t *testing.T, a *apiServer, keys Verifier, knows func(context.Context, string) bool, refuse int) <-chan Change {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	changes, done := make(chan Change, 32), make(chan struct{})
	var mu sync.Mutex
	go func() {
		defer close(done)
		err := Run(ctx, Options{
			Config: &rest.Config{Host: a.URL}, Namespace: agency, Keys: keys, Log: slog.New(slog.DiscardHandler), Knows: knows,
			Deliver: func(_ context.Context, c Change) error {
				mu.Lock()
				defer mu.Unlock()
				if refuse > 0 {
					refuse--
					return errors.New("not now")
				}
				changes <- c
				return nil
			},
		})
		if err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return changes
}

func next(t *testing.T, changes <-chan Change) Change {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	select {
	case c := <-changes:
		return c
	case <-ctx.Done():
		t.Fatal("nothing was delivered")
		return Change{}
	}
}

func TestFollowDeliversTheNewestAndThenEachNewOne(t *testing.T) {
	r, a := newRecords(t), newAPIServer(t)
	a.doubled = true
	one, two, three := r.revision("delivery", "1"), r.revision("delivery", "2"), r.revision("delivery", "3")
	for _, revision := range []v1alpha1.ServiceRevision{one, two, three} {
		a.revisions[revision.Name] = revision
	}
	a.publish(r.publication(1, one))
	a.publish(r.publication(2, two))
	changes := listen(t, a, r.keys(), nil, 1)

	got := next(t, changes)
	if got.Publication.Seq != 2 || string(got.Definition) != `{"code":"2"}` {
		t.Errorf("first delivery is %d with %s, want the newest of the list", got.Publication.Seq, got.Definition)
	}
	a.publish(r.publication(1, one)) // comes late: it is older
	a.publish(r.publication(3, three))
	if got := next(t, changes); got.Publication.Seq != 3 || string(got.Definition) != `{"code":"3"}` {
		t.Errorf("second delivery is %d with %s", got.Publication.Seq, got.Definition)
	}
	a.publish(r.publication(4, three, func(s *v1alpha1.PublicationSpec) { s.Action = v1alpha1.ActionWithdraw }))
	if got := next(t, changes); got.Publication.Seq != 4 || got.Definition != nil {
		t.Errorf("a withdrawal is %d with %q, want no definition", got.Publication.Seq, got.Definition)
	}
}

func TestFollowBelievesOnlyWhatIsSignedForTheNamespace(t *testing.T) {
	r, a := newRecords(t), newAPIServer(t)
	good := r.revision("delivery", "1")
	a.revisions[good.Name] = good
	changed := r.publication(7, good)
	changed.Spec.Seq = 8 // after signing
	moved := r.publication(9, good, func(s *v1alpha1.PublicationSpec) { s.Namespace = "elsewhere" })
	for _, p := range []v1alpha1.Publication{changed, moved, r.publication(3, good)} {
		a.publish(p)
	}
	if got := next(t, listen(t, a, r.keys(), nil, 0)); got.Publication.Seq != 3 {
		t.Errorf("followed %d, want 3, the newest that is rightly signed", got.Publication.Seq)
	}
}

func TestFollowWaitsForTheRevisionThatThePublicationNames(t *testing.T) {
	r, a := newRecords(t), newAPIServer(t)
	good := r.revision("delivery", "1")
	forged := good
	forged.Spec.Definition = v1alpha1.NewDefinition([]byte(`{"code":"forged"}`))
	a.revisions[good.Name] = forged
	a.publish(r.publication(1, good))
	changes := listen(t, a, r.keys(), nil, 0)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 2 { // the second try shows that the first was refused
		select {
		case <-a.fetches:
		case <-ctx.Done():
			t.Fatal("the follower gave up")
		}
	}
	select {
	case c := <-changes:
		t.Fatalf("delivered %s, whose hash is another", c.Definition)
	default:
	}
	a.mu.Lock()
	a.revisions[good.Name] = good
	a.mu.Unlock()
	if got := next(t, changes); string(got.Definition) != `{"code":"1"}` {
		t.Errorf("definition = %s", got.Definition)
	}
}

func TestFollowFetchesNoDefinitionThatIsKnown(t *testing.T) {
	r, a := newRecords(t), newAPIServer(t)
	known := r.revision("delivery", "1")
	a.publish(r.publication(1, known))
	knows := func(_ context.Context, d string) bool { return d == string(known.Spec.Digest) }
	if got := next(t, listen(t, a, r.keys(), knows, 0)); got.Definition != nil || a.fetched != 0 {
		t.Errorf("definition = %s after %d fetches, want none", got.Definition, a.fetched)
	}
}

func TestFollowBeginsAgainWithANamespaceThatIsMadeAnew(t *testing.T) {
	r := newRecords(t)
	revision := r.revision("delivery", "1")
	var delivered []int64
	f := &follower{
		Options: Options{
			Keys: r.keys(), Log: slog.New(slog.DiscardHandler), Knows: func(context.Context, string) bool { return true },
			Deliver: func(_ context.Context, c Change) error { delivered = append(delivered, c.Publication.Seq); return nil },
		},
		services: map[service]*progress{}, queue: workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[service]()),
	}
	defer f.queue.ShutDown()
	key := service{agency, "delivery"}
	deliver := func() {
		t.Helper()
		if err := f.deliver(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	first, fifth := r.publication(1, revision), r.publication(5, revision)
	if err := f.Replace([]any{&first, &fifth}, ""); err != nil {
		t.Fatal(err)
	}
	deliver()
	if err := f.Delete(&first); err != nil { // not the newest: what is known stays
		t.Fatal(err)
	}
	if err := f.Add(&first); err != nil {
		t.Fatal(err)
	}
	deliver()
	if err := f.Delete(&fifth); err != nil {
		t.Fatal(err)
	}
	deliver() // nothing is left to follow
	if err := f.Add(&first); err != nil {
		t.Fatal(err)
	}
	deliver()
	if err := f.Replace(nil, ""); err != nil {
		t.Fatal(err)
	}
	if err := f.Add(&first); err != nil {
		t.Fatal(err)
	}
	deliver()
	if diff := cmp.Diff([]int64{5, 1, 1}, delivered); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
}

// Who begins to follow within the grace of a withdrawal has to show what is served until its end.
func TestFollowBringsWhatIsServedUntilAWithdrawalTakesEffect(t *testing.T) {
	ends := func(at time.Time) func(*v1alpha1.PublicationSpec) {
		return func(s *v1alpha1.PublicationSpec) {
			s.Action, s.EffectiveAt = v1alpha1.ActionWithdraw, &metav1.Time{Time: at.Truncate(time.Second)}
		}
	}
	for name, tc := range map[string]struct {
		at   time.Time
		kept bool
		want string
	}{
		"before its end":                       {time.Now().Add(time.Hour), true, `{"code":"1"}`},
		"before its end, the revision is gone": {time.Now().Add(time.Hour), false, ""},
		"after its end":                        {time.Now().Add(-time.Hour), true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, a := newRecords(t), newAPIServer(t)
			one := r.revision("delivery", "1")
			if tc.kept {
				a.revisions[one.Name] = one
			}
			a.publish(r.publication(2, one, ends(tc.at)))
			if got := next(t, listen(t, a, r.keys(), nil, 0)); got.Publication.Seq != 2 || string(got.Definition) != tc.want {
				t.Errorf("delivered %d with %q, want %q", got.Publication.Seq, got.Definition, tc.want)
			}
		})
	}
}
