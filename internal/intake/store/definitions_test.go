// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/okno-dev/okno/internal/intake/journal"
)

func publication(seq int64, digest string, mods ...func(*Served)) Served {
	v := Served{
		Service: service, Seq: seq, Action: "Publish", Digest: digest, Revision: service + "-x",
		Publication: json.RawMessage(`{"seq":1}`), Since: noon.UTC(),
	}
	for _, mod := range mods {
		mod(&v)
	}
	return v
}

func TestALowerSequenceNumberIsIgnored(t *testing.T) {
	s := openStore(t)
	for _, v := range []Served{publication(2, digestA), publication(1, digestB), publication(2, digestB)} {
		if err := s.RememberServed(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	served, err := s.Served(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Served{publication(2, digestA)}, served); diff != "" {
		t.Error(diff)
	}
	wantError(t, s.RememberServed(t.Context(), publication(3, "sha256:unknown")), ErrNotFound)
	withdraw := publication(3, digestA, func(v *Served) { v.Action = ActionWithdraw })
	if err := s.RememberServed(t.Context(), withdraw); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[journal.Act]int{journal.JournalOpened: 1, journal.DefinitionServed: 1, journal.ServiceWithdrawn: 1}, acts(t, s)); diff != "" {
		t.Error(diff)
	}
}

// acts counts the journal's entries by act.
func acts(t testing.TB, s *Store) map[journal.Act]int {
	t.Helper()
	c, err := s.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[journal.Act]int{}
	for index := range c.Size {
		e, err := s.JournalEntry(t.Context(), index)
		if err != nil {
			t.Fatal(err)
		}
		all[e.Act]++
	}
	return all
}

func TestADefinitionIsKeptWhileAnythingRefersToIt(t *testing.T) {
	now := noon
	s := openStore(t, func(o *Options) { o.Clock = func() time.Time { return now } })
	collect := func(want int) {
		t.Helper()
		if n, err := s.CollectDefinitions(t.Context()); err != nil || n != want {
			t.Fatalf("collected %d, want %d; %v", n, want, err)
		}
	}
	if err := s.RememberServed(t.Context(), publication(1, digestA)); err != nil {
		t.Fatal(err)
	}
	collect(0) // B was remembered a moment ago, it may be about to be served
	now = now.Add(2 * time.Hour)
	d := mustSave(t, s, draft(func(d *Draft) { d.Digest = digestB; d.Preview = true }))
	collect(0) // a draft is on B
	if err := dropDraft(s, d.ID); err != nil {
		t.Fatal(err)
	}
	collect(1)
	_, err := s.Definition(t.Context(), digestB)
	wantError(t, err, ErrNotFound)
	for digest, want := range map[string]bool{digestA: true, digestB: false} {
		if known, err := s.HasDefinition(t.Context(), digest); err != nil || known != want {
			t.Errorf("definition %q is known: %v, %v", digest, known, err)
		}
	}
	_, err = s.SaveDraft(t.Context(), draft(func(d *Draft) { d.Digest = digestB }))
	wantError(t, err, ErrNotFound)

	mustFile(t, s, filing(func(f *Filing) { f.Preview = true }))
	if err := s.RememberDefinition(t.Context(), digestB, []byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.RememberServed(t.Context(), publication(2, digestB)); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Hour)
	collect(0) // A is no longer served, but an application is on it
	if body, err := s.Definition(t.Context(), digestA); err != nil || string(body) != `{"code":"`+digestA+`"}` {
		t.Errorf("the application's definition reads %s, %v", body, err)
	}
}

func TestADigestHasOneBody(t *testing.T) {
	s := openStore(t)
	wantError(t, s.RememberDefinition(t.Context(), digestA, []byte(`{"other":true}`)), ErrConflict)
	if err := s.RememberDefinition(t.Context(), digestA, []byte(`{"code":"`+digestA+`"}`)); err != nil {
		t.Error(err)
	}
}
