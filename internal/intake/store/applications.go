// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/okno-dev/okno/internal/intake/journal"
)

// FileApplication stores an application under a new number. When it returns
// without an error the application is on disk and will never get another
// number: a repeated idempotency key or draft answers the first receipt.
//
// Errors: ErrKeyReused for a key that was used with another RequestHash;
// ErrNotFound for an unknown draft, upload or definition; ErrConflict for a
// draft of another service or definition; ErrClosed when LimitTotal is reached.
func (s *Store) FileApplication(ctx context.Context, f Filing) (Receipt, error) {
	if len(f.Envelope) == 0 {
		return Receipt{}, errors.New("envelope is empty")
	}
	if f.FiledAt.IsZero() {
		f.FiledAt = s.options.Clock()
	}
	sum := sha256.Sum256(f.Envelope)
	var receipt Receipt
	err := s.do(ctx, len(f.Envelope), func(t *tx) (err error) {
		receipt, err = t.fileOnce(&f, sum[:])
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	return receipt, nil
}

// fileOnce stores an application, or answers the receipt of what its key or its draft was filed as before.
func (t *tx) fileOnce(f *Filing, envelopeHash []byte) (Receipt, error) {
	if refused := t.admit(f); refused != nil {
		// What was acknowledged once is answered again, also when it would be refused now.
		r, err := replay(t.scan, f)
		if errors.Is(err, ErrNotFound) {
			err = refused
		}
		return r, err
	}
	isNew, err := t.claim(f)
	if err != nil {
		return Receipt{}, err
	}
	if !isNew {
		return replay(t.scan, f)
	}
	return t.file(f, envelopeHash)
}

// claim makes the key the next application's, and tells whether the filing is a new one.
func (t *tx) claim(f *Filing) (isNew bool, err error) {
	if f.IdempotencyKey == "" {
		return true, nil
	}
	n, err := t.exec(`insert into request_key (client, key, request_hash, seq) values ($1, $2, $3, $4) on conflict do nothing`,
		f.Client, f.IdempotencyKey, f.RequestHash[:], t.w.state.lastNumber+1)
	return n == 1, err
}

// file stores a new application with its files and journal entry. It is admitted, and its key is claimed.
func (t *tx) file(f *Filing, envelopeHash []byte) (Receipt, error) {
	seq := t.nextNumber()
	r := Receipt{
		Number: formatNumber(f.FiledAt.Year(), seq), FiledAt: instant(stamp(f.FiledAt)), DeadlineProvisional: f.DeadlineProvisional,
		Service: f.Service, Digest: f.Digest, Unit: f.Unit, Queue: f.Queue, Language: f.Language,
	}
	if !f.Deadline.IsZero() {
		r.Deadline = instant(stamp(f.Deadline))
	}
	files, err := t.takeFiles(f, r.Number)
	if err != nil {
		return Receipt{}, err
	}
	if _, err := t.exec(`
		insert into application (seq, number, service, digest, revision, language, way, filed_at, unit, queue,
			deadline, deadline_provisional, state, preview, entry, envelope)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		seq, r.Number, f.Service, f.Digest, f.Revision, f.Language, string(f.Way), stamp(f.FiledAt), f.Unit, f.Queue,
		optional(f.Deadline), f.DeadlineProvisional, string(Filed), f.Preview, t.nextEntry(), string(f.Envelope)); err != nil {
		return Receipt{}, err
	}
	if err := t.settle(f, seq); err != nil {
		return Receipt{}, err
	}
	t.countFiled(f)
	t.record(journal.Record{
		Entry: journal.Entry{
			Actor: journal.Applicant, Act: journal.ApplicationFiled, Subject: r.Number,
			Service: f.Service, Digest: f.Digest, Preview: f.Preview, Starts: f.Starts,
		},
		Detail: filedDetail(f, &r, envelopeHash, files),
	})
	return r, nil
}

// admit checks what must hold before anything is written. A draft that was filed is not there any more.
func (t *tx) admit(f *Filing) error {
	if f.DraftID != "" {
		var (
			on      subject
			version int64
		)
		err := t.scan([]any{&on.service, &on.digest, &version}, `select service, digest, version from draft where id = $1`, f.DraftID)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("draft: %w", ErrNotFound)
		}
		if err != nil {
			return err
		}
		if on != (subject{f.Service, f.Digest}) {
			return fmt.Errorf("draft is on %q of %q: %w", on.digest, on.service, ErrConflict)
		}
		if f.DraftVersion != 0 && f.DraftVersion != version {
			return fmt.Errorf("draft has version %d, not %d: %w", version, f.DraftVersion, ErrConflict)
		}
	}
	if err := t.requireDefinition(f.Digest); err != nil {
		return err
	}
	if f.LimitTotal > 0 && !f.Preview && t.w.state.submitted[f.Service] >= f.LimitTotal {
		return fmt.Errorf("service %q: %w", f.Service, ErrClosed)
	}
	return nil
}

// settle remembers that the draft has become this application.
func (t *tx) settle(f *Filing, seq int64) error {
	if f.DraftID == "" {
		return nil
	}
	if _, err := t.exec(`insert into filed_draft (draft_hash, seq) values ($1, $2)`, idHash(f.DraftID), seq); err != nil {
		return err
	}
	if _, err := t.exec(`delete from draft where id = $1`, f.DraftID); err != nil {
		return err
	}
	t.count(f.Service, f.Digest, tally{drafts: -1})
	return nil
}

func (t *tx) countFiled(f *Filing) {
	change := tally{cases: 1}
	if !f.Preview {
		change.submitted, change.inProgress = 1, 1
		if f.Starts {
			change.started = 1
		}
		if !f.Deadline.IsZero() {
			t.term(f.Service, f.Digest, stamp(f.Deadline), 1)
		}
	}
	t.count(f.Service, f.Digest, change)
}

const detailTime = "2006-01-02T15:04:05.000000Z"

// filedDetail is what the journal commits to: what was promised, and hashes of what was handed in.
func filedDetail(f *Filing, r *Receipt, envelopeHash []byte, files []string) []byte {
	o := journal.NewObject(make([]byte, 0, 384))
	if !r.Deadline.IsZero() {
		o.String("deadline", r.Deadline.Format(detailTime))
		o.Bool("deadlineProvisional", r.DeadlineProvisional)
	}
	o.String("envelope", hex.EncodeToString(envelopeHash))
	o.String("filedAt", r.FiledAt.Format(detailTime))
	if len(files) > 0 {
		o.Strings("files", files)
	}
	o.String("language", f.Language)
	o.String("queue", f.Queue)
	o.String("revision", f.Revision)
	o.String("unit", f.Unit)
	o.String("way", string(f.Way))
	return o.Bytes()
}

// takeFiles makes the draft's files and the uploads the application's own. It
// returns a line for each: document, SHA-256, size.
func (t *tx) takeFiles(f *Filing, number string) ([]string, error) {
	if f.DraftID == "" && len(f.FileIDs) == 0 {
		return nil, nil
	}
	if err := t.moveFiles(f, number); err != nil {
		return nil, err
	}
	var lines []string
	err := t.each(func(scan func(...any) error) error {
		var (
			document string
			hash     []byte
			size     int64
		)
		if err := scan(&document, &hash, &size); err != nil {
			return err
		}
		lines = append(lines, document+" "+hex.EncodeToString(hash)+" "+strconv.FormatInt(size, 10))
		t.unfiled -= size
		return nil
	}, `select document, sha256, size from file where owner = $1 and kind = 'Application' order by seq`, number)
	return lines, err
}

// moveFiles gives the application what is handed in, and drops what the applicant has taken back.
func (t *tx) moveFiles(f *Filing, number string) error {
	if f.DraftID != "" && f.FileIDs == nil {
		_, err := t.exec(`update file set kind = 'Application', owner = $1, expires_at = null where kind = 'Draft' and owner = $2`,
			number, f.DraftID)
		return err
	}
	kind, owner := "Upload", f.Client
	if f.DraftID != "" {
		kind, owner = "Draft", f.DraftID
	}
	for _, id := range f.FileIDs {
		n, err := t.exec(`update file set kind = 'Application', owner = $1, expires_at = null
			where id = $2 and kind = $3 and owner = $4`, number, id, kind, owner)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("upload: %w", ErrNotFound)
		}
	}
	if f.DraftID == "" {
		return nil
	}
	return t.dropFiles(f)
}

// dropFiles deletes the files that are left of a draft, each an act.
func (t *tx) dropFiles(f *Filing) error {
	var ids []string
	err := t.each(func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	}, `select id from file where kind = 'Draft' and owner = $1 order by seq`, f.DraftID)
	if err != nil || len(ids) == 0 {
		return err
	}
	for _, id := range ids {
		t.record(journal.Record{Entry: journal.Entry{
			Actor: journal.Applicant, Act: journal.FileRemoved, Subject: openSubject(id),
			Service: f.Service, Digest: f.Digest, Preview: f.Preview,
		}})
	}
	return t.deleteFiles(`kind = 'Draft' and owner = $1`, f.DraftID)
}

// Application returns a filed application. Whoever asks for a citizen checks
// the secret with CheckSecret first.
func (s *Store) Application(ctx context.Context, number string) (Application, error) {
	seq, ok := counterOf(number)
	if !ok {
		return Application{}, fmt.Errorf("application %q: %w", number, ErrNotFound)
	}
	var (
		a        Application
		envelope string
	)
	row := s.readDB.QueryRowContext(ctx, `select `+receiptColumns+`, revision, way, state, preview, entry, envelope
		from application where seq = $1 and number = $2`, seq, number)
	err := scanReceipt(row.Scan, &a.Receipt, &a.Revision, &a.Way, &a.State, &a.Preview, &a.Entry, &envelope)
	if errors.Is(err, sql.ErrNoRows) {
		return Application{}, fmt.Errorf("application %q: %w", number, ErrNotFound)
	}
	a.Envelope = json.RawMessage(envelope)
	return a, err
}
