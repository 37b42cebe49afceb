// SPDX-License-Identifier: Apache-2.0

// Package calendar counts the terms of the law. A term in working days skips weekends, public holidays and transferred days off,
// and counts the Saturdays that are worked; the days come from year files (see data/ru/README.md), never from code.
//
// The start rule: a term starts on the calendar day of its event in the agency's time zone, at whatever hour, and the day after
// it is day one. A term ends at 23:59:59 of its last day. A shorter working day is a whole day. A term in calendar days ends on
// its last day even when nobody works on it: the agency's term is never lengthened by a holiday.
//
// A year without a file never stops a citizen: its weekends alone are days off, and every result that looked at it is
// provisional.
package calendar

import (
	"fmt"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Date is a day of the civil calendar, in no time zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day of t in its own location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year: year, Month: month, Day: day}
}

// String returns the day as YYYY-MM-DD.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.noon().Weekday() }

// Next returns the day after d.
func (d Date) Next() Date { return DateOf(d.noon().AddDate(0, 0, 1)) }

func (d Date) plus(days int) Date { return DateOf(d.noon().AddDate(0, 0, days)) }

func (d Date) noon() time.Time { return time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC) }

// end is the last second of the day in loc.
func (d Date) end(loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 23, 59, 59, 0, loc)
}

// monthDay is a day of any year.
type monthDay struct {
	month time.Month
	day   int
}

// Calendar knows which days are worked. It is immutable and safe for concurrent use.
type Calendar struct {
	name string
	// years holds, for every known year, the days that do not follow the week: true means worked.
	years map[int]map[monthDay]bool
}

// Name returns the calendar's name, such as ru.
func (c *Calendar) Name() string { return c.name }

// KnownUntil returns the last day of the unbroken run of known years that contains the year of from, and false when that
// year itself is unknown. An alert before that day gives time to add the next year's file.
func (c *Calendar) KnownUntil(from Date) (Date, bool) {
	year := from.Year
	for {
		if _, ok := c.years[year]; !ok {
			break
		}
		year++
	}
	return Date{Year: year - 1, Month: time.December, Day: 31}, year > from.Year
}

// IsWorking tells whether d is worked. Known is false when the calendar has no data of that year; working then follows the week.
func (c *Calendar) IsWorking(d Date) (working, known bool) {
	days, known := c.years[d.Year]
	if working, listed := days[monthDay{d.Month, d.Day}]; listed {
		return working, known
	}
	weekday := d.Weekday()
	return weekday != time.Saturday && weekday != time.Sunday, known
}

// Add returns the last moment of a term of n days, n ≥ 1, that starts with an event at start in the time zone loc. Provisional
// tells that a year without data was looked at: the term must be counted again when its file arrives. Terms in calendar days
// are never provisional. An n below 1 ends the term with the day of the event.
func (c *Calendar) Add(start time.Time, n int32, unit v1alpha1.DurationUnit, loc *time.Location) (end time.Time, provisional bool) {
	day := DateOf(start.In(loc))
	if unit == v1alpha1.CalendarDays {
		return day.plus(max(int(n), 0)).end(loc), false
	}
	for left := n; left > 0; {
		day = day.Next()
		working, known := c.IsWorking(day)
		provisional = provisional || !known
		if working {
			left--
		}
	}
	return day.end(loc), provisional
}
