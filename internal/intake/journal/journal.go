// SPDX-License-Identifier: Apache-2.0

// Package journal is the agency's append-only record of every act: one log per
// store, kept in the store's own database and written in the transaction of
// the act it records.
//
// An entry says openly when, what kind of actor, which act and on what subject.
// What may concern a person is a detail that stays apart: the entry holds only
// SHA-256(salt ‖ detail). Erasing salt and detail therefore removes the data
// and leaves every hash, root and proof as it was.
//
// Entries are the leaves of an RFC 6962 Merkle tree, so one root of 32 bytes
// (a Checkpoint) fixes the whole past. The tree itself is computed by
// github.com/transparency-dev/merkle; kept in the database are the leaves'
// hashes, the roots of each perfect subtree of 256, 65 536 … leaves, and the
// compact range of the head.
package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"
)

// Act names what happened. The open part of an entry holds it, so it must
// never be built from what a person typed.
type Act string

// The acts that are recorded.
const (
	// JournalOpened is the first entry of every log; its subject is the
	// log's origin, so that the origin is itself under the root.
	JournalOpened       Act = "JournalOpened"
	ApplicationFiled    Act = "ApplicationFiled"
	ApplicationRejected Act = "ApplicationRejected" // refused by validation; nothing was stored of it but codes
	DraftStarted        Act = "DraftStarted"
	DraftDeleted        Act = "DraftDeleted"
	FileAdded           Act = "FileAdded"
	FileRemoved         Act = "FileRemoved"
	DefinitionServed    Act = "DefinitionServed"
	ServiceWithdrawn    Act = "ServiceWithdrawn"
)

// Actor is the kind of the one who acted; who it was belongs to the detail.
type Actor string

// The kinds of actors.
const (
	Applicant  Actor = "Applicant"
	Controller Actor = "Controller"
	System     Actor = "System"
)

// HashSize is the size in bytes of every hash of the journal (SHA-256).
const HashSize = sha256.Size

// SaltSize is the size in bytes of the random salt of a detail.
const SaltSize = 32

// Hash is a SHA-256 value.
type Hash [HashSize]byte

// Entry is the open part of a record: what is hashed into the tree.
type Entry struct {
	At      time.Time // to the microsecond, in UTC
	Actor   Actor
	Act     Act
	Subject string // an application's number, a service, or a hash standing for a secret id
	Service string // "" when the act concerns no service
	Digest  string // of the definition; "" when the act concerns none
	Preview bool   // filed against a preview: counted nowhere
	Starts  bool   // the act is also the start of its application

	Commitment Hash // to the detail
}

// Commit returns the commitment SHA-256(salt ‖ detail).
func Commit(salt, detail []byte) Hash {
	h := sha256.New()
	h.Write(salt)
	h.Write(detail)
	var sum Hash
	h.Sum(sum[:0])
	return sum
}

const timeForm = "2006-01-02T15:04:05.000000Z"

// Leaf returns the entry's RFC 8785 form, the bytes that the tree hashes.
func (e Entry) Leaf() []byte {
	// Members in the order RFC 8785 asks for; FuzzEntry holds this to an independent implementation.
	o := NewObject(make([]byte, 0, 320))
	o.String("act", string(e.Act))
	o.String("actor", string(e.Actor))
	o.String("at", e.At.UTC().Format(timeForm))
	o.String("commitment", base64.StdEncoding.EncodeToString(e.Commitment[:]))
	if e.Digest != "" {
		o.String("digest", e.Digest)
	}
	if e.Preview {
		o.Bool("preview", true)
	}
	if e.Service != "" {
		o.String("service", e.Service)
	}
	if e.Starts {
		o.Bool("starts", true)
	}
	o.String("subject", e.Subject)
	return o.Bytes()
}

// Database is what the journal reads from; *sql.DB, *sql.Conn and *sql.Tx are
// databases. Reads that must agree with each other want one transaction.
type Database interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// ErrTampered is what every failed verification wraps: the journal is not the
// one that its checkpoint or its own hashes describe.
var ErrTampered = errors.New("journal was altered")

func tampered(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrTampered, fmt.Errorf(format, args...))
}
