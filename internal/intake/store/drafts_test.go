// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func draft(mods ...func(*Draft)) Draft {
	d := Draft{
		Service: service, Digest: digestA, Revision: service + "-aaaaaaaaaa", Language: "ru",
		ExpiresAt: noon.Add(24 * time.Hour), Data: []byte(`{"surname":"Петрова"}`),
	}
	for _, mod := range mods {
		mod(&d)
	}
	return d
}

func mustSave(t testing.TB, s *Store, d Draft) Draft {
	t.Helper()
	saved, err := s.SaveDraft(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func mustAdd(t testing.TB, s *Store, f File, content string) FileInfo {
	t.Helper()
	info, err := s.AddFile(context.Background(), f, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// rows counts the rows of a table.
func rows(t testing.TB, s *Store, table string) (n int) {
	t.Helper()
	if err := s.readDB.QueryRow(`select count(*) from ` + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestADraftIsSavedInVersions(t *testing.T) {
	s := openStore(t)
	first := mustSave(t, s, draft())
	if len(first.ID) < 26 || first.Version != 1 {
		t.Fatalf("saved as %+v", first)
	}
	if stored, err := s.Draft(t.Context(), first.ID); err != nil || !cmp.Equal(first, stored) {
		t.Error(cmp.Diff(first, stored), err)
	}
	second := first
	second.ExpiresAt = first.ExpiresAt.In(moscow)
	second.Data, second.Language, second.Digest = []byte(`{"surname":"Иванова"}`), "en", digestB
	second = mustSave(t, s, second)
	want := first
	want.Version, want.Data, want.Language = 2, []byte(`{"surname":"Иванова"}`), "en" // the definition stays
	stored, err := s.Draft(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(stored, second); diff != "" {
		t.Error(diff)
	}
	_, err = s.SaveDraft(t.Context(), first)
	wantError(t, err, ErrConflict)
	if c := countsOf(t, s, digestA); c.Started != 1 {
		t.Errorf("counted %d starts, want 1", c.Started)
	}
}

func TestAFiledDraftIsGoneAndAnswersItsReceipt(t *testing.T) {
	s := openStore(t)
	d := mustSave(t, s, draft())
	file := mustAdd(t, s, File{DraftID: d.ID, Document: "passport", Name: "паспорт.pdf", Type: "application/pdf"}, "scan")
	byDraft := func(f *Filing) { f.DraftID = d.ID }
	_, err := s.FileApplication(t.Context(), filing(byDraft, func(f *Filing) { f.Digest = digestB }))
	wantError(t, err, ErrConflict)
	first := mustFile(t, s, filing(byDraft))
	again := mustFile(t, s, filing(byDraft, func(f *Filing) { f.Envelope = []byte(`{}`) }))
	if again.Number != first.Number || !again.Replayed {
		t.Errorf("filed again it is %+v", again)
	}
	_, err = s.Draft(t.Context(), d.ID)
	wantError(t, err, ErrNotFound)
	_, err = s.SaveDraft(t.Context(), d)
	wantError(t, err, ErrNotFound)
	wantError(t, s.RemoveFile(t.Context(), d.ID, file.ID), ErrNotFound)

	file.Owner = first.Number
	files, err := s.Files(t.Context(), first.Number)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]FileInfo{file}, files); diff != "" {
		t.Error(diff)
	}
	want := Counts{Service: service, Digest: digestA, Started: 1, Submitted: 1, InProgress: 1}
	if got := countsOf(t, s, digestA); got != want {
		t.Errorf("counts are %+v, want %+v", got, want)
	}
	wantSound(t, s)
}

// dropDraft deletes a draft as a purge does.
func dropDraft(s *Store, id string) error {
	return s.do(context.Background(), 0, func(t *tx) error {
		d, err := t.draft(id)
		if err != nil {
			return err
		}
		return t.deleteDraft(&d)
	})
}

func TestExpiredDraftsTakeTheirFilesAlong(t *testing.T) {
	s := openStore(t)
	const drafts = purgeStep*2 + 3
	for range drafts {
		d := mustSave(t, s, draft(func(d *Draft) { d.ExpiresAt = noon.Add(time.Hour) }))
		mustAdd(t, s, File{DraftID: d.ID}, "scan")
	}
	kept := mustSave(t, s, draft())
	mustAdd(t, s, File{Client: "portal", ExpiresAt: noon.Add(time.Hour)}, "upload nobody files")
	if n, err := s.PurgeDrafts(t.Context(), noon); err != nil || n != 0 {
		t.Fatalf("purged %d before anything expired, %v", n, err)
	}
	n, err := s.PurgeDrafts(t.Context(), noon.Add(time.Hour))
	if err != nil || n != drafts {
		t.Fatalf("purged %d drafts, want %d; %v", n, drafts, err)
	}
	if _, err := s.Draft(t.Context(), kept.ID); err != nil {
		t.Error(err)
	}
	if files, chunks := rows(t, s, "file"), rows(t, s, "chunk"); files != 0 || chunks != 0 {
		t.Errorf("%d files and %d chunks are left", files, chunks)
	}
	wantSound(t, s)
}

func TestAnExpiredDraftIsNotShownEvenBeforeItIsPurged(t *testing.T) {
	s := openStore(t)
	d := mustSave(t, s, draft(func(d *Draft) { d.ExpiresAt = noon }))
	_, err := s.Draft(t.Context(), d.ID)
	wantError(t, err, ErrNotFound)
}

func TestAFileComesBackAsItWasSent(t *testing.T) {
	s := openStore(t)
	d := mustSave(t, s, draft())
	for name, size := range map[string]int{"empty": 0, "small": 10, "one chunk": chunkSize, "just over": chunkSize + 1, "three and a bit": 3*chunkSize + 77} {
		t.Run(name, func(t *testing.T) {
			content := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
			info, err := s.AddFile(t.Context(), File{DraftID: d.ID, MaxBytes: int64(size)}, iotest.HalfReader(bytes.NewReader(content)))
			if size == 0 {
				info, err = s.AddFile(t.Context(), File{DraftID: d.ID}, bytes.NewReader(nil))
			}
			if err != nil {
				t.Fatal(err)
			}
			r, opened, err := s.OpenFile(t.Context(), info.ID)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if diff := cmp.Diff(info, opened); diff != "" {
				t.Error(diff)
			}
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, content) || info.Size != int64(size) {
				t.Errorf("read %d of %d bytes, %v", len(got), size, err)
			}
		})
	}
}

func TestAFileThatFailsLeavesNothingBehind(t *testing.T) {
	s := openStore(t)
	d := mustSave(t, s, draft())
	large := strings.Repeat("x", chunkSize+100)
	cut, cancel := context.WithCancel(t.Context())
	cases := map[string]struct {
		ctx  context.Context
		file File
		r    io.Reader
		want error
	}{
		"too large at once":     {t.Context(), File{DraftID: d.ID, MaxBytes: 9}, strings.NewReader("0123456789"), ErrTooLarge},
		"too large at the end":  {t.Context(), File{DraftID: d.ID, MaxBytes: chunkSize + 99}, strings.NewReader(large), ErrTooLarge},
		"the sender breaks off": {t.Context(), File{DraftID: d.ID}, io.MultiReader(strings.NewReader(large), iotest.ErrReader(io.ErrClosedPipe)), io.ErrClosedPipe},
		"the caller leaves":     {cut, File{DraftID: d.ID}, io.MultiReader(strings.NewReader(large), endless{cancel}), context.Canceled},
		"no such draft":         {t.Context(), File{DraftID: "none"}, strings.NewReader(large), ErrNotFound},
		"the draft goes meanwhile": {
			t.Context(),
			File{DraftID: mustSave(t, s, draft()).ID},
			nil, ErrNotFound,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.r == nil {
				c.r = io.MultiReader(strings.NewReader(large), action(func() error { return dropDraft(s, c.file.DraftID) }))
			}
			_, err := s.AddFile(c.ctx, c.file, c.r)
			wantError(t, err, c.want)
			if files, chunks := rows(t, s, "file"), rows(t, s, "chunk"); files != 0 || chunks != 0 {
				t.Errorf("%d files and %d chunks are left", files, chunks)
			}
		})
	}
	wantSound(t, s)
}

// endless delivers zeros for ever and cancels a context on the way.
type endless struct{ cancel func() }

func (e endless) Read(p []byte) (int, error) { e.cancel(); return len(p), nil }

// action ends a stream after it has done something.
type action func() error

func (a action) Read([]byte) (int, error) {
	if err := a(); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

func TestAnInterruptedUploadIsSweptAtTheNextStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "okno.db")
	s := openAt(t, path)
	u := &upload{id: newID()}
	if err := s.do(t.Context(), 0, func(tx *tx) error { return tx.addChunk(u, 0, []byte("half")) }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.OpenFile(t.Context(), u.id); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unfinished file can be opened: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	if files, chunks := rows(t, s, "file"), rows(t, s, "chunk"); files != 0 || chunks != 0 {
		t.Errorf("%d files and %d chunks are left", files, chunks)
	}
}

func TestUploadsBelongToTheirClient(t *testing.T) {
	s := openStore(t)
	file := mustAdd(t, s, File{Client: "portal", Document: "passport", ExpiresAt: noon.Add(time.Hour)}, "scan")
	with := func(client string) func(*Filing) {
		return func(f *Filing) { f.Client, f.FileIDs = client, []string{file.ID} }
	}
	_, err := s.FileApplication(t.Context(), filing(with("stranger")))
	wantError(t, err, ErrNotFound)
	mustFile(t, s, filing(with("portal")))
	_, err = s.FileApplication(t.Context(), filing(with("portal")))
	wantError(t, err, ErrNotFound) // filed already, with another application
	if _, err := s.PurgeDrafts(t.Context(), noon.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.OpenFile(t.Context(), file.ID); err != nil {
		t.Errorf("the filed upload was purged: %v", err)
	}
}

func TestReadingADeletedFileEndsWithAnError(t *testing.T) {
	s := openStore(t)
	d := mustSave(t, s, draft())
	file := mustAdd(t, s, File{DraftID: d.ID}, strings.Repeat("x", chunkSize+1))
	r, _, err := s.OpenFile(t.Context(), file.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(r, make([]byte, chunkSize)); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveFile(t.Context(), d.ID, file.ID); err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(r)
	wantError(t, err, ErrNotFound)
}
