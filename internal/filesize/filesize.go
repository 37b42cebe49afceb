// SPDX-License-Identifier: Apache-2.0

// Package filesize writes sizes of files as people say them. Form and pages use this one function, so that a limit reads the same
// wherever it is told.
package filesize

import (
	"strconv"
	"strings"
)

// In writes a number of bytes, not negative, in a language: 4,7 МБ, 4.7 MB. It rounds down, so that a file of what is written is
// never over the limit that was meant. Languages without words of their own get the Russian ones.
func In(language string, n int64) string {
	units := map[bool][2]string{true: {"KB", "MB"}, false: {"КБ", "МБ"}}[language == "en"]
	switch {
	case n >= 1<<20:
		return tenths(language, n, 1<<20) + "\u00a0" + units[1]
	case n >= 1<<10:
		return tenths(language, n, 1<<10) + "\u00a0" + units[0]
	}
	return strconv.FormatInt(n, 10) + "\u00a0" + word(language, n)
}

// tenths writes n as so many units with at most one decimal.
func tenths(language string, n, unit int64) string {
	whole, rest := n/unit, n%unit*10/unit
	s := strconv.FormatInt(whole, 10)
	if rest > 0 {
		s += "." + strconv.FormatInt(rest, 10)
	}
	if language != "en" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

func word(language string, n int64) string {
	switch {
	case language == "en" && n == 1:
		return "byte"
	case language == "en":
		return "bytes"
	case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return "байта"
	}
	return "байт"
}
