// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
	"github.com/kljensen/snowball/russian"
)

// longestWord is how many letters of a word are looked at: longer ones are not words, and cost time.
const longestWord = 40

// fold writes letters as they are compared: small, ё as е.
var fold = strings.NewReplacer("ё", "е")

// splitWords cuts a text into its words and numbers, folded: "Купля-продажа, 4 м²" is купля, продажа, 4, м.
func splitWords(text string) []string {
	words := strings.FieldsFunc(fold.Replace(strings.ToLower(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
	})
	for i, w := range words {
		if utf8.RuneCountInString(w) > longestWord {
			words[i] = string([]rune(w)[:longestWord])
		}
	}
	return words
}

// stem cuts the ending off a folded word, so that пенсия, пенсии and пенсию are one. The word's letters choose the language.
func stem(word string) string {
	first, _ := utf8.DecodeRuneInString(word)
	switch {
	case unicode.Is(unicode.Cyrillic, first):
		return russian.Stem(word, true)
	case first < utf8.RuneSelf && unicode.IsLetter(first):
		return english.Stem(word, true)
	default:
		return word
	}
}

// isCommon tells words that are in every text and say nothing of what a service is about.
func isCommon(word string) bool { return russian.IsStopWord(word) || english.IsStopWord(word) }

// searchWords are the words of what a person is looking for: without the common ones, unless there are no others, each once, at
// most eight.
func searchWords(query string) []string {
	const most = 8
	all := splitWords(query)
	var words []string
	seen := map[string]bool{}
	for _, keepCommon := range []bool{false, true} {
		for _, w := range all {
			if len(words) < most && !seen[w] && (keepCommon || !isCommon(w)) {
				seen[w] = true
				words = append(words, w)
			}
		}
		if len(words) > 0 {
			break
		}
	}
	return words
}

// rows are the keys of an English and a Russian keyboard in the same places.
const (
	englishKeys = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
	russianKeys = "йцукенгшщзхъфывапролджэячсмитьбюе"
)

// keyboard reads what was typed with the other layout switched on: gtycbz as пенсия, зутышщт as pension.
var keyboard = func() map[rune]rune {
	m := map[rune]rune{}
	russian := []rune(russianKeys)
	for i, e := range []rune(englishKeys) {
		m[e] = russian[i]
		if _, told := m[russian[i]]; !told {
			m[russian[i]] = e
		}
	}
	return m
}()

// otherLayout returns the query as if it had been typed with the other keyboard layout.
func otherLayout(query string) string {
	return strings.Map(func(r rune) rune {
		if other, ok := keyboard[r]; ok {
			return other
		}
		return r
	}, strings.ToLower(query))
}

// ends are a word's first and last letter.
type ends struct{ first, last rune }

func endsOf(word string) ends {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	return ends{first, last}
}

// mayBeNear tells without a look at the words whether they may be near: a slip spoils one end of a word at most. Nearly all of a
// catalogue's words are passed over by that, which is what keeps searches for nonsense cheap.
func (e ends) mayBeNear(other ends) bool { return e.first == other.first || e.last == other.last }

// isNear tells whether two words differ in one letter that is wrong, missing or added, or in two neighbours that changed places.
func isNear(a, b string) bool {
	for a != "" && b != "" {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y {
			swapped := strings.HasPrefix(a[n:], b[:m]) && strings.HasPrefix(b[m:], a[:n]) && a[n+m:] == b[m+n:]
			return swapped || a[n:] == b[m:] || a == b[m:] || a[n:] == b
		}
		a, b = a[n:], b[m:]
	}
	return utf8.RuneCountInString(a)+utf8.RuneCountInString(b) <= 1
}
