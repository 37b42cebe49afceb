// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/okno-dev/okno/api/v1alpha1"
)

func russia(t testing.TB) *Calendar {
	t.Helper()
	c, err := Builtin("ru")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestIsWorking(t *testing.T) {
	cases := map[string]struct {
		day            Date
		working, known bool
	}{
		"an ordinary Wednesday":                       {Date{2026, 9, 16}, true, true},
		"an ordinary Saturday":                        {Date{2026, 9, 19}, false, true},
		"the New Year holidays":                       {Date{2026, 1, 8}, false, true},
		"a Friday off, transferred from 3 January":    {Date{2026, 1, 9}, false, true},
		"the Monday after them":                       {Date{2026, 1, 12}, true, true},
		"a shorter day is worked":                     {Date{2026, 6, 11}, true, true},
		"31 December 2026 is a transferred day off":   {Date{2026, 12, 31}, false, true},
		"Saturday 20 February 2027 is worked":         {Date{2027, 2, 20}, true, true},
		"Monday 22 February 2027 is off instead":      {Date{2027, 2, 22}, false, true},
		"Saturday 27 April 2024 is worked (kind 3)":   {Date{2024, 4, 27}, true, true},
		"Monday 29 April 2024 is off instead":         {Date{2024, 4, 29}, false, true},
		"the non-working weeks of 2020":               {Date{2020, 4, 15}, false, true},
		"a Wednesday of a year without data":          {Date{2031, 1, 1}, true, false},
		"a Saturday of a year without data":           {Date{2031, 1, 4}, false, false},
		"29 February of a leap year follows the week": {Date{2024, 2, 29}, true, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			working, known := russia(t).IsWorking(tc.day)
			if working != tc.working || known != tc.known {
				t.Errorf("%s (%s): working %t, known %t; want %t, %t", tc.day, tc.day.Weekday(), working, known, tc.working, tc.known)
			}
		})
	}
}

// The days were counted by hand from the year files and the week.
func TestAdd(t *testing.T) {
	const working, calendarDays = v1alpha1.WorkingDays, v1alpha1.CalendarDays
	cases := map[string]struct {
		start       string
		zone        string
		n           int32
		unit        v1alpha1.DurationUnit
		want        string
		provisional bool
	}{
		"the day after the event is day one": {
			"2026-09-15T10:00:00+03:00", "Europe/Moscow", 1, working, "2026-09-16T23:59:59+03:00", false,
		},
		"filing at 23:59 counts as that day": {
			"2026-09-15T23:59:59+03:00", "Europe/Moscow", 1, working, "2026-09-16T23:59:59+03:00", false,
		},
		"filing a second later is the next day": {
			"2026-09-16T00:00:00+03:00", "Europe/Moscow", 1, working, "2026-09-17T23:59:59+03:00", false,
		},
		"the same moment is another day in Kamchatka": {
			"2026-09-15T23:59:59+03:00", "Asia/Kamchatka", 1, working, "2026-09-17T23:59:59+12:00", false,
		},
		"filed on a Friday, due on Monday": {
			"2026-09-18T12:00:00+03:00", "Europe/Moscow", 1, working, "2026-09-21T23:59:59+03:00", false,
		},
		"filed on a Saturday, due on Monday": {
			"2026-09-19T12:00:00+03:00", "Europe/Moscow", 1, working, "2026-09-21T23:59:59+03:00", false,
		},
		"five days over the New Year: 29, 30 December, 12, 13, 14 January": {
			"2025-12-28T12:00:00+03:00", "Europe/Moscow", 5, working, "2026-01-14T23:59:59+03:00", false,
		},
		"31 December 2026 does not count": {
			"2026-12-29T12:00:00+03:00", "Europe/Moscow", 2, working, "2027-01-11T23:59:59+03:00", false,
		},
		"the worked Saturday counts, the Monday and the holiday after it do not": {
			"2027-02-19T12:00:00+03:00", "Europe/Moscow", 2, working, "2027-02-24T23:59:59+03:00", false,
		},
		"the worked Saturday is the last day": {
			"2027-02-19T12:00:00+03:00", "Europe/Moscow", 1, working, "2027-02-20T23:59:59+03:00", false,
		},
		"calendar days count every day and may end on a holiday": {
			"2026-12-31T12:00:00+03:00", "Europe/Moscow", 7, calendarDays, "2027-01-07T23:59:59+03:00", false,
		},
		"calendar days over the end of February of a leap year": {
			"2028-02-27T12:00:00+03:00", "Europe/Moscow", 3, calendarDays, "2028-03-01T23:59:59+03:00", false,
		},
		"a term that runs into a year without data is provisional": {
			"2027-12-30T12:00:00+03:00", "Europe/Moscow", 1, working, "2028-01-03T23:59:59+03:00", true,
		},
		"a term that ends on the last known day is not": {
			"2027-12-29T12:00:00+03:00", "Europe/Moscow", 1, working, "2027-12-30T23:59:59+03:00", false,
		},
		"a year before the data is provisional": {
			"2019-01-01T12:00:00+03:00", "Europe/Moscow", 1, working, "2019-01-02T23:59:59+03:00", true,
		},
		"a zone with summer time keeps the civil day": {
			"2026-03-27T23:30:00+01:00", "Europe/Berlin", 3, calendarDays, "2026-03-30T23:59:59+02:00", false,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			start, err := time.Parse(time.RFC3339, tc.start)
			if err != nil {
				t.Fatal(err)
			}
			loc, err := time.LoadLocation(tc.zone)
			if err != nil {
				t.Fatal(err)
			}
			end, provisional := russia(t).Add(start, tc.n, tc.unit, loc)
			if got := end.Format(time.RFC3339); got != tc.want || provisional != tc.provisional {
				t.Errorf("got %s, provisional %t; want %s, %t", got, provisional, tc.want, tc.provisional)
			}
		})
	}
}

// The Ministry of Labour publishes the number of working days of a five-day week with each year's calendar. (2020 and 2021 got
// non-working days by decree in the course of the year and had fewer than published.)
func TestWorkingDaysOfAYear(t *testing.T) {
	published := map[int]int{2022: 247, 2023: 247, 2024: 248, 2025: 247, 2026: 247}
	for year, want := range published {
		got := 0
		for day := (Date{year, time.January, 1}); day.Year == year; day = day.Next() {
			if working, _ := russia(t).IsWorking(day); working {
				got++
			}
		}
		if got != want {
			t.Errorf("%d has %d working days, published were %d", year, got, want)
		}
	}
}

func TestKnownUntil(t *testing.T) {
	if got, ok := russia(t).KnownUntil(Date{2026, 11, 21}); !ok || got != (Date{2027, 12, 31}) {
		t.Errorf("known until %s, %t; want 2027-12-31", got, ok)
	}
	if _, ok := russia(t).KnownUntil(Date{2040, 1, 1}); ok {
		t.Error("2040 has no data, yet it is known")
	}
}

func TestParseRefusesBrokenFiles(t *testing.T) {
	cases := map[string]string{
		"not XML":              `year 2030`,
		"no year":              `<calendar><days><day d="01.01" t="1"/></days></calendar>`,
		"no days":              `<calendar year="2030"></calendar>`,
		"a day of no month":    `<calendar year="2030"><days><day d="13.01" t="1"/></days></calendar>`,
		"29 February off leap": `<calendar year="2030"><days><day d="02.29" t="1"/></days></calendar>`,
		"an unknown kind":      `<calendar year="2030"><days><day d="01.01" t="4"/></days></calendar>`,
		"a day twice":          `<calendar year="2030"><days><day d="01.01" t="1"/><day d="01.01" t="2"/></days></calendar>`,
	}
	for name, file := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse("test", []byte(file)); err == nil {
				t.Error("accepted")
			}
		})
	}
	year := []byte(`<calendar year="2030"><days><day d="01.01" t="1"/></days></calendar>`)
	if _, err := Parse("test", year, year); err == nil {
		t.Error("accepted one year in two files")
	}
	if _, err := Builtin("atlantis"); err == nil {
		t.Error("an unknown calendar was found")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<calendar year="2030"><days><day d="01.01" t="1" f="05.05"/></days></calendar>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("fuzz", data)
		if err != nil {
			return
		}
		if end, _ := c.Add(time.Unix(1_900_000_000, 0), 10, v1alpha1.WorkingDays, time.UTC); end.Unix() < 1_900_000_000 {
			t.Errorf("a term ended before it began: %s", end)
		}
	})
}
