// SPDX-License-Identifier: Apache-2.0

package form

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// formats tell of each named format of the profile whether a text has it. They take what the library for JSON Schema takes, which
// the tests ask, as far as xs:date and xs:dateTime can hold it: whatever is taken, the published XML schema takes too. The library
// itself is not part of the program, since it compiles the schemas of all drafts before the first line of main.
var formats = map[string]func(string) bool{"date": isDate, "date-time": isDateTime, "email": isEmail, "uuid": isUUID}

// isDate tells whether s is a day: 2026-03-01. There is no year 0000.
func isDate(s string) bool {
	if strings.HasPrefix(s, "0000") {
		return false
	}
	if isPlainDate(s) {
		return true
	}
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// isPlainDate tells of most dates that they are one: a month that exists and a day that every month has.
func isPlainDate(s string) bool {
	if len(s) != len(time.DateOnly) || s[4] != '-' || s[7] != '-' {
		return false
	}
	for i := range len(s) {
		if i != 4 && i != 7 && !isDigit(s[i]) {
			return false
		}
	}
	month, day := s[5:7], s[8:]
	return month >= "01" && month <= "12" && day >= "01" && day <= "28"
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// isDateTime tells whether s is a moment of RFC 3339 as XML writes it: 2026-03-01T10:00:00+03:00, with capitals and without leap
// seconds.
func isDateTime(s string) bool {
	return len(s) >= len("2006-01-02T15:04:05Z") && s[10] == 'T' && isDate(s[:10]) && isTime(s[11:])
}

func isTime(s string) bool {
	return s[2] == ':' && s[5] == ':' && isTwoDigits(s[:2], "23") && isTwoDigits(s[3:5], "59") && isTwoDigits(s[6:8], "59") &&
		isZone(pastFraction(s[8:]))
}

// isTwoDigits tells whether s is two digits that count at most most.
func isTwoDigits(s, most string) bool {
	return len(s) == 2 && isDigit(s[0]) && isDigit(s[1]) && s <= most
}

// pastFraction returns what follows a fraction of a second; a point without digits stays and is no zone.
func pastFraction(s string) string {
	fraction, ok := strings.CutPrefix(s, ".")
	if !ok || fraction == "" || !isDigit(fraction[0]) {
		return s
	}
	return strings.TrimLeft(fraction, "0123456789")
}

// isZone tells whether s is Z or an offset like +03:00, of at most 14 hours.
func isZone(s string) bool {
	if s == "Z" {
		return true
	}
	return len(s) == len("+03:00") && (s[0] == '+' || s[0] == '-') && s[3] == ':' && isTwoDigits(s[1:3], "14") && isTwoDigits(s[4:], "59") &&
		s[1:] <= "14:00"
}

// isEmail tells whether s is a mail address that people use: RFC 5321 without comments.
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return len(s) <= 254 && at >= 0 && isMailbox(s[:at]) && isMailDomain(s[at+1:])
}

func isMailbox(s string) bool {
	if len(s) > 64 {
		return false
	}
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		return !strings.ContainsAny(s[1:len(s)-1], `\"`)
	}
	if strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !isLetterOrDigit(r) && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r) })
}

func isMailDomain(s string) bool {
	address, ok := strings.CutPrefix(s, "[")
	if ok && strings.HasSuffix(address, "]") {
		address = strings.TrimSuffix(address, "]")
		if v6, ok := strings.CutPrefix(address, "IPv6:"); ok {
			return isIPv6(v6)
		}
		return isIPv4(address)
	}
	return isHostname(s)
}

func isIPv6(s string) bool {
	address, err := netip.ParseAddr(s)
	return err == nil && strings.Contains(s, ":") && address.Zone() == ""
}

func isIPv4(s string) bool {
	groups := strings.Split(s, ".")
	for _, group := range groups {
		n, err := strconv.Atoi(group)
		if err != nil || n < 0 || n > 255 || len(group) > 1 && group[0] == '0' {
			return false
		}
	}
	return len(groups) == 4
}

func isHostname(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") ||
			strings.ContainsFunc(label, func(r rune) bool { return !isLetterOrDigit(r) && r != '-' }) {
			return false
		}
	}
	return true
}

func isLetterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// isUUID tells whether s is a UUID in its usual writing, in either case.
func isUUID(s string) bool {
	if len(s) != len("123e4567-e89b-12d3-a456-426614174000") {
		return false
	}
	for i := range len(s) {
		isDash := i == 8 || i == 13 || i == 18 || i == 23
		isHex := isDigit(s[i]) || s[i] >= 'a' && s[i] <= 'f' || s[i] >= 'A' && s[i] <= 'F'
		if isDash != (s[i] == '-') || !isDash && !isHex {
			return false
		}
	}
	return true
}
