// SPDX-License-Identifier: Apache-2.0

package filesize

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSizesAreWrittenAsPeopleSayThem(t *testing.T) {
	for n, want := range map[int64][2]string{
		0: {"0 байт", "0 bytes"}, 1: {"1 байт", "1 byte"}, 2: {"2 байта", "2 bytes"}, 12: {"12 байт", "12 bytes"}, 122: {"122 байта", "122 bytes"},
		1023: {"1023 байта", "1023 bytes"}, 1 << 10: {"1 КБ", "1 KB"}, 1<<20 - 1: {"1023,9 КБ", "1023.9 KB"},
		5000000: {"4,7 МБ", "4.7 MB"}, 10 << 20: {"10 МБ", "10 MB"}, 10<<20 - 1: {"9,9 МБ", "9.9 MB"},
	} {
		if diff := cmp.Diff([2]string{want[0], want[1]}, [2]string{plain(In("ru", n)), plain(In("en", n))}); diff != "" {
			t.Errorf("%d (-want +got):\n%s", n, diff)
		}
	}
	if got := plain(In("tt", 5000000)); got != "4,7 МБ" {
		t.Errorf("a language without words: %q", got)
	}
}

// plain shows the space that never breaks as any other.
func plain(s string) string {
	var out []rune
	for _, r := range s {
		if r == '\u00a0' {
			r = ' '
		}
		out = append(out, r)
	}
	return string(out)
}
