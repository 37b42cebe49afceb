// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/okno-dev/okno/internal/intake/journal"
)

// chunkSize is how a file is cut: what one command carries and one read holds.
const chunkSize = 256 << 10

// uploadTime is how long an unfinished upload may take before it is swept away.
const uploadTime = 24 * time.Hour

// upload is a file on its way in, chunk by chunk: the writer never waits for a
// slow sender. Until the last chunk is committed nobody sees it.
type upload struct {
	File
	id   string
	seq  int64
	sent bool // a command for it was queued
	size int64
	hash hash.Hash
}

// AddFile stores what r delivers. A file of a draft changes the draft's version.
// Errors: ErrTooLarge beyond MaxBytes, ErrQuota when too much waits to be filed,
// ErrNotFound when the draft does not exist or goes while the file comes; r's
// own. After an error nothing of the file is left.
func (s *Store) AddFile(ctx context.Context, f File, r io.Reader) (FileInfo, error) {
	u := &upload{File: f, id: newID(), hash: sha256.New()}
	info, err := s.receive(ctx, u, r)
	if err == nil || !u.sent {
		return info, err
	}
	// Also when the caller left: what arrived must not stay. If even this fails, PurgeDrafts or the next start sweeps it.
	cleanup := s.do(context.WithoutCancel(ctx), 0, func(t *tx) error { return t.dropUpload(u) })
	return FileInfo{}, errors.Join(err, cleanup)
}

// dropUpload removes what has arrived of a file whose sender failed or left. A
// sender who left during the very last command has a complete file by now.
func (t *tx) dropUpload(u *upload) error {
	var kind string
	err := t.scan([]any{&kind}, `select kind from file where id = $1 and kind <> 'Application'`, u.id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if kind != "Uploading" {
		t.record(journal.Record{Entry: journal.Entry{Actor: journal.System, Act: journal.FileRemoved, Subject: openSubject(u.id)}})
	}
	return t.deleteFiles(`id = $1`, u.id)
}

func (s *Store) receive(ctx context.Context, u *upload, r io.Reader) (FileInfo, error) {
	for part := 0; ; part++ {
		chunk, last, err := readChunk(r) // its own: the writer may still read it after ctx ended
		if err != nil {
			return FileInfo{}, fmt.Errorf("receive file: %w", err)
		}
		n := len(chunk)
		if u.MaxBytes > 0 && u.size+int64(n) > u.MaxBytes {
			return FileInfo{}, fmt.Errorf("more than %d bytes: %w", u.MaxBytes, ErrTooLarge)
		}
		u.size += int64(n)
		u.hash.Write(chunk)
		var info FileInfo
		u.sent = true
		err = s.do(ctx, n, func(t *tx) (err error) {
			if err := t.addChunk(u, part, chunk); err != nil || !last {
				return err
			}
			info, err = t.finishFile(u)
			return err
		})
		if err != nil || last {
			return info, err
		}
	}
}

// firstRead is what is set aside for a chunk before it is known how much comes: a slow sender holds little.
const firstRead = 16 << 10

// readChunk reads up to a chunk. Its memory grows with what has come.
func readChunk(r io.Reader) (chunk []byte, last bool, err error) {
	chunk = make([]byte, 0, firstRead)
	for len(chunk) < chunkSize {
		if len(chunk) == cap(chunk) {
			grown := make([]byte, len(chunk), min(4*cap(chunk), chunkSize))
			copy(grown, chunk)
			chunk = grown
		}
		n, err := r.Read(chunk[len(chunk):cap(chunk)])
		chunk = chunk[:len(chunk)+n]
		if errors.Is(err, io.EOF) {
			return chunk, true, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
	return chunk, false, nil
}

func (t *tx) addChunk(u *upload, part int, chunk []byte) error {
	if t.w.state.unfiled+int64(len(chunk)) > t.w.maxUnfiled {
		return ErrQuota
	}
	t.unfiled += int64(len(chunk))
	if part == 0 {
		if u.DraftID != "" {
			if _, err := t.draft(u.DraftID); err != nil {
				return err
			}
		}
		err := t.scan([]any{&u.seq}, `
			insert into file (id, kind, owner, document, name, type, size, sha256, added_at, expires_at)
			values ($1, 'Uploading', '', $2, $3, $4, 0, $5, $6, $7) returning seq`,
			u.id, u.Document, u.Name, u.Type, []byte{}, stamp(t.now), stamp(t.now.Add(uploadTime)))
		if err != nil {
			return err
		}
		t.wrote()
	}
	if len(chunk) == 0 {
		return nil
	}
	_, err := t.exec(`insert into chunk (file, part, bytes) values ($1, $2, $3)`, u.seq, part, chunk)
	return err
}

func (t *tx) finishFile(u *upload) (FileInfo, error) {
	info := FileInfo{ID: u.id, Owner: u.Client, Document: u.Document, Name: u.Name, Type: u.Type, Size: u.size, AddedAt: instant(stamp(t.now))}
	u.hash.Sum(info.SHA256[:0])
	kind, expires, entry := "Upload", u.ExpiresAt, journal.Entry{}
	if u.DraftID != "" {
		d, err := t.draft(u.DraftID)
		if err != nil {
			return FileInfo{}, err
		}
		kind, expires, info.Owner = "Draft", time.Time{}, u.DraftID
		if err := t.touchDraft(u.DraftID); err != nil {
			return FileInfo{}, err
		}
		entry.Service, entry.Digest, entry.Preview = d.Service, d.Digest, d.Preview
	}
	n, err := t.exec(`update file set kind = $1, owner = $2, size = $3, sha256 = $4, added_at = $5, expires_at = $6 where seq = $7`,
		kind, info.Owner, u.size, info.SHA256[:], stamp(info.AddedAt), optional(expires), u.seq)
	if err != nil {
		return FileInfo{}, err
	}
	if n == 0 {
		return FileInfo{}, fmt.Errorf("upload took too long: %w", ErrNotFound)
	}
	entry.Actor, entry.Act, entry.Subject = journal.Applicant, journal.FileAdded, openSubject(u.id)
	o := journal.NewObject(nil)
	o.String("document", u.Document)
	o.Int("size", u.size)
	o.String("type", u.Type)
	t.record(journal.Record{Entry: entry, Detail: o.Bytes()})
	return info, nil
}

// touchDraft makes a change of a draft's files a change of the draft: what the applicant agreed to was another.
func (t *tx) touchDraft(id string) error {
	_, err := t.exec(`update draft set version = version + 1 where id = $1`, id)
	return err
}

// RemoveFile takes a file out of a draft and changes the draft's version.
func (s *Store) RemoveFile(ctx context.Context, draftID, fileID string) error {
	return s.do(ctx, 0, func(t *tx) error {
		d, err := t.draft(draftID)
		if err != nil {
			return err
		}
		var seq int64
		err = t.scan([]any{&seq}, `select seq from file where id = $1 and kind = 'Draft' and owner = $2`, fileID, draftID)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("file: %w", ErrNotFound)
		}
		if err != nil {
			return err
		}
		t.record(journal.Record{Entry: journal.Entry{
			Actor: journal.Applicant, Act: journal.FileRemoved,
			Subject: openSubject(fileID), Service: d.Service, Digest: d.Digest, Preview: d.Preview,
		}})
		if err := t.touchDraft(draftID); err != nil {
			return err
		}
		return t.deleteFiles(`seq = $1`, seq)
	})
}

// deleteFiles deletes the files that the condition over $1 selects, and their bytes. None of them is filed.
func (t *tx) deleteFiles(condition string, arg any) error {
	var bytes int64
	if err := t.scan([]any{&bytes}, `select coalesce(sum(length(bytes)), 0) from chunk where file in (select seq from file where `+condition+`)`,
		arg); err != nil {
		return err
	}
	t.unfiled -= bytes
	if _, err := t.exec(`delete from chunk where file in (select seq from file where `+condition+`)`, arg); err != nil {
		return err
	}
	_, err := t.exec(`delete from file where `+condition, arg)
	return err
}

// purgeUploads deletes uploads that expired before anyone filed them.
func (t *tx) purgeUploads(now time.Time) (int, error) {
	var expired []int64
	err := t.each(func(scan func(...any) error) error {
		var seq int64
		err := scan(&seq)
		expired = append(expired, seq)
		return err
	}, `select seq from file where expires_at <= $1 order by expires_at limit $2`, stamp(now), purgeStep)
	if err != nil {
		return 0, err
	}
	for _, seq := range expired {
		if err := t.deleteFiles(`seq = $1`, seq); err != nil {
			return 0, err
		}
	}
	return len(expired), nil
}

const fileColumns = `id, owner, document, name, type, size, sha256, added_at`

func scanFile(scan func(...any) error, f *FileInfo, more ...any) error {
	var (
		sum   []byte
		added int64
	)
	err := scan(append([]any{&f.ID, &f.Owner, &f.Document, &f.Name, &f.Type, &f.Size, &sum, &added}, more...)...)
	copy(f.SHA256[:], sum)
	f.AddedAt = instant(added)
	return err
}

// Files lists the complete files of a draft (its id) or an application (its number), oldest first.
func (s *Store) Files(ctx context.Context, owner string) ([]FileInfo, error) {
	rows, err := s.readDB.QueryContext(ctx, `select `+fileColumns+` from file where owner = $1 and kind in ('Draft', 'Application') order by seq`, owner)
	if err != nil {
		return nil, fmt.Errorf("read files: %w", err)
	}
	defer rows.Close()
	var files []FileInfo
	for rows.Next() {
		var f FileInfo
		if err := scanFile(rows.Scan, &f); err != nil {
			return nil, fmt.Errorf("read files: %w", err)
		}
		files = append(files, f)
	}
	return files, rows.Err()
}

// OpenFile returns a complete file and its bytes. It holds no transaction
// while the reader is open: should the file be deleted meanwhile, reading ends
// with ErrNotFound, never with a silently short file.
func (s *Store) OpenFile(ctx context.Context, id string) (io.ReadCloser, FileInfo, error) {
	var (
		info FileInfo
		seq  int64
	)
	row := s.readDB.QueryRowContext(ctx, `select `+fileColumns+`, seq from file where id = $1 and kind <> 'Uploading'`, id)
	err := scanFile(row.Scan, &info, &seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, FileInfo{}, fmt.Errorf("file: %w", ErrNotFound)
	}
	if err != nil {
		return nil, FileInfo{}, fmt.Errorf("read file: %w", err)
	}
	return &fileReader{ctx: ctx, db: s.readDB, file: seq, left: info.Size}, info, nil
}

// fileReader reads a file chunk by chunk. Sequence numbers are never used
// again, so the chunks are always those of the file that was opened.
type fileReader struct {
	ctx   context.Context
	db    *sql.DB
	file  int64
	part  int
	left  int64
	chunk []byte
}

// Read implements io.Reader.
func (r *fileReader) Read(p []byte) (int, error) {
	if len(r.chunk) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		err := r.db.QueryRowContext(r.ctx, `select bytes from chunk where file = $1 and part = $2`, r.file, r.part).Scan(&r.chunk)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, fmt.Errorf("file was deleted: %w", ErrNotFound)
		}
		if err != nil {
			return 0, fmt.Errorf("read file: %w", err)
		}
		r.part++
	}
	n := copy(p, r.chunk)
	r.chunk, r.left = r.chunk[n:], r.left-int64(n)
	return n, nil
}

// Close implements io.Closer.
func (r *fileReader) Close() error { r.chunk, r.left = nil, 0; return nil }
