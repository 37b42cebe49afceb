// SPDX-License-Identifier: Apache-2.0

package store

import "testing"

func TestTheCheckDigitNoticesEverySlip(t *testing.T) {
	for _, counter := range []int64{1, 17, 9999999, 10000000, 4821937} {
		number := formatNumber(2026, counter)
		if !ValidNumber(number) {
			t.Fatalf("%q is not valid", number)
		}
		if got, _ := counterOf(number); got != counter {
			t.Errorf("%q gives the counter %d", number, got)
		}
		for i := range number {
			if number[i] == '-' {
				continue
			}
			for d := byte('0'); d <= '9'; d++ {
				wrong := []byte(number)
				wrong[i] = d
				if string(wrong) != number && ValidNumber(string(wrong)) {
					t.Errorf("%q for %q goes unnoticed", wrong, number)
				}
			}
			next := i + 1
			if next < len(number) && number[next] == '-' {
				next++
			}
			if next < len(number) && number[i] != number[next] {
				wrong := []byte(number)
				wrong[i], wrong[next] = wrong[next], wrong[i]
				if ValidNumber(string(wrong)) {
					t.Errorf("%q for %q goes unnoticed", wrong, number)
				}
			}
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"2026-0000001-2", "2026-0000017-4", "", "--", "2026-00000010-2", "2026-+000001-0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		counter, ok := counterOf(text)
		if !ok {
			return
		}
		year := int(text[0]-'0')*1000 + int(text[1]-'0')*100 + int(text[2]-'0')*10 + int(text[3]-'0')
		if len(text) == len("2026-0000001-2") && formatNumber(year, counter) != text {
			t.Errorf("%q reads as %d and is written %q", text, counter, formatNumber(year, counter))
		}
	})
}
