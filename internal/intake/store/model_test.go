// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/okno-dev/okno/internal/intake/journal"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("OKNO_SOAK") == "" && os.Getenv("RAPID_CHECKS") == "" {
		if err := flag.Set("rapid.checks", "25"); err != nil { // each opens stores on the disk
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// model is the store as a person would explain it: maps, and no disk.
type model struct {
	t    *rapid.T
	s    *Store
	path string
	now  time.Time

	counts  map[subject]Counts
	keys    map[string]modelFiling // by client and key
	drafts  map[string]Draft
	filed   map[string]string // number by draft
	numbers map[string]modelFiling
	issued  int64
}

type modelFiling struct {
	hash            byte
	number          string
	service, digest string
	deadline        time.Time
	preview         bool
}

// TestCommandsFollowTheModel runs random commands against the store and the
// model; after each, counts agree, and in the end the journal gives the same
// counts when it is read from its beginning.
func TestCommandsFollowTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "okno-model")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		m := &model{
			t: t, path: filepath.Join(dir, "okno.db"), now: noon, counts: map[subject]Counts{},
			keys: map[string]modelFiling{}, drafts: map[string]Draft{}, filed: map[string]string{}, numbers: map[string]modelFiling{},
		}
		m.open()
		defer func() { m.must(m.s.Close()) }()
		t.Repeat(map[string]func(*rapid.T){
			"":       func(*rapid.T) { m.compareCounts() },
			"file":   func(t *rapid.T) { m.file(t) },
			"save":   func(t *rapid.T) { m.save(t) },
			"reject": func(t *rapid.T) { m.reject(t) },
			"wait":   func(t *rapid.T) { m.wait(t) },
			"reopen": func(*rapid.T) { m.must(m.s.Close()); m.open() },
		})
		m.recount()
	})
}

func (m *model) must(err error) {
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) open() {
	s, err := Open(context.Background(), m.path, Options{Clock: func() time.Time { return m.now }})
	m.must(err)
	m.s = s
	for _, digest := range []string{digestA, digestB} {
		m.must(s.RememberDefinition(context.Background(), digest, []byte(`{}`)))
	}
}

func (m *model) change(service, digest string, change func(*Counts)) {
	k := subject{service, digest}
	c := m.counts[k]
	c.Service, c.Digest = service, digest
	change(&c)
	m.counts[k] = c
}

var (
	services = rapid.SampledFrom([]string{"pension", "subsidy"})
	digests  = rapid.SampledFrom([]string{digestA, digestB})
)

func (m *model) file(t *rapid.T) {
	f := filing()
	f.Service, f.Digest = services.Draw(t, "service"), digests.Draw(t, "digest")
	f.Client = rapid.SampledFrom([]string{"portal", "mfc"}).Draw(t, "client")
	f.Preview, f.Starts = rapid.Bool().Draw(t, "preview"), rapid.Bool().Draw(t, "starts")
	f.LimitTotal = rapid.SampledFrom([]int64{0, 0, 3}).Draw(t, "limit")
	f.Deadline = m.now.Add(time.Duration(rapid.IntRange(-1, 3).Draw(t, "deadline")) * time.Hour)
	if n := rapid.IntRange(0, 5).Draw(t, "key"); n > 0 {
		withKey(fmt.Sprint(n), byte(rapid.IntRange(1, 2).Draw(t, "hash")))(&f)
	}
	if id := m.anyDraft(t); id != "" {
		f.DraftID = id
		if d, open := m.drafts[id]; open && rapid.Bool().Draw(t, "matching") {
			f.Service, f.Digest = d.Service, d.Digest
		}
	}
	number, want := m.expect(&f)
	r, err := m.s.FileApplication(context.Background(), f)
	if !errors.Is(err, want) {
		t.Fatalf("filing %+v: error is %v, want %v", f, err, want)
	}
	if err != nil {
		return
	}
	if r.Replayed != (number != "") || r.Replayed && r.Number != number {
		t.Fatalf("receipt is %+v, want a replay of %q", r, number)
	}
	if !r.Replayed {
		m.filedNew(&f, r)
	}
}

// expect says what filing must answer: a replayed number, "" for a new one, or an error.
func (m *model) expect(f *Filing) (string, error) {
	if known, ok := m.keys[f.Client+"/"+f.IdempotencyKey]; ok && f.IdempotencyKey != "" {
		if known.hash != f.RequestHash[0] {
			return "", ErrKeyReused
		}
		return known.number, nil
	}
	if number := m.filed[f.DraftID]; number != "" {
		return number, nil
	}
	if f.DraftID != "" {
		d, ok := m.drafts[f.DraftID]
		switch {
		case !ok:
			return "", ErrNotFound
		case d.Service != f.Service || d.Digest != f.Digest:
			return "", ErrConflict
		}
	}
	submitted := m.counts[subject{f.Service, digestA}].Submitted + m.counts[subject{f.Service, digestB}].Submitted
	if f.LimitTotal > 0 && !f.Preview && submitted >= f.LimitTotal {
		return "", ErrClosed
	}
	return "", nil
}

func (m *model) filedNew(f *Filing, r Receipt) {
	m.issued++
	if want := formatNumber(2026, m.issued); r.Number != want {
		m.t.Fatalf("number is %q, want %q", r.Number, want)
	}
	filed := modelFiling{hash: f.RequestHash[0], number: r.Number, service: f.Service, digest: f.Digest, deadline: r.Deadline, preview: f.Preview}
	m.numbers[r.Number] = filed
	if f.IdempotencyKey != "" {
		m.keys[f.Client+"/"+f.IdempotencyKey] = filed
	}
	if f.DraftID != "" {
		m.filed[f.DraftID] = r.Number
		delete(m.drafts, f.DraftID)
	}
	m.change(f.Service, f.Digest, func(c *Counts) {
		if f.Preview {
			return
		}
		c.Submitted++
		c.InProgress++
		if f.Starts {
			c.Started++
		}
	})
}

// anyDraft picks an open, a filed or an unknown draft, or none.
func (m *model) anyDraft(t *rapid.T) string {
	ids := []string{"", "", "unknown"}
	for number := int64(1); number <= m.issued; number++ {
		for id, n := range m.filed {
			if n == formatNumber(2026, number) {
				ids = append(ids, id)
			}
		}
	}
	for _, d := range m.openDrafts() {
		ids = append(ids, d.ID)
	}
	return rapid.SampledFrom(ids).Draw(t, "draft")
}

// openDrafts are in order of creation, so that a failing run can be repeated.
func (m *model) openDrafts() []Draft {
	var open []Draft
	rows, err := m.s.readDB.Query(`select id from draft order by rowid`)
	m.must(err)
	defer rows.Close()
	for rows.Next() {
		var id string
		m.must(rows.Scan(&id))
		d, known := m.drafts[id]
		if !known {
			m.t.Fatalf("the store has draft %q, the model does not", id)
		}
		open = append(open, d)
	}
	m.must(rows.Err())
	if len(open) != len(m.drafts) {
		m.t.Fatalf("the store has %d drafts, the model %d", len(open), len(m.drafts))
	}
	return open
}

func (m *model) save(t *rapid.T) {
	open := m.openDrafts()
	if len(open) == 0 || rapid.Bool().Draw(t, "new") {
		d := draft(func(d *Draft) { d.ExpiresAt = m.now.Add(2 * time.Hour) })
		d.Service, d.Digest, d.Preview = services.Draw(t, "service"), digests.Draw(t, "digest"), rapid.Bool().Draw(t, "preview")
		saved, err := m.s.SaveDraft(context.Background(), d)
		m.must(err)
		m.drafts[saved.ID] = saved
		m.change(d.Service, d.Digest, func(c *Counts) {
			if !d.Preview {
				c.Started++
			}
		})
		return
	}
	d := rapid.SampledFrom(open).Draw(t, "draft")
	stale := rapid.Bool().Draw(t, "stale")
	if stale {
		d.Version--
	}
	saved, err := m.s.SaveDraft(context.Background(), d)
	if stale != errors.Is(err, ErrConflict) {
		t.Fatalf("stale %t, error %v", stale, err)
	}
	if err == nil {
		m.drafts[saved.ID] = saved
	}
}

func (m *model) reject(t *rapid.T) {
	service, digest := services.Draw(t, "service"), digests.Draw(t, "digest")
	m.must(m.s.CountRejected(context.Background(), service, digest, []string{"required"}))
	m.change(service, digest, func(c *Counts) { c.RejectedByValidation++ })
}

// wait lets time pass, and the expired drafts be purged.
func (m *model) wait(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "minutes")) * time.Minute)
	expired := 0
	for id, d := range m.drafts {
		if !d.ExpiresAt.After(m.now) {
			expired++
			delete(m.drafts, id)
		}
	}
	n, err := m.s.PurgeDrafts(context.Background(), m.now)
	m.must(err)
	if n != expired {
		t.Fatalf("purged %d drafts, want %d", n, expired)
	}
}

func (m *model) compareCounts() {
	want := map[subject]Counts{}
	for k, c := range m.counts {
		for _, f := range m.numbers {
			if f.service == k.service && f.digest == k.digest && !f.preview && f.deadline.Before(m.now) {
				c.Overdue++
			}
		}
		want[k] = c
	}
	all, err := m.s.Counts(context.Background())
	m.must(err)
	got := map[subject]Counts{}
	for _, c := range all {
		got[subject{c.Service, c.Digest}] = c
	}
	if diff := cmp.Diff(want, got); diff != "" {
		m.t.Fatal(diff)
	}
}

// recount verifies the journal and folds it anew.
func (m *model) recount() {
	report, err := m.s.VerifyJournal(context.Background())
	m.must(err)
	folded := map[subject]Counts{}
	for index := range report.Checkpoint.Size {
		e, err := m.s.JournalEntry(context.Background(), index)
		m.must(err)
		if e.Digest == "" {
			continue
		}
		k := subject{e.Service, e.Digest}
		c := folded[k]
		c.Service, c.Digest = e.Service, e.Digest
		if !e.Preview {
			fold(&c, e)
		}
		folded[k] = c
	}
	want := map[subject]Counts{}
	for k, c := range m.counts {
		c.Overdue = 0 // a deadline belongs to the detail
		want[k] = c
	}
	if diff := cmp.Diff(want, folded); diff != "" {
		m.t.Fatal(diff)
	}
	var wrong int
	m.must(m.s.readDB.QueryRow(`
		select count(*) from counts c where
			drafts <> (select count(*) from draft d where d.service = c.service and d.digest = c.digest) or
			cases <> (select count(*) from application a where a.service = c.service and a.digest = c.digest)`).Scan(&wrong))
	if wrong != 0 {
		m.t.Fatalf("%d definitions are held by another number of drafts and cases than there are", wrong)
	}
}

func fold(c *Counts, e journal.Entry) {
	if e.Starts {
		c.Started++
	}
	switch e.Act {
	case journal.DraftStarted:
		c.Started++
	case journal.ApplicationFiled:
		c.Submitted++
		c.InProgress++
	case journal.ApplicationRejected:
		c.RejectedByValidation++
	}
}
