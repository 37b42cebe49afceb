// SPDX-License-Identifier: Apache-2.0

package form

import (
	"testing"

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
