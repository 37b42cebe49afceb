// SPDX-License-Identifier: Apache-2.0

package store

import (
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyTheNamedFilesOfADraftAreFiled(t *testing.T) {
	s := openStore(t)
	d := mustSave(t, s, draft())
	kept := mustAdd(t, s, File{DraftID: d.ID, Document: "passport"}, "kept")
	mustAdd(t, s, File{DraftID: d.ID, Document: "rent"}, "taken back")
	other := mustAdd(t, s, File{DraftID: mustSave(t, s, draft()).ID, Document: "rent"}, "of another")

	_, err := s.FileApplication(t.Context(), filing(func(f *Filing) { f.DraftID, f.FileIDs = d.ID, []string{other.ID} }))
	wantError(t, err, ErrNotFound)
	receipt := mustFile(t, s, filing(func(f *Filing) { f.DraftID, f.FileIDs = d.ID, []string{kept.ID} }))
	files, err := s.Files(t.Context(), receipt.Number)
	if err != nil || len(files) != 1 || files[0].ID != kept.ID {
		t.Errorf("filed with %+v, %v; want the one that was handed in", files, err)
	}
	if got := rows(t, s, "file"); got != 2 {
		t.Errorf("%d files are kept, want the filed one and the other draft's", got)
	}
	if got := rows(t, s, "chunk"); got != 2 {
		t.Errorf("%d chunks are kept", got)
	}
	wantSound(t, s)
}

func TestFilesChangeTheDraftThatIsAgreedTo(t *testing.T) {
	s := openStore(t)
	d := mustSave(t, s, draft())
	agreed := func(version int64) func(*Filing) {
		return func(f *Filing) { f.DraftID, f.DraftVersion = d.ID, version }
	}
	file := mustAdd(t, s, File{DraftID: d.ID, Document: "passport"}, "scan")
	_, err := s.FileApplication(t.Context(), filing(agreed(1)))
	wantError(t, err, ErrConflict)
	if err := s.RemoveFile(t.Context(), d.ID, file.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.FileApplication(t.Context(), filing(agreed(2)))
	wantError(t, err, ErrConflict)
	mustFile(t, s, filing(agreed(3)))
}

func TestWhatWaitsToBeFiledIsBounded(t *testing.T) {
	bounded := func(o *Options) { o.MaxUnfiledBytes = 100 }
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path, bounded)
	upload := File{Client: "api", Document: "passport"}
	first := mustAdd(t, s, upload, strings.Repeat("x", 60))
	d := mustSave(t, s, draft())
	second := mustAdd(t, s, File{DraftID: d.ID}, strings.Repeat("x", 30))
	_, err := s.AddFile(t.Context(), upload, strings.NewReader(strings.Repeat("x", 11)))
	wantError(t, err, ErrQuota)
	if got := rows(t, s, "file"); got != 2 {
		t.Errorf("%d files, want nothing left of the refused one", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = openAt(t, path, bounded)
	_, err = s.AddFile(t.Context(), upload, strings.NewReader(strings.Repeat("x", 11)))
	wantError(t, err, ErrQuota) // also after a restart
	if err := s.RemoveFile(t.Context(), d.ID, second.ID); err != nil {
		t.Fatal(err)
	}
	mustFile(t, s, filing(func(f *Filing) { f.Client, f.FileIDs = "api", []string{first.ID} }))
	mustAdd(t, s, upload, strings.Repeat("x", 100)) // all that waited is filed or gone
}

func TestPendingRecordsOutliveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	record := func(seq int64, digest string) Served {
		return Served{
			Service: service, Seq: seq, Action: "Publish", Digest: digest, Revision: "r", Since: noon.Add(time.Hour),
			Publication: []byte(`{"seq":1}`),
		}
	}
	for _, v := range []Served{record(3, digestB), record(2, digestA)} {
		if err := s.RememberPending(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, s.RememberPending(t.Context(), record(4, "sha256:unknown")), ErrNotFound)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var later atomic.Int64
	s = openAt(t, path, func(o *Options) { o.Clock = func() time.Time { return noon.Add(time.Duration(later.Load())) } })
	later.Store(int64(2 * definitionGrace))
	if n, err := s.CollectDefinitions(t.Context()); err != nil || n != 1 {
		t.Errorf("%d definitions are dropped, %v; want the one that nobody names", n, err)
	}
	if _, err := s.Definition(t.Context(), digestB); err != nil {
		t.Errorf("the definition of a pending record is dropped: %v", err)
	}
	pending, err := s.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Served{record(3, digestB)}, pending); diff != "" {
		t.Error(diff)
	}
	if err := s.RememberServed(t.Context(), record(3, digestB)); err != nil {
		t.Fatal(err)
	}
	if pending, err = s.Pending(t.Context()); err != nil || len(pending) != 0 {
		t.Errorf("pending after it is served: %+v, %v", pending, err)
	}
}
