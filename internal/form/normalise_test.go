// SPDX-License-Identifier: Apache-2.0

package form

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestWhatIsTakenForNFCIsNFC(t *testing.T) {
	for r := rune(0); r <= 0x10FFFF; r++ {
		// Beside a letter and an accent, each character shows whether it combines.
		if s := "и" + string(r) + "е" + string(r) + string(r); isPlainNFC(s) && !norm.NFC.IsNormalString(s) {
			t.Errorf("U+%04X", r)
		}
	}
	for s, want := range map[string]bool{"": true, "Anna": true, "Ёлка «№»": false, "Ёлка «й»": true, "é": true, "e\u0301": false, "И\u0306": false, "҃": false} {
		if got := isPlainNFC(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		if s := string(rapid.SliceOf(rapid.Byte()).Draw(rt, "bytes")); isPlainNFC(s) && norm.NFC.String(s) != s {
			rt.Fatalf("%q is not in NFC", s)
		}
	})
}

func TestWhatXMLCannotHoldIsFound(t *testing.T) {
	holds := func(s string) bool {
		for _, r := range s {
			if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
				return false
			}
		}
		return true
	}
	for r := rune(0); r <= 0x10FFFF; r++ {
		if s := "и" + string(r) + "1"; isXMLText(s) != holds(s) {
			t.Errorf("U+%04X", r)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{"\xef", "\xbf", "\xbe", "\xf0", "\xe0", "а", "1", "\x1f", "\t"})).Draw(rt, "bytes")
		if s := strings.Join(parts, ""); isXMLText(s) != holds(s) {
			rt.Fatalf("%q", s)
		}
	})
}

func TestPlainDatesAreDates(t *testing.T) {
	for day := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2002; day = day.AddDate(0, 0, 1) {
		if s := day.Format(time.DateOnly); isPlainDate(s) != (day.Day() <= 28) {
			t.Errorf("%s", s)
		}
	}
	for _, s := range []string{"", "2001-00-10", "2001-13-10", "2001-10-00", "2001-1-010", "20010-1-10", "+001-01-01", "2001/01/01", "2001-01-0a", "2001-0/-01", "2001-01-01 "} {
		if isPlainDate(s) {
			t.Errorf("%q is taken for a date", s)
		}
	}
}
