// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"embed"
	"encoding/xml"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed data
var files embed.FS

// loadBuiltins reads the embedded year files, once.
var loadBuiltins = sync.OnceValues(func() (map[string]*Calendar, error) {
	calendars := map[string]*Calendar{}
	for _, name := range Names() {
		c := &Calendar{name: name, years: map[int]map[monthDay]bool{}}
		paths, err := fs.Glob(files, "data/"+name+"/*.xml")
		if err != nil {
			return nil, err
		}
		for _, file := range paths {
			data, err := files.ReadFile(file)
			if err != nil {
				return nil, err
			}
			if err := c.addYear(data); err != nil {
				return nil, fmt.Errorf("calendar %q, file %q: %w", name, path.Base(file), err)
			}
		}
		calendars[name] = c
	}
	return calendars, nil
})

// Builtin returns the embedded calendar of that name. An unknown name is an error that lists the known ones.
func Builtin(name string) (*Calendar, error) {
	calendars, err := loadBuiltins()
	if err != nil {
		return nil, err
	}
	c, ok := calendars[name]
	if !ok {
		return nil, fmt.Errorf("no calendar is named %q: the known ones are %s", name, strings.Join(Names(), ", "))
	}
	return c, nil
}

// Names returns the names of the embedded calendars, sorted.
func Names() []string {
	entries, err := files.ReadDir("data")
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}

// Parse reads year files in the format of xmlcalendar, one year each, for calendars that are not embedded.
func Parse(name string, years ...[]byte) (*Calendar, error) {
	c := &Calendar{name: name, years: map[int]map[monthDay]bool{}}
	for _, data := range years {
		if err := c.addYear(data); err != nil {
			return nil, fmt.Errorf("calendar %q: %w", name, err)
		}
	}
	return c, nil
}

// Kinds of days in a year file.
const (
	dayOff        = 1
	shorterDay    = 2
	workedWeekend = 3
)

type yearFile struct {
	Year int `xml:"year,attr"`
	Days []struct {
		Day  string `xml:"d,attr"`
		Kind int    `xml:"t,attr"`
	} `xml:"days>day"`
}

func (c *Calendar) addYear(data []byte) error {
	var file yearFile
	if err := xml.Unmarshal(data, &file); err != nil {
		return err
	}
	if file.Year < 1 || len(file.Days) == 0 {
		return fmt.Errorf("a year file needs the attribute year and days: found year %d with %d days", file.Year, len(file.Days))
	}
	if _, twice := c.years[file.Year]; twice {
		return fmt.Errorf("year %d stands in two files", file.Year)
	}
	days := make(map[monthDay]bool, len(file.Days))
	for _, d := range file.Days {
		day, err := time.Parse("2006.01.02", fmt.Sprintf("%04d.%s", file.Year, d.Day))
		if err != nil {
			return fmt.Errorf("year %d has no day %q (MM.DD)", file.Year, d.Day)
		}
		if d.Kind != dayOff && d.Kind != shorterDay && d.Kind != workedWeekend {
			return fmt.Errorf("day %q of %d is of the unknown kind %d", d.Day, file.Year, d.Kind)
		}
		key := monthDay{day.Month(), day.Day()}
		if _, twice := days[key]; twice {
			return fmt.Errorf("day %q of %d stands there twice", d.Day, file.Year)
		}
		days[key] = d.Kind != dayOff
	}
	c.years[file.Year] = days
	return nil
}
