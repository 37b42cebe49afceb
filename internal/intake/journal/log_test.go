// SPDX-License-Identifier: Apache-2.0

package journal_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/okno-dev/okno/internal/intake/journal"
	"github.com/okno-dev/okno/internal/intake/store"
)

var start = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// newLog returns a database with a log of n entries, made by the store's own
// migrations and appended to in one transaction.
func newLog(t testing.TB, n int) *sql.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "okno.db")
	s, err := store.Open(context.Background(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(off)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	appendTo(t, db, n-1, "") // the first entry opened the log
	return db
}

func appendTo(t testing.TB, db *sql.DB, n int, mark string) {
	t.Helper()
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w, err := journal.NewWriter(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	exec(t, conn, "begin")
	for i := range n {
		rec := journal.Record{
			Entry:  journal.Entry{At: start.Add(time.Duration(i) * time.Second), Actor: journal.Applicant, Act: journal.ApplicationFiled, Subject: fmt.Sprint(mark, i)},
			Detail: fmt.Appendf(nil, `{"queue":"q%d"}`, i),
		}
		if err := w.Append(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "commit")
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func exec(t testing.TB, db execer, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(context.Background(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func checkpoint(t testing.TB, db journal.Database) journal.Checkpoint {
	t.Helper()
	c, err := journal.ReadCheckpoint(context.Background(), db)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func leaves(t testing.TB, db *sql.DB) [][]byte {
	t.Helper()
	rows, err := db.Query(`select leaf from journal_entry order by idx`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all [][]byte
	for rows.Next() {
		var leaf []byte
		if err := rows.Scan(&leaf); err != nil {
			t.Fatal(err)
		}
		all = append(all, leaf)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// mth is the definition of RFC 6962 section 2.1, word by word.
func mth(d [][]byte) []byte {
	if len(d) == 1 {
		sum := sha256.Sum256(append([]byte{0}, d[0]...))
		return sum[:]
	}
	k := 1
	for 2*k < len(d) {
		k *= 2
	}
	sum := sha256.Sum256(append(append([]byte{1}, mth(d[:k])...), mth(d[k:])...))
	return sum[:]
}

func TestTheRootIsThatOfRFC6962(t *testing.T) {
	for _, n := range []int{1, 2, 3, 255, 256, 257, 600} {
		db := newLog(t, n)
		c := checkpoint(t, db)
		if c.Size != uint64(n) || !bytes.Equal(c.RootHash[:], mth(leaves(t, db))) {
			t.Errorf("the checkpoint of %d entries is %v", n, c)
		}
		report, err := journal.Verify(t.Context(), db, c)
		if err != nil {
			t.Fatal(err)
		}
		if report.Checkpoint != c {
			t.Errorf("verification found %v, want %v", report.Checkpoint, c)
		}
		if head, err := journal.CheckHead(t.Context(), db); err != nil || head != c {
			t.Errorf("head is %v, %v", head, err)
		}
	}
}

func TestEveryProofHolds(t *testing.T) {
	db := newLog(t, 530)
	all, newest := leaves(t, db), checkpoint(t, db)
	at := func(size int) journal.Checkpoint {
		c := journal.Checkpoint{Origin: newest.Origin, Size: uint64(size)}
		copy(c.RootHash[:], mth(all[:size]))
		return c
	}
	for _, size := range []int{1, 2, 255, 256, 257, 300, 512, 513, 530} {
		c := at(size)
		for _, index := range []int{0, 1, 128, 254, 255, 256, 300, 511, 512, 529} {
			if index >= size {
				continue
			}
			path, err := journal.InclusionProof(t.Context(), db, uint64(index), c.Size)
			if err != nil {
				t.Fatal(err)
			}
			if err := journal.VerifyInclusion(c, uint64(index), all[index], path); err != nil {
				t.Errorf("entry %d in %d: %v", index, size, err)
			}
			if journal.VerifyInclusion(c, uint64(index), append([]byte("x"), all[index]...), path) == nil {
				t.Errorf("entry %d in %d: another leaf is proven", index, size)
			}
		}
		path, err := journal.ConsistencyProof(t.Context(), db, c.Size, newest.Size)
		if err != nil {
			t.Fatal(err)
		}
		if err := journal.VerifyConsistency(c, newest, path); err != nil {
			t.Errorf("%d is a prefix of %d: %v", size, newest.Size, err)
		}
		c.RootHash[3] ^= 1
		if journal.VerifyConsistency(c, newest, path) == nil {
			t.Errorf("a forged checkpoint of %d is consistent", size)
		}
	}
}

// TestTheThirdStoredLevel crosses 2^16 entries, where nodes of level 16 begin.
func TestTheThirdStoredLevel(t *testing.T) {
	if testing.Short() {
		t.Skip("appends 65 600 entries")
	}
	db := newLog(t, 1<<16+64)
	c := checkpoint(t, db)
	if _, err := journal.Verify(t.Context(), db, c); err != nil {
		t.Fatal(err)
	}
	for _, index := range []uint64{0, 1 << 15, 1<<16 - 1, 1 << 16, 1<<16 + 63} {
		path, err := journal.InclusionProof(t.Context(), db, index, c.Size)
		if err != nil {
			t.Fatal(err)
		}
		var leaf []byte
		if err := db.QueryRow(`select leaf from journal_entry where idx = $1`, index).Scan(&leaf); err != nil {
			t.Fatal(err)
		}
		if err := journal.VerifyInclusion(c, index, leaf, path); err != nil {
			t.Errorf("entry %d: %v", index, err)
		}
	}
}

func TestEveryFlippedByteIsDetected(t *testing.T) {
	db := newLog(t, 600)
	const first, middle, last = "idx = 0", "idx = 300", "idx = 599"
	places := []struct {
		table, column, where string
		index                int64 // the first entry that differs, -1 when only the head does
	}{
		{"journal_entry", "leaf", first, 0},
		{"journal_entry", "leaf", middle, 300},
		{"journal_entry", "leaf", last, 599},
		{"journal_entry", "hash", first, 0},
		{"journal_entry", "hash", middle, 300},
		{"journal_entry", "hash", last, 599},
		{"journal_detail", "salt", first, 0},
		{"journal_detail", "salt", middle, 300},
		{"journal_detail", "detail", middle, 300},
		{"journal_detail", "detail", last, 599},
		{"journal_node", "hash", "idx = 0", 0},
		{"journal_node", "hash", "idx = 1", 256},
		{"journal_head", "origin", "one = 1", -1},
		{"journal_head", "root", "one = 1", -1},
		{"journal_head", "hashes", "one = 1", -1},
	}
	for _, p := range places {
		var value []byte
		read := fmt.Sprintf("select %s from %s where %s", p.column, p.table, p.where)
		if err := db.QueryRow(read).Scan(&value); err != nil {
			t.Fatal(err)
		}
		for i := range value {
			forged := bytes.Clone(value)
			forged[i] ^= 1 << (i % 8)
			var bind any = forged
			if p.column == "leaf" || p.column == "detail" || p.column == "origin" {
				bind = string(forged)
			}
			report, err := tamper(t, db, fmt.Sprintf("update %s set %s = $1 where %s", p.table, p.column, p.where), bind)
			if !errors.Is(err, journal.ErrTampered) {
				t.Fatalf("byte %d of %s.%s where %s was flipped: %v", i, p.table, p.column, p.where, err)
			}
			if p.index >= 0 && report.FirstBad != uint64(p.index) {
				t.Fatalf("%s.%s where %s: first bad entry is %d (%v)", p.table, p.column, p.where, report.FirstBad, err)
			}
		}
	}
}

// tamper runs the statements, verifies, and undoes them.
func tamper(t *testing.T, db *sql.DB, statement string, args ...any) (journal.Report, error) {
	t.Helper()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	exec(t, tx, statement, args...)
	return journal.Verify(t.Context(), tx)
}

func TestMovedAndMissingRowsAreDetected(t *testing.T) {
	db := newLog(t, 600)
	cases := map[string]struct {
		statement string
		index     uint64
	}{
		"an entry deleted":          {`delete from journal_entry where idx = 300`, 300},
		"the first entry deleted":   {`delete from journal_entry where idx = 0`, 0},
		"the last entry deleted":    {`delete from journal_entry where idx = 599`, 599},
		"an entry moved to the end": {`update journal_entry set idx = 600 where idx = 300`, 300},
		"two entries swapped": {`update journal_entry set leaf = o.leaf, hash = o.hash from (select 603 - idx as target, leaf, hash
			from journal_entry where idx in (301, 302)) o where idx = o.target`, 301},
		"two details swapped": {`update journal_detail set salt = o.salt, detail = o.detail from (select 603 - idx as target, salt, detail
			from journal_detail where idx in (301, 302)) o where idx = o.target`, 301},
		"an entry added":              {`insert into journal_entry select 600, leaf, hash from journal_entry where idx = 599`, 600},
		"a node deleted":              {`delete from journal_node where idx = 1`, 256},
		"a node moved":                {`update journal_node set idx = 7 where idx = 1`, 7 * 256},
		"a node's level raised":       {`update journal_node set level = 16 where idx = 1`, 1 << 16},
		"the head's size altered":     {`update journal_head set size = 599`, 0},
		"a detail without its salt":   {`update journal_detail set salt = x'' where idx = 300`, 300},
		"the log emptied altogether":  {`delete from journal_entry`, 0},
		"an entry's type made a blob": {`update journal_entry set hash = zeroblob(32) where idx = 2`, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			report, err := tamper(t, db, c.statement)
			if !errors.Is(err, journal.ErrTampered) {
				t.Fatalf("not detected: %v", err)
			}
			if report.FirstBad != c.index {
				t.Errorf("first bad entry is %d, want %d (%v)", report.FirstBad, c.index, err)
			}
		})
	}
}

func TestErasedDetailsLeaveProofsValid(t *testing.T) {
	db := newLog(t, 300)
	c := checkpoint(t, db)
	exec(t, db, `delete from journal_detail where idx in (5, 6, 299)`)
	report, err := journal.Verify(t.Context(), db, c)
	if err != nil {
		t.Fatal(err)
	}
	if report.Erased != 3 || report.Checkpoint != c {
		t.Errorf("report is %+v", report)
	}
}

// TestAConsistentForgeryIsDetectedByAKnownCheckpoint: whoever can rewrite every
// row can make a log that agrees with itself, but not with what was told outside.
func TestAConsistentForgeryIsDetectedByAKnownCheckpoint(t *testing.T) {
	forgeries := map[string]func(t *testing.T, db *sql.DB){
		"truncated": func(t *testing.T, db *sql.DB) { rebuild(t, db, 300, "") },
		"forked":    func(t *testing.T, db *sql.DB) { rebuild(t, db, 250, ""); appendTo(t, db, 100, "other") },
	}
	for name, forge := range forgeries {
		t.Run(name, func(t *testing.T) {
			db := newLog(t, 320)
			known := checkpoint(t, db)
			forge(t, db)
			if _, err := journal.Verify(t.Context(), db); err != nil {
				t.Fatalf("the forgery does not even agree with itself: %v", err)
			}
			if _, err := journal.Verify(t.Context(), db, known); !errors.Is(err, journal.ErrTampered) {
				t.Fatalf("not detected: %v", err)
			}
		})
	}
}

// rebuild keeps the first n entries and makes a head that fits them.
func rebuild(t *testing.T, db *sql.DB, n int, mark string) {
	t.Helper()
	var subjects []string
	for _, leaf := range leaves(t, db)[1:n] {
		e, err := journal.ParseEntry(leaf)
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, e.Subject)
	}
	origin := checkpoint(t, db).Origin
	for _, table := range []string{"entry", "detail", "node", "head"} {
		exec(t, db, "delete from journal_"+table)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := journal.Create(t.Context(), conn, origin, start); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	appendTo(t, db, len(subjects), mark)
}

func TestAStoreWithAnAlteredHeadDoesNotOpen(t *testing.T) {
	alterations := map[string]string{
		"root":           `update journal_head set root = zeroblob(32)`,
		"last entry":     `delete from journal_entry where idx = (select max(idx) from journal_entry)`,
		"extra entry":    `insert into journal_entry select max(idx) + 1, leaf, hash from journal_entry`,
		"altered entry":  `update journal_entry set leaf = replace(leaf, 'System', 'Sistem')`,
		"altered hashes": `update journal_head set hashes = zeroblob(length(hashes))`,
	}
	for name, statement := range alterations {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "okno.db")
			s, err := store.Open(t.Context(), path, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			exec(t, db, statement)
			db.Close()
			if _, err := store.Open(t.Context(), path, store.Options{}); !errors.Is(err, journal.ErrTampered) {
				t.Fatalf("opened, or refused for another reason: %v", err)
			}
		})
	}
}
