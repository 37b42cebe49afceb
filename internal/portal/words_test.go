// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"math/rand/v2"
	"testing"
)

func TestOneSlipOfTheHandIsForgiven(t *testing.T) {
	for name, tc := range map[string]struct {
		a, b string
		want bool
	}{
		"the same":             {"пенсия", "пенсия", true},
		"a wrong letter":       {"пенсия", "пинсия", true},
		"the first wrong":      {"пенсия", "венсия", true},
		"the last wrong":       {"пенсия", "пенсие", true},
		"a letter missing":     {"пенсия", "песия", true},
		"the first missing":    {"пенсия", "енсия", true},
		"the last missing":     {"пенсия", "пенси", true},
		"a letter too many":    {"пенсия", "пенисия", true},
		"neighbours swapped":   {"пенсия", "пнесия", true},
		"the last two swapped": {"пенсия", "пенсяи", true},
		"two alphabets":        {"пенcия", "пенсия", true},
		"swapped, of two":      {"aжя", "жaя", true},
		"two letters wrong":    {"пенсия", "пинсие", false},
		"two missing":          {"пенсия", "псия", false},
		"two swaps":            {"пенсия", "епсния", false},
		"two more at the end":  {"пенсия", "пенсиями", false},
		"another word":         {"пенсия", "лицензия", false},
	} {
		t.Run(name, func(t *testing.T) {
			if isNear(tc.a, tc.b) != tc.want || isNear(tc.b, tc.a) != tc.want {
				t.Errorf("%q and %q: want %t, both ways", tc.a, tc.b, tc.want)
			}
			if tc.want && !endsOf(tc.a).mayBeNear(endsOf(tc.b)) {
				t.Errorf("%q and %q are passed over", tc.a, tc.b)
			}
		})
	}
}

// BenchmarkNonsense measures the dearest search: eight words that nobody ever said, in a catalogue of fifty thousand words.
func BenchmarkNonsense(b *testing.B) {
	l, letters := newLexicon(), []rune("абвгдежзиклмнопрстуфхцчшэюя")
	word := func(n int) string {
		w := make([]rune, n)
		for i := range w {
			w[i] = letters[rand.IntN(len(letters))]
		}
		return string(w)
	}
	for i := range 50_000 {
		l.put(uint32(i%10_000), weighed{word(6 + i%6): 1})
	}
	words := make([]string, 8)
	for i := range words {
		words[i] = word(9) + "ъъ"
	}
	for b.Loop() {
		l.find(words, 10_000)
	}
}
