// SPDX-License-Identifier: Apache-2.0

package store

import "errors"

// What a command or a read may answer; test with errors.Is.
var (
	ErrLocked    = errors.New("store is in use by another process")
	ErrNotFound  = errors.New("not found")
	ErrKeyReused = errors.New("idempotency key was used for another request")
	ErrConflict  = errors.New("was changed meanwhile")
	ErrClosed    = errors.New("service accepts no more applications") // LimitTotal is reached
	ErrTooLarge  = errors.New("file is too large")
	ErrQuota     = errors.New("too many files wait to be filed") // heals when they are filed or expire
	ErrBusy      = errors.New("too many commands are waiting")
	ErrFull      = errors.New("storage is full") // heals when there is space again
	ErrStopped   = errors.New("store accepts no more commands")
)
