// SPDX-License-Identifier: Apache-2.0

// Package process reads the process of a definition: the terms that it sets, whether its stages lead to an end, and how it is
// drawn for people.
package process

import (
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/calendar"
)

// Deadline returns the last moment at which an application filed at filedAt must be decided, in the time zone loc. Provisional
// tells that the calendar had no data for a year on the way; the moment must be counted again when it has.
//
// A term that starts at registration is counted from the last day on which the application may be registered: at the time of
// filing nothing else is certain, and registration may only bring the deadline forward (see RegisteredDeadline).
func Deadline(p v1alpha1.Process, filedAt time.Time, loc *time.Location, cal *calendar.Calendar) (deadline time.Time, provisional bool) {
	if p.Deadline.StartsAt != v1alpha1.StartsRegistered {
		return cal.Add(filedAt, p.Deadline.Value, p.Deadline.Unit, loc)
	}
	registered, registrationProvisional := RegistrationDeadline(p, filedAt, loc, cal)
	deadline, provisional = RegisteredDeadline(p, registered, loc, cal)
	return deadline, provisional || registrationProvisional
}

// RegistrationDeadline returns the last moment at which an application filed at filedAt must be registered.
func RegistrationDeadline(p v1alpha1.Process, filedAt time.Time, loc *time.Location, cal *calendar.Calendar) (deadline time.Time, provisional bool) {
	return cal.Add(filedAt, p.RegistrationDeadline.Value, p.RegistrationDeadline.Unit, loc)
}

// RegisteredDeadline returns the last moment at which an application registered at registeredAt must be decided, whatever the
// term starts from.
func RegisteredDeadline(p v1alpha1.Process, registeredAt time.Time, loc *time.Location, cal *calendar.Calendar) (deadline time.Time, provisional bool) {
	return cal.Add(registeredAt, p.Deadline.Value, p.Deadline.Unit, loc)
}
