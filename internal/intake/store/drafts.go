// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/okno-dev/okno/internal/intake/journal"
)

// SaveDraft creates the draft when its ID is "", which counts a start, or
// replaces its data, language and expiry. The Version must be the stored one,
// else ErrConflict; a draft that was purged or filed is ErrNotFound.
// The answer is the draft as stored.
func (s *Store) SaveDraft(ctx context.Context, d Draft) (Draft, error) {
	if len(d.Data) == 0 {
		return Draft{}, errors.New("draft data is empty")
	}
	var saved Draft
	err := s.do(ctx, len(d.Data), func(t *tx) (err error) {
		if d.ID == "" {
			saved, err = t.createDraft(d)
		} else {
			saved, err = t.updateDraft(d)
		}
		return err
	})
	if err != nil {
		return Draft{}, err
	}
	return saved, nil
}

func (t *tx) createDraft(d Draft) (Draft, error) {
	if err := t.requireDefinition(d.Digest); err != nil {
		return Draft{}, err
	}
	d.ID, d.Version = newID(), 1
	d.CreatedAt = instant(stamp(t.now))
	d.UpdatedAt = d.CreatedAt
	if !d.ExpiresAt.IsZero() {
		d.ExpiresAt = instant(stamp(d.ExpiresAt))
	}
	if _, err := t.exec(`
		insert into draft (id, service, digest, revision, language, version, preview, created_at, updated_at, expires_at, data)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)`,
		d.ID, d.Service, d.Digest, d.Revision, d.Language, d.Version, d.Preview,
		stamp(d.CreatedAt), optional(d.ExpiresAt), string(d.Data)); err != nil {
		return Draft{}, err
	}
	change := tally{drafts: 1}
	if !d.Preview {
		change.started = 1
	}
	t.count(d.Service, d.Digest, change)
	t.record(draftRecord(&d, journal.DraftStarted, journal.Applicant))
	return d, nil
}

func (t *tx) updateDraft(d Draft) (Draft, error) {
	stored, err := t.draft(d.ID)
	if err != nil {
		return Draft{}, err
	}
	if stored.Version != d.Version {
		return Draft{}, fmt.Errorf("draft has version %d, not %d: %w", stored.Version, d.Version, ErrConflict)
	}
	stored.Version++
	stored.UpdatedAt = instant(stamp(t.now))
	stored.Data, stored.Language, stored.ExpiresAt = d.Data, d.Language, time.Time{}
	if !d.ExpiresAt.IsZero() {
		stored.ExpiresAt = instant(stamp(d.ExpiresAt))
	}
	_, err = t.exec(`update draft set version = $1, updated_at = $2, expires_at = $3, language = $4, data = $5 where id = $6`,
		stored.Version, stamp(stored.UpdatedAt), optional(stored.ExpiresAt), stored.Language, string(stored.Data), stored.ID)
	return stored, err
}

// purgeStep is how many drafts and files one command deletes: others wait meanwhile.
const purgeStep = 16

// PurgeDrafts deletes the drafts that have expired at now, with their files,
// and uploads that nobody filed. It returns how many drafts.
func (s *Store) PurgeDrafts(ctx context.Context, now time.Time) (int, error) {
	purged := 0
	for {
		drafts, files := 0, 0
		err := s.do(ctx, 0, func(t *tx) (err error) {
			if drafts, err = t.purgeDrafts(now); err != nil {
				return err
			}
			files, err = t.purgeUploads(now)
			return err
		})
		if err != nil {
			return purged, err
		}
		purged += drafts
		if drafts < purgeStep && files < purgeStep {
			return purged, nil
		}
	}
}

func (t *tx) purgeDrafts(now time.Time) (int, error) {
	var expired []Draft
	err := t.each(func(scan func(...any) error) error {
		var d Draft
		err := scanDraft(scan, &d)
		expired = append(expired, d)
		return err
	}, `select `+draftColumns+` from draft where expires_at <= $1 order by expires_at limit $2`, stamp(now), purgeStep)
	if err != nil {
		return 0, err
	}
	for i := range expired {
		if err := t.deleteDraft(&expired[i]); err != nil {
			return 0, err
		}
	}
	return len(expired), nil
}

func (t *tx) deleteDraft(d *Draft) error {
	if err := t.deleteFiles(`kind = 'Draft' and owner = $1`, d.ID); err != nil {
		return err
	}
	if _, err := t.exec(`delete from draft where id = $1`, d.ID); err != nil {
		return err
	}
	t.count(d.Service, d.Digest, tally{drafts: -1})
	t.record(draftRecord(d, journal.DraftDeleted, journal.System))
	return nil
}

func draftRecord(d *Draft, act journal.Act, actor journal.Actor) journal.Record {
	return journal.Record{Entry: journal.Entry{
		Actor: actor, Act: act, Subject: openSubject(d.ID),
		Service: d.Service, Digest: d.Digest, Preview: d.Preview,
	}}
}

const draftColumns = `id, service, digest, revision, language, version, preview, created_at, updated_at, expires_at, data`

func scanDraft(scan func(...any) error, d *Draft) error {
	var (
		created, updated int64
		expires          sql.NullInt64
		data             string
	)
	err := scan(&d.ID, &d.Service, &d.Digest, &d.Revision, &d.Language, &d.Version, &d.Preview, &created, &updated, &expires, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("draft: %w", ErrNotFound)
	}
	d.CreatedAt, d.UpdatedAt, d.Data = instant(created), instant(updated), json.RawMessage(data)
	if expires.Valid {
		d.ExpiresAt = instant(expires.Int64)
	}
	return err
}

func (t *tx) draft(id string) (Draft, error) {
	var d Draft
	err := scanDraft(func(dest ...any) error {
		return t.scan(dest, `select `+draftColumns+` from draft where id = $1`, id)
	}, &d)
	return d, err
}

// Draft returns a draft; one that has expired is ErrNotFound, purged or not.
func (s *Store) Draft(ctx context.Context, id string) (Draft, error) {
	var d Draft
	row := s.readDB.QueryRowContext(ctx, `select `+draftColumns+` from draft where id = $1 and (expires_at is null or expires_at > $2)`,
		id, stamp(s.options.Clock()))
	err := scanDraft(row.Scan, &d)
	return d, err
}
