// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"strconv"
	"strings"
)

// A number is <year>-<counter, at least 7 digits>-<check digit>, for example
// 2026-0000017-4: short enough to be read out, unique in its store, and free
// of anything about the applicant. The check digit is Damm's, which notices
// every wrong digit and every swap of neighbours.

func formatNumber(year int, counter int64) string {
	digits := fmt.Sprintf("%04d%07d", year, counter)
	return digits[:4] + "-" + digits[4:] + "-" + string('0'+checkDigit(digits))
}

// ValidNumber tells whether text is a well-formed number with a right check
// digit, so that a slip of the pen is noticed before anything is looked up.
func ValidNumber(text string) bool {
	_, ok := counterOf(text)
	return ok
}

// counterOf returns the counter inside a number.
func counterOf(number string) (int64, bool) {
	parts := strings.Split(number, "-")
	if len(parts) != 3 || len(parts[0]) != 4 || len(parts[1]) < 7 || len(parts[1]) > 18 || len(parts[2]) != 1 {
		return 0, false
	}
	digits := parts[0] + parts[1]
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	if parts[2][0] != '0'+checkDigit(digits) {
		return 0, false
	}
	counter, err := strconv.ParseInt(parts[1], 10, 64)
	return counter, err == nil
}

// damm is the quasigroup of order 10 from H. M. Damm's thesis "Total
// anti-symmetrische Quasigruppen" (2004).
var damm = [10][10]byte{
	{0, 3, 1, 7, 5, 9, 8, 6, 4, 2},
	{7, 0, 9, 2, 1, 5, 4, 8, 6, 3},
	{4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
	{1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
	{6, 1, 2, 3, 0, 4, 5, 9, 7, 8},
	{3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
	{5, 8, 6, 9, 7, 2, 0, 1, 3, 4},
	{8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
	{9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
	{2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
}

func checkDigit(digits string) byte {
	var interim byte
	for _, d := range []byte(digits) {
		interim = damm[interim][d-'0']
	}
	return interim
}
