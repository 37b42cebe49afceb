// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/json"
	"time"
)

// Way is how an application came in.
type Way string

// The ways in.
const (
	Form Way = "Form"
	JSON Way = "JSON"
	XML  Way = "XML"
)

// State is where an application stands.
type State string

// The states of an application.
const (
	Filed State = "Filed" // acknowledged; in progress
)

// Filing is an application to be acknowledged. The store keeps Envelope until
// the command has ended, also when the caller stopped waiting: do not reuse it.
type Filing struct {
	Service, Digest, Revision string // Digest must have been remembered

	// Client scopes IdempotencyKey; "" as a key means none. A repeated key with the
	// same RequestHash answers the first receipt, so a client must be someone who may see it.
	Client, IdempotencyKey string
	RequestHash            [32]byte

	Envelope            json.RawMessage // the normalised document {data, documents, applicant?, …}
	Language            string
	Way                 Way
	FiledAt             time.Time // zero means now; its year, in its own zone, goes into the number
	Unit, Queue         string
	Deadline            time.Time // zero means none
	DeadlineProvisional bool

	DraftID string // consumed; filing it twice answers the first receipt
	// DraftVersion is what the applicant agreed to: a draft that changed since, its files too, is ErrConflict. 0 means any.
	DraftVersion int64
	// FileIDs are what is handed in: API uploads of this Client, or files of the draft, whose other files are deleted. With a
	// draft, nil means all of its files.
	FileIDs []string

	// Starts says that this request is also the start of the application: no draft came before. The start is then counted in the same act, so that a replay never counts.
	Starts     bool
	Preview    bool  // prover and preview: counted nowhere
	LimitTotal int64 // how many applications the service accepts in all; 0 means no limit
}

// Receipt is what an acknowledged application answers, now and on each replay.
// Times are in UTC, to the microsecond.
type Receipt struct {
	Number                string
	FiledAt, Deadline     time.Time
	DeadlineProvisional   bool
	Service, Digest       string
	Unit, Queue, Language string
	Replayed              bool // the application had been acknowledged before
}

// Application is a stored application.
type Application struct {
	Receipt
	Revision string
	Way      Way
	State    State
	Preview  bool
	Entry    uint64 // index of its ApplicationFiled in the journal
	Envelope json.RawMessage
}

// Draft is an unfinished form. Data is the form's own and opaque to the store.
type Draft struct {
	ID                        string // secret, ≥ 128 bits; "" creates
	Service, Digest, Revision string // fixed when the draft is created: drafts finish on their revision
	Language                  string
	Version                   int64 // must be the stored one; the answer carries the next
	Preview                   bool
	CreatedAt, UpdatedAt      time.Time // set by the store
	ExpiresAt                 time.Time // zero means never
	Data                      json.RawMessage
}

// File describes a file to be added, to a draft or (DraftID "") as an API upload of Client.
type File struct {
	DraftID, Client string
	Document        string // id of the document that it is handed in for
	Name, Type      string
	MaxBytes        int64     // more is ErrTooLarge; 0 means no bound
	ExpiresAt       time.Time // of an upload that nobody files; zero means never
}

// FileInfo is a stored file without its bytes.
type FileInfo struct {
	ID         string // ≥ 128 bits
	Owner      string // the draft's id, the application's number, or the uploading client
	Document   string
	Name, Type string
	Size       int64
	SHA256     [32]byte
	AddedAt    time.Time
}

// ActionWithdraw is the action of a Served that ends a service; any other serves its digest.
const ActionWithdraw = "Withdraw"

// Served is what a Publication made of a service.
type Served struct {
	Service     string
	Seq         int64
	Action      string
	Digest      string
	Revision    string
	Publication json.RawMessage
	Since       time.Time
}

// Counts are exact numbers of one service on one definition, previews apart.
type Counts struct {
	Service, Digest      string
	Started              int64
	Submitted            int64
	RejectedByValidation int64
	InProgress           int64
	Overdue              int64 // of those in progress, with a deadline before the instant asked for
}
